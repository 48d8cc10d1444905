/* SPDX-License-Identifier: MIT */
/*
 * Reclaim: taking pages away from those who have not used them lately.
 *
 * The way out of memory, for one page that is isolated and locked:
 *
 *   give it a slot (swap cache) -> take it out of all page tables, if the
 *   design lets us -> write it if it is dirty -> when that has ended, the next
 *   scan finds it clean and with no reference but the cache's and its own:
 *   out of the cache, and free.
 *
 * A page that somebody else still refers to after it was unmapped (a pin)
 * stays in the swap cache, where the next fault finds this very frame.
 *
 * A page of a file is the file's while it is unmapped: it gets its slot, and
 * its place a swap entry, only when nobody else refers to it any more.
 *
 * `mine` is how many references the code here holds on the page, as the
 * designs want to know it. Nothing here allocates memory, and the page lock
 * is only ever tried for, but by reclaim_page, which was asked for that page.
 */
#include <mm/event.h>
#include <mm/filemap.h>
#include <mm/kstack.h>
#include <mm/lockorder.h>
#include <mm/reclaim.h>
#include <mm/rmap.h>
#include <mm/stat.h>
#include <mm/swap.h>
#include <kernel/current.h>
#include <kernel/errno.h>
#include <kernel/wait.h>
#include <kernel/x86/tlb.h>

const struct lock_class reclaim_class = {"reclaim", RANK_RECLAIM};

#define BATCH 32 /* pages isolated at a time */

/* What became of a page that we tried to take out. */
enum fate {
    FATE_KEEP,     /* not now: back where it was */
    FATE_ACTIVATE, /* not soon: to the active list */
    FATE_WRITING,  /* unlocked, its write is under way */
    FATE_GONE,     /* only our references are left: put them, it is free */
};

/* The disk failed the page's slot: it needs another one. That is possible
   once no swap entry means the old one. Page locked. */
static bool has_bad_slot(struct page *page)
{
    return page_flag(page, PG_SWAPCACHE) && page_flag(page, PG_ERROR) &&
           !swap_try_free(page);
}

static int give_slot(struct page *page)
{
    if (has_bad_slot(page))
        return -EIO;
    if (!page_flag(page, PG_SWAPCACHE))
        return swap_cache_add(page);
    return swap_going_off(page->private) ? -EAGAIN : 0;
}

/*
 * Take the page out of all page tables. Page locked, not under write-back.
 * 0, or why not: -EBUSY (the design), -EAGAIN (used, or its swap device goes),
 * -ENOSPC (no slot), -EIO (its slot failed and is still meant). batch: NULL,
 * or the flush is the caller's, before the page is unlocked.
 */
static int unmap(struct page *page, int mine, bool check_accessed,
                 struct tlb_batch *batch)
{
    bool had_slot = page_flag(page, PG_SWAPCACHE);
    int err;

    if (page_mapcount(page) == 0)
        return 0;
    err = page_in_file(page) ? 0 : give_slot(page);
    if (err)
        return err;
    err = rmap_unmap(page, page_in_file(page) ? UNMAP_TO_FILE : UNMAP_TO_SWAP,
                     mine, check_accessed, batch);
    if (!err) {
        mm_event("reclaim.unmap", page, "mine=%d", mine);
        return 0;
    }
    if (err == -EBUSY)
        mm_event("reclaim.refused", page, "mine=%d", mine);
    if (!had_slot)
        swap_try_free(page); /* the slot was for this try only */
    return err;
}

/* The page is locked, unmapped and not under write-back. Unlocks it. */
static enum fate take_out(struct page *page, int mine)
{
    const int cache = 1;
    enum fate fate = FATE_KEEP;

    if (page_in_file(page) && mapping_to_swap(page, mine)) {
        fate = swap_available() ? FATE_KEEP : FATE_ACTIVATE;
    } else if (swap_try_free(page)) {
        /* Nobody's any more, unless a pin holds it: the pin's end frees it. */
        if (page_refs(page) == mine)
            fate = FATE_GONE;
    } else if (page_refs(page) != cache + mine) {
        fate = FATE_KEEP; /* pinned: what is written now may change again */
    } else if (page_flag(page, PG_DIRTY)) {
        if (has_bad_slot(page) || swap_going_off(page->private)) {
            fate = FATE_ACTIVATE;
        } else {
            page_set(page, PG_RECLAIM);
            swap_write(page); /* unlocks */
            return FATE_WRITING;
        }
    } else if (swap_cache_drop(page, mine)) {
        fate = FATE_GONE;
    }
    unlock_page(page);
    return fate;
}

static enum fate fate_of_error(int err)
{
    /* They will be so for a while: look at other pages first. */
    return err == -EBUSY || err == -EIO || err == -EPERM ? FATE_ACTIVATE
                                                         : FATE_KEEP;
}

static bool used_lately(struct page *page)
{
    bool marked = page_clear(page, PG_REFERENCED);

    return rmap_test_clear_accessed(page) > 0 || marked;
}

static void settle(struct page *page, enum fate fate, struct scan *sc)
{
    switch (fate) {
    case FATE_GONE:
        sc->freed++;
        stat_inc(STAT_pgsteal);
        put_page(page);
        return;
    case FATE_ACTIVATE:
        page_set(page, PG_ACTIVE);
        break;
    case FATE_WRITING:
        sc->writing++;
        break;
    case FATE_KEEP:
        break;
    }
    lru_putback(page);
}

/*
 * Pages on their way out. They are locked from the look at them to the end:
 * what was taken out of page tables is flushed for all of them at once, and
 * nothing happens to any of them before that (kernel/x86/tlb.h). So the rest of
 * them stay locked while one waits for its write to begin (mm/swap.h).
 */
struct outgoing {
    struct list_head unmapped, kept; /* page.lru */
    struct tlb_batch tlb;
};

/* Is this page, locked, not even to be unmapped? */
static bool stays(struct page *page, struct scan *sc)
{
    if (page_flag(page, PG_WRITEBACK)) {
        sc->writing++;
        return true;
    }
    if (!used_lately(page) || sc->desperate)
        return false;
    page_set(page, PG_ACTIVE);
    return true;
}

/* One page of the inactive list's end, isolated. */
static void look_at(struct page *page, struct outgoing *out, struct scan *sc)
{
    const int mine = 1;
    int err;

    if (!trylock_page(page)) {
        settle(page, FATE_KEEP, sc);
        return;
    }
    err = stays(page, sc) ? -EAGAIN
                          : unmap(page, mine, !sc->desperate, &out->tlb);
    if (err && fate_of_error(err) == FATE_ACTIVATE)
        page_set(page, PG_ACTIVE);
    list_add_tail(&page->lru, err ? &out->kept : &out->unmapped);
}

static void finish(struct outgoing *out, struct scan *sc)
{
    const int mine = 1;
    struct page *page, *tmp;

    tlb_batch_flush(&out->tlb);
    list_for_each_entry_safe (page, tmp, &out->kept, lru) {
        list_del(&page->lru);
        unlock_page(page);
        settle(page, FATE_KEEP, sc);
    }
    list_for_each_entry_safe (page, tmp, &out->unmapped, lru) {
        list_del(&page->lru);
        settle(page, take_out(page, mine), sc);
    }
}

static void shrink_inactive(enum zone_id zone, unsigned n, struct scan *sc)
{
    struct outgoing out = {LIST_INIT(out.unmapped), LIST_INIT(out.kept), {0}};
    struct list_head batch = LIST_INIT(batch);
    struct page *page, *tmp;

    stat_add(STAT_pgscan, lru_take(zone, false, n, &batch));
    list_for_each_entry_safe (page, tmp, &batch, lru) {
        list_del(&page->lru);
        look_at(page, &out, sc);
    }
    finish(&out, sc);
}

/* Pages of the active list's end that nobody used go to the inactive list;
   the others get another round. */
static void shrink_active(enum zone_id zone, unsigned n)
{
    struct list_head batch = LIST_INIT(batch);
    struct page *page, *tmp;

    lru_take(zone, true, n, &batch);
    list_for_each_entry_safe (page, tmp, &batch, lru) {
        list_del(&page->lru);
        if (trylock_page(page)) {
            if (!used_lately(page))
                page_clear(page, PG_ACTIVE);
            unlock_page(page);
        }
        lru_putback(page);
    }
}

/* In this zone, the inactive pages are to be half of all. */
static bool few_inactive(const struct lru *l)
{
    return READ_ONCE(l->nr_inactive) < READ_ONCE(l->nr_active);
}

void reclaim_zone(enum zone_id zone, unsigned priority, struct scan *sc)
{
    struct lru *l = &lrus[zone];
    u64 total, free, todo;

    swap_totals(&total, &free);
    if (total == 0)
        return; /* anonymous pages have nowhere to go */
    sc->desperate = priority == 0;
    lock_order_wanted(&reclaim_class, WAIT_KILL);
    lock_order_taken(&reclaim_class);
    todo = (READ_ONCE(l->nr_active) >> priority) + 1;
    for (; todo > 0 && few_inactive(l); todo -= min_u64(todo, BATCH))
        shrink_active(zone, BATCH);
    todo = (READ_ONCE(l->nr_inactive) >> priority) + 1;
    for (; todo > 0; todo -= min_u64(todo, BATCH))
        shrink_inactive(zone, BATCH, sc);
    lock_order_released(&reclaim_class);
}

static void reclaim_zones(enum alloc_flags how, unsigned priority,
                          struct scan *sc)
{
    reclaim_zone(ZONE_NORMAL, priority, sc);
    if (how & ALLOC_MOVABLE)
        reclaim_zone(ZONE_MOVABLE, priority, sc);
}

/*
 * Harder and harder, until enough was freed. When all that could be done is
 * being written, wait for one write to end: for an event, never for a time.
 */
u64 reclaim_direct(enum alloc_flags how, unsigned order)
{
    const u64 enough = BATCH + (2ull << order);
    struct scan sc = {0};
    bool old = set_memalloc(true);
    unsigned priority = RECLAIM_PRIORITY + 1;

    stat_inc(STAT_allocstall);
    sc.freed = kstack_trim();
    while (priority-- > 0 && sc.freed < enough && !fatal_signal_pending()) {
        u64 before = sc.freed, done = swap_writes_done();

        sc.writing = 0;
        reclaim_zones(how, priority, &sc);
        if (sc.freed == before && sc.writing > 0)
            swap_wait_for_write(done);
    }
    set_memalloc(old);
    mm_event("reclaim.direct", NULL, "freed=%llu",
             (unsigned long long)sc.freed);
    return sc.freed;
}

/*
 * Lock a page that we isolated, when it is not under write-back. Waiting with
 * a reference is right here: a mover would have to isolate it first.
 */
static int lock_quiet_page(struct page *page)
{
    for (;;) {
        int err = lock_page_killable(page);

        if (err || !page_flag(page, PG_WRITEBACK))
            return err;
        unlock_page(page);
        err = wait_on_page_flag_killable(page, PG_WRITEBACK);
        if (err)
            return err;
    }
}

/* Isolated. Unmap, write, wait, and free if only `mine` are left. */
static int reclaim_isolated(struct page *page, int mine, enum fate *fate)
{
    int err = lock_quiet_page(page);

    if (err)
        return err;
    err = unmap(page, mine, false, NULL);
    if (err) {
        unlock_page(page);
        return err;
    }
    *fate = take_out(page, mine);
    if (*fate != FATE_WRITING)
        return 0;
    if (lock_quiet_page(page))
        return 0; /* to be killed; the page is unmapped all the same */
    *fate = FATE_KEEP;
    if (page_mapcount(page) == 0 && swap_cache_drop(page, mine))
        *fate = FATE_GONE;
    unlock_page(page);
    return 0;
}

int reclaim_page(struct page *page)
{
    const int mine = 2; /* the caller's, and ours for isolating it */
    enum fate fate = FATE_KEEP;
    struct scan sc = {0};
    int err;

    if (!lru_isolate(page))
        return -EAGAIN; /* somebody else is reclaiming or moving it */
    stat_inc(STAT_pgscan);
    err = reclaim_isolated(page, mine, &fate);
    settle(page, fate, &sc);
    return err;
}
