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

static struct mutex removal_lock;  /* one removal or addition at a time */
static struct mutex sections_lock; /* held while struct pages come or go */
static struct removal defaults;    /* removal_lock to write */

void removal_init(void)
{
    mutex_init(&removal_lock, "removal", RANK_REMOVAL);
    mutex_init(&sections_lock, "sections", RANK_SECTIONS);
    defaults.method = REMOVAL_MIGRATE;
    defaults.max_passes = (u32)cmdline_u64("memhp.passes", 1000);
    defaults.max_ns = cmdline_u64("memhp.timeout", 60) * NSEC_PER_SEC;
    defaults.interruptible = true;
}

void removal_defaults(struct removal *r, u32 first, u32 count)
{
    *r = (struct removal){
        .first = first,
        .count = count,
        .method = READ_ONCE(defaults.method),
        .max_passes = READ_ONCE(defaults.max_passes),
        .max_ns = READ_ONCE(defaults.max_ns),
        .interruptible = READ_ONCE(defaults.interruptible),
    };
}

void removal_set_defaults(const struct removal *r)
{
    mutex_lock(&removal_lock);
    WRITE_ONCE(defaults.method, r->method);
    WRITE_ONCE(defaults.max_passes, r->max_passes);
    WRITE_ONCE(defaults.max_ns, r->max_ns);
    WRITE_ONCE(defaults.interruptible, r->interruptible);
    mutex_unlock(&removal_lock);
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

static int check_online(struct removal *r)
{
    if (r->count == 0 || r->first >= SECTION_MAX ||
        r->count > SECTION_MAX - r->first) {
        snprintf(r->why, sizeof(r->why), "there is no such section");
        return -EINVAL;
    }
    for (u32 nr = r->first; nr < r->first + r->count; nr++) {
        struct section *s = section_get(nr);

        if (s && s->state == SECTION_ONLINE)
            continue;
        snprintf(r->why, sizeof(r->why), "section %u is not online", nr);
        return -EINVAL;
    }
    return 0;
}

static void isolate(const struct removal *r, bool on)
{
    for (u32 nr = r->first; nr < r->first + r->count; nr++)
        if (on)
            section_isolate(nr);
        else
            section_unisolate(nr);
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

/* removal_lock held. */
static int take_offline(struct removal *r)
{
    int err = check_online(r);

    if (err)
        return err;
    isolate(r, true);
    err = explain(r, removal_empty(r));
    if (err) {
        removal_name_left(r);
        isolate(r, false);
        return err;
    }
    sections_hold();
    for (u32 nr = r->first; nr < r->first + r->count; nr++)
        section_finish_offline(nr);
    sections_release();
    return 0;
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

    mutex_lock(&removal_lock);
    removal_report_clear();
    removal_begin(r);
    mm_event("removal.start", NULL, "first=%u count=%u method=%s", r->first,
             r->count, r->method == REMOVAL_DRAIN ? "drain" : "migrate");
    err = take_offline(r);
    removal_end(r, err);
    announce(r, err);
    mutex_unlock(&removal_lock);
    return err;
}

/* These came online just now and are to go again. If a process was quick
   enough to get frames there, they are moved; if that fails, they stay. */
static void undo_online(u32 first, u32 count)
{
    struct removal r;

    if (count == 0)
        return;
    removal_defaults(&r, first, count);
    r.method = REMOVAL_MIGRATE;
    r.interruptible = false;
    if (take_offline(&r))
        printk("removal: sections %u to %u stay online: %s\n", first,
               first + count - 1, r.why);
}

static int online_one(u32 nr, enum zone_id zone, int dimm)
{
    int err;

    sections_hold();
    err = section_online(nr, zone, dimm);
    sections_release();
    return err;
}

/* removal_lock held. */
static int online_again(u32 first, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        struct section *s = section_get(first + i);
        int err = s ? s->state == SECTION_OFFLINE ? 0 : -EBUSY : -EINVAL;

        if (!err)
            err = online_one(first + i, s->zone, s->dimm);
        if (err) {
            undo_online(first, i);
            return err;
        }
    }
    return 0;
}

int memory_online(u32 first, u32 count)
{
    int err;

    if (count == 0 || first >= SECTION_MAX || count > SECTION_MAX - first)
        return -EINVAL;
    mutex_lock(&removal_lock);
    err = online_again(first, count);
    mutex_unlock(&removal_lock);
    return err;
}

static void forget(u32 first, u32 count)
{
    for (u32 nr = first; nr < first + count; nr++) {
        struct section *s = section_get(nr);

        if (s && s->state == SECTION_OFFLINE)
            section_absent(nr);
    }
}

/* removal_lock held. */
static int add_sections(int dimm, u32 first, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        int err = online_one(first + i, ZONE_MOVABLE, dimm);

        if (err) {
            undo_online(first, i);
            forget(first, i);
            return err;
        }
    }
    return 0;
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
    int err;

    if (!whole_sections(base, size))
        return -EINVAL;
    mutex_lock(&removal_lock);
    err = add_sections(dimm, first, count);
    mutex_unlock(&removal_lock);
    printk("removal: DIMM %d at %llu MiB, %llu MiB: %s\n", dimm,
           (unsigned long long)(base >> 20), (unsigned long long)(size >> 20),
           err ? "could not be added" : "online");
    return err;
}

void memory_forget_dimm(int dimm, u64 base, u64 size)
{
    (void)dimm;
    if (!whole_sections(base, size))
        return;
    mutex_lock(&removal_lock);
    forget(base >> SECTION_SHIFT, size >> SECTION_SHIFT);
    mutex_unlock(&removal_lock);
}
