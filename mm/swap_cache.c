/* SPDX-License-Identifier: MIT */
/*
 * The swap cache: pages that have a slot.
 *
 * It is where the frame of an unmapped page is found again: while a pin, a
 * write-back or another process keeps the frame, the next fault on the swap
 * entry gets this very page, not a copy from the disk.
 *
 * A look-up takes its reference under the swap lock. So whoever wants to take
 * a page out, knowing all its references, counts them under that lock too:
 *
 *   swap_cache_get              swap_cache_drop / _replace
 *   --------------              --------------------------
 *   lock swap                   lock swap
 *   slot->page there: refs + 1  refs == cache + mine? then slot->page = other
 *   unlock swap                 unlock swap
 *
 * Either the look-up's reference is counted and the page stays, or the look-up
 * finds what is there instead.
 */
#include <mm/event.h>
#include <mm/lockorder.h>
#include <mm/swap_private.h>
#include <kernel/current.h>
#include <kernel/errno.h>
#include <kernel/print.h>
#include <kernel/wait.h>

static int count_of(struct page *page)
{
    struct swap_slot *slot;

    if (!page_flag(page, PG_SWAPCACHE))
        return 0;
    slot = swap_slot_of(page->private);
    return slot && slot->page == page ? slot->count : 0;
}

int page_swapcount(struct page *page)
{
    int count;
    u64 flags;

    flags = spin_lock_irqsave(&swap_lock);
    count = count_of(page);
    spin_unlock_irqrestore(&swap_lock, flags);
    return count;
}

struct spinlock swap_hint_lock =
    SPINLOCK_INIT("swap slots looked at", RANK_SWAP_HINT);

/*
 * Whoever records an event may hold any lock, so that the swap lock cannot be
 * taken here; and nothing keeps the page in the cache, nor its device on:
 *
 *     here                            swapoff
 *     lock hint
 *     the device is on: its slots
 *                                     the device is off
 *                                     lock hint: waits
 *     the slot's count
 *     unlock hint
 *                                     unlock hint, frees the slots
 */
int page_swapcount_hint(struct page *page)
{
    u64 flags = spin_lock_irqsave(&swap_hint_lock);
    int count = count_of(page);

    spin_unlock_irqrestore(&swap_hint_lock, flags);
    return count;
}

struct page *swap_cache_get(swp_t s)
{
    struct swap_slot *slot;
    struct page *page = NULL;
    u64 flags;

    flags = spin_lock_irqsave(&swap_lock);
    slot = swap_slot_of(s);
    if (slot && slot->page) {
        page = slot->page;
        get_page(page);
    }
    spin_unlock_irqrestore(&swap_lock, flags);
    return page;
}

int swap_describe(swp_t s, char *buf, size_t size)
{
    u64 flags = spin_lock_irqsave(&swap_lock);
    struct swap_slot *slot = swap_slot_of(s);
    struct page *page = slot ? slot->page : NULL;
    int n = snprintf(buf, size, "pte=swap slot=%llu cached=%d ",
                     (unsigned long long)s, page != NULL);

    if (page && (size_t)n < size)
        n += page_describe(page, buf + n, size - n);
    spin_unlock_irqrestore(&swap_lock, flags);
    return n;
}

static u64 nr_cached; /* swap lock */

u64 swap_cached(void)
{
    return READ_ONCE(nr_cached);
}

/* Swap lock and page lock held. */
static void enter(struct page *page, swp_t s)
{
    struct swap_slot *slot = swap_slot_of(s);

    get_page(page); /* the cache's */
    slot->page = page;
    page->private = s;
    page_set(page, PG_SWAPCACHE);
    nr_cached++;
}

int swap_cache_add(struct page *page)
{
    swp_t s;
    bool found;
    u64 flags;

    ASSERT(page_locked(page) && !page_flag(page, PG_SWAPCACHE));
    flags = spin_lock_irqsave(&swap_lock);
    found = swap_slot_take(&s);
    if (found)
        enter(page, s);
    spin_unlock_irqrestore(&swap_lock, flags);
    if (!found)
        return -ENOSPC;
    page_set(page, PG_DIRTY); /* the slot has not its contents yet */
    mm_event("cache.add", page, "slot=0x%llx", (unsigned long long)s);
    return 0;
}

static bool meant(const struct swap_slot *slot)
{
    return slot && slot->count && slot->count != SWAP_SLOT_BAD;
}

bool swap_missing(swp_t s)
{
    struct swap_slot *slot;
    bool missing;
    u64 flags;

    flags = spin_lock_irqsave(&swap_lock);
    slot = swap_slot_of(s);
    missing = meant(slot) && !slot->page;
    spin_unlock_irqrestore(&swap_lock, flags);
    return missing;
}

int swap_cache_enter(struct page *page, swp_t s)
{
    struct swap_slot *slot;
    int err = 0;
    u64 flags;

    flags = spin_lock_irqsave(&swap_lock);
    slot = swap_slot_of(s);
    if (!meant(slot))
        err = -EAGAIN; /* the last entry went, or moved, meanwhile */
    else if (slot->page)
        err = -EEXIST;
    else
        enter(page, s);
    spin_unlock_irqrestore(&swap_lock, flags);
    return err;
}

/*
 * Swap lock and page lock held; the caller puts the cache's reference when it
 * has dropped the swap lock. A page with PG_ERROR leaves a bad slot behind:
 * the interrupt that saw the error could only mark the page.
 */
static void leave(struct page *page)
{
    swp_t s = page->private;
    struct swap_slot *slot = swap_slot_of(s);

    ASSERT(slot && slot->page == page);
    if (page_clear(page, PG_ERROR))
        slot->failed = true;
    slot->page = NULL;
    page_clear(page, PG_SWAPCACHE);
    nr_cached--;
    page->private = 0;
    swap_slot_settle(s);
}

static void left(struct page *page, const char *why)
{
    mm_event("cache.del", page, "why=%s", why);
    put_page(page);
}

bool swap_try_free(struct page *page)
{
    bool unused;
    u64 flags;

    ASSERT(page_locked(page));
    if (!page_flag(page, PG_SWAPCACHE))
        return true;
    if (page_flag(page, PG_WRITEBACK))
        return false;
    flags = spin_lock_irqsave(&swap_lock);
    unused = swap_slot_of(page->private)->count == 0;
    if (unused)
        leave(page);
    spin_unlock_irqrestore(&swap_lock, flags);
    if (!unused)
        return false;
    page_set(page, PG_DIRTY); /* it is its only copy again */
    left(page, "unused");
    return true;
}

/* Do the cache and the caller account for every reference? Swap lock held. */
static bool nobody_else(struct page *page, int mine)
{
    const int cache = 1;

    return page_refs(page) == cache + mine;
}

bool swap_cache_drop(struct page *page, int mine)
{
    bool ok;
    u64 flags;

    ASSERT(page_locked(page) && page_mapcount(page) == 0);
    flags = spin_lock_irqsave(&swap_lock);
    ok = nobody_else(page, mine);
    /* Whoever wrote to it by DMA made it dirty before it let go: so look at
       the flag after the count. */
    memory_barrier();
    ok = ok && !page_flag(page, PG_DIRTY) && !page_flag(page, PG_WRITEBACK);
    if (ok)
        leave(page);
    spin_unlock_irqrestore(&swap_lock, flags);
    if (ok)
        left(page, "clean");
    return ok;
}

bool swap_cache_replace(struct page *old, struct page *new, int mine)
{
    bool ok;
    u64 flags;

    ASSERT(page_locked(old) && page_locked(new));
    flags = spin_lock_irqsave(&swap_lock);
    ok = nobody_else(old, mine);
    if (ok) {
        enter(new, old->private);
        page_clear(old, PG_SWAPCACHE);
        nr_cached--;
        old->private = 0;
    }
    spin_unlock_irqrestore(&swap_lock, flags);
    if (ok)
        put_page(old);
    return ok;
}

struct page *swap_cache_busy(swp_t s, bool written)
{
    struct swap_slot *slot;
    struct page *page = NULL;
    u64 flags;

    flags = spin_lock_irqsave(&swap_lock);
    slot = swap_slot_of(s);
    if (slot && slot->page) {
        page = slot->page;
        page_set(page, PG_WAITERS); /* before looking */
        if (!page_locked(page) && !(written && page_flag(page, PG_WRITEBACK)))
            page = NULL;
    }
    spin_unlock_irqrestore(&swap_lock, flags);
    return page;
}

int swap_wait_quiet(swp_t s)
{
    struct page *page = swap_cache_busy(s, true);

    if (!page)
        return 0;
    return wait_event_interruptible(page_waitq(page),
                                    swap_cache_busy(s, true) != page);
}
