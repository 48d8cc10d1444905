/* SPDX-License-Identifier: MIT */
/* Settings of timers, as programs give and get them. */
#include <kernel/deadline.h>
#include <kernel/itimerspec.h>
#include <kernel/uaccess.h>

#define TIMESPEC_SIZE 16u

/* CLOCK_REALTIME, MONOTONIC, BOOTTIME, and the two that wake a machine. */
bool clock_can_wake(u32 clock)
{
    return clock == 0 || clock == 1 || (clock >= 7 && clock <= 9);
}

int get_itimerspec(u64 user, struct itimerspec_ns *s)
{
    int err = get_timespec(user, &s->interval);

    return err ? err : get_timespec(user + TIMESPEC_SIZE, &s->value);
}

int put_itimerspec(u64 user, const struct itimerspec_ns *s)
{
    int err = put_timespec(user, s->interval);

    return err ? err : put_timespec(user + TIMESPEC_SIZE, s->value);
}

u64 itimerspec_when(const struct itimerspec_ns *s, bool absolute, u32 clock)
{
    if (!s->value)
        return 0;
    if (absolute)
        return clock_to_boot(clock, s->value);
    return deadline_in(s->value);
}
