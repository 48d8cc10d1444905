/* SPDX-License-Identifier: MIT */
/* The time stamp counter: cycles since the machine was switched on. */
#ifndef KERNEL_X86_TSC_H
#define KERNEL_X86_TSC_H

#include <kernel/types.h>

static inline u64 rdtsc(void)
{
    u32 low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (u64)high << 32 | low;
}

/* kernel/x86/clock.c */
u64 tsc_to_ns(u64 cycles);

#endif
