/* SPDX-License-Identifier: MIT */
/*
 * Design "mapcount": mapcount + swapcount, Linux 2.6.13 (Hugh Dickins, after
 * Iwamoto Toshihiro). The default.
 *
 * THE RULE. A page may be kept on a write fault if one entry owns it: one page
 * table entry, or one swap entry. References do not matter. Any page may be
 * unmapped, pinned or not: while it is pinned it stays in the swap cache (or
 * behind a migration entry), so that the next fault finds the same frame, and
 * finds that the process is its one owner.
 *
 * THE ARITHMETIC.
 *
 *                                      mapcount  swapcount   sum
 *   present in one process                 1         0        1  keep
 *   swapped out of one process             0         1        1  keep
 *   shared with a child                    2         0        2  copy
 *   shared, swapped out of one of them     1         1        2  copy
 *   on its way out, seen without the lock  1         1        2  (too high)
 *
 * A pin raises neither count: P's own raw read is no owner.
 *
 * WHY THE SUM CAN BE TRUSTED. An owner moves between the counts only under the
 * page lock, and we hold it. Nobody without the lock can raise a count from 1:
 * fork by the owner is kept out by its mmap lock (or, through a thread's fork,
 * by pt_lock); fork by somebody else starts from a sum of 2. Counts fall
 * without the lock (exit, munmap): then the sum was true a moment ago, and
 * costs a needless copy at worst. What the page lock is good for is thus the
 * order of the two counts, never the DMA, which does not know of it:
 *
 *   unmap (page lock)           swap in (page lock)
 *   -----------------           -------------------
 *   swapcount + 1               mapcount + 1
 *   mapcount - 1                swapcount - 1
 *
 * Up before down: whoever holds the lock never reads a sum that is too low.
 * (Without it one may: read mapcount, be overtaken by a swap-in, and then read
 * swapcount. That is what the lock is for.)
 *
 * KNOWN WEAKNESS. It does not see references that *other* processes hold. A
 * child that pins a shared page for reading and unmaps it leaves the parent as
 * "one owner", who then writes into what the child still reads (found in 2009
 * by Kosaki, in 2020 as CVE-2020-29374). And fork during a raw read still
 * write-protects the page: if the parent writes first, the read is lost.
 */
#include <mm/cow.h>
#include <mm/swap.h>

const struct cow_design cow_design = {
    .name = "mapcount",
    .rule = "a page is kept on a write fault if page tables and swap entries "
            "name one owner; any page may be unmapped",
    .keeps_apart = COW_PROMISES,
    .loses_nothing = COW_PROMISES,
    .lets_memory_leave = COW_PROMISES,
    .copies_only_when_needed = COW_PROMISES,
};

bool cow_may_reuse(struct page *page, int mine, unsigned memory)
{
    int owners = page_mapcount(page);

    (void)mine;
    (void)memory;
    if (page_flag(page, PG_SWAPCACHE))
        owners += page_swapcount(page);
    return owners == 1;
}

bool cow_may_unmap(struct page *page, int mine)
{
    (void)page;
    (void)mine;
    return true; /* the swap cache keeps the frame for the next fault */
}

enum cow_fork cow_fork(struct page *page)
{
    (void)page;
    return COW_FORK_SHARE;
}

bool cow_pin_must_unshare(struct page *page, bool write)
{
    (void)page;
    (void)write;
    return false;
}

unsigned cow_remember(struct page *page)
{
    (void)page;
    return 0;
}

void cow_page_is_new(struct page *page)
{
    (void)page;
}
