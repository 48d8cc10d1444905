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

#endif
