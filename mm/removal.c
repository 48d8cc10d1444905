/* SPDX-License-Identifier: MIT */
/*
 * Taking memory away while it is in use.
 *
 * First the sections are isolated: none of their free frames is handed out any
 * more, and those that are freed stay. From then on the frames in use only
 * become fewer. REMOVAL_DRAIN waits for that to happen by itself.
 * REMOVAL_MIGRATE makes it happen, in passes over the frames that are in use:
 *
 *   1. move what can be moved at once: most pages;
 *   2. for the others, one at a time: keep new users off, wait for those that
 *      are there. Where the design refuses that, remember one of these pages;
 *   3. sleep until something changes about it, and begin again.
 *
 * It waits for events only. A limit of passes or of time, removal_cancel or a
 * signal end it; then everything is as before, and a report names the frames
 * that were left and who holds them.
 */
#include <mm/event.h>
#include <mm/lockorder.h>
#include <mm/migrate.h>
#include <mm/reclaim.h>
#include <mm/removal.h>
#include <mm/stat.h>
#include <kernel/boot.h>
#include <kernel/current.h>
#include <kernel/errno.h>
#include <kernel/print.h>

#define REPORTED 64 /* frames that are named */

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

void sections_release(void)
{
    mutex_unlock(&sections_lock);
}

/* ---- what is in the way ---- */

/* May this frame be in a section that leaves, as far as its use goes? */
static bool can_leave(const struct section *s, const struct page *page)
{
    switch (page->use) {
    case PAGE_FREE:
    case PAGE_ISOLATED:
    case PAGE_ANON:
        return true;
    case PAGE_MEMMAP: /* its own leaves with it */
        return s->removable && page->section_off < SECTION_MEMMAP_FRAMES;
    default:
        return false;
    }
}

/* Name the frames of a kind, up to the limit; how many there are in all. */
static u64 name_frames(const struct removal *r,
                       bool (*wanted)(const struct section *s,
                                      const struct page *page))
{
    u64 found = 0;

    for (u32 nr = r->first; nr < r->first + r->count; nr++) {
        struct section *s = section_get(nr);

        for (unsigned i = 0; i < SECTION_FRAMES; i++) {
            if (!wanted(s, &s->map[i]))
                continue;
            if (found++ < REPORTED)
                page_holders(&s->map[i], removal_report_add, NULL);
        }
    }
    return found;
}

static bool never_leaves(const struct section *s, const struct page *page)
{
    return !can_leave(s, page);
}

static bool is_left(const struct section *s, const struct page *page)
{
    (void)s;
    return page->use == PAGE_ANON;
}

/* Frames that no waiting will move: say so at once. */
static int check_movable(struct removal *r)
{
    u64 stuck = name_frames(r, never_leaves);

    if (stuck == 0)
        return 0;
    snprintf(r->why, sizeof(r->why), "%llu frames hold what can never move",
             (unsigned long long)stuck);
    return -EBUSY;
}

static bool all_empty(const struct removal *r)
{
    for (u32 nr = r->first; nr < r->first + r->count; nr++)
        if (!section_is_empty(nr))
            return false;
    return true;
}

static bool passes_over(struct removal *r)
{
    if (!r->max_passes || r->passes < r->max_passes)
        return false;
    snprintf(r->why, sizeof(r->why), "gave up after %u passes", r->passes);
    return true;
}

/* ---- by draining ---- */

static bool frame_came(void *arg)
{
    return removal_frames_freed() != *(u64 *)arg;
}

static int drain(struct removal *r)
{
    for (;;) {
        u64 seen = removal_frames_freed();
        int err;

        r->passes++;
        stat_inc(STAT_removal_passes);
        if (all_empty(r))
            return 0;
        if (passes_over(r))
            return -EBUSY;
        err = removal_wait(r, &removal_waitq, frame_came, &seen);
        if (err)
            return err;
    }
}

/* ---- by moving ---- */

/* One scan, and the first page that it could not move. */
struct pass {
    struct removal *r;
    enum move_mode mode;
    struct page *stuck; /* only its address: it may be freed any time */
    int refs;           /* that it had, apart from ours */
    bool on_lru;        /* it was on an LRU list */
    bool looked;        /* see stuck_changed */
};

static void remember(struct pass *p, struct page *page, int refs, bool on_lru)
{
    if (p->stuck)
        return;
    p->stuck = page;
    p->refs = refs;
    p->on_lru = on_lru;
}

/*
 * A page that is not on an LRU list is in transit: fresh, or isolated by
 * reclaim. References are counted before the try, so that one which falls
 * meanwhile counts as a change since.
 */
static int move_frame(struct pass *p, struct page *page)
{
    int refs = page_refs(page), err;

    if (!lru_isolate(page)) {
        remember(p, page, refs, false);
        return 0;
    }
    refs = page_refs(page) - 1;
    err = migrate_page(page, p->mode, p->r);
    if (!err) {
        p->r->moved++;
        return 0;
    }
    lru_putback(page);
    if (err == -EBUSY)
        p->r->refused++;
    remember(p, page, refs, true);
    return err == -EAGAIN || err == -EBUSY ? 0 : err;
}

static int scan_section(struct pass *p, struct section *s)
{
    int err = 0;

    for (unsigned i = 0; !err && i < SECTION_FRAMES; i++)
        if (s->map[i].use == PAGE_ANON)
            err = move_frame(p, &s->map[i]);
    return err;
}

static int scan(struct pass *p, enum move_mode mode)
{
    int err = 0;

    p->mode = mode;
    p->stuck = NULL;
    for (u32 nr = p->r->first; !err && nr < p->r->first + p->r->count; nr++) {
        if (removal_should_stop(p->r))
            err = -EINTR;
        else
            err = scan_section(p, section_get(nr));
    }
    return err;
}

/*
 * The second look comes after a wake-up, and that is enough, even if the page
 * has as many references as before: they may be other ones. (Two readers who
 * take turns would else keep us asleep for ever.)
 */
static bool stuck_changed(void *arg)
{
    struct pass *p = arg;
    bool again = p->looked;

    p->looked = true;
    page_set(p->stuck, PG_WAITERS);
    return again || p->stuck->use != PAGE_ANON ||
           page_refs(p->stuck) != p->refs ||
           (!p->on_lru && page_flag(p->stuck, PG_LRU));
}

static int wait_for_change(struct pass *p)
{
    p->looked = false;
    mm_event("removal.wait", p->stuck, "pass=%u", p->r->passes);
    return removal_wait(p->r, page_waitq(p->stuck), stuck_changed, p);
}

static int one_pass(struct pass *p)
{
    int err = scan(p, MOVE_NOW);

    if (!err && p->stuck)
        err = scan(p, MOVE_WAIT);
    return err;
}

static int move_all(struct removal *r)
{
    struct pass p = {.r = r};
    int err;

    for (;;) {
        err = one_pass(&p);
        if (err)
            return err;
        if (all_empty(r))
            return 0;
        if (!p.stuck) { /* somebody is just taking or freeing the last ones */
            err = check_movable(r);
            if (err)
                return err;
            yield();
            continue;
        }
        r->passes++;
        stat_inc(STAT_removal_passes);
        if (passes_over(r))
            return -EBUSY;
        err = wait_for_change(&p);
        if (err)
            return err;
    }
}

/* ---- the whole of it ---- */

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
    err = check_movable(r);
    if (!err) {
        err = r->method == REMOVAL_DRAIN ? drain(r) : move_all(r);
        err = explain(r, err);
        if (err)
            name_frames(r, is_left);
    }
    if (err) {
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

/* ---- memory that comes (back) ---- */

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
