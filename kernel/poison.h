/* SPDX-License-Identifier: MIT */
/*
 * What the kernel has not written must not reach user memory.
 *
 * A build with POISON=1 fills the free part of the kernel stack with a word of
 * its own at each system call and before each signal frame. Freed heap objects
 * have theirs from mm/slab.c. copy_to_user looks for both in what it sends, and
 * one of them stops the machine: with the caller's name, as a mistake of the
 * kernel's. Holes of fewer than four bytes go by.
 */
#ifndef KERNEL_POISON_H
#define KERNEL_POISON_H

#include <kernel/types.h>

#ifdef CONFIG_POISON
/* The current task's stack, from its end to below the caller. */
void poison_stack(void);
void poison_check(const void *src, size_t n);
#else
#define poison_stack()        ((void)0)
#define poison_check(src, n) ((void)0)
#endif

#endif
