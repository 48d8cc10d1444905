/* SPDX-License-Identifier: MIT */
/*
 * Kernel stacks: mapped in an address range of their own with an unmapped
 * guard page below each, so that an overflow faults instead of corrupting.
 */
#ifndef MM_KSTACK_H
#define MM_KSTACK_H

#include <kernel/types.h>

#define KSTACK_FRAMES 4
#define KSTACK_SIZE   (KSTACK_FRAMES * PAGE_SIZE)
#define KSTACK_BASE   0xffffc90000000000ull
#define KSTACK_MAX    16384

/* The lowest address of a stack of KSTACK_SIZE bytes, or NULL. May sleep. */
void *kstack_alloc(void);
/* Some are kept for reuse; any context that may take spinlocks. */
void kstack_free(void *stack);
/* Give back some of those that are kept, if they are many. Frames that became
   free; 0: there are few. Interrupts on, no spinlock held. */
u64 kstack_trim(void);
/* Is this address in some stack's guard page? For the double-fault report. */
bool kstack_is_guard(u64 va);
/* Early: root is the kernel's own table. */
void kstack_init(void);

#endif
