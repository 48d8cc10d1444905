/* SPDX-License-Identifier: MIT */
/*
 * A fault on a swap entry: find the page, or read it, and map it.
 *
 * The page comes from the swap cache or from the disk, and is locked while
 * this entry turns from an owner by swap entry into an owner by page-table
 * entry: mapcount rises before swapcount falls, so that the sum which
 * cow_may_reuse reads under this lock is never too low.
 */
#include <mm/cow.h>
#include <mm/event.h>
#include <mm/fault.h>
#include <mm/reclaim.h>
#include <mm/rmap.h>
#include <mm/stat.h>
#include <mm/swap.h>
#include <mm/vma.h>
#include <kernel/errno.h>
#include <kernel/testpoint.h>

/* 0 and *page with a reference, or a fault result. */
static int find_page(struct fault *f, swp_t slot, struct page **page)
{
    int err;

    *page = swap_cache_get(slot);
    if (*page)
        return 0;
    err = swap_read(slot, page);
    if (err == -EBUSY)
        return FAULT_WAIT_DISK;
    stat_inc(STAT_pgmajfault);
    current_count_fault(true);
    switch (err) {
    case 0:
        f->reading = slot;
        return 0;
    case -EAGAIN:
        return FAULT_DONE; /* the entry is another one by now: retry */
    case -ENOMEM:
        return FAULT_NO_MEMORY;
    default:
        return FAULT_BUS;
    }
}

/*
 * Page lock and pt_lock held. May the writer keep this very page? Asked before
 * anything moves: the entry is still counted in swapcount, and `mine` is the
 * reference that will become the entry's.
 */
static void map_page(struct fault *f, struct page *page, swp_t slot)
{
    bool keep = f->how == FAULT_WRITE && !(f->vma->flags & VM_SHARED) &&
                cow_may_reuse(page, 1, pte_memory(f->entry));
    u64 flags = vma_pte_flags(f->vma, keep) | PTE_A | (keep ? PTE_D : 0);

    rmap_add_anon(page, f->vma, f->addr);
    testpoint("swapin.between_counts");
    pte_write(f->pte, pte_make(page_to_pfn(page), flags));
    swap_free(slot);
    mm_rss_more(f->mm);
    f->mm->swapped--;
    mm_event("swapin.map", page, "addr=0x%llx keep=%d",
             (unsigned long long)f->addr, keep);
    if (keep) {
        stat_inc(STAT_cow_reuse);
        mm_event("cow.reuse", page, "addr=0x%llx", (unsigned long long)f->addr);
        page_set(page, PG_DIRTY);
    }
    if (swap_mostly_full())
        swap_try_free(page);
}

/* The disk failed. Only we die of it, if it was for us that it was read; who
   finds what somebody else has read, or read ahead, tries for himself. */
static int after_failure(struct fault *f, struct page *page, swp_t slot)
{
    const int mine = 1;

    return f->reading != slot && swap_cache_drop(page, mine) ? FAULT_DONE
                                                             : FAULT_BUS;
}

int fault_swap(struct fault *f)
{
    swp_t slot = swp_from_pte(f->entry);
    struct page *page;
    int ret;

    spin_unlock(&f->mm->pt_lock);
    ret = find_page(f, slot, &page);
    if (!page)
        return ret;
    testpoint("swapin.found");
    if (!trylock_page(page)) { /* being read, or moved */
        put_page(page);
        return FAULT_WAIT;
    }
    /* Look again: while it was unlocked it may have left the cache. */
    if (!page_flag(page, PG_SWAPCACHE) || page->private != slot) {
        ret = FAULT_DONE;
    } else if (!page_flag(page, PG_UPTODATE)) {
        ret = after_failure(f, page, slot);
    } else if (fault_relock(f)) {
        map_page(f, page, slot);
        /* Our reference is the entry's now, and perhaps its only one: it goes
           with the entry, which pt_lock keeps. */
        lru_mark_accessed(page);
        unlock_page(page);
        spin_unlock(&f->mm->pt_lock);
        testpoint("swapin.mapped");
        return FAULT_DONE;
    }
    unlock_page(page);
    put_page(page);
    return ret;
}
