/* SPDX-License-Identifier: MIT */
/*
 * Sending signals: who gets it, is it to be ignored, whom does it wake?
 *
 * A pending signal is a bit, in the process or in one thread; what goes with
 * it is queued beside (kernel/sigqueue.c): once for a standard signal, as often
 * as it comes for a real-time one. The sender decides what
 * can be decided at once: an ignored signal is forgotten, and one that will
 * end the process turns into SIGKILL for every thread, so that sleepers need
 * to know of one fatal signal only. Handlers run in kernel/deliver.c.
 *
 * No wake-up is lost, as one of the two sees the other:
 *
 *     sender                          sleeper (kernel/wait.c)
 *     sets the bit                    says how it sleeps
 *     barrier                         barrier
 *     looks how it sleeps             looks at the bits
 */
#include <kernel/pid.h>
#include <kernel/print.h>
#include <kernel/posix_timer.h>
#include <kernel/process_private.h>
#include <kernel/sigqueue.h>

#define SIG_DEFAULT_IGNORED \
    (SIG_BIT(SIGCHLD) | SIG_BIT(SIGCONT) | SIG_BIT(SIGURG) | SIG_BIT(SIGWINCH))

/* fatal_signal_pending and signal_is_pending are asked by every sleeper, and
   look without a lock: a bit that comes later comes with a wake-up. */
bool fatal_signal_pending(void)
{
    struct task *t = current_task();

    /* What a thread waits for while it exits does come: let it wait. */
    return t && t->proc && !t->exiting &&
           (READ_ONCE(t->sig_pending) & SIG_BIT(SIGKILL));
}

bool signal_is_pending(void)
{
    struct task *t = current_task();
    sigset_t pending;

    if (!t || !t->proc || t->exiting)
        return false;
    pending = READ_ONCE(t->sig_pending) | READ_ONCE(t->proc->sig_pending);
    /* A stop concerns all threads, whoever took the signal. */
    return (pending & (~t->sig_blocked | t->sig_wait)) ||
           READ_ONCE(t->proc->stopped);
}

/* ---- all below, to the next such line: signal lock held ---- */

/* Would it take one of these? rt_sigtimedwait takes what it blocks. */
static bool takes(const struct task *t, sigset_t set)
{
    return !t->exiting && (set & (~t->sig_blocked | t->sig_wait));
}

/* Also when it is awake already: the processor that it runs on is made to
   look. A needless wake-up does no harm, sleepers look again. */
static void signal_wake(struct task *t, bool fatal)
{
    int how;

    memory_barrier(); /* the bit is seen before we look how it sleeps */
    how = READ_ONCE(t->interruptible);
    if (how == WAIT_SIGNAL || (fatal && how == WAIT_KILL))
        if (wake_task(t))
            return;
    /* In user mode it would notice at its next trap; make that now. */
    if (t != current_task() && READ_ONCE(t->on_cpu))
        arch_kick_cpu(READ_ONCE(t->cpu));
}

void thread_kill(struct task *t)
{
    t->sig_pending |= SIG_BIT(SIGKILL);
    signal_wake(t, true);
}

void group_exit_start(struct process *p, int status)
{
    struct task *t;

    if (p->group_exit)
        return;
    p->group_exit = true;
    p->exit_status = status;
    p->stopped = false;
    list_for_each_entry (t, &p->threads, proc_node)
        thread_kill(t);
}

/* init is only sent what it has a handler for; it cannot be killed. */
bool signal_ignored(const struct process *p, int sig)
{
    u64 handler = p->actions[sig - 1].handler;

    if (handler == SIG_DFL)
        return (SIG_DEFAULT_IGNORED & SIG_BIT(sig)) || p == init_process;
    return handler == SIG_IGN;
}

/* Would it end the process if this thread took it now? */
static bool would_end(const struct process *p, const struct task *t, int sig)
{
    return p->actions[sig - 1].handler == SIG_DFL &&
           !((SIG_DEFAULT_IGNORED | SIG_STOPS) & SIG_BIT(sig)) &&
           !(t->sig_blocked & SIG_BIT(sig));
}

void signal_discard(struct process *p, sigset_t set)
{
    struct task *t;

    p->sig_pending &= ~set;
    sigqueue_drop(p, &p->sig_queue, set);
    list_for_each_entry (t, &p->threads, proc_node) {
        t->sig_pending &= ~set;
        sigqueue_drop(p, &t->sig_queue, set);
    }
}

void signal_interrupt_others(struct process *p)
{
    struct task *t;

    list_for_each_entry (t, &p->threads, proc_node)
        if (t != current_task())
            signal_wake(t, false);
}

void signal_retarget(struct process *p, struct task *t, sigset_t set)
{
    struct task *other;

    if (!set)
        return;
    list_for_each_entry (other, &p->threads, proc_node)
        if (other != t && takes(other, set))
            signal_wake(other, false);
}

/* Which thread is to take it? The current one if it can: it is awake. */
static struct task *choose_thread(struct process *p, int sig)
{
    struct task *t = current_task();

    if (t->proc == p && takes(t, SIG_BIT(sig)))
        return t;
    list_for_each_entry (t, &p->threads, proc_node)
        if (takes(t, SIG_BIT(sig)))
            return t;
    return NULL;
}

/* It is pending from now on, and what goes with it is known. -EAGAIN: it is
   one of those that are queued, and there is no room. */
static int enqueue(struct process *p, struct task *t,
                   const struct siginfo_min *info)
{
    sigset_t *pending = t ? &t->sig_pending : &p->sig_pending;
    sigset_t bit = SIG_BIT(info->signo);

    if ((*pending & bit) && info->signo < SIGRTMIN)
        return 0;
    if (!sigqueue_add(p, t ? &t->sig_queue : &p->sig_queue, info) &&
        info->signo >= SIGRTMIN && info->code < 0)
        return -EAGAIN;
    *pending |= bit;
    memory_barrier(); /* the bit is seen before we look who listens */
    if (waitq_busy(&p->sig_arrived))
        wake_up_all(&p->sig_arrived);
    return 0;
}

#define WAS_IGNORED 1

/* To thread t, or to whichever takes it if t is NULL. 0, WAS_IGNORED, or
   -EAGAIN: no room for one more. */
static int post(struct process *p, struct task *t,
                const struct siginfo_min *info)
{
    struct task *target = t;
    int sig = info->signo, err;

    if (sig == SIGKILL) {
        /* init only dies if the kernel says so (out of memory). */
        if (p != init_process || info->code == SI_KERNEL)
            group_exit_start(p, SIGKILL);
        return 0;
    }
    if (!t || !takes(t, SIG_BIT(sig)))
        target = t ? NULL : choose_thread(p, sig);
    if (target && !(target->sig_wait & SIG_BIT(sig)) && signal_ignored(p, sig))
        return WAS_IGNORED;
    if (target && would_end(p, target, sig)) {
        group_exit_start(p, sig);
        return 0;
    }
    err = enqueue(p, t, info);
    if (target && !err)
        signal_wake(target, false);
    return err;
}

/* What stop and continue signals do the moment that they are sent, blocked
   or not. Returns whether the process goes on again. */
static bool job_control(struct process *p, int sig)
{
    if (SIG_STOPS & SIG_BIT(sig))
        signal_discard(p, SIG_BIT(SIGCONT));
    if (sig != SIGCONT)
        return false;
    signal_discard(p, SIG_STOPS);
    if (!p->stopped)
        return false;
    p->stopped = false;
    p->continued = true;
    wake_up_all(&p->group_wait);
    return true;
}

void signal_alarm(struct process *p)
{
    struct siginfo_min info = {.signo = SIGALRM, .code = SI_KERNEL};

    (void)post(p, NULL, &info);
}

int signal_from_timer(struct process *p, int tid,
                      const struct siginfo_min *info)
{
    struct task *t;

    if (!tid)
        return post(p, NULL, info);
    list_for_each_entry (t, &p->threads, proc_node)
        if (t->tid == tid)
            return post(p, t, info);
    return WAS_IGNORED; /* that thread has ended */
}

/* Take signal `sig`, which is pending there, with what goes with it. */
static void take(struct process *p, struct list_head *queue, sigset_t *pending,
                 int sig, struct siginfo_min *info)
{
    bool more;

    (void)sigqueue_take(p, queue, sig, info, &more);
    if (!more)
        *pending &= ~SIG_BIT(sig);
    if (info->code == SI_TIMER)
        posix_timer_delivered(p, info);
}

/* Faults first: they belong to the instruction that we stand at. */
int signal_dequeue(struct task *t, sigset_t set, struct siginfo_min *info)
{
    const sigset_t faults = SIG_BIT(SIGSEGV) | SIG_BIT(SIGBUS) |
                            SIG_BIT(SIGILL) | SIG_BIT(SIGFPE) |
                            SIG_BIT(SIGTRAP);
    struct process *p = t->proc;
    sigset_t own = t->sig_pending & set;
    sigset_t all = own | (p->sig_pending & set);
    int sig;

    if (!all)
        return 0;
    sig = __builtin_ctzll(own & faults ? own & faults : all) + 1;
    if (!(own & SIG_BIT(sig))) {
        take(p, &p->sig_queue, &p->sig_pending, sig, info);
    } else if (t->sig_info.signo == sig) {
        *info = t->sig_info;
        t->sig_info.signo = 0;
        t->sig_pending &= ~SIG_BIT(sig);
    } else {
        take(p, &t->sig_queue, &t->sig_pending, sig, info);
    }
    if (sig == SIGALRM)
        itimer_signal_taken(p);
    return sig;
}

/* ---- tasks_lock held ---- */

int signal_send(struct process *p, struct task *t, int sig,
                const struct siginfo_min *info)
{
    bool goes_on;
    u64 flags;
    int err;

    if (sig < 0 || sig > NSIG)
        return -EINVAL;
    if (sig == 0)
        return 0;
    flags = spin_lock_irqsave(&p->sig_lock);
    goes_on = job_control(p, sig);
    err = post(p, t, info);
    spin_unlock_irqrestore(&p->sig_lock, flags);
    if (goes_on)
        signal_parent(p, CLD_CONTINUED, SIGCONT);
    return err < 0 ? err : 0;
}

/* Two signal locks are never held at once: the child's is free by now. The
   flags are read without the parent's: it may change its mind at any time. */
void signal_parent(struct process *child, int code, int status)
{
    struct process *parent = child->parent;
    struct siginfo_min info = {
        .signo = SIGCHLD, .code = code, .pid = child->pid, .addr = (u64)status};
    bool job = code == CLD_STOPPED || code == CLD_CONTINUED;

    if (!parent)
        return;
    if (!job || !(parent->actions[SIGCHLD - 1].flags & SA_NOCLDSTOP))
        (void)signal_send(parent, NULL, SIGCHLD, &info);
    wake_up_all(&parent->child_wait);
}

/* ---- no lock held ---- */

static struct siginfo_min info_from_current(int sig)
{
    return (struct siginfo_min){
        .signo = sig, .code = SI_USER, .pid = current_pid()};
}

int signal_process(int nr, int sig)
{
    struct siginfo_min info = info_from_current(sig);
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct process *p = pid_process(nr);
    int err = p ? signal_send(p, NULL, sig, &info) : -ESRCH;

    spin_unlock_irqrestore(&tasks_lock, flags);
    return err;
}

int signal_group(int pgid, int sig)
{
    struct siginfo_min info = info_from_current(sig);
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct pid *pid = pid_find(pgid);
    int err = -ESRCH;
    struct process *p;

    if (pid)
        list_for_each_entry (p, &pid->group, group_node) {
            forks_signal(p, sig);
            err = signal_send(p, NULL, sig, &info);
        }
    spin_unlock_irqrestore(&tasks_lock, flags);
    return err;
}

int signal_task(struct task *t, int sig, const struct siginfo_min *info)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    int err = t->proc ? signal_send(t->proc, t, sig, info) : -ESRCH;

    spin_unlock_irqrestore(&tasks_lock, flags);
    return err;
}

/* As Linux does: ten of them in five seconds, lest a program that faults on
   purpose fill the log. Two may begin a new time at once: then it is twenty. */
static bool may_report(void)
{
    static u64 until; /* atomic, as is the other */
    static int left;

    if (now_ns() >= READ_ONCE(until)) {
        WRITE_ONCE(until, now_ns() + 5 * NSEC_PER_SEC);
        WRITE_ONCE(left, 10);
    }
    return __atomic_sub_fetch(&left, 1, __ATOMIC_RELAXED) >= 0;
}

/* One line for whoever wonders where a program went. */
static void report_death(int sig, u64 addr)
{
    const struct trap_frame *f = current_task()->frame;
    const char *what = sig == SIGSEGV  ? "segfault"
                       : sig == SIGBUS ? "bus error"
                                       : "bad instruction";

    if (!may_report())
        return;
    printk("%s[%d]: %s at %llx ip %llx sp %llx\n", current_comm(),
           current_pid(), what, (unsigned long long)addr,
           (unsigned long long)f->rip, (unsigned long long)f->rsp);
}

/* Signal lock held; returns whether this is what ends the process. */
static bool force_default(struct process *p, int sig)
{
    if (p->group_exit)
        return false;
    p->actions[sig - 1].handler = SIG_DFL;
    group_exit_start(p, sig);
    return true;
}

/*
 * The program cannot go on at the instruction where it stands: a signal that
 * it blocks or ignores is made to take the default action. init has no
 * protection here.
 */
void signal_force(int sig, int code, u64 addr)
{
    struct task *t = current_task();
    struct process *p = t->proc;
    u64 flags = spin_lock_irqsave(&p->sig_lock);
    bool ends = false;

    if (p->actions[sig - 1].handler <= SIG_IGN ||
        (t->sig_blocked & SIG_BIT(sig))) {
        ends = force_default(p, sig);
    } else {
        sigqueue_drop(p, &t->sig_queue, SIG_BIT(sig));
        t->sig_info =
            (struct siginfo_min){.signo = sig, .code = code, .addr = addr};
        t->sig_pending |= SIG_BIT(sig);
    }
    spin_unlock_irqrestore(&p->sig_lock, flags);
    if (ends)
        report_death(sig, addr);
}

void signal_force_default(int sig)
{
    struct process *p = current_process();
    u64 flags = spin_lock_irqsave(&p->sig_lock);
    bool ends = force_default(p, sig);

    spin_unlock_irqrestore(&p->sig_lock, flags);
    if (ends)
        report_death(sig, 0);
}

void signal_set_blocked(sigset_t blocked)
{
    struct task *t = current_task();
    struct process *p = t->proc;
    u64 flags = spin_lock_irqsave(&p->sig_lock);
    sigset_t newly = blocked & ~t->sig_blocked;

    t->sig_blocked = blocked & ~SIG_UNBLOCKABLE;
    signal_retarget(p, t, p->sig_pending & newly);
    spin_unlock_irqrestore(&p->sig_lock, flags);
}

void signal_sleep_begin(sigset_t mask)
{
    struct task *t = current_task();

    t->sig_saved = t->sig_blocked;
    t->restore_saved = true;
    signal_set_blocked(mask);
}

void signal_sleep_end(bool interrupted)
{
    struct task *t = current_task();

    if (interrupted)
        return;
    t->restore_saved = false;
    signal_set_blocked(t->sig_saved);
}

/* What is ignored stays ignored (nohup), what is blocked stays blocked, and
   what is pending stays pending. */
void signal_reset_handlers(struct process *p)
{
    u64 flags = spin_lock_irqsave(&p->sig_lock);

    for (unsigned i = 0; i < NSIG; i++) {
        struct sigaction_k *a = &p->actions[i];
        u64 handler = a->handler == SIG_IGN ? SIG_IGN : SIG_DFL;

        *a = (struct sigaction_k){.handler = handler};
    }
    spin_unlock_irqrestore(&p->sig_lock, flags);
}

void signal_reset_for_exec(struct process *p)
{
    struct task *t = current_task();

    signal_reset_handlers(p);
    t->alt_sp = t->alt_size = 0;
}
