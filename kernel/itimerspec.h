/* SPDX-License-Identifier: MIT */
/* What programs set timers to: Linux's itimerspec, in nanoseconds. */
#ifndef KERNEL_ITIMERSPEC_H
#define KERNEL_ITIMERSPEC_H

#include <kernel/time.h>

struct itimerspec_ns {
    u64 interval; /* 0 = once */
    u64 value;    /* until the first, or when; 0 = disarm */
};

/* 0, -EFAULT, or -EINVAL: not times. */
int get_itimerspec(u64 user, struct itimerspec_ns *s);
int put_itimerspec(u64 user, const struct itimerspec_ns *s);
/* The first expiry in now_ns time; 0: it is to be disarmed. */
u64 itimerspec_when(const struct itimerspec_ns *s, bool absolute, u32 clock);
/* Is it a clock by which timers can run? (Not one of processor time.) */
bool clock_can_wake(u32 clock);

#endif
