/* SPDX-License-Identifier: MIT */
/*
 * What two processors remember of page tables. They forget only what they are
 * told to forget: where mm/ lacks a flush, a process goes on with the entry
 * that was, reads or writes a frame that is no longer its own, and its test
 * fails. Real TLBs are smaller, and would often hide the mistake.
 */
#include <kernel/x86/tlb.h>

#include <kernel/print.h>
#include <mm/page.h>

#include "standins.h"
#include <string.h>

#define ENTRIES 4096

static struct cached {
    pte_t *root; /* NULL: empty */
    u64 page;
    pte_t entry;
} tlb[2][ENTRIES]; /* processors */

static struct cached *place(unsigned cpu, pte_t *root, u64 page)
{
    return &tlb[cpu][(page ^ (u64)root >> PAGE_SHIFT) % ENTRIES];
}

pte_t host_tlb_find(unsigned cpu, pte_t *root, u64 addr)
{
    struct cached *c = place(cpu, root, addr >> PAGE_SHIFT);

    return c->root == root && c->page == addr >> PAGE_SHIFT ? c->entry : 0;
}

void host_tlb_fill(unsigned cpu, pte_t *root, u64 addr, pte_t entry)
{
    u64 page = addr >> PAGE_SHIFT;

    *place(cpu, root, page) = (struct cached){root, page, entry};
}

/* A frame may be let go only after the flush: until then it is still used. */
static void check_frame(pte_t entry)
{
    struct page *page = entry ? pfn_to_page(pte_pfn(entry)) : NULL;

    if (page && page_refs(page) == 0)
        panic("a page was let go before the flush");
}

/* end exclusive, in pages */
static void forget(pte_t *root, u64 first, u64 end)
{
    for (unsigned i = 0; i < 2 * ENTRIES; i++) {
        struct cached *c = &tlb[i / ENTRIES][i % ENTRIES];

        if (c->root == root && c->page >= first && c->page < end) {
            check_frame(c->entry);
            c->root = NULL;
        }
    }
}

void tlb_flush_range(struct pgtable *pt, u64 start, u64 end)
{
    forget(pt->root, start >> PAGE_SHIFT, PAGE_UP(end) >> PAGE_SHIFT);
}

void tlb_flush_all(struct pgtable *pt)
{
    forget(pt->root, 0, ~0ull);
}

void tlb_batch_add(struct tlb_batch *b, struct pgtable *pt)
{
    b->cpus = 3;
    pt->deferred = true;
}

/* Of whatever address spaces: everything is forgotten. */
void tlb_batch_flush(struct tlb_batch *b)
{
    if (b->cpus)
        memset(tlb, 0, sizeof(tlb));
    b->cpus = 0;
}

/* The direct map needs none here: mprotect sees to it. */
void tlb_flush_kernel(u64 start, u64 end)
{
    (void)start;
    (void)end;
}

/* A root that is loaded for the first time: nothing of the frame's former
   life as a root is known. There is no kernel's half on the host. */
void pgtable_init_kernel_half(pte_t *root)
{
    forget(root, 0, ~0ull);
}
