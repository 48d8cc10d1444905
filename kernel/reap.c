/* SPDX-License-Identifier: MIT */
/*
 * wait4 and waitid: what became of the children.
 *
 * Zombies stand at the front of their parent's list of children (exit.c puts
 * them there), so that waiting for any child looks at one of them, however
 * many are alive; waiting for one child goes through the hash of numbers.
 * Only a group, or job control, makes a walk.
 */
#include <kernel/pid.h>
#include <kernel/process_private.h>
#include <kernel/sigframe.h>
#include <kernel/syscall.h>
#include <kernel/uaccess.h>

#define WNOHANG    1
#define WUNTRACED  2 /* waitid's WSTOPPED */
#define WEXITED    4 /* wait4 always means it */
#define WCONTINUED 8
#define WNOWAIT    0x01000000 /* only look */
/* Which kinds of children: here there is only one kind. */
#define WKINDS 0xe0000000

#define STATUS_STOPPED   0x7f
#define STATUS_CONTINUED 0xffff

struct wait_request {
    struct process *parent;
    int pid; /* as wait4's: one child, a group, or -1 */
    int options;
    /* What was found: */
    int found;
    int status;
    struct usage used; /* by the child and its children */
};

static bool in_group(const struct wait_request *w, const struct process *child)
{
    int pgid = w->pid == 0 ? w->parent->pgid : -w->pid;

    return w->pid == -1 || child->pgid == pgid;
}

static void reap(struct wait_request *w, struct process *zombie)
{
    w->found = zombie->pid;
    w->status = zombie->exit_status;
    w->used = zombie->ended;
    usage_add(&w->used, &zombie->of_children);
    if (w->options & WNOWAIT)
        return;
    usage_add(&w->parent->of_children, &w->used);
    process_unlink(zombie);
}

/* Has it stopped or gone on since somebody last asked? */
static bool job_changed(struct wait_request *w, struct process *child)
{
    u64 flags = spin_lock_irqsave(&child->sig_lock);
    bool changed = true;

    if ((w->options & WUNTRACED) && child->stopped && !child->stop_reported) {
        child->stop_reported = !(w->options & WNOWAIT);
        w->status = child->stop_signal << 8 | STATUS_STOPPED;
    } else if ((w->options & WCONTINUED) && child->continued) {
        child->continued = w->options & WNOWAIT;
        w->status = STATUS_CONTINUED;
    } else {
        changed = false;
    }
    spin_unlock_irqrestore(&child->sig_lock, flags);
    if (changed)
        w->found = child->pid;
    return changed;
}

static bool try_child(struct wait_request *w, struct process *child)
{
    if (!child->dead)
        return job_changed(w, child);
    if (w->options & WEXITED)
        reap(w, child);
    return w->options & WEXITED;
}

static int scan_one(struct wait_request *w)
{
    struct pid *pid = pid_find(w->pid);

    if (!pid || !pid->proc || pid->proc->parent != w->parent)
        return -ECHILD;
    return try_child(w, pid->proc) ? w->found : 0;
}

static int scan_many(struct wait_request *w)
{
    bool only_zombies = !(w->options & (WUNTRACED | WCONTINUED));
    struct process *child;
    int ret = -ECHILD;

    list_for_each_entry (child, &w->parent->children, child_node) {
        if (!in_group(w, child))
            continue;
        if (try_child(w, child))
            return w->found;
        ret = 0;
        if (only_zombies)
            break; /* the living come after the dead */
    }
    return ret;
}

/* The pid of a child, 0: none yet, or -ECHILD: there will never be one. */
static int scan(struct wait_request *w)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    int ret = w->pid > 0 ? scan_one(w) : scan_many(w);

    spin_unlock_irqrestore(&tasks_lock, flags);
    return ret;
}

/* The pid of a child, 0 (WNOHANG), or -errno. */
static s64 wait_for_child(struct wait_request *w)
{
    int ret;

    if (w->options & WNOHANG)
        ret = scan(w);
    else if (wait_event_interruptible(&w->parent->child_wait,
                                      (ret = scan(w)) != 0))
        return -ERESTARTSYS;
    return ret;
}

s64 do_wait4(int pid, u64 status, int options, u64 rusage)
{
    struct wait_request w = {
        .parent = current_process(), .pid = pid, .options = options | WEXITED};
    s64 ret;

    if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | (int)WKINDS))
        return -EINVAL;
    if (pid == INT32_MIN)
        return -ESRCH; /* it has no positive: no group's number */
    ret = wait_for_child(&w);
    if (ret <= 0)
        return ret;
    if (status && copy_to_user(status, &w.status, sizeof(w.status)))
        return -EFAULT;
    if (rusage && put_rusage(rusage, &w.used))
        return -EFAULT;
    return ret;
}

/* ---- waitid ---- */

enum { P_ALL, P_PID, P_PGID };

static int wait4_pid(int type, int id, int *pid)
{
    *pid = -1;
    if (type == P_ALL)
        return 0;
    if (type > P_PGID || id < 0 || (type == P_PID && !id))
        return -EINVAL;
    *pid = type == P_PID ? id : -id;
    return 0;
}

/* The same as SIGCHLD would have told. */
static struct siginfo_min info_of(const struct wait_request *w)
{
    struct siginfo_min info = {.signo = SIGCHLD, .pid = w->found};
    int status = w->status;

    if (status == STATUS_CONTINUED) {
        info.code = CLD_CONTINUED;
        info.addr = SIGCONT;
    } else if ((status & 0xff) == STATUS_STOPPED) {
        info.code = CLD_STOPPED;
        info.addr = (u64)(status >> 8 & 0xff);
    } else {
        info.code = status & 0x7f ? CLD_KILLED : CLD_EXITED;
        info.addr = (u64)(status & 0x7f ? status & 0x7f : status >> 8 & 0xff);
    }
    return info;
}

/* kind, number, siginfo, options, rusage */
s64 sys_waitid(const u64 *a)
{
    const int what = WEXITED | WUNTRACED | WCONTINUED;
    struct wait_request w = {.parent = current_process(), .options = (int)a[3]};
    struct siginfo_min info = {0};
    s64 ret = wait4_pid((int)a[0], (int)a[1], &w.pid);

    if (ret)
        return ret;
    if (!(w.options & what) ||
        (w.options & ~(what | WNOHANG | WNOWAIT | (int)WKINDS)))
        return -EINVAL;
    ret = wait_for_child(&w);
    if (ret < 0)
        return ret;
    if (ret)
        info = info_of(&w);
    if (a[2] && siginfo_to_user(a[2], &info))
        return -EFAULT;
    if (ret && a[4] && put_rusage(a[4], &w.used))
        return -EFAULT;
    return 0;
}
