/* SPDX-License-Identifier: MIT */
/*
 * Design "ptepin": pte pinning, Linux 2.6.7 to 2.6.12 (Andrea Arcangeli).
 *
 * THE RULE. A page is kept on a write fault if no stranger refers to it, as in
 * "naive". But a page that a stranger refers to is never taken out of a page
 * table, so that no such write fault comes while a device works on it: the
 * entry stays, present and writable, as long as the pin.
 *
 * THE ARITHMETIC. Unmapping is refused unless
 *
 *   refs == mapcount + (swap cache: 1) + mine
 *
 * In 2.6.7 this was written  page_count != mapcount + 2  and asked of pages in
 * the swap cache only, as every anonymous page went through it; the 2 are the
 * cache and reclaim itself. Here migration does not need the cache, so that
 * the cache's term is 0 or 1. It is an equality: too few is as strange as too
 * many.
 *
 * WHY RECLAIM IS SAFE. get_user_pages raises refs under pt_lock, having found
 * the entry present. cow_may_unmap is asked under the same pt_lock:
 *
 *   get_user_pages              unmap
 *   --------------              -----
 *   lock pt                     lock pt
 *   entry present: refs + 1     refs == mapcount + cache + mine? then clear
 *   unlock pt                   unlock pt
 *
 * Either the pin is seen and the entry stays, or the entry is gone and the
 * pinner must fault the page in again first.
 *
 * KNOWN WEAKNESS. Any process can keep a page where it is for ever: with two
 * overlapping reads into one buffer there is never a moment without a pin, and
 * as the entry stays, nothing ever stops the next read from starting. Removal
 * of that memory starves. And any reference (a look-up, a scan, a pin of a
 * device that only reads) is taken for another owner's: after a fork a page
 * with one owner may be copied for nothing. fork still write-protects a pinned
 * page: a read in flight across a fork may be lost, here as in the other two
 * designs. So does mprotect to read-only and back: the write fault that
 * follows finds a stranger and copies, although the entry was present all the
 * time.
 */
#include <mm/cow.h>
#include <mm/swap.h>

const struct cow_design cow_design = {
    .name = "ptepin",
    .rule = "a page is kept on a write fault if no stranger refers to it; "
            "a page that a stranger refers to is never unmapped",
    .keeps_apart = COW_PROMISES,
    .loses_nothing = COW_PROMISES,
    .lets_memory_leave = COW_GIVES_UP,
    .copies_only_when_needed = COW_GIVES_UP,
};

static int cache_refs(struct page *page)
{
    return page_flag(page, PG_SWAPCACHE) ? 1 : 0;
}

bool cow_may_reuse(struct page *page, int mine, unsigned memory)
{
    int maps = page_mapcount(page);
    int cache = cache_refs(page);
    int owners = maps + (cache ? page_swapcount(page) : 0);

    (void)memory;
    return owners == 1 && page_refs(page) == maps + cache + mine;
}

bool cow_may_unmap(struct page *page, int mine)
{
    return page_refs(page) == page_mapcount(page) + cache_refs(page) + mine;
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
