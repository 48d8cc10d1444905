/* SPDX-License-Identifier: MIT */
/*
 * Design "naive": Linux before 2.6.7. It loses data; that is what it is for.
 *
 * THE RULE. A page may be kept on a write fault if nobody else refers to it at
 * all: every reference must be explained by the entry, the swap cache, and the
 * asker. Reclaim may unmap any page.
 *
 * THE ARITHMETIC. With one owner and no stranger:
 *
 *                        mapcount  swapcount  cache  mine   refs
 *   present, read-only       1         0      0 or 1   0    1 or 2
 *   swap entry               0         1        1      1    2
 *
 * A present entry holds the page, so that its fault needs no reference of its
 * own; whoever faults on a swap entry holds the one that becomes the entry's.
 *
 * WHY IT LOSES DATA. A raw read pins the page: one reference more. Now
 *
 *   1. P starts a read into page A                refs = 1 pte + 1 pin
 *   2. reclaim unmaps A; the pin keeps it cached  refs = 1 cache + 1 pin
 *   3. P writes another byte of A: fault          refs = 1 cache + 1 pin
 *                                                      + 1 mine = 3, not 2
 *      "a stranger": copy. P now maps the copy.
 *   4. the disk's data arrive in A, which nobody maps. They are lost.
 *
 * The stranger was P's own read. A reference says that somebody uses the
 * frame; it does not say that somebody else owns the page.
 *
 * LOCKS. cow_may_reuse: page lock (callers hold it). refs may still rise and
 * fall under it, as pins do not take the page lock: the answer may be a
 * needless copy, which is the whole trouble.
 */
#include <mm/cow.h>
#include <mm/swap.h>

const struct cow_design cow_design = {
    .name = "naive",
    .rule = "a page is kept on a write fault if no stranger refers to it; "
            "any page may be unmapped",
    .keeps_apart = COW_PROMISES,
    .loses_nothing = COW_GIVES_UP,
    .lets_memory_leave = COW_PROMISES,
    .copies_only_when_needed = COW_GIVES_UP,
};

bool cow_may_reuse(struct page *page, int mine, unsigned memory)
{
    int cache = page_flag(page, PG_SWAPCACHE) ? 1 : 0;
    int maps = page_mapcount(page);
    int owners = maps + (cache ? page_swapcount(page) : 0);

    (void)memory;
    return owners == 1 && page_refs(page) == maps + cache + mine;
}

bool cow_may_unmap(struct page *page, int mine)
{
    (void)page;
    (void)mine;
    return true; /* this is the mistake */
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
