/* SPDX-License-Identifier: MIT */
/*
 * Process groups and sessions: what a shell needs for job control.
 *
 * A group is the list of its members, kept at its number; it lives as long as
 * it has any. All members are of one session.
 */
#include <kernel/pid.h>
#include <kernel/process_private.h>
#include <kernel/syscall.h>

void group_join(struct process *p, int pgid)
{
    pid_hold(pgid);
    p->pgid = pgid;
    list_add_tail(&p->group_node, &pid_find(pgid)->group);
}

void group_leave(struct process *p)
{
    list_del(&p->group_node);
    pid_drop(p->pgid);
}

/* Is there a group of this number in this session? */
static bool group_in_session(int pgid, int sid)
{
    struct pid *pid = pid_find(pgid);

    return pid && !list_empty(&pid->group) &&
           list_first(&pid->group, struct process, group_node)->sid == sid;
}

/* Oneself, or a child that has not begun a program of its own: shells move
   the child from both sides of fork, whichever comes first. */
static int may_move(const struct process *me, const struct process *p)
{
    if (p != me && p->parent != me)
        return -ESRCH;
    if (p != me && p->did_exec)
        return -EACCES;
    if (p->sid != me->sid || p->sid == p->pid)
        return -EPERM;
    return 0;
}

static int set_group(struct process *me, int nr, int pgid)
{
    struct process *p = pid_process(nr ? nr : me->pid);
    int err = p ? may_move(me, p) : -ESRCH;

    if (p && nr && p->pid != nr)
        return -EINVAL; /* a thread */

    if (err)
        return err;
    if (pgid == 0)
        pgid = p->pid;
    if (pgid == p->pgid)
        return 0;
    if (pgid != p->pid && !group_in_session(pgid, p->sid))
        return -EPERM;
    group_leave(p);
    group_join(p, pgid);
    return 0;
}

s64 sys_setpgid(const u64 *a)
{
    u64 flags;
    int err;

    if ((int)a[1] < 0 || (int)a[0] < 0)
        return -EINVAL;
    flags = spin_lock_irqsave(&tasks_lock);
    err = set_group(current_process(), (int)a[0], (int)a[1]);
    spin_unlock_irqrestore(&tasks_lock, flags);
    return err;
}

/* A group leader's number already means something else than a session. */
static s64 new_session(struct process *p)
{
    if (!list_empty(&pid_find(p->pid)->group))
        return -EPERM;
    group_leave(p);
    group_join(p, p->pid);
    pid_drop(p->sid);
    p->sid = p->pid;
    pid_hold(p->sid);
    return p->sid;
}

s64 sys_setsid(const u64 *a)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    s64 ret = new_session(current_process());

    (void)a;
    spin_unlock_irqrestore(&tasks_lock, flags);
    return ret;
}

/* A number of the process `nr`, or of the current one if that is 0. */
static s64 ask(int nr, bool session)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct process *p = pid_process(nr ? nr : current_process()->pid);
    s64 ret = -ESRCH;

    if (p)
        ret = session ? p->sid : p->pgid;
    spin_unlock_irqrestore(&tasks_lock, flags);
    return ret;
}

s64 sys_getpgid(const u64 *a)
{
    return ask((int)a[0], false);
}

s64 sys_getpgrp(const u64 *a)
{
    (void)a;
    return ask(0, false);
}

s64 sys_getsid(const u64 *a)
{
    return ask((int)a[0], true);
}
