/* SPDX-License-Identifier: MIT */
/* Time, and calls at a later time. */
#ifndef KERNEL_TIME_H
#define KERNEL_TIME_H

#include <kernel/list.h>

#define NSEC_PER_SEC  1000000000ull
#define NSEC_PER_MSEC 1000000ull

/* Nanoseconds since boot; the same on every processor; never goes back. */
u64 now_ns(void);

/*
 * A timer calls fn(arg) once, in interrupt context, at or after `when`
 * (now_ns time). Tickless: with no timer armed, no clock interrupt comes.
 */
struct timer {
    struct list_head node; /* under the timer lock; empty = not armed */
    u64 when;
    void (*fn)(void *arg);
    void *arg;
};

void timer_init(struct timer *t, void (*fn)(void *), void *arg);
/* Arm, or move if armed. Any context. */
void timer_arm(struct timer *t, u64 when);
/* Returns whether it was armed. After a return, fn is not running. */
bool timer_cancel(struct timer *t);

/* Sleep; -EINTR and the rest in *left (may be NULL) if a signal came. */
int sleep_until(u64 when, u64 *left);

#endif
