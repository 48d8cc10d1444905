/* SPDX-License-Identifier: MIT */
/*
 * The load: how many threads run or want to, on the average of the last 1, 5
 * and 15 minutes. As on Linux, older moments count less and less; other than
 * there, threads that wait for a disk do not count.
 */
#ifndef KERNEL_LOADAVG_H
#define KERNEL_LOADAVG_H

#include <kernel/types.h>

/* When the next sample is due, now_ns time. Anybody may look. */
extern u64 loadavg_next;

/* It is due, and so many threads have been runnable until now. Interrupts off;
   a run-queue lock may be held. */
void loadavg_sample(u64 now, unsigned runnable);

/* In hundredths. */
void loadavg_read(u64 load[3]);

#endif
