/* SPDX-License-Identifier: MIT */
/* System calls about what a process may use, and what it has used. */
#include <kernel/process_private.h>
#include <kernel/syscall.h>
#include <kernel/uaccess.h>
#include <mm/mm.h>

#define HZ      100       /* what times(2) counts in */
#define NR_OPEN (1 << 20) /* no hard limit on files is higher */

#define RUSAGE_SELF     0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD   1

/* Read, then write, in one step. Either may be NULL. */
static int exchange_limit(struct process *p, u64 which, const u64 *new,
                          u64 *old)
{
    u64 flags;

    if (which >= NR_LIMITS || (new &&new[0] > new[1]))
        return -EINVAL;
    if (new && which == RLIMIT_NOFILE && new[1] > NR_OPEN)
        return -EPERM;
    flags = spin_lock_irqsave(&tasks_lock);
    for (int i = 0; i < 2; i++) {
        if (old)
            old[i] = p->rlimits[which][i];
        if (new)
            p->rlimits[which][i] = new[i];
    }
    if (new &&which == RLIMIT_CPU)
        cpu_timer_look(p);
    spin_unlock_irqrestore(&tasks_lock, flags);
    return 0;
}

/* new and old are user addresses, or 0. User memory is touched before and
   after the lock, never under it. Everybody is root: hard limits may rise. */
static s64 limit_call(struct process *p, u64 which, u64 new, u64 old)
{
    u64 n[2], o[2];
    int err;

    if (new &&copy_from_user(n, new, sizeof(n)))
        return -EFAULT;
    err = exchange_limit(p, which, new ? n : NULL, o);
    if (err)
        return err;
    return old ? copy_to_user(old, o, sizeof(o)) : 0;
}

s64 sys_getrlimit(const u64 *a)
{
    if (!a[1] && a[0] < NR_LIMITS)
        return -EFAULT;
    return limit_call(current_process(), a[0], 0, a[1]);
}

s64 sys_setrlimit(const u64 *a)
{
    if (!a[1])
        return -EFAULT;
    return limit_call(current_process(), a[0], a[1], 0);
}

s64 sys_prlimit64(const u64 *a)
{
    struct process *p = process_get(a[0] ? (int)a[0] : current_pid());
    s64 ret;

    if (!p)
        return -ESRCH;
    ret = limit_call(p, a[1], a[2], a[3]);
    process_put(p);
    return ret;
}

static void put_time(s64 *seconds_and_us, u64 ns)
{
    seconds_and_us[0] = (s64)(ns / NSEC_PER_SEC);
    seconds_and_us[1] = (s64)(ns % NSEC_PER_SEC / 1000);
}

int put_rusage(u64 user, const struct usage *used)
{
    s64 r[18] = {
        [4] = (s64)(used->max_rss * (PAGE_SIZE / 1024)), /* KiB */
        [8] = (s64)(used->faults - used->major_faults),
        [9] = (s64)used->major_faults,
        [16] = (s64)used->sleeps,
        [17] = (s64)used->preemptions,
    };

    put_time(&r[0], used->user_ns);
    put_time(&r[2], used->system_ns);
    return copy_to_user(user, r, sizeof(r));
}

static struct usage children_usage(struct process *p)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct usage used = p->of_children;

    spin_unlock_irqrestore(&tasks_lock, flags);
    return used;
}

s64 sys_getrusage(const u64 *a)
{
    struct process *p = current_process();
    u64 peak = READ_ONCE(current_mm()->peak_rss);
    struct usage used;

    switch ((int)a[0]) {
    case RUSAGE_SELF:
        used = process_usage(p);
        break;
    case RUSAGE_CHILDREN:
        used = children_usage(p);
        return put_rusage(a[1], &used);
    case RUSAGE_THREAD:
        used = task_usage(current_task());
        break;
    default:
        return -EINVAL;
    }
    used.max_rss = max_u64(used.max_rss, peak);
    return put_rusage(a[1], &used);
}

static s64 ticks(u64 ns)
{
    return (s64)(ns / (NSEC_PER_SEC / HZ));
}

s64 sys_times(const u64 *a)
{
    struct process *p = current_process();
    struct usage own = process_usage(p), children = children_usage(p);
    s64 t[4] = {ticks(own.user_ns), ticks(own.system_ns),
                ticks(children.user_ns), ticks(children.system_ns)};

    if (a[0] && copy_to_user(a[0], t, sizeof(t)))
        return -EFAULT;
    return ticks(now_ns());
}
