/* SPDX-License-Identifier: MIT */
/*
 * What programs may ask of the scheduler. It knows one policy, in which all
 * tasks are equal, and every task may run on every processor: what is asked
 * for is checked as Linux does, and what was not granted is not told.
 */
#include <kernel/pid.h>
#include <kernel/process_private.h>
#include <kernel/syscall.h>
#include <kernel/uaccess.h>
#include <kernel/x86/tlb.h>
#include <mm/mm.h>

#define NICE_0 20 /* how getpriority tells a nice value of 0 */

#define PRIO_PROCESS 0
#define PRIO_PGRP    1
#define PRIO_USER    2

#define SCHED_OTHER    0u
#define SCHED_FIFO     1u
#define SCHED_RR       2u
#define SCHED_BATCH    3u
#define SCHED_IDLE     5u
#define SCHED_DEADLINE 6u
#define RESET_ON_FORK  0x40000000u

#define RT_PRIORITY_MAX 99

#define MEMBARRIER_QUERY             0
#define MEMBARRIER_GLOBAL            1
#define MEMBARRIER_GLOBAL_EXPEDITED  2
#define MEMBARRIER_REGISTER_GLOBAL   4
#define MEMBARRIER_PRIVATE_EXPEDITED 8
#define MEMBARRIER_REGISTER_PRIVATE  16
#define MEMBARRIER_KNOWN             31

static bool task_exists(int tid)
{
    u64 flags;
    struct pid *pid;
    bool found;

    if (!tid)
        return true;
    flags = spin_lock_irqsave(&tasks_lock);
    pid = pid_find(tid);
    found = pid && (pid->task || pid->proc);
    spin_unlock_irqrestore(&tasks_lock, flags);
    return found;
}

static s64 check_task(int tid)
{
    if (tid < 0)
        return -EINVAL;
    return task_exists(tid) ? 0 : -ESRCH;
}

static bool is_realtime(u32 policy)
{
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool is_policy(u32 policy)
{
    return policy == SCHED_OTHER || is_realtime(policy) ||
           policy == SCHED_BATCH || policy == SCHED_IDLE;
}

/* The highest priority of a policy, 0 for those that know none. */
static s64 highest(u32 policy)
{
    if (!is_policy(policy) && policy != SCHED_DEADLINE)
        return -EINVAL;
    return is_realtime(policy) ? RT_PRIORITY_MAX : 0;
}

s64 sys_sched_get_priority_max(const u64 *a)
{
    return highest((u32)a[0]);
}

s64 sys_sched_get_priority_min(const u64 *a)
{
    s64 max = highest((u32)a[0]);

    return max > 0 ? 1 : max;
}

s64 sys_sched_getscheduler(const u64 *a)
{
    s64 err = check_task((int)a[0]);

    return err ? err : SCHED_OTHER;
}

s64 sys_sched_getparam(const u64 *a)
{
    s64 err = a[1] ? check_task((int)a[0]) : -EINVAL;

    return err ? err : put_user_u32(a[1], 0);
}

/* A real-time policy would be a promise: refused, as to a user without the
   right to it. */
static s64 set_policy(int tid, u32 policy, u64 user_param)
{
    u32 priority;

    policy &= ~RESET_ON_FORK;
    if (tid < 0 || !user_param)
        return -EINVAL;
    if (get_user_u32(user_param, &priority))
        return -EFAULT;
    if (!task_exists(tid))
        return -ESRCH;
    if (!is_policy(policy))
        return -EINVAL;
    if (is_realtime(policy))
        return priority < 1 || priority > RT_PRIORITY_MAX ? -EINVAL : -EPERM;
    return priority ? -EINVAL : 0;
}

s64 sys_sched_setscheduler(const u64 *a)
{
    return set_policy((int)a[0], (u32)a[1], a[2]);
}

s64 sys_sched_setparam(const u64 *a)
{
    return set_policy((int)a[0], SCHED_OTHER, a[1]);
}

s64 sys_sched_rr_get_interval(const u64 *a)
{
    s64 t[2] = {0, 10000000};
    s64 err = check_task((int)a[0]);

    return err ? err : copy_to_user(a[1], t, sizeof(t));
}

/* Every task may run on every processor, whatever it asks for. */
s64 sys_sched_setaffinity(const u64 *a)
{
    u64 mask = 0;
    u64 size = min_u64(a[1], sizeof(mask));

    if (copy_from_user(&mask, a[2], size))
        return -EFAULT;
    if (!task_exists((int)a[0]))
        return -ESRCH;
    return mask & ((1ull << cpu_count()) - 1) ? 0 : -EINVAL;
}

/* Never less than 8 bytes: C libraries count bits in words. */
s64 sys_sched_getaffinity(const u64 *a)
{
    u64 mask = (1ull << cpu_count()) - 1;

    if (a[1] < sizeof(mask) || a[1] % sizeof(mask))
        return -EINVAL;
    if (!task_exists((int)a[0]))
        return -ESRCH;
    return copy_to_user(a[2], &mask, sizeof(mask)) ? -EFAULT
                                                   : (s64)sizeof(mask);
}

static bool group_exists(int pgid)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct pid *pid = pid_find(pgid ? pgid : current_process()->pgid);
    bool found = pid && !list_empty(&pid->group);

    spin_unlock_irqrestore(&tasks_lock, flags);
    return found;
}

/* Is there anyone that `which` and `who` mean? All users are root. */
static s64 check_whom(u64 which, int who)
{
    switch (which) {
    case PRIO_PROCESS:
        return task_exists(who) ? 0 : -ESRCH;
    case PRIO_PGRP:
        return group_exists(who) ? 0 : -ESRCH;
    case PRIO_USER:
        return who ? -ESRCH : 0;
    default:
        return -EINVAL;
    }
}

/* All tasks are equal. */
s64 sys_getpriority(const u64 *a)
{
    s64 err = check_whom((u32)a[0], (int)a[1]);

    return err ? err : NICE_0;
}

s64 sys_setpriority(const u64 *a)
{
    return check_whom((u32)a[0], (int)a[1]);
}

/* processor, node, (no longer used) */
s64 sys_getcpu(const u64 *a)
{
    if (a[0] && put_user_u32(a[0], cpu_id()))
        return -EFAULT;
    return a[1] ? put_user_u32(a[1], 0) : 0;
}

/* A flush of no pages: it waits until each processor that runs this memory
   (or each at all) has taken an interrupt, and so passed a barrier. */
static void barrier(bool everywhere)
{
    memory_barrier();
    if (everywhere)
        tlb_flush_kernel(0, 0);
    else
        tlb_flush_range(&current_mm()->pt, 0, 0);
    memory_barrier();
}

/* command, flags */
s64 sys_membarrier(const u64 *a)
{
    if ((u32)a[1])
        return -EINVAL;
    switch ((u32)a[0]) {
    case MEMBARRIER_QUERY:
        return MEMBARRIER_KNOWN;
    case MEMBARRIER_REGISTER_PRIVATE:
        WRITE_ONCE(current_process()->has_barriers, true);
        return 0;
    case MEMBARRIER_PRIVATE_EXPEDITED:
        if (!READ_ONCE(current_process()->has_barriers))
            return -EPERM;
        barrier(false);
        return 0;
    case MEMBARRIER_GLOBAL:
    case MEMBARRIER_GLOBAL_EXPEDITED:
        barrier(true);
        return 0;
    case MEMBARRIER_REGISTER_GLOBAL: /* everybody gets those */
        return 0;
    default:
        return -EINVAL;
    }
}
