/* SPDX-License-Identifier: MIT */
/*
 * What threads and processes have used: for times, getrusage, wait4 and /proc.
 *
 * A processor's time is charged to a task when it is switched away, and is
 * exact. Which part of it was spent in user mode is asked of the time stamp
 * counter at the kernel's door, each time.
 */
#ifndef KERNEL_USAGE_H
#define KERNEL_USAGE_H

#include <kernel/x86/tsc.h>

struct usage {
    u64 user_ns, system_ns;   /* processor time in user mode; in the kernel */
    u64 max_rss;              /* the most memory at a time, pages */
    u64 faults, major_faults; /* page faults; of those, waited for a disk */
    u64 sleeps, preemptions;  /* let go of a processor; had to */
};

/* The sum; of max_rss, the greater one. */
void usage_add(struct usage *to, const struct usage *from);

/*
 * A task's time in user mode, in cycles, in one word that others may read at
 * any time: while the task is in user mode, the moment when it went there is
 * subtracted. Then it is below 0, as the counter is ahead of every sum.
 */
static inline void user_time_begins(u64 *clock)
{
    *clock -= rdtsc();
}

static inline void user_time_ends(u64 *clock)
{
    *clock += rdtsc();
}

static inline u64 user_time_now(const u64 *clock)
{
    u64 cycles = READ_ONCE(*clock);

    return (s64)cycles < 0 ? cycles + rdtsc() : cycles;
}

#endif
