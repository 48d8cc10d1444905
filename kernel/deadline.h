/* SPDX-License-Identifier: MIT */
/*
 * A sleep that ends at a time, at a wake-up, or at a signal. For the system
 * calls that take a time-out; without one, no timer is armed.
 *
 *     deadline_start(&d, when);
 *     wait_event_interruptible(&d.q, (it is so) || deadline_passed(&d));
 *     deadline_stop(&d);
 */
#ifndef KERNEL_DEADLINE_H
#define KERNEL_DEADLINE_H

#include <kernel/time.h>
#include <kernel/wait.h>

#define NO_DEADLINE (~0ull)

struct deadline {
    struct waitq q; /* who makes it so wakes this */
    struct timer timer;
    bool passed; /* written once, by the timer */
};

/* when: now_ns time, or NO_DEADLINE. */
void deadline_start(struct deadline *d, u64 when);
void deadline_stop(struct deadline *d);

static inline bool deadline_passed(const struct deadline *d)
{
    return READ_ONCE(d->passed);
}

/* A timespec of the program. -EFAULT, or -EINVAL if it is none. */
int get_timespec(u64 user, u64 *ns);
int put_timespec(u64 user, u64 ns);
/* CLOCK_REALTIME, or one of its like? */
bool clock_is_wall(u32 clock);
/* What a time of this clock is in now_ns time; long past is 1. */
u64 clock_to_boot(u32 clock, u64 ns);
/* now + ns, as a deadline: what does not fit never comes. */
u64 deadline_in(u64 ns);

#endif
