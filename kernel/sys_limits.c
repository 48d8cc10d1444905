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

/* All time is user time: nobody looks at the clock at the kernel's door. */
int put_rusage(u64 user, u64 cpu_ns, u64 max_rss)
{
    s64 r[18] = {
        [0] = (s64)(cpu_ns / NSEC_PER_SEC),
        [1] = (s64)(cpu_ns % NSEC_PER_SEC / 1000),
        [4] = (s64)(max_rss * (PAGE_SIZE / 1024)), /* KiB */
    };

    return copy_to_user(user, r, sizeof(r));
}

s64 sys_getrusage(const u64 *a)
{
    struct process *p = current_process();
    u64 rss = max_u64(READ_ONCE(current_mm()->peak_rss), READ_ONCE(p->max_rss));

    switch ((int)a[0]) {
    case RUSAGE_SELF:
        return put_rusage(a[1], process_cpu_ns(p), rss);
    case RUSAGE_CHILDREN:
        return put_rusage(a[1], READ_ONCE(p->children_ns),
                          READ_ONCE(p->children_max_rss));
    case RUSAGE_THREAD:
        return put_rusage(a[1], task_cpu_ns(current_task()), rss);
    default:
        return -EINVAL;
    }
}

static s64 ticks(u64 ns)
{
    return (s64)(ns / (NSEC_PER_SEC / HZ));
}

s64 sys_times(const u64 *a)
{
    struct process *p = current_process();
    s64 t[4] = {
        [0] = ticks(process_cpu_ns(p)),
        [2] = ticks(READ_ONCE(p->children_ns)),
    };

    if (a[0] && copy_to_user(a[0], t, sizeof(t)))
        return -EFAULT;
    return ticks(now_ns());
}
