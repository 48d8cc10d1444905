/* SPDX-License-Identifier: MIT */
/*
 * mm_verify(): recompute every count from what there is, and compare.
 */
#ifndef MM_VERIFY_H
#define MM_VERIFY_H

#include <kernel/types.h>

/*
 * Walk every page table, swap slot, pin, LRU and free list; emit a line for
 * each thing that does not add up, and last a line of totals. Returns the
 * number of mistakes. A count that another processor is just changing is
 * looked at again; what stays wrong is reported. May sleep.
 */
int mm_verify(void (*emit)(const char *line, void *arg), void *arg);

#endif
