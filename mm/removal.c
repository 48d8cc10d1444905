/* SPDX-License-Identifier: MIT */
/*
 * Memory comes and goes: whole sections, all of a request or nothing.
 *
 * Removal isolates the sections first: none of their free frames is handed out
 * any more, and those that are freed stay. From then on the frames in use only
 * become fewer (mm/removal_empty.c). When all are free, the sections leave the
 * zone and the direct map. If it gives up, everything is as before, and a
 * report names the frames that were left and who holds them.
 */
#include <mm/event.h>
#include <mm/lockorder.h>
#include <mm/removal_private.h>
#include <mm/stat.h>
#include <kernel/boot.h>
#include <kernel/errno.h>
#include <kernel/print.h>
#include <kernel/testpoint.h>

static struct mutex sections_lock; /* held while sections come or go */
static struct spinlock defaults_lock =
    SPINLOCK_INIT("removal defaults", RANK_REMOVING);
static struct removal defaults; /* defaults_lock */
static bool auto_online = true; /* written whole */

void removal_init(void)
{
    mutex_init(&sections_lock, "sections", RANK_SECTIONS);
    defaults.method = REMOVAL_MIGRATE;
    defaults.max_passes = (u32)cmdline_u64("memhp.passes", 1000);
    defaults.max_ns = cmdline_u64("memhp.timeout", 60) * NSEC_PER_SEC;
    defaults.max_stand_ns = cmdline_u64("memhp.stand", 50) * NSEC_PER_MSEC;
    defaults.interruptible = true;
}

void removal_defaults(struct removal *r, u32 first, u32 count)
{
    u64 flags = spin_lock_irqsave(&defaults_lock);

    *r = defaults;
    spin_unlock_irqrestore(&defaults_lock, flags);
    r->first = first;
    r->count = count;
}

void removal_set_defaults(const struct removal *r)
{
    u64 flags = spin_lock_irqsave(&defaults_lock);

    defaults.method = r->method;
    defaults.max_passes = r->max_passes;
    defaults.max_ns = r->max_ns;
    defaults.interruptible = r->interruptible;
    spin_unlock_irqrestore(&defaults_lock, flags);
}

void sections_hold(void)
{
    mutex_lock(&sections_lock);
}

bool sections_try_hold(void)
{
    return mutex_trylock(&sections_lock);
}

void sections_release(void)
{
    mutex_unlock(&sections_lock);
}

static bool is_range(u32 first, u32 count)
{
    return count > 0 && first < SECTION_MAX && count <= SECTION_MAX - first;
}

static int turn_down(struct removal *r, int err, const char *why)
{
    snprintf(r->why, sizeof(r->why), "%s", why);
    return err;
}

/* sections_lock held. */
static int check_online(struct removal *r)
{
    for (u32 nr = r->first; !r->dimm && nr < r->first + r->count; nr++) {
        const struct section *s = section_get(nr);

        if (s->state == SECTION_ONLINE && !s->holes)
            continue;
        snprintf(r->why, sizeof(r->why), "section %u %s", nr,
                 s->holes ? "has holes" : "is not online");
        return -EINVAL;
    }
    return 0;
}

/* All that are online: of a DIMM some may not be. */
static int isolate(struct removal *r)
{
    int err;

    sections_hold();
    err = check_online(r);
    for (u32 nr = r->first; !err && nr < r->first + r->count; nr++)
        if (section_get(nr)->state == SECTION_ONLINE)
            section_isolate(nr);
    sections_release();
    return err;
}

/* Back to where they were, or away. */
static void end_isolation(const struct removal *r, int err)
{
    sections_hold();
    for (u32 nr = r->first; nr < r->first + r->count; nr++) {
        if (section_is_going(nr) && err)
            section_unisolate(nr);
        else if (section_is_going(nr))
            section_finish_offline(nr);
        if (r->dimm && section_get(nr)->state == SECTION_OFFLINE && !err)
            section_absent(nr);
    }
    sections_release();
}

/* "Told to give up" is one of three things; and "no memory" wants a word. */
static int explain(struct removal *r, int err)
{
    const char *why = r->why;

    if (err == -ENOMEM)
        why = "no room elsewhere, neither in memory nor in swap";
    else if (err == -EINTR && r->expired)
        why = "its time was over";
    else if (err == -EINTR && atomic_read(&r->cancelled))
        why = "it was cancelled";
    else if (err == -EINTR)
        why = "a signal came";
    if (why != r->why)
        snprintf(r->why, sizeof(r->why), "%s", why);
    return err == -EINTR && r->expired ? -EBUSY : err;
}

static int take_offline(struct removal *r)
{
    int err = isolate(r);

    if (err)
        return err;
    err = explain(r, removal_empty(r));
    if (err) {
        removal_name_left(r);
        r->report = removal_report_number();
    }
    end_isolation(r, err);
    return err;
}

static void announce(const struct removal *r, int err)
{
    stat_inc(err ? STAT_removal_failed : STAT_removal_done);
    mm_event("removal.end", NULL,
             "first=%u count=%u error=%d passes=%u moved=%llu refused=%llu",
             r->first, r->count, err, r->passes, (unsigned long long)r->moved,
             (unsigned long long)r->refused);
    printk("removal: sections %u to %u %s%s; %llu pages moved, %llu unmaps "
           "refused, %u passes\n",
           r->first, r->first + r->count - 1,
           err ? "stay online: " : "are offline", err ? r->why : "",
           (unsigned long long)r->moved, (unsigned long long)r->refused,
           r->passes);
}

int memory_offline(struct removal *r)
{
    int err;

    if (!is_range(r->first, r->count))
        return turn_down(r, -EINVAL, "there is no such section");
    err = removal_begin(r);
    if (err && r->expired)
        return turn_down(r, -EBUSY, "another removal was under way");
    if (err)
        return explain(r, err);
    removal_report_clear();
    mm_event("removal.start", NULL, "first=%u count=%u method=%s", r->first,
             r->count, r->method == REMOVAL_DRAIN ? "drain" : "migrate");
    err = take_offline(r);
    removal_end(r, err);
    announce(r, err);
    return err;
}

int memory_remove_dimm(struct removal *r)
{
    r->dimm = true;
    return memory_offline(r);
}

/* ---- coming ---- */

/*
 * Sections come isolated. Only when all have come are they handed over: until
 * then nobody has a frame of theirs, and they can go again at once. In these
 * functions sections_lock is held.
 */
static void hand_over(u32 first, u32 count)
{
    for (u32 nr = first; nr < first + count; nr++)
        section_unisolate(nr);
}

static void take_isolated_back(u32 first, u32 count)
{
    for (u32 nr = first; nr < first + count; nr++)
        section_finish_offline(nr);
}

static void forget(u32 first, u32 count)
{
    for (u32 nr = first; nr < first + count; nr++)
        section_absent(nr);
}

static int online_again(u32 first, u32 count)
{
    u32 done = 0;
    int err = 0;

    for (; !err && done < count; done += !err) {
        struct section *s = section_get(first + done);

        err = s->state != SECTION_OFFLINE
                  ? -EBUSY
                  : section_online(first + done, s->zone, s->dimm);
        testpoint("online.section");
    }
    if (err)
        take_isolated_back(first, done);
    else
        hand_over(first, count);
    return err;
}

int memory_online(u32 first, u32 count)
{
    int err;

    if (!is_range(first, count))
        return -EINVAL;
    sections_hold();
    err = removal_covers(first, count) ? -EBUSY : online_again(first, count);
    sections_release();
    return err;
}

static int add_sections(int dimm, u32 first, u32 count, bool online)
{
    u32 done = 0;
    int err = 0;

    for (; !err && done < count; done += !err)
        err = section_online(first + done, ZONE_MOVABLE, dimm);
    if (!err && online) {
        hand_over(first, count);
        return 0;
    }
    take_isolated_back(first, done);
    if (err)
        forget(first, done);
    return err;
}

static bool whole_sections(u64 base, u64 size)
{
    const u64 end = (u64)SECTION_MAX << SECTION_SHIFT;

    return size > 0 && base < end && size <= end - base &&
           base % SECTION_SIZE == 0 && size % SECTION_SIZE == 0;
}

int memory_add_dimm(int dimm, u64 base, u64 size)
{
    u32 first = base >> SECTION_SHIFT, count = size >> SECTION_SHIFT;
    bool online = READ_ONCE(auto_online);
    int err;

    if (!whole_sections(base, size))
        return -EINVAL;
    sections_hold();
    err = removal_covers(first, count)
              ? -EBUSY
              : add_sections(dimm, first, count, online);
    sections_release();
    printk("removal: DIMM %d at %llu MiB, %llu MiB: %s\n", dimm,
           (unsigned long long)(base >> 20), (unsigned long long)(size >> 20),
           err      ? "could not be added"
           : online ? "online"
                    : "offline");
    return err;
}

void memory_set_auto_online(bool on)
{
    WRITE_ONCE(auto_online, on);
}
