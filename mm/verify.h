/* SPDX-License-Identifier: MIT */
/*
 * mm_verify(): recompute every count from what there is, and compare.
 */
#ifndef MM_VERIFY_H
#define MM_VERIFY_H

#include <kernel/types.h>

/*
 * Walk every page table, reverse map, swap slot, pin, LRU and free list; emit a
 * line for each thing that does not add up, and last a line of totals. Returns
 * the number of mistakes, or -EAGAIN: something looked wrong all the time, but
 * others were at work, so that it need not be. May sleep.
 */
int mm_verify(void (*emit)(const char *line, void *arg), void *arg);

#endif
