/* SPDX-License-Identifier: MIT */
/*
 * Emptying page tables: munmap, exit, MADV_DONTNEED.
 *
 * Entries are exchanged under pt_lock, a batch at a time; then all processors
 * flush; and only then are the pages let go: until the flush, a thread
 * elsewhere may still use them.
 */
#include <mm/page.h>
#include <mm/pagetable.h>
#include <mm/rmap.h>
#include <mm/swap.h>
#include <mm/vma.h>
#include <kernel/testpoint.h>
#include <kernel/x86/tlb.h>

#define ZAP_BATCH 64

struct zap {
    struct page *pages[ZAP_BATCH];
    swp_t slots[ZAP_BATCH];
    unsigned nr_pages, nr_slots;
    bool flush;      /* some entry was present */
    u64 first, next; /* addresses: flush [first, next), go on at next */
};

static bool has_room(const struct zap *z)
{
    return z->nr_pages < ZAP_BATCH && z->nr_slots < ZAP_BATCH;
}

/* A migration entry owns nothing: whoever moves the page finds that it has
   gone. pt_lock held. */
static void take_entry(struct mm *mm, struct zap *z, pte_t *p)
{
    pte_t e = pte_exchange(p, 0);

    z->flush |= pte_present(e);
    if (pte_present(e) && !(e & PTE_ZERO)) {
        struct page *page = pfn_to_page(pte_pfn(e));

        if ((e & PTE_D) && !page_flag(page, PG_DIRTY))
            page_set(page, PG_DIRTY);
        z->pages[z->nr_pages++] = page;
        mm->rss--;
    } else if (!pte_present(e) && pte_is_swap(e)) {
        z->slots[z->nr_slots++] = swp_from_pte(e);
        mm->swapped--;
    }
}

/* Take entries away until the batch is full, table by table. pt_lock held. */
static void gather(struct mm *mm, struct zap *z, u64 end)
{
    pte_t *p;

    while (has_room(z) && (p = pt_next(mm->pt.root, &z->next, end))) {
        u64 stop = min_u64(end, pt_table_end(z->next));

        for (; z->next < stop && has_room(z); p++, z->next += PAGE_SIZE)
            if (!pte_none(pte_read(p)))
                take_entry(mm, z, p);
    }
}

/*
 * Nobody maps the page any more, but it may sit in the swap cache: give its
 * slot back. If it is locked because it is being read, the end of that does it:
 *
 *     here                        read_end, mm/swap_read.c
 *     the slot's count is 0       unlocks the page
 *     is the page locked?         is the slot's count 0?
 *
 * so that one of them sees it. If somebody else has it locked, reclaim will.
 */
void drop_from_cache(struct page *page)
{
    memory_barrier();
    if (!page_flag(page, PG_SWAPCACHE) || page_mapcount(page) > 0 ||
        !trylock_page(page))
        return;
    if (page_flag(page, PG_SWAPCACHE))
        swap_try_free(page);
    unlock_page(page);
}

static void release(struct zap *z)
{
    for (unsigned i = 0; i < z->nr_pages; i++) {
        rmap_remove(z->pages[i]);
        drop_from_cache(z->pages[i]);
        put_page(z->pages[i]);
    }
    for (unsigned i = 0; i < z->nr_slots; i++) {
        struct page *page = swap_cache_get(z->slots[i]);

        swap_free(z->slots[i]);
        if (page) {
            drop_from_cache(page);
            put_page(page);
        }
    }
}

void zap_range(struct mm *mm, u64 start, u64 end)
{
    struct zap z = {.next = start};

    while (z.next < end) {
        z.nr_pages = z.nr_slots = 0;
        z.flush = false;
        z.first = z.next;
        spin_lock(&mm->pt_lock);
        gather(mm, &z, end);
        tlb_flush_deferred(&mm->pt); /* of swap entries, perhaps */
        spin_unlock(&mm->pt_lock);
        if (z.flush)
            tlb_flush_range(&mm->pt, z.first, z.next);
        testpoint("zap.flushed");
        release(&z);
    }
}
