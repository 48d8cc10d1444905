/* SPDX-License-Identifier: MIT */
/*
 * Migration: a page moves to another frame while it is in use.
 *
 *   lock it; migration entries take the place of its page-table entries, so
 *   that whoever touches it sleeps; wait until no reference is left but the
 *   swap cache's and ours: no device can write to it any more; copy; the new
 *   frame takes over the swap-cache entry and the page-table entries; wake.
 *
 * Sleepers hold no reference on the page (mm/fault.h), and a task that holds
 * pins does not sleep for a move (mm/gup.h): so the references do fall, unless
 * a pin is not for a transfer: then the time for which migration entries may
 * stand ends. Any failure before the copy puts the page's own entries back.
 */
#include <mm/event.h>
#include <mm/filemap.h>
#include <mm/migrate.h>
#include <mm/reclaim.h>
#include <mm/removal_private.h>
#include <mm/rmap.h>
#include <mm/stat.h>
#include <mm/swap.h>
#include <kernel/errno.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/testpoint.h>
#include <kernel/time.h>
#include <kernel/wait.h>

#define MINE 1 /* the caller isolated it */

struct move {
    struct page *old, *new;
    enum move_mode mode;
    struct removal *req;
    bool unused; /* nobody owns it: there is nothing to copy */
};

/* The references that are accounted for; more are pins or passers-by. */
static int known_refs(struct page *page)
{
    return page_mapcount(page) + page_flag(page, PG_SWAPCACHE) +
           page_in_file(page) + MINE;
}

/* What to wait for. Each says first that somebody waits: a change after the
   look then wakes us. */
static bool got_lock(void *arg)
{
    page_set(arg, PG_WAITERS);
    return trylock_page(arg);
}

static bool is_written(void *arg)
{
    page_set(arg, PG_WAITERS);
    return !page_flag(arg, PG_WRITEBACK);
}

/* A page that its file gave up is not to be waited for: it waits for us. */
static bool is_drained(void *arg)
{
    page_set(arg, PG_WAITERS);
    return page_refs(arg) == known_refs(arg) || mapping_lost(arg);
}

/* Until done; -EAGAIN: not by then, or in MOVE_NOW: it is not so already. */
static int wait_for_page(struct move *m, bool (*done)(void *page), u64 until)
{
    if (m->mode == MOVE_NOW)
        return done(m->old) ? 0 : -EAGAIN;
    return removal_wait_until(m->req, until, page_waitq(m->old), done, m->old);
}

/* Nobody sleeps for what we wait for here: it may take its time. */
static int wait_until(struct move *m, bool (*done)(void *page))
{
    return wait_for_page(m, done, TIME_NEVER);
}

/*
 * While migration entries stand, whoever touches the page sleeps. A pin may
 * last for ever (a page in a pipe that nobody reads): so the entries are put
 * back between two tries, and the page's users go on.
 */
static u64 stand_until(const struct move *m)
{
    u64 max = m->req ? m->req->max_stand_ns : 0;

    return max ? now_ns() + max : TIME_NEVER;
}

/* The page lock, at a moment without write-back: the lock is not held while
   the disk writes. As we isolated the page, nobody starts another one. */
static int lock_old(struct move *m)
{
    int err;

    do {
        err = wait_until(m, got_lock);
        if (err || !page_flag(m->old, PG_WRITEBACK))
            return err;
        unlock_page(m->old);
        err = wait_until(m, is_written);
    } while (!err);
    return err;
}

/* What a page is, apart from its owners. DMA that set PG_DIRTY let go of its
   reference afterwards, so that the flag is seen here. */
static void copy_page(struct page *new, struct page *old)
{
    static const enum page_flag copied[] = {PG_DIRTY,  PG_REFERENCED,
                                            PG_ACTIVE, PG_UPTODATE,
                                            PG_ERROR,  PG_EXCLUSIVE};

    memory_barrier(); /* look at it after the count */
    memcpy(page_to_virt(new), page_to_virt(old), PAGE_SIZE);
    for (unsigned i = 0; i < ARRAY_SIZE(copied); i++)
        if (page_flag(old, copied[i]))
            page_set(new, copied[i]);
    new->use = old->use;
}

/* The new frame takes the old one's place, where others can find it. 0;
   -EAGAIN: one of them did, wait again; -ENOENT: there is no place any more. */
static int replace(struct move *m)
{
    int err = 0;

    if (page_in_file(m->old)) {
        err = mapping_replace(m->old, m->new, MINE, copy_page);
    } else if (page_flag(m->old, PG_SWAPCACHE) &&
               !swap_cache_replace(m->old, m->new, MINE)) {
        err = -EAGAIN;
    } else {
        copy_page(m->new, m->old); /* whoever finds it waits for its lock */
    }
    return err;
}

/*
 * Nobody maps it now. Wait for the pins; then the new frame takes its place in
 * the swap cache, unless a look-up was faster:
 *
 *   fault on a swap entry       here
 *   ---------------------       ----
 *                               references drained
 *   swap_cache_get: refs + 1
 *                               replace: counts again under the swap lock,
 *                               finds one too many: wait again
 *   locked: put_page, sleep
 */
static int take_over(struct move *m)
{
    u64 until = stand_until(m);
    int err;

    if (!is_drained(m->old))
        mm_event("migrate.wait", m->old, "known=%d", known_refs(m->old));
    do {
        err = wait_for_page(m, is_drained, until);
        if (err)
            return err;
        testpoint("migrate.drained");
        err = replace(m);
    } while (err == -EAGAIN);
    return err ? -EAGAIN : 0;
}

/* Both locked. */
static int unmap_and_move(struct move *m)
{
    int err = rmap_unmap(m->old, UNMAP_TO_MIGRATION, MINE, false, NULL);

    if (!err) {
        testpoint("migrate.unmapped");
        err = take_over(m);
    }
    rmap_restore(m->old, err ? m->old : m->new);
    if (!err && m->old->use == PAGE_FILE)
        m->old->mapping = NULL; /* the walk is over, the new one has it */
    return err;
}

/* The old page is locked. */
static int move_locked(struct move *m)
{
    bool locked;
    int err;

    if (page_mapcount(m->old) == 0 && !page_in_file(m->old) &&
        swap_try_free(m->old)) {
        m->unused = true; /* a pin's, at most: it is freed with it */
        return wait_until(m, is_drained);
    }
    /* Do not disturb its owners for nothing. */
    if (m->mode == MOVE_NOW && !is_drained(m->old))
        return -EAGAIN;
    locked = trylock_page(m->new); /* nobody knows it yet */
    ASSERT(locked);
    err = unmap_and_move(m);
    unlock_page(m->new);
    return err;
}

/* The last steps, with the old page unlocked. */
static void finish(struct move *m)
{
    if (m->unused) {
        put_page(m->new);
        mm_event("migrate.unused", m->old, "%s", "freed");
    } else {
        stat_inc(STAT_pgmigrate_success);
        stat_add(STAT_pgmigrate_bytes, PAGE_SIZE);
        mm_event("migrate.done", m->new, "from=%llx",
                 (unsigned long long)page_to_pfn(m->old));
        lru_putback(m->new);
    }
    put_page(m->old);
}

static void give_back(struct move *m, int err)
{
    stat_inc(STAT_pgmigrate_fail);
    mm_event("migrate.back", m->old, "error=%d", err);
    put_page(m->new);
}

int migrate_page(struct page *page, enum move_mode mode, struct removal *req)
{
    struct move m = {.old = page, .mode = mode, .req = req};
    int err;

    /* A look without the lock, before a frame is got for nothing. */
    if (mode == MOVE_NOW && page_refs(page) != known_refs(page))
        return -EAGAIN;
    m.new = alloc_page(ALLOC_MOVABLE | ALLOC_WAIT | ALLOC_NO_OOM, PAGE_ANON);
    if (!m.new)
        return -ENOMEM;
    mm_event("migrate.start", page, "mode=%s",
             mode == MOVE_NOW ? "now" : "wait");
    err = lock_old(&m);
    if (!err) {
        err = move_locked(&m);
        unlock_page(page);
        wake_page(page); /* those who sleep for its migration entries */
    }
    if (err)
        give_back(&m, err);
    else
        finish(&m);
    return err;
}
