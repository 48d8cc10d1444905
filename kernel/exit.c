/* SPDX-License-Identifier: MIT */
/*
 * The end of a thread, and of a process with its last thread.
 *
 * Killing is asking: a thread that is to end has SIGKILL pending, wakes from
 * whatever killable sleep it is in, and comes here by itself on its way back
 * to user mode. So it holds no lock here, and everything it owned is given
 * back by itself, in this order: memory, its place among the threads, and, if
 * it was the last, files, children, and the news to the parent.
 */
#include <fs/file.h>
#include <kernel/futex.h>
#include <kernel/pid.h>
#include <kernel/posix_timer.h>
#include <kernel/process_private.h>
#include <kernel/shm.h>
#include <kernel/uaccess.h>
#include <mm/mm.h>

void process_exit(int status)
{
    struct process *p = current_process();
    u64 flags = spin_lock_irqsave(&p->sig_lock);

    group_exit_start(p, status);
    spin_unlock_irqrestore(&p->sig_lock, flags);
    thread_exit();
}

/* From here on no signal is given to this thread; the others take what it
   would have taken. */
static void leave_signals(struct process *p, struct task *t)
{
    u64 flags = spin_lock_irqsave(&p->sig_lock);

    t->exiting = true;
    signal_retarget(p, t, p->sig_pending);
    spin_unlock_irqrestore(&p->sig_lock, flags);
}

/*
 * pthread_join sleeps on this word. Written while the memory is still there;
 * if nobody else has this memory, nobody can look.
 */
static void clear_tid(struct task *t)
{
    u64 addr = t->clear_tid;

    t->clear_tid = 0;
    if (addr && atomic_read(&t->mm->users) >= 2 && put_user_u32(addr, 0) == 0)
        futex_wake_at(addr);
}

void thread_leaves_memory(struct task *t)
{
    robust_list_exit(t);
    clear_tid(t);
}

/* Off the page tables first, and on the kernel's own: the last user of the mm
   empties it, and then nothing may stand on it. */
static void leave_mm(struct task *t)
{
    struct mm *mm = t->mm;

    if (!mm)
        return;
    thread_leaves_memory(t);
    process_note_rss(t->proc, mm);
    task_switch_mm(NULL);
    vfork_done();
    mm_put_user(mm);
    shm_reap();
}

/* Others find the files under tasks_lock (/proc); closing may sleep. */
static void leave_files(struct process *p)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct fdtable *files = p->files;
    struct inode *cwd = p->cwd;

    p->files = NULL;
    p->cwd = NULL;
    spin_unlock_irqrestore(&tasks_lock, flags);
    fdtable_put(files);
    inode_put(cwd);
    program_put(p->program);
    p->program = NULL;
}

/* Does this parent not want to hear of its children's ends? */
static bool reaps_itself(struct process *parent)
{
    u64 flags = spin_lock_irqsave(&parent->sig_lock);
    const struct sigaction_k *a = &parent->actions[SIGCHLD - 1];
    bool yes = a->handler == SIG_IGN || (a->flags & SA_NOCLDWAIT);

    spin_unlock_irqrestore(&parent->sig_lock, flags);
    return yes;
}

/* tasks_lock held. The zombie goes to the front of its parent's children:
   wait4 looks there first. */
static void announce_zombie(struct process *p)
{
    int status = p->exit_status;
    bool killed = (status & 0x7f) != 0;

    list_move(&p->child_node, &p->parent->children);
    if (p->exit_signal)
        signal_parent(p, killed ? CLD_KILLED : CLD_EXITED,
                      killed ? status & 0x7f : status >> 8 & 0xff);
    wake_up_all(&p->parent->child_wait);
    if (reaps_itself(p->parent))
        process_unlink(p);
}

/* It may have asked for a signal at its parent's end. tasks_lock held. */
static void signal_orphan(struct process *child, const struct process *parent)
{
    struct siginfo_min info = {.signo = child->death_signal,
                               .code = SI_USER,
                               .pid = parent->pid};

    if (info.signo)
        (void)signal_send(child, NULL, info.signo, &info);
}

/* Whose children the orphans of p become: the nearest ancestor's that asked for
   it, or init's. tasks_lock held. */
static struct process *adopter_of(const struct process *p)
{
    struct process *a = p->parent;

    while (a && a != init_process && !a->adopts)
        a = a->parent;
    return a ? a : init_process;
}

/* tasks_lock held. Zombies among them. */
static void give_children_away(struct process *p)
{
    struct process *child, *next, *to = adopter_of(p);

    list_for_each_entry_safe (child, next, &p->children, child_node) {
        child->parent = to;
        job_child_orphaned(child, p);
        WRITE_ONCE(child->ppid, to->pid);
        list_move_tail(&child->child_node, &to->children);
        if (child->dead)
            announce_zombie(child);
        else
            signal_orphan(child, p);
    }
}

/* The last thread, still with its stack and its name. Nobody can signal it any
   more; the parent is told last, and may then forget the process while this
   thread's own reference keeps it. */
static void process_end(struct process *p)
{
    u64 flags;

    if (p == init_process)
        init_exited(p->exit_status);
    itimer_stop(p);
    cpu_timer_stop(p);
    posix_timers_delete(p);
    leave_files(p);
    if (p->sid == p->pid)
        tty_session_ends(p->sid);
    flags = spin_lock_irqsave(&tasks_lock);
    job_member_ends(p);
    give_children_away(p);
    p->dead = true;
    announce_zombie(p);
    spin_unlock_irqrestore(&tasks_lock, flags);
}

void thread_exit(void)
{
    struct task *t = current_task();
    struct process *p = t->proc;
    u64 flags;

    leave_signals(p, t);
    leave_mm(t);
    if (process_remove_thread(p, t))
        process_end(p);
    flags = spin_lock_irqsave(&tasks_lock);
    t->proc = NULL;
    spin_unlock_irqrestore(&tasks_lock, flags);
    process_put(p);
    task_exit();
}

/* The only thread that is left is the process: it has its number. */
static void become_leader(struct process *p, struct task *t)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    int old = t->tid;

    if (old != p->pid) {
        pid_find(old)->task = NULL;
        pid_drop(old);
        t->tid = p->pid;
        pid_hold(p->pid);
        pid_find(p->pid)->task = t;
    }
    spin_unlock_irqrestore(&tasks_lock, flags);
}

/*
 * Two threads may exec at once. Both come to the signal lock; the first tells
 * the second to end, and the second sees that there, and does not tell the
 * first.
 */
int threads_kill_others(void)
{
    struct task *me = current_task(), *t;
    struct process *p = me->proc;
    u64 flags = spin_lock_irqsave(&p->sig_lock);
    bool doomed = me->sig_pending & SIG_BIT(SIGKILL);

    if (!doomed)
        list_for_each_entry (t, &p->threads, proc_node)
            if (t != me)
                thread_kill(t);
    spin_unlock_irqrestore(&p->sig_lock, flags);
    if (doomed ||
        wait_event_killable(&p->group_wait, READ_ONCE(p->nr_threads) == 1))
        return -EINTR;
    become_leader(p, me);
    return 0;
}
