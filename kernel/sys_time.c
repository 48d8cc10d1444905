/* SPDX-License-Identifier: MIT */
/*
 * System calls about time. There is one clock, nanoseconds since boot; the wall
 * clock is that and the time at which the machine booted, and cannot be set.
 */
#include <kernel/deadline.h>
#include <kernel/process_private.h>
#include <kernel/syscall.h>
#include <kernel/uaccess.h>

#define CLOCK_PROCESS_CPUTIME 2
#define CLOCK_THREAD_CPUTIME  3
#define CLOCK_LAST            7 /* CLOCK_BOOTTIME */
#define TIMER_ABSTIME         1

static int read_clock(u64 id, u64 *ns)
{
    struct usage used;

    if (id > CLOCK_LAST)
        return -EINVAL;
    if (id == CLOCK_PROCESS_CPUTIME) {
        used = process_usage(current_process());
        *ns = used.user_ns + used.system_ns;
    } else if (id == CLOCK_THREAD_CPUTIME)
        *ns = task_cpu_ns(current_task());
    else
        *ns = clock_is_wall((u32)id) ? wall_ns(now_ns()) : now_ns();
    return 0;
}

s64 sys_clock_gettime(const u64 *a)
{
    u64 ns;
    int err = read_clock(a[0], &ns);

    return err ? err : put_timespec(a[1], ns);
}

s64 sys_clock_getres(const u64 *a)
{
    if (a[0] > CLOCK_LAST)
        return -EINVAL;
    return a[1] ? put_timespec(a[1], 1) : 0;
}

s64 sys_gettimeofday(const u64 *a)
{
    u64 ns = wall_ns(now_ns());
    s64 tv[2] = {(s64)(ns / NSEC_PER_SEC), (s64)(ns % NSEC_PER_SEC / 1000)};
    s32 zone[2] = {0, 0};

    if (a[0] && copy_to_user(a[0], tv, sizeof(tv)))
        return -EFAULT;
    return a[1] ? copy_to_user(a[1], zone, sizeof(zone)) : 0;
}

s64 sys_time(const u64 *a)
{
    s64 seconds = (s64)(wall_ns(now_ns()) / NSEC_PER_SEC);

    if (a[0] && copy_to_user(a[0], &seconds, sizeof(seconds)))
        return -EFAULT;
    return seconds;
}

/* Sleep for a time: a signal without a handler (stop and go on) does not make
   it longer, as the second try keeps the first one's deadline. */
static s64 sleep_for(u64 ns, u64 user_rest)
{
    struct task *t = current_task();
    u64 until = t->restart_until ? t->restart_until : deadline_in(ns);
    u64 left = 0;

    if (!sleep_until(until, &left))
        return 0;
    if (user_rest && put_timespec(user_rest, left))
        return -EFAULT;
    t->restart_until = until;
    return -ERESTART_DEADLINE;
}

s64 sys_nanosleep(const u64 *a)
{
    u64 ns;
    int err = get_timespec(a[0], &ns);

    return err ? err : sleep_for(ns, a[1]);
}

s64 sys_clock_nanosleep(const u64 *a)
{
    u64 ns;
    int err = get_timespec(a[2], &ns);

    if (a[0] > CLOCK_LAST)
        return -EINVAL;
    /* Not by the clocks of processors, the raw and the coarse ones. */
    if (a[0] >= CLOCK_PROCESS_CPUTIME && a[0] < CLOCK_LAST)
        return -EOPNOTSUPP;
    if (err)
        return err;
    if (!(a[1] & TIMER_ABSTIME))
        return sleep_for(ns, a[3]);
    return sleep_until(clock_to_boot((u32)a[0], ns), NULL) ? -ERESTARTNOHAND
                                                           : 0;
}
