/* SPDX-License-Identifier: MIT */
/*
 * The running task, as the rest of the kernel may know it; kernel threads;
 * and the OOM killer's arm.
 *
 * In an interrupt, current_task() is whoever was interrupted: good for a
 * message, but its privileges (memalloc, OOM victim) are not the handler's.
 */
#include <kernel/current.h>
#include <kernel/print.h>
#include <kernel/process_private.h>
#include <kernel/task.h>

int current_tid(void)
{
    struct task *t = current_task();

    return t ? t->tid : 0;
}

int current_pid(void)
{
    struct task *t = current_task();

    return t && t->proc ? t->proc->pid : 0;
}

const char *current_comm(void)
{
    struct task *t = current_task();

    return t ? t->comm : "boot";
}

struct mm *current_mm(void)
{
    struct task *t = current_task();

    return t ? t->mm : NULL;
}

void current_count_fault(bool major)
{
    struct task *t = current_task();

    if (t && major)
        WRITE_ONCE(t->major_faults, t->major_faults + 1);
    else if (t)
        WRITE_ONCE(t->faults, t->faults + 1);
}

u64 current_limit(unsigned which)
{
    struct task *t = current_task();

    return t && t->proc ? READ_ONCE(t->proc->rlimits[which][0]) : RLIM_INFINITY;
}

bool set_memalloc(bool on)
{
    struct task *t = current_task();
    bool old = t && t->memalloc;

    if (t)
        t->memalloc = on;
    return old;
}

bool is_memalloc(void)
{
    struct task *t = current_task();

    return t && !in_interrupt() && t->memalloc;
}

bool is_oom_victim(void)
{
    struct task *t = current_task();

    return t && !in_interrupt() && READ_ONCE(t->oom_victim);
}

/* Kernel threads are not in the table of processes (kernel/pid.c): they count
   from beyond its highest number. */
#define KTHREAD_FIRST_TID 100000

static atomic_t last_kthread_tid = {KTHREAD_FIRST_TID - 1};

static void kthread_main(void *arg)
{
    struct task *t = current_task();

    (void)arg;
    t->kfn(t->karg);
}

struct task *kthread_run(int (*fn)(void *), void *arg, const char *name)
{
    struct task *t = task_create(name, kthread_main, NULL);

    if (!t)
        return NULL;
    t->tid = atomic_inc(&last_kthread_tid);
    t->kfn = fn;
    t->karg = arg;
    task_start(t);
    return t;
}

/* The victim's mark first: it may allocate from the reserve as soon as it
   runs. tasks_lock held. */
static int kill_thread(struct process *p, struct task *t)
{
    static const struct siginfo_min why = {.signo = SIGKILL, .code = SI_KERNEL};

    WRITE_ONCE(t->oom_victim, true);
    signal_send(p, t, SIGKILL, &why);
    return 1;
}

/*
 * tasks_lock keeps every task that it finds, and keeps its mm what it is
 * (task_switch_mm). All processes are looked at, as several may share one mm
 * (vfork); the machine has no memory left at that time, and nothing else to
 * do.
 */
int oom_kill_mm_users(struct mm *mm)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct process *p;
    struct task *t;
    int told = 0;

    list_for_each_entry (p, &all_processes, all_node) {
        list_for_each_entry (t, &p->threads, proc_node) {
            if (t->mm == mm)
                told += kill_thread(p, t);
        }
    }
    spin_unlock_irqrestore(&tasks_lock, flags);
    return told;
}
