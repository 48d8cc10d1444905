/* SPDX-License-Identifier: MIT */
/*
 * The processor's memory of page-table entries. It forgets only what it is
 * told to forget: where mm/ lacks a flush, a process goes on with the entry
 * that was, reads or writes a frame that is no longer its own, and its test
 * fails. Real TLBs are smaller, and would often hide the mistake.
 */
#include <kernel/x86/tlb.h>

#include "standins.h"

#define ENTRIES 4096

static struct cached {
    pte_t *root; /* NULL: empty */
    u64 page;
    pte_t entry;
} tlb[ENTRIES];

static struct cached *place(pte_t *root, u64 page)
{
    return &tlb[(page ^ (u64)root >> PAGE_SHIFT) % ENTRIES];
}

pte_t host_tlb_find(pte_t *root, u64 addr)
{
    struct cached *c = place(root, addr >> PAGE_SHIFT);

    return c->root == root && c->page == addr >> PAGE_SHIFT ? c->entry : 0;
}

void host_tlb_fill(pte_t *root, u64 addr, pte_t entry)
{
    u64 page = addr >> PAGE_SHIFT;

    *place(root, page) = (struct cached){root, page, entry};
}

/* end exclusive, in pages */
static void forget(pte_t *root, u64 first, u64 end)
{
    for (unsigned i = 0; i < ENTRIES; i++)
        if (tlb[i].root == root && tlb[i].page >= first && tlb[i].page < end)
            tlb[i].root = NULL;
}

void tlb_flush_range(struct pgtable *pt, u64 start, u64 end)
{
    forget(pt->root, start >> PAGE_SHIFT, PAGE_UP(end) >> PAGE_SHIFT);
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
