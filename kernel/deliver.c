/* SPDX-License-Identifier: MIT */
/*
 * Signals on the way back to user mode: handlers, default actions, stops, and
 * the fate of the system call that a signal interrupted.
 *
 * That call has returned -ERESTART* and changed nothing. If no handler runs
 * it is simply entered again; if one does, it is entered again only if both
 * the call (ERESTARTSYS) and the handler (SA_RESTART) say so, or the call alone
 * (ERESTARTNOINTR), and otherwise the program sees EINTR.
 */
#include <kernel/irq.h>
#include <kernel/poison.h>
#include <kernel/process_private.h>
#include <kernel/sigframe.h>

#define SYSCALL_INSN 2 /* bytes of the instruction that called us */

/* Is there anything to do for this thread before it runs user code? */
static bool signal_work(const struct task *t)
{
    sigset_t pending =
        READ_ONCE(t->sig_pending) | READ_ONCE(t->proc->sig_pending);

    return (pending & ~t->sig_blocked) || READ_ONCE(t->proc->stopped) ||
           t->restart || t->restore_saved;
}

static void again(struct task *t, struct trap_frame *f)
{
    f->rax = t->syscall_nr;
    f->rip -= SYSCALL_INSN;
    t->restarting = true;
}

static void finish_call(struct task *t, struct trap_frame *f,
                        const struct sigaction_k *handler)
{
    int restart = t->restart;

    t->restart = 0;
    if (!restart)
        return;
    if (!handler || restart == ERESTARTNOINTR ||
        (restart == ERESTARTSYS && (handler->flags & SA_RESTART)))
        again(t, f);
    else
        f->rax = (u64)-EINTR;
}

/*
 * The default action of a stop signal. Signal lock held, in the same critical
 * section that took the signal: a SIGCONT comes before, and takes the stop
 * signal back, or after, and finds a process to wake. Returns whether the
 * parent is to be told.
 */
static bool stop_process(struct process *p, int sig)
{
    if (p->stopped || p->group_exit)
        return false;
    p->stopped = true;
    p->stop_reported = p->continued = false;
    p->stop_signal = sig;
    signal_interrupt_others(p); /* they come to wait_while_stopped() too */
    return true;
}

static void tell_parent_of_stop(struct process *p, int sig)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);

    signal_parent(p, CLD_STOPPED, sig);
    spin_unlock_irqrestore(&tasks_lock, flags);
}

static void wait_while_stopped(struct process *p)
{
    (void)wait_event_killable(&p->group_wait, !READ_ONCE(p->stopped));
}

/* What a terminal stops programs by: not those that nobody would continue. */
#define JOB_STOPS (SIG_STOPS & ~SIG_BIT(SIGSTOP))

/* Is one of them pending? Whether we are an orphan has to be asked before it is
   taken, without the signal lock: one that comes later waits for the next
   round. */
static sigset_t job_stops_pending(const struct task *t)
{
    return (READ_ONCE(t->sig_pending) | READ_ONCE(t->proc->sig_pending)) &
           JOB_STOPS;
}

/* One signal that is not blocked, and what the program wants done; a handler
   that is meant for one signal only is forgotten. 0: there is none. */
static int next_signal(struct task *t, struct siginfo_min *info,
                       struct sigaction_k *action)
{
    struct process *p = t->proc;
    sigset_t stops = job_stops_pending(t);
    bool orphan = stops && job_is_orphan(p), tell = false;
    u64 flags = spin_lock_irqsave(&p->sig_lock);
    sigset_t not_now = SIG_BIT(SIGKILL) | (JOB_STOPS & ~stops);
    int sig = signal_dequeue(t, ~(t->sig_blocked | not_now), info);

    if (sig) {
        *action = p->actions[sig - 1];
        if (action->handler > SIG_IGN && (action->flags & SA_RESETHAND))
            p->actions[sig - 1].handler = SIG_DFL;
        else if (signal_ignored(p, sig))
            action->handler = SIG_IGN;
        else if (orphan && (JOB_STOPS & SIG_BIT(sig)) &&
                 action->handler == SIG_DFL)
            action->handler = SIG_IGN;
        else if (action->handler == SIG_DFL && (SIG_STOPS & SIG_BIT(sig)))
            tell = stop_process(p, sig);
    }
    spin_unlock_irqrestore(&p->sig_lock, flags);
    if (tell)
        tell_parent_of_stop(p, sig);
    return sig;
}

/* Take signals until one has a handler: its number, or 0. Ends the thread if
   it is to end. */
static int take_signal(struct task *t, struct siginfo_min *info,
                       struct sigaction_k *action)
{
    struct process *p = t->proc;
    int sig;

    for (;;) {
        if (READ_ONCE(t->sig_pending) & SIG_BIT(SIGKILL))
            thread_exit();
        if (READ_ONCE(p->stopped)) {
            wait_while_stopped(p);
            continue;
        }
        sig = next_signal(t, info, action);
        if (!sig || action->handler > SIG_IGN)
            return sig;
        if (action->handler == SIG_DFL && !(SIG_STOPS & SIG_BIT(sig)))
            process_exit(sig);
    }
}

static void run_handler(struct trap_frame *f, const struct siginfo_min *info,
                        const struct sigaction_k *action)
{
    struct task *t = current_task();
    sigset_t after = t->restore_saved ? t->sig_saved : t->sig_blocked;
    sigset_t during = t->sig_blocked | action->mask;

    t->restore_saved = false;
    t->restarting = false; /* the handler's own calls come first */
    if (sigframe_push(f, action, info, after)) {
        /* A handler for that may have a stack of its own; if not, end. */
        if (info->signo == SIGSEGV)
            signal_force_default(SIGSEGV);
        else
            signal_force(SIGSEGV, SI_KERNEL, 0);
        return;
    }
    if (!(action->flags & SA_NODEFER))
        during |= SIG_BIT(info->signo);
    signal_set_blocked(during);
}

static void handle_signals(struct task *t, struct trap_frame *f)
{
    struct sigaction_k action;
    struct siginfo_min info;

    t->frame = f;
    if (take_signal(t, &info, &action)) {
        finish_call(t, f, &action);
        run_handler(f, &info, &action);
        return;
    }
    finish_call(t, f, NULL);
    if (t->restore_saved) {
        t->restore_saved = false;
        signal_set_blocked(t->sig_saved);
    }
}

static NOINLINE void do_work(struct task *t, struct trap_frame *f)
{
    do {
        irq_enable();
        if (cpu_read(need_resched))
            schedule();
        if (signal_work(t))
            handle_signals(t, f);
        irq_disable();
    } while (cpu_read(need_resched) || signal_work(t));
}

/*
 * Interrupts are off at the last look: what comes after it interrupts user
 * mode, and so leads here again.
 */
void user_return_work(struct trap_frame *f)
{
    struct task *t = current_task();

    if (unlikely(cpu_read(need_resched) || signal_work(t))) {
        poison_stack();
        do_work(t, f);
    }
    user_time_begins(&t->user_clock);
}
