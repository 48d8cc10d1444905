/* SPDX-License-Identifier: MIT */
/*
 * The timers that a process has for itself: alarm(2) and setitimer(2) with
 * ITIMER_REAL, which are the same timer, and those of its processor time
 * (kernel/cpu_timer.c).
 */
#include <kernel/process_private.h>
#include <kernel/syscall.h>
#include <kernel/uaccess.h>

#define NSEC_PER_USEC 1000ull
#define MAX_SECONDS   (1ull << 33) /* more never comes */

struct user_itimer {
    s64 interval_s, interval_us, value_s, value_us;
};

/* One that repeats goes on when its signal is taken, and not before: nobody
   else pays for an interval of 1 us whose signal is blocked, or ignored. It may
   have been set again, or stopped, just before. */
void itimer_fired(void *process)
{
    struct process *p = process;
    u64 flags = spin_lock_irqsave(&p->sig_lock);

    if (p->itimer_when && p->itimer_when <= now_ns()) {
        p->itimer_expired = p->itimer_interval ? p->itimer_when : 0;
        p->itimer_when = 0;
        signal_alarm(p);
    }
    spin_unlock_irqrestore(&p->sig_lock, flags);
}

/* Whoever sent that SIGALRM, as in Linux. The expiries in between are lost:
   they would have been the same pending signal. */
void itimer_signal_taken(struct process *p)
{
    u64 now = now_ns(), interval = p->itimer_interval;

    if (!p->itimer_expired)
        return;
    p->itimer_when = p->itimer_expired +
                     ((now - p->itimer_expired) / interval + 1) * interval;
    p->itimer_expired = 0;
    timer_arm(&p->itimer, p->itimer_when);
}

/* What was left of the old setting: 0 = it was not armed. */
static u64 itimer_left(struct process *p, u64 *interval)
{
    u64 flags = spin_lock_irqsave(&p->sig_lock);
    u64 now = now_ns(), left = 0;

    if (p->itimer_when)
        left = p->itimer_when > now ? p->itimer_when - now : 1;
    *interval = p->itimer_interval;
    spin_unlock_irqrestore(&p->sig_lock, flags);
    return left;
}

/* Whole under the lock: that there is an expiry and that there is an interval
   must not be of two threads that set it at once. An arming that comes too
   late finds another `itimer_when`, or none, and does nothing. */
static void itimer_set(struct process *p, u64 in, u64 interval)
{
    u64 flags = spin_lock_irqsave(&p->sig_lock);

    p->itimer_expired = 0;
    p->itimer_interval = interval;
    p->itimer_when = in ? now_ns() + in : 0;
    if (in)
        timer_arm(&p->itimer, p->itimer_when);
    spin_unlock_irqrestore(&p->sig_lock, flags);
}

void itimer_stop(struct process *p)
{
    itimer_set(p, 0, 0);
    (void)timer_cancel(&p->itimer); /* without the lock that it takes */
}

s64 sys_alarm(const u64 *a)
{
    struct process *p = current_process();
    u64 interval, left = itimer_left(p, &interval);

    itimer_set(p, (a[0] & 0xffffffff) * NSEC_PER_SEC, 0);
    return (s64)((left + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
}

static int from_user_time(s64 s, s64 us, u64 *ns)
{
    if (s < 0 || us < 0 || us >= 1000000)
        return -EINVAL;
    *ns = min_u64((u64)s, MAX_SECONDS) * NSEC_PER_SEC + (u64)us * NSEC_PER_USEC;
    return 0;
}

static int put_itimer(u64 user, u64 left, u64 interval)
{
    struct user_itimer u = {
        .interval_s = (s64)(interval / NSEC_PER_SEC),
        .interval_us = (s64)(interval % NSEC_PER_SEC / NSEC_PER_USEC),
        .value_s = (s64)(left / NSEC_PER_SEC),
        .value_us = (s64)(left % NSEC_PER_SEC / NSEC_PER_USEC),
    };

    return copy_to_user(user, &u, sizeof(u));
}

static u64 any_left(struct process *p, u32 which, u64 *interval)
{
    return which == ITIMER_REAL ? itimer_left(p, interval)
                                : cpu_itimer_left(p, which, interval);
}

static void any_set(struct process *p, u32 which, u64 in, u64 interval)
{
    if (which == ITIMER_REAL)
        itimer_set(p, in, interval);
    else
        cpu_itimer_set(p, which, in, interval);
}

s64 sys_getitimer(const u64 *a)
{
    u64 interval, left;

    if ((u32)a[0] > ITIMER_PROF)
        return -EINVAL;
    left = any_left(current_process(), (u32)a[0], &interval);
    return put_itimer(a[1], left, interval);
}

s64 sys_setitimer(const u64 *a)
{
    struct process *p = current_process();
    struct user_itimer u = {0};
    u64 old, old_interval, in, interval;

    if ((u32)a[0] > ITIMER_PROF)
        return -EINVAL;
    if (a[1] && copy_from_user(&u, a[1], sizeof(u)))
        return -EFAULT;
    if (from_user_time(u.value_s, u.value_us, &in) ||
        from_user_time(u.interval_s, u.interval_us, &interval))
        return -EINVAL;
    old = any_left(p, (u32)a[0], &old_interval);
    any_set(p, (u32)a[0], in, interval);
    return a[2] ? put_itimer(a[2], old, old_interval) : 0;
}
