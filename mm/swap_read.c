/* SPDX-License-Identifier: MIT */
/*
 * Reading a page back from swap.
 *
 * The page enters the cache locked and not up to date, so that everybody else
 * who wants it finds it there and waits for its lock. The interrupt that ends
 * the transfer unlocks it. A page that could not be read stays in the cache
 * until nobody uses it, and every fault that finds it fails; then it leaves,
 * the disk is tried again, and once no entry means the slot, it is retired.
 */
#include <mm/event.h>
#include <mm/reclaim.h>
#include <mm/stat.h>
#include <mm/swap_private.h>
#include <mm/vma.h>
#include <kernel/errno.h>
#include <kernel/print.h>

/* In an interrupt. The reference: as in write_end, mm/swap_io.c. */
static void read_end(struct bio *bio)
{
    struct swap_request *r = bio->private;
    struct page *page = r->page;

    get_page(page);
    if (bio->error) {
        stat_inc(STAT_swap_read_errors);
        page_set(page, PG_ERROR);
        printk("swap: %s: read error at sector %llu\n", bio->dev->name,
               (unsigned long long)bio->sector);
    } else {
        page_set(page, PG_UPTODATE);
    }
    mm_event("swap.in.end", page, "error=%d", bio->error);
    unlock_page(page);
    if (page_swapcount_hint(page) == 0)
        drop_from_cache(page); /* whoever wanted it has gone meanwhile */
    put_page(page);
    swap_request_put(r);
}

/*
 * A fresh page, locked and in the cache, about to be read. *r was got before
 * the lock was taken: no page lock is held while waiting for a request; nor is
 * anything else, if `wait`.
 */
static int begin_read(swp_t s, enum alloc_flags how, bool wait,
                      struct page **out, struct swap_request **r)
{
    struct page *page = alloc_page(how, PAGE_ANON);
    int err;

    if (!page)
        return -ENOMEM;
    *r = wait ? swap_request_get(BIO_READ) : swap_request_try(BIO_READ);
    if (!*r) {
        put_page(page);
        return -EBUSY;
    }
    lock_page(page); /* nobody knows it: does not sleep */
    err = swap_cache_enter(page, s);
    if (err) {
        swap_request_put(*r);
        unlock_page(page);
        put_page(page);
        return err;
    }
    lru_add(page, false); /* reclaim can find it, should nobody map it */
    *out = page;
    return 0;
}

/*
 * The page in the cache could not be read, and nobody else looks at it: take
 * it out, to try the disk again. We hold a reference.
 */
static bool drop_failed(struct page *page)
{
    bool gone = false;

    if (page_flag(page, PG_UPTODATE) || !trylock_page(page))
        return false; /* fine, or still being read */
    if (page_flag(page, PG_SWAPCACHE) && !page_flag(page, PG_UPTODATE))
        gone = swap_cache_drop(page, 1);
    unlock_page(page);
    return gone;
}

/* One try. -EEXIST: another one was faster; find its page. *r: got if the
   read is to be started. */
static int find_or_begin(swp_t s, enum alloc_flags how, bool wait,
                         struct page **out, struct swap_request **r)
{
    *r = NULL;
    *out = swap_cache_get(s);
    if (*out && !drop_failed(*out))
        return 0;
    if (*out)
        put_page(*out);
    *out = NULL;
    return begin_read(s, how, wait, out, r);
}

static int read_slot(swp_t s, enum alloc_flags how, bool wait,
                     struct page **out)
{
    struct swap_request *r;
    int err;

    do
        err = find_or_begin(s, how, wait, out, &r);
    while (err == -EEXIST);
    if (err || !r)
        return err;
    stat_inc(STAT_pswpin);
    mm_event("swap.in", *out, "slot=0x%llx", (unsigned long long)s);
    page_lock_handover(*out); /* from now on the interrupt's */
    swap_request_start(r, *out, s, read_end);
    return 0;
}

int swap_read_how(swp_t s, enum alloc_flags how, struct page **out)
{
    return read_slot(s, how, true, out);
}

int swap_read(swp_t s, struct page **out)
{
    return read_slot(s, ALLOC_USER, false, out);
}
