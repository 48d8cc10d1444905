/* SPDX-License-Identifier: MIT */
/*
 * The table of processes, and how a process and its threads enter and leave
 * it.
 *
 * A process is made unseen, linked when nothing can fail any more, a zombie
 * when its last thread has left (kernel/exit.c), and unlinked when its parent
 * has asked for its status (kernel/reap.c). References keep the structure:
 * one for the links, one a thread, one a looker.
 */
#include <mm/oom.h>
#include <kernel/errno.h>
#include <fs/file.h>
#include <kernel/pid.h>
#include <kernel/print.h>
#include <kernel/process_private.h>
#include <kernel/sigqueue.h>
#include <kernel/string.h>
#include <mm/lockorder.h>
#include <mm/mm.h>
#include <mm/slab.h>

struct spinlock tasks_lock = SPINLOCK_INIT("tasks", RANK_TASKS);
struct list_head all_processes = LIST_INIT(all_processes);

#define FIRST_UMASK 022 /* as Linux gives init */

static void limit_both(struct process *p, unsigned which, u64 value)
{
    p->rlimits[which][0] = p->rlimits[which][1] = value;
}

/* Linux's, as init finds them. Those that bind only whoever is not root bind
   nobody here. */
static void set_first_limits(struct process *p)
{
    for (unsigned i = 0; i < NR_LIMITS; i++)
        limit_both(p, i, RLIM_INFINITY);
    p->rlimits[RLIMIT_STACK][0] = 8ull << 20;
    p->rlimits[RLIMIT_CORE][0] = 0;
    p->rlimits[RLIMIT_NOFILE][0] = 1024;
    p->rlimits[RLIMIT_NOFILE][1] = 4096;
    limit_both(p, RLIMIT_NPROC, PID_MAX / 2);
    limit_both(p, RLIMIT_SIGPENDING, PID_MAX / 2);
    limit_both(p, RLIMIT_MEMLOCK, 8ull << 20);
    limit_both(p, RLIMIT_MSGQUEUE, 819200);
    limit_both(p, RLIMIT_NICE, 0);
    limit_both(p, RLIMIT_RTPRIO, 0);
    p->umask = FIRST_UMASK;
}

static void process_init_parts(struct process *p)
{
    list_init(&p->children);
    list_init(&p->child_node);
    list_init(&p->threads);
    list_init(&p->forks);
    list_init(&p->sig_queue);
    list_init(&p->timers);
    list_init(&p->all_node);
    list_init(&p->group_node);
    waitq_init(&p->child_wait);
    waitq_init(&p->group_wait);
    waitq_init(&p->sig_arrived);
    spin_init(&p->sig_lock, "signals", RANK_SIGNAL);
    timer_init(&p->itimer, itimer_fired, p);
    cpu_timer_init(p);
    atomic_set(&p->refs, 1);
    p->exit_signal = SIGCHLD;
    p->start_ns = now_ns();
}

/* Each group of fields under the lock that guards it in the parent. */
static void inherit(struct process *p, struct process *parent)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);

    memcpy(p->rlimits, parent->rlimits, sizeof(p->rlimits));
    memcpy(p->exe, parent->exe, sizeof(p->exe));
    spin_unlock_irqrestore(&tasks_lock, flags);

    flags = spin_lock_irqsave(&parent->sig_lock);
    memcpy(p->actions, parent->actions, sizeof(p->actions));
    spin_unlock_irqrestore(&parent->sig_lock, flags);
    p->umask = parent->umask;
    p->program = parent->program;
    program_hold(p->program);
    p->has_barriers = parent->has_barriers;
}

/* A table of open files: a new one, a copy, or the parent's. */
static struct fdtable *files_for(struct process *parent, bool share)
{
    if (!parent)
        return fdtable_create();
    if (!share)
        return fdtable_copy(parent->files);
    fdtable_get(parent->files);
    return parent->files;
}

struct process *process_create(struct process *parent, bool share_files)
{
    struct process *p = kzalloc(sizeof(*p), ALLOC_KERNEL);
    int err;

    if (!p)
        return NULL;
    process_init_parts(p);
    /* "." is a look at the parent's cwd under the lock that guards it. */
    p->cwd = path_lookup(parent ? "." : "/", false, &err);
    p->files = files_for(parent, share_files);
    if (!p->cwd || !p->files) {
        process_destroy(p);
        return NULL;
    }
    if (parent)
        inherit(p, parent);
    else
        set_first_limits(p);
    return p;
}

void process_destroy(struct process *p)
{
    if (p->files)
        fdtable_put(p->files);
    if (p->cwd)
        inode_put(p->cwd);
    program_put(p->program);
    kfree(p);
}

/* Group and session are copied here, under tasks_lock, so that they are still
   in use when they get one more member. */
void process_link(struct process *p, struct process *parent, struct pid *pid)
{
    p->pid = pid->nr;
    p->sid = parent ? parent->sid : pid->nr;
    pid->proc = p;
    pid_hold(p->pid);
    pid_hold(p->sid);
    group_join(p, parent ? parent->pgid : pid->nr);
    p->parent = parent;
    p->ppid = parent ? parent->pid : 0;
    if (parent)
        list_add_tail(&p->child_node, &parent->children);
    list_add_tail(&p->all_node, &all_processes);
}

void process_unlink(struct process *p)
{
    list_del(&p->child_node);
    list_del(&p->all_node);
    pid_find(p->pid)->proc = NULL;
    group_leave(p);
    pid_drop(p->sid);
    pid_drop(p->pid);
    process_put(p);
}

/*
 * The list of threads is written under both tasks_lock and the signal lock,
 * and so may be read under either: signals from interrupts need only the
 * latter.
 *
 * A thread whose creator is to die must die too, or nobody would tell it:
 *
 *     exit_group, exec (signal lock)      clone
 *     SIGKILL to all on the list
 *                                         (signal lock) a new one on the list
 *     waits for all to leave
 */
void process_add_thread(struct process *p, struct task *t, struct pid *pid)
{
    struct task *creator = current_task();
    u64 flags = spin_lock_irqsave(&p->sig_lock);

    t->proc = p;
    t->tid = pid->nr;
    pid->task = t;
    atomic_inc(&p->refs);
    list_add_tail(&t->proc_node, &p->threads);
    p->nr_threads++;
    if (creator->proc == p)
        t->sig_pending |= creator->sig_pending & SIG_BIT(SIGKILL);
    spin_unlock_irqrestore(&p->sig_lock, flags);
}

void task_io_add(struct task_io *sum, const struct task_io *io)
{
    for (unsigned i = 0; i < 2; i++) {
        sum->bytes[i] += READ_ONCE(io->bytes[i]);
        sum->calls[i] += READ_ONCE(io->calls[i]);
        sum->disk[i] += READ_ONCE(io->disk[i]);
    }
}

bool process_remove_thread(struct process *p, struct task *t)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct usage used;
    bool last;

    spin_lock(&p->sig_lock);
    list_del(&t->proc_node);
    last = --p->nr_threads == 0;
    memcpy(p->comm, t->comm, sizeof(p->comm));
    task_io_add(&p->io, &t->io);
    sigqueue_drop(p, &t->sig_queue, ~0ull);
    spin_unlock(&p->sig_lock);
    used = task_usage(t);
    usage_add(&p->ended, &used);
    pid_find(t->tid)->task = NULL;
    pid_drop(t->tid);
    spin_unlock_irqrestore(&tasks_lock, flags);
    if (!last)
        wake_up_all(&p->group_wait); /* exec waits to be alone */
    return last;
}

void usage_add(struct usage *to, const struct usage *from)
{
    to->user_ns += from->user_ns;
    to->system_ns += from->system_ns;
    to->max_rss = max_u64(to->max_rss, from->max_rss);
    to->faults += from->faults;
    to->major_faults += from->major_faults;
    to->sleeps += from->sleeps;
    to->preemptions += from->preemptions;
}

struct usage process_usage_locked(struct process *p)
{
    struct usage sum = p->ended, one;
    struct task *t;

    list_for_each_entry (t, &p->threads, proc_node) {
        one = task_usage(t);
        usage_add(&sum, &one);
    }
    return sum;
}

struct usage process_usage(struct process *p)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct usage sum = process_usage_locked(p);

    spin_unlock_irqrestore(&tasks_lock, flags);
    return sum;
}

void process_note_rss(struct process *p, struct mm *mm)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);

    p->ended.max_rss = max_u64(p->ended.max_rss, READ_ONCE(mm->peak_rss));
    spin_unlock_irqrestore(&tasks_lock, flags);
}

/*
 * Under tasks_lock, so that whoever finds the task there may take a reference
 * on its mm; and with interrupts off, so that the task is not switched away
 * between the two halves.
 */
void task_switch_mm(struct mm *mm)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct mm *old = current_task()->mm;

    if (mm && old) /* exec; it may have been set while the new one was made */
        mm->oom_score_adj = old->oom_score_adj;
    current_task()->mm = mm;
    pgtable_load(mm ? &mm->pt : NULL);
    spin_unlock_irqrestore(&tasks_lock, flags);
}

struct process *process_get(int nr)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct pid *pid = pid_find(nr);
    struct process *p = pid ? pid->proc : NULL;

    if (p)
        atomic_inc(&p->refs);
    spin_unlock_irqrestore(&tasks_lock, flags);
    return p;
}

int process_next(int from)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct pid *pid = pid_find_from(from);
    int nr;

    while (pid && !pid->proc) /* a thread's number, or a group's */
        pid = pid_find_from(pid->nr + 1);
    nr = pid ? pid->nr : 0;
    spin_unlock_irqrestore(&tasks_lock, flags);
    return nr;
}

void process_put(struct process *p)
{
    if (!atomic_dec_and_test(&p->refs))
        return;
    sigqueue_drop(p, &p->sig_queue, ~0ull); /* sent to the zombie */
    kfree(p);
}

void task_count(unsigned *n)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct process *p;

    *n = 0;
    list_for_each_entry (p, &all_processes, all_node)
        *n += p->nr_threads;
    spin_unlock_irqrestore(&tasks_lock, flags);
}

/* The mm of a process that has not ended. Caller holds tasks_lock. */
static struct mm *some_mm(struct process *p)
{
    struct task *t;

    list_for_each_entry (t, &p->threads, proc_node)
        if (t->mm)
            return t->mm;
    return NULL;
}

int process_get_oom_score_adj(struct process *p)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct mm *mm = some_mm(p);
    int adj = mm ? mm->oom_score_adj : 0;

    spin_unlock_irqrestore(&tasks_lock, flags);
    return adj;
}

int process_set_oom_score_adj(struct process *p, int adj)
{
    struct mm *mm;
    u64 flags;

    if (adj < OOM_SCORE_ADJ_MIN || adj > OOM_SCORE_ADJ_MAX)
        return -EINVAL;
    flags = spin_lock_irqsave(&tasks_lock);
    mm = some_mm(p);
    if (mm)
        WRITE_ONCE(mm->oom_score_adj, (s16)adj);
    spin_unlock_irqrestore(&tasks_lock, flags);
    return mm ? 0 : -ESRCH;
}
