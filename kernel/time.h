/* SPDX-License-Identifier: MIT */
/* Time, and calls at a later time. */
#ifndef KERNEL_TIME_H
#define KERNEL_TIME_H

#include <kernel/heap.h>

#define NSEC_PER_SEC  1000000000ull
#define NSEC_PER_MSEC 1000000ull
#define TIME_NEVER    (~0ull)

/* Nanoseconds since boot; the same on every processor; never goes back. */
u64 now_ns(void);
/* The wall clock's time (since 1970) at so many ns since boot. */
u64 wall_ns(u64 since_boot);

/*
 * A timer calls fn(arg) once, in interrupt context, at or after `when`
 * (now_ns time). Tickless: with no timer armed, no clock interrupt comes.
 */
struct timer {
    struct heap_node node; /* by time, with the others of its processor; that
                              one's timer lock */
    unsigned cpu;          /* whose; that one's timer lock */
    void (*fn)(void *arg); /* fixed, as is arg */
    void *arg;
};

void timers_init(void); /* boot */

void timer_init(struct timer *t, void (*fn)(void *), void *arg);
/* Arm, or move if armed. Any context. */
void timer_arm(struct timer *t, u64 when);
/*
 * Returns whether it was armed. After a return, fn is not running: it waits
 * for fn on another processor, so the caller holds no lock that fn takes. fn
 * itself may call it, too.
 */
bool timer_cancel(struct timer *t);

/*
 * Program this processor's clock for what comes first, its timers or the end
 * of the running task's slice. An interrupt that has become needless is only
 * taken back for an idle processor: it would wake it (and, under a virtual
 * clock, make time jump). Interrupts off.
 */
void clock_update(bool idle);

/* Sleep; -EINTR and the rest in *left (may be NULL) if a signal came. */
int sleep_until(u64 when, u64 *left);

#endif
