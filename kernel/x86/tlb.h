/* SPDX-License-Identifier: MIT */
/*
 * TLB flushes on all processors that need them.
 *
 * Each returns when no processor can use an old translation any more. They
 * send interrupts and wait for the answers: interrupts must be on (early
 * boot with one processor excepted); spinlocks may be held, as a processor
 * that spins for one still answers. A processor that does not have the
 * address space loaded is skipped: it loads CR3, and so flushes, before it
 * uses it again (pgtable.cpus is set before CR3 is loaded).
 */
#ifndef KERNEL_X86_TLB_H
#define KERNEL_X86_TLB_H

#include <kernel/x86/pgtable.h>

/* User range [start, end), byte addresses. Long ranges flush everything. */
void tlb_flush_range(struct pgtable *pt, u64 start, u64 end);
void tlb_flush_all(struct pgtable *pt);
/* Kernel addresses, on every processor. */
void tlb_flush_kernel(u64 start, u64 end);

/*
 * Entries of any address spaces, taken away one by one, and one flush for all.
 *
 * What is between the two is an entry that is gone, and a processor that may
 * still read and write through it. So:
 *  1. Whoever takes a page's entries away by a batch holds the page lock until
 *     the flush. Until then the page is not written out, copied or freed, and
 *     nobody finds it by what the entry says now: they want that lock, too.
 *  2. Whoever puts something else in such an entry's place, or moves or copies
 *     what it says, calls tlb_flush_deferred first, or before others may know.
 *     (The place is empty after munmap, with a new page to come, or after
 *     fork, with a child that must not see what is written from then on.)
 */
struct tlb_batch {
    u32 cpus; /* bit per processor that may have an old translation */
};

/* An entry of pt was taken away. pt_lock held. */
void tlb_batch_add(struct tlb_batch *b, struct pgtable *pt);
void tlb_batch_flush(struct tlb_batch *b);

/* The same within one address space: its entries are changed now, and flushed
   by the tlb_flush_deferred of whoever changed them, or of somebody before him.
   pt_lock held. */
static inline void tlb_defer(struct pgtable *pt)
{
    pt->deferred = true;
}

/* After this no processor has a translation that the table has not, as far as
   batches and tlb_defer go. pt_lock held. */
static inline void tlb_flush_deferred(struct pgtable *pt)
{
    if (likely(!pt->deferred))
        return;
    pt->deferred = false;
    tlb_flush_all(pt);
}

#endif
