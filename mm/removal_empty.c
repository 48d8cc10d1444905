/* SPDX-License-Identifier: MIT */
/*
 * Emptying isolated sections.
 *
 * REMOVAL_DRAIN waits for the frames to come free by themselves.
 * REMOVAL_MIGRATE makes them, in passes over the frames that are in use:
 *
 *   1. move what can be moved at once: most pages;
 *   2. for the others, one at a time: keep new users off, wait for those that
 *      are there. Where the design refuses that, remember one of these pages;
 *   3. sleep until something changes about it, and begin again.
 *
 * It waits for events only. A limit of passes or of time, removal_cancel or a
 * signal end it.
 */
#include <mm/event.h>
#include <mm/migrate.h>
#include <mm/reclaim.h>
#include <mm/removal_private.h>
#include <mm/stat.h>
#include <kernel/current.h>
#include <kernel/errno.h>
#include <kernel/print.h>

#define REPORTED 64 /* frames that are named */

/* May this frame be in a section that leaves, as far as its use goes? */
static bool can_leave(const struct section *s, const struct page *page)
{
    switch (page->use) {
    case PAGE_FREE:
    case PAGE_ISOLATED:
    case PAGE_ANON:
    case PAGE_FILE:
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

    removal_report_clear();
    for (u32 nr = r->first; nr < r->first + r->count; nr++) {
        struct section *s = section_get(nr);

        for (unsigned i = 0; section_is_going(nr) && i < SECTION_FRAMES; i++) {
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
    return page_is_user(page);
}

/* Frames that can never leave stay named, if there are any. */
void removal_name_left(const struct removal *r)
{
    if (name_frames(r, never_leaves) == 0)
        name_frames(r, is_left);
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
        if (section_is_going(nr) && !section_is_empty(nr))
            return false;
    return true;
}

static void count_pass(struct removal *r)
{
    r->passes++;
    stat_inc(STAT_removal_passes);
}

static bool passes_over(struct removal *r)
{
    if (!r->max_passes || r->passes < r->max_passes)
        return false;
    snprintf(r->why, sizeof(r->why), "gave up after %u passes", r->passes);
    return true;
}

static bool frame_came(void *arg)
{
    return removal_frames_freed() != *(u64 *)arg;
}

static int drain(struct removal *r)
{
    for (;;) {
        u64 seen = removal_frames_freed();
        int err;

        count_pass(r);
        if (all_empty(r))
            return 0;
        if (passes_over(r))
            return -EBUSY;
        err = removal_wait(r, &removal_waitq, frame_came, &seen);
        if (err)
            return err;
    }
}

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

    if (refs == 0)
        return 0; /* being freed */
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
        if (page_is_user(&s->map[i]))
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
        else if (section_is_going(nr))
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
    return again || !page_is_user(p->stuck) || page_refs(p->stuck) != p->refs ||
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

/* All that is left is being taken or freed at this moment: it will be an
   user page, free, or (in the normal zone) one that can never leave. */
static int let_it_happen(struct removal *r)
{
    int err = check_movable(r);

    yield();
    return err;
}

static int move_all(struct removal *r)
{
    struct pass p = {.r = r};
    int err;

    count_pass(r);
    for (;;) {
        err = one_pass(&p);
        if (!err && all_empty(r))
            return 0;
        if (!err && !p.stuck) {
            err = let_it_happen(r);
        } else if (!err) {
            if (passes_over(r))
                return -EBUSY;
            err = wait_for_change(&p);
            count_pass(r);
        }
        if (err)
            return err;
    }
}

int removal_empty(struct removal *r)
{
    int err = check_movable(r);

    if (err)
        return err;
    return r->method == REMOVAL_DRAIN ? drain(r) : move_all(r);
}
