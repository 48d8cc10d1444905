/* SPDX-License-Identifier: MIT */
/* Walking page tables. The format is kernel/x86/pgtable.h's. */
#ifndef MM_PAGETABLE_H
#define MM_PAGETABLE_H

#include <kernel/x86/pgtable.h>

struct mm;

/*
 * The entry for va, or NULL if a table on the way is missing. For a user
 * address: pt_lock held. Never a large page (user space has none).
 */
pte_t *pt_walk(pte_t *root, u64 va);

/*
 * The same, making tables that are missing. Allocates, so no spinlock is
 * held: it takes and leaves mm->pt_lock by itself for the moment of linking.
 * The caller holds mmap_lock. Returns 0 or -ENOMEM; walk again under pt_lock.
 */
int pt_prepare(struct mm *mm, u64 va);

/* For kernel addresses (stacks): makes tables with ALLOC_WAIT. */
pte_t *pt_walk_kernel_alloc(u64 va);

/*
 * The first entry that is not 0 in [*va, end): sets *va to its address and
 * returns it; NULL if there is none. Skips missing tables in big steps.
 * pt_lock held.
 */
pte_t *pt_next(pte_t *root, u64 *va, u64 end);

/*
 * The same for an area of any size: at the border of each lowest table pt_lock
 * is let go for a moment. So the entries change behind the walk; the tables do
 * not: the caller holds mmap_lock as well.
 */
pte_t *pt_next_long(struct mm *mm, u64 *va, u64 end);

/* Where the lowest table ends that va's entry is in: up to there entries are
   neighbours in memory. */
static inline u64 pt_table_end(u64 va)
{
    return (va | (PT_ENTRIES * PAGE_SIZE - 1)) + 1;
}

/* Free all tables (user half) and the root. No entry may be left. */
void pt_destroy(struct mm *mm);

/*
 * [start, end) was unmapped, and now no area is in [from, to): free the tables
 * that had to do with the former and whose whole span lies in the latter. They
 * are taken away under pt_lock, and freed when no processor can walk them any
 * more. mmap_lock for writing.
 */
void pt_free_range(struct mm *mm, u64 start, u64 end, u64 from, u64 to);

/* The root that the kernel runs on without a process. */
extern pte_t *kernel_root;

#endif
