/* SPDX-License-Identifier: MIT */
/*
 * Reading ahead from swap.
 *
 * Pages that went out together lie side by side on the device, as slots are
 * given out upwards, and as a rule they are wanted together again. So whoever
 * has to read one slot also starts reads of those around it, and the disk does
 * them in one command. What was read ahead waits in the swap cache, clean and
 * in no page table: a fault finds it there, or reclaim drops it unwritten.
 *
 * Only frames that are free are used. Reclaim, for pages that may not be
 * wanted, could take the very page that the fault has just brought in; and the
 * fault, which then begins again, would read around once more, for ever.
 */
#include <mm/stat.h>
#include <mm/swap_private.h>

#define CLUSTER_MAX 5u /* 32 slots: half of the pool of requests */

u64 vm_page_cluster = 3;

static bool start(swp_t s)
{
    struct page *page;

    if (swap_read_how(s, ALLOC_MOVABLE, &page))
        return false; /* no memory to spare, or it is not wanted any more */
    stat_inc(STAT_swap_ra);
    put_page(page);
    return true;
}

void swap_read_around(swp_t s)
{
    u64 slots = 1ull << min_u64(READ_ONCE(vm_page_cluster), CLUSTER_MAX);
    swp_t first = s & ~(slots - 1), t = first;

    while (t < first + slots && (t == s || !swap_missing(t) || start(t)))
        t++;
}
