/* SPDX-License-Identifier: MIT */
/*
 * swapoff: bring everything back, while processes go on as they like.
 *
 * Why it ends: from the moment the device is "going", no page gets a slot on
 * it. A slot's entries then only become more by fork, which copies a table of
 * entries into an mm that joins the list's end, where the walk meets it. Each
 * pass over all mms maps every entry that it finds, and gives back every slot
 * that only a cached page holds; what fork, exit or a fault has in its hands
 * for the moment is there for the next pass. Files keep swap entries in their
 * places, and are walked the same way.
 *
 * It can be told to stop by a signal, and stops when memory is short or the
 * disk fails: the device is then on again, and each entry is valid, whether
 * it was brought back or not.
 */
#include <mm/event.h>
#include <mm/fault.h>
#include <mm/filemap.h>
#include <mm/pagetable.h>
#include <mm/stat.h>
#include <mm/swap_private.h>
#include <kernel/current.h>
#include <kernel/errno.h>
#include <kernel/print.h>
#include <kernel/wait.h>

static int stop_asked(void)
{
    return signal_is_pending() ? -EINTR : 0;
}

/* The first entry at or after *va that means the device. */
static bool next_entry(struct swap_device *d, struct mm *mm, u64 *va, swp_t *s)
{
    bool found = false;
    pte_t *p;

    down_read(&mm->mmap_lock); /* keeps the tables */
    spin_lock(&mm->pt_lock);
    while (!found && (p = pt_next_long(mm, va, USER_END))) {
        pte_t e = pte_read(p);

        found = pte_is_swap(e) &&
                swp_dev(swp_from_pte(e)) == (unsigned)(d - swap_devices);
        if (found)
            *s = swp_from_pte(e);
        else
            *va += PAGE_SIZE;
    }
    spin_unlock(&mm->pt_lock);
    up_read(&mm->mmap_lock);
    return found;
}

/*
 * Map the page, as a read fault would. Not by mm_fault: an area that nobody
 * may access (PROT_NONE) has to come back too. The page is in the cache
 * already, as a rule, so that no memory is needed with locks held. It was read
 * for us: if the disk failed, that is an error, and not to be tried for ever.
 */
static int map_entry(struct mm *mm, u64 va, swp_t s)
{
    struct fault f = {.mm = mm, .addr = va, .how = FAULT_READ, .reading = s};
    int ret = FAULT_DONE;

    down_read(&mm->mmap_lock);
    f.vma = vma_find(mm, va);
    if (f.vma) {
        spin_lock(&mm->pt_lock);
        f.pte = pt_walk(mm->pt.root, va);
        f.entry = f.pte ? pte_read(f.pte) : 0;
        if (pte_is_swap(f.entry) && swp_from_pte(f.entry) == s)
            ret = fault_swap(&f); /* gives pt_lock back */
        else
            spin_unlock(&mm->pt_lock); /* changed, or gone: look again */
    }
    up_read(&mm->mmap_lock);
    return ret;
}

static int bring_back(struct mm *mm, u64 va, swp_t s)
{
    struct page *page;
    int err = stop_asked();

    if (err)
        return err;
    err = swap_read_how(s, ALLOC_USER | ALLOC_NO_OOM, &page);
    if (err)
        return err == -EAGAIN ? 0 : err; /* -EAGAIN: the entry has gone */
    put_page(page); /* not while we sleep: see swap_wait_quiet */
    err = swap_wait_quiet(s);
    if (err)
        return err;
    switch (map_entry(mm, va, s)) {
    case FAULT_BUS:
        return -EIO;
    case FAULT_NO_MEMORY:
        return -ENOMEM;
    default:
        return 0; /* done, or to be looked at again */
    }
}

static int empty_mm(struct swap_device *d, struct mm *mm)
{
    u64 va = 0;
    swp_t s;
    int err = 0;

    while (!err && next_entry(d, mm, &va, &s))
        err = bring_back(mm, va, s);
    return err;
}

static int empty_all_mms(struct swap_device *d)
{
    struct mm *mm = NULL;
    int err;

    while ((mm = mm_next(mm))) {
        err = empty_mm(d, mm);
        if (err) {
            mm_put(mm);
            return err;
        }
    }
    return 0;
}

static bool not_on_device(struct mapping *m, u64 index, place_t *place,
                          void *arg)
{
    struct swap_device *d = arg;

    (void)m;
    (void)index;
    return !place_is_swap(*place) ||
           swp_dev(place_swp(*place)) != (unsigned)(d - swap_devices);
}

static int empty_file(struct swap_device *d, struct mapping *m)
{
    u64 index = 0;
    int err = 0;

    while (!err && !mapping_walk(m, &index, not_on_device, d)) {
        err = stop_asked();
        if (!err)
            err = mapping_bring_in(m, index, ALLOC_USER | ALLOC_NO_OOM);
    }
    return err;
}

static int empty_all_files(struct swap_device *d)
{
    struct mapping *m = NULL;
    int err;

    while ((m = mapping_next(m))) {
        err = empty_file(d, m);
        if (err) {
            mapping_put(m);
            return err;
        }
    }
    return 0;
}

static bool only_cached(struct swap_device *d, u64 nr)
{
    struct swap_slot *slot = swap_slot_of(swp_make(d - swap_devices, nr));

    return slot->page && slot->count == 0;
}

/* The first slot at or after *nr that only a cached page holds. The lock is
   held for a chunk at a time. */
static bool next_cached(struct swap_device *d, u64 *nr)
{
    bool found = false;
    u64 flags;

    while (!found && *nr < d->nr_slots) {
        u64 end = min_u64(d->nr_slots, ROUND_UP(*nr + 1, SLOTS_PER_CHUNK));

        flags = spin_lock_irqsave(&swap_lock);
        while (*nr < end && !only_cached(d, *nr))
            ++*nr;
        found = *nr < end;
        spin_unlock_irqrestore(&swap_lock, flags);
    }
    return found;
}

static int drop_cached(swp_t s)
{
    struct page *page = swap_cache_get(s);

    if (!page)
        return 0;
    if (trylock_page(page)) {
        if (page_flag(page, PG_SWAPCACHE) && page->private == s)
            swap_try_free(page);
        unlock_page(page);
    }
    put_page(page);
    return swap_wait_quiet(s); /* locked or being written: then once more */
}

static int empty_cache(struct swap_device *d)
{
    int err = 0;

    for (u64 nr = 1; !err && next_cached(d, &nr);) {
        err = drop_cached(swp_make(d - swap_devices, nr));
        if (!err)
            err = stop_asked();
    }
    return err;
}

static int empty_device(struct swap_device *d)
{
    int err = 0;

    while (!err && READ_ONCE(d->used) > 0) {
        err = empty_all_mms(d);
        if (!err)
            err = empty_all_files(d);
        if (!err)
            err = empty_cache(d);
        if (!err)
            err = stop_asked();
        yield(); /* to whoever holds the rest in its hands */
    }
    return err;
}

static void set_state(struct swap_device *d, enum swap_state state)
{
    u64 flags;

    flags = spin_lock_irqsave(&swap_lock);
    d->state = state;
    spin_unlock_irqrestore(&swap_lock, flags);
}

/* The device is off; who found it on, without the swap lock, looks no more. */
static void wait_for_hints(void)
{
    u64 flags = spin_lock_irqsave(&swap_hint_lock);

    spin_unlock_irqrestore(&swap_hint_lock, flags);
}

static int swap_off_locked(struct blockdev *dev)
{
    struct swap_device *d = swap_find(dev);
    int err;

    if (!d)
        return -EINVAL;
    set_state(d, SWAP_GOING);
    err = empty_device(d);
    set_state(d, err ? SWAP_ON : SWAP_OFF);
    printk("swap: %s: %s\n", dev->name,
           err ? "could not be emptied, stays on" : "off");
    if (err)
        return err;
    wait_for_hints();
    swap_free_chunks(d); /* unused, and off: nobody finds them */
    return 0;
}

int swap_off(struct blockdev *dev)
{
    int err = mutex_lock_killable(&swapon_lock);

    if (err)
        return err;
    err = swap_off_locked(dev);
    mutex_unlock(&swapon_lock);
    return err;
}
