/* SPDX-License-Identifier: MIT */
/* Sleeps that end at a time, and the structures that say when. */
#include <kernel/deadline.h>
#include <kernel/uaccess.h>

static void pass(void *arg)
{
    struct deadline *d = arg;

    WRITE_ONCE(d->passed, true);
    wake_up_all(&d->q);
}

void deadline_start(struct deadline *d, u64 when)
{
    waitq_init(&d->q);
    timer_init(&d->timer, pass, d);
    d->passed = false;
    if (when != NO_DEADLINE)
        timer_arm(&d->timer, when);
}

/* Afterwards the timer is not running either: d may go. */
void deadline_stop(struct deadline *d)
{
    (void)timer_cancel(&d->timer);
}

int get_timespec(u64 user, u64 *ns)
{
    s64 t[2]; /* seconds, nanoseconds */

    if (copy_from_user(t, user, sizeof(t)))
        return -EFAULT;
    if (t[0] < 0 || t[1] < 0 || t[1] >= (s64)NSEC_PER_SEC)
        return -EINVAL;
    if ((u64)t[0] > NO_DEADLINE / NSEC_PER_SEC - 1)
        *ns = NO_DEADLINE;
    else
        *ns = (u64)t[0] * NSEC_PER_SEC + (u64)t[1];
    return 0;
}

int put_timespec(u64 user, u64 ns)
{
    s64 t[2] = {(s64)(ns / NSEC_PER_SEC), (s64)(ns % NSEC_PER_SEC)};

    return copy_to_user(user, t, sizeof(t));
}

u64 deadline_in(u64 ns)
{
    u64 now = now_ns();

    return ns < NO_DEADLINE - now ? now + ns : NO_DEADLINE;
}

bool clock_is_wall(u32 clock)
{
    return clock == 0 || clock == 5 || clock == 8; /* coarse; alarm */
}

u64 clock_to_boot(u32 clock, u64 ns)
{
    u64 boot = wall_ns(0);

    if (!clock_is_wall(clock))
        return ns;
    return ns > boot ? ns - boot : 1;
}
