/* SPDX-License-Identifier: MIT */
/* System calls about signals: sending, masks, handlers, waiting. */
#include <kernel/deadline.h>
#include <kernel/pid.h>
#include <kernel/process_private.h>
#include <kernel/sigframe.h>
#include <kernel/syscall.h>
#include <kernel/uaccess.h>

#define SIG_BLOCK   0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

#define MIN_SIGNAL_STACK 2048

/* ---- sending ---- */

/* kill(-1): everybody but init and the caller. */
static s64 signal_everybody(int sig)
{
    struct siginfo_min info = {
        .signo = sig, .code = SI_USER, .pid = current_pid()};
    struct process *me = current_process(), *p;
    s64 ret = -ESRCH;
    u64 flags = spin_lock_irqsave(&tasks_lock);

    list_for_each_entry (p, &all_processes, all_node) {
        forks_signal(p, sig);
        if (p != me && p != init_process)
            ret = signal_send(p, NULL, sig, &info);
    }
    spin_unlock_irqrestore(&tasks_lock, flags);
    return ret;
}

/* pid > 0: a process; 0: my group; -1: everybody; else the group -pid. */
s64 sys_kill(const u64 *a)
{
    int pid = (int)a[0], sig = (int)a[1];

    if (pid > 0)
        return signal_process(pid, sig);
    if (pid == -1)
        return signal_everybody(sig);
    if (pid == INT32_MIN)
        return -ESRCH;
    if (pid == 0)
        pid = -(int)sys_getpgrp(NULL);
    return signal_group(-pid, sig);
}

/* To one thread; tgid -1: of whichever process. */
static s64 send_to_thread(int tgid, int tid, int sig,
                          const struct siginfo_min *info)
{
    struct task *t;
    struct pid *pid;
    s64 ret = -ESRCH;
    u64 flags;

    if (tid <= 0 || tgid == 0 || tgid < -1)
        return -EINVAL;
    flags = spin_lock_irqsave(&tasks_lock);
    pid = pid_find(tid);
    t = pid ? pid->task : NULL;
    if (t && t->proc && (tgid == -1 || t->proc->pid == tgid))
        ret = signal_send(t->proc, t, sig, info);
    spin_unlock_irqrestore(&tasks_lock, flags);
    return ret;
}

static s64 signal_thread(int tgid, int tid, int sig)
{
    struct siginfo_min info = {
        .signo = sig, .code = SI_TKILL, .pid = current_pid()};

    return send_to_thread(tgid, tid, sig, &info);
}

s64 sys_tkill(const u64 *a)
{
    return signal_thread(-1, (int)a[0], (int)a[1]);
}

s64 sys_tgkill(const u64 *a)
{
    if ((int)a[0] <= 0)
        return -EINVAL;
    return signal_thread((int)a[0], (int)a[1], (int)a[2]);
}

/* What a program sends along. Only to itself may it pretend to be the kernel,
   or somebody who used tkill. */
static s64 get_info(u64 user, int to, int sig, struct siginfo_min *info)
{
    u32 w[8]; /* signo, errno, code, -, pid, uid, value */

    if (copy_from_user(w, user, sizeof(w)))
        return -EFAULT;
    *info = (struct siginfo_min){.signo = sig,
                                 .code = (int)w[2],
                                 .pid = (int)w[4],
                                 .uid = (int)w[5],
                                 .addr = w[6] | (u64)w[7] << 32};
    if ((info->code >= 0 || info->code == SI_TKILL) && to != current_pid())
        return -EPERM;
    return 0;
}

static s64 send_info(int nr, int sig, const struct siginfo_min *info)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct process *p = nr > 0 ? pid_process(nr) : NULL;
    s64 ret = p ? signal_send(p, NULL, sig, info) : -ESRCH;

    spin_unlock_irqrestore(&tasks_lock, flags);
    return ret;
}

/* pid, signal, siginfo */
s64 sys_rt_sigqueueinfo(const u64 *a)
{
    struct siginfo_min info;
    s64 err = get_info(a[2], (int)a[0], (int)a[1], &info);

    return err ? err : send_info((int)a[0], (int)a[1], &info);
}

/* pid, tid, signal, siginfo */
s64 sys_rt_tgsigqueueinfo(const u64 *a)
{
    struct siginfo_min info;
    s64 err;

    if ((int)a[0] <= 0 || (int)a[1] <= 0)
        return -EINVAL;
    err = get_info(a[3], (int)a[0], (int)a[2], &info);
    return err ? err : send_to_thread((int)a[0], (int)a[1], (int)a[2], &info);
}

/* ---- masks and handlers ---- */

static int get_sigset(u64 user, u64 size, sigset_t *set)
{
    if (size != sizeof(*set))
        return -EINVAL;
    return copy_from_user(set, user, sizeof(*set));
}

/* Only its own thread changes a mask, so reading it needs no lock. */
s64 sys_rt_sigprocmask(const u64 *a)
{
    sigset_t old = current_task()->sig_blocked, set;

    if (a[3] != sizeof(set))
        return -EINVAL;
    if (a[1]) {
        if (copy_from_user(&set, a[1], sizeof(set)))
            return -EFAULT;
        if (a[0] == SIG_BLOCK)
            set = old | set;
        else if (a[0] == SIG_UNBLOCK)
            set = old & ~set;
        else if (a[0] != SIG_SETMASK)
            return -EINVAL;
        signal_set_blocked(set);
    }
    return a[2] ? copy_to_user(a[2], &old, sizeof(old)) : 0;
}

/* A signal that is ignored from now on is no longer pending either. */
static void set_action(struct process *p, int sig,
                       const struct sigaction_k *new, struct sigaction_k *old)
{
    u64 flags = spin_lock_irqsave(&p->sig_lock);

    *old = p->actions[sig - 1];
    if (new) {
        p->actions[sig - 1] = *new;
        if (signal_ignored(p, sig))
            signal_discard(p, SIG_BIT(sig));
    }
    spin_unlock_irqrestore(&p->sig_lock, flags);
}

s64 sys_rt_sigaction(const u64 *a)
{
    struct sigaction_k new, old;
    int sig = (int)a[0];

    if (a[3] != sizeof(sigset_t) || sig < 1 || sig > NSIG)
        return -EINVAL;
    if (a[1]) {
        if (SIG_UNBLOCKABLE & SIG_BIT(sig))
            return -EINVAL;
        if (copy_from_user(&new, a[1], sizeof(new)))
            return -EFAULT;
        new.mask &= ~SIG_UNBLOCKABLE;
    }
    set_action(current_process(), sig, a[1] ? &new : NULL, &old);
    return a[2] ? copy_to_user(a[2], &old, sizeof(old)) : 0;
}

/* The stack is where the program was when it called us: hence the frame. */
s64 sys_sigaltstack(const u64 *a)
{
    struct task *t = current_task();
    struct user_stack old = signal_stack(t->frame->rsp), new;

    if (a[0]) {
        if (copy_from_user(&new, a[0], sizeof(new)))
            return -EFAULT;
        if (old.flags & SS_ONSTACK)
            return -EPERM; /* we are standing on it */
        if (new.flags & ~(u32)(SS_DISABLE | SS_ONSTACK))
            return -EINVAL;
        if (new.flags & SS_DISABLE)
            new.sp = new.size = 0;
        else if (new.size < MIN_SIGNAL_STACK)
            return -ENOMEM;
        t->alt_sp = new.sp;
        t->alt_size = new.size;
    }
    return a[1] ? copy_to_user(a[1], &old, sizeof(old)) : 0;
}

/* No trust in what is on the stack: kernel/x86/sigframe.c. */
s64 sys_rt_sigreturn(const u64 *a)
{
    struct trap_frame *f = current_task()->frame;
    sigset_t blocked;

    (void)a;
    if (sigframe_pop(f, &blocked))
        signal_force(SIGSEGV, SI_KERNEL, 0);
    else
        signal_set_blocked(blocked);
    return (s64)f->rax; /* what the interrupted code had there */
}

s64 sys_rt_sigpending(const u64 *a)
{
    struct task *t = current_task();
    struct process *p = t->proc;
    sigset_t set;
    u64 flags;

    if (a[1] > sizeof(set))
        return -EINVAL;
    flags = spin_lock_irqsave(&p->sig_lock);
    set = (t->sig_pending | p->sig_pending) & t->sig_blocked;
    spin_unlock_irqrestore(&p->sig_lock, flags);
    return copy_to_user(a[0], &set, a[1]);
}

/* ---- waiting ---- */

/* Nobody wakes this queue: only a signal ends the sleep. If no handler ran,
   the call is entered again, and sleeps on. */
static s64 sleep_for_signal(void)
{
    struct waitq nobody;

    waitq_init(&nobody);
    (void)wait_event_interruptible(&nobody, false);
    return -ERESTARTNOHAND;
}

s64 sys_pause(const u64 *a)
{
    (void)a;
    return sleep_for_signal();
}

/* The old mask comes back after the handler has run (kernel/deliver.c). */
s64 sys_rt_sigsuspend(const u64 *a)
{
    sigset_t set;
    int err = get_sigset(a[0], a[1], &set);

    if (err)
        return err;
    signal_sleep_begin(set);
    return sleep_for_signal();
}

static void set_wanted(struct task *t, sigset_t set)
{
    u64 flags = spin_lock_irqsave(&t->proc->sig_lock);

    t->sig_wait = set;
    spin_unlock_irqrestore(&t->proc->sig_lock, flags);
}

/* A condition with an effect: true at most once, and then it ends the loop. */
static int try_take(struct task *t, sigset_t set, struct siginfo_min *info)
{
    u64 flags = spin_lock_irqsave(&t->proc->sig_lock);
    int sig = signal_dequeue(t, set, info);

    spin_unlock_irqrestore(&t->proc->sig_lock, flags);
    return sig;
}

/* sig_wait makes senders wake us for signals that we block. */
static s64 wait_for(sigset_t set, u64 until, struct siginfo_min *info)
{
    struct task *t = current_task();
    struct deadline d;
    int sig = 0, err;

    set &= ~SIG_UNBLOCKABLE;
    set_wanted(t, set);
    deadline_start(&d, until);
    err = wait_event_interruptible(&d.q, (sig = try_take(t, set, info)) != 0 ||
                                             deadline_passed(&d));
    deadline_stop(&d);
    set_wanted(t, 0);
    if (sig)
        return sig;
    return err ? -EINTR : -EAGAIN;
}

s64 sys_rt_sigtimedwait(const u64 *a)
{
    struct siginfo_min info;
    u64 until = NO_DEADLINE, ns;
    sigset_t set;
    s64 ret = get_sigset(a[0], a[3], &set);

    if (!ret && a[2]) {
        ret = get_timespec(a[2], &ns);
        until = ret ? 0 : deadline_in(ns);
    }
    if (!ret)
        ret = wait_for(set, until, &info);
    if (ret > 0 && a[1] && siginfo_to_user(a[1], &info))
        return -EFAULT;
    return ret;
}
