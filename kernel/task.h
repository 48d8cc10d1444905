/* SPDX-License-Identifier: MIT */
/*
 * Tasks (threads), processes (what threads share), and the scheduler.
 */
#ifndef KERNEL_TASK_H
#define KERNEL_TASK_H

#include <kernel/current.h>
#include <kernel/heap.h>
#include <kernel/lock.h>
#include <kernel/time.h>
#include <kernel/usage.h>
#include <kernel/wait.h>
#include <kernel/x86/arch.h>

struct mm;
struct fdtable;
struct process;
struct inode;
struct vfork;

#define NSIG 64
typedef u64 sigset_t; /* bit n-1 is signal n */

enum task_state { TASK_RUNNABLE, TASK_SLEEPING, TASK_DEAD };

struct siginfo_min {           /* what a handler may be told */
    int signo, code, pid, uid; /* a timer: its number, its overrun */
    u64 addr; /* of a fault; a child's status; a value sent along */
};

struct held_lock {
    const struct lock_class *class;
    const void *lock;
    unsigned times; /* more than one of those that are told by class alone */
};

struct held_locks { /* newest last */
    struct held_lock lock[24];
    unsigned nr;
};

/* What was read [0] and written [1]: bytes by system calls, those calls, and
   bytes of the former that went to or came from a disk. */
struct task_io {
    u64 bytes[2], calls[2], disk[2];
};

struct task {
    struct arch_task arch;       /* own, while running */
    int tid;                     /* fixed */
    char comm[16];               /* own to write */
    struct process *proc;        /* NULL: kernel thread */
    struct mm *mm;               /* own to change (exec); NULL: kernel thread */
    void *stack;                 /* lowest address; fixed */
    enum task_state state;       /* run-queue lock */
    unsigned cpu;                /* where it runs or last ran; run-queue lock */
    bool on_cpu;                 /* its registers are in processor `cpu`, or
                                   on their way out; set under the run-queue
                                   lock, cleared by the switch without */
    struct heap_node run_node;   /* waiting to run; run-queue lock */
    u64 vruntime;                /* by which its turn comes; run-queue lock */
    u64 cpu_ns;                  /* time it has run, but for the present
                                   stretch (task_cpu_ns); run-queue lock */
    u64 user_clock;              /* of that, in user mode: kernel/usage.h; own
                                   to write */
    u64 user_charged;            /* how much of it processors have counted as
                                   theirs; run-queue lock */
    u64 faults, major_faults;    /* kernel/usage.h; own to write */
    struct task_io io;           /* own to write */
    u64 sleeps, preemptions;     /* how often it let go of a processor, and
                                    how often it had to; run-queue lock */
    struct list_head all_node;   /* every task; tasks lock */
    struct list_head proc_node;  /* its process's threads; tasks lock */
    sigset_t sig_pending;        /* to this thread; signal lock */
    sigset_t sig_blocked;        /* own to write; signal lock */
    sigset_t sig_saved;          /* rt_sigsuspend: restore after the handler */
    bool restore_saved;          /* own */
    u64 timer_slack;             /* PR_SET_TIMERSLACK; own, 0: not set */
    struct list_head sig_queue;  /* kernel/sigqueue.h; signal lock */
    struct siginfo_min sig_info; /* of a synchronous fault; own */
    u64 robust_list;             /* user address: kernel/robust.c; own */
    u64 clear_tid;               /* user address: 0 and futex wake at exit */
    int interruptible;           /* WAIT_*: how it sleeps; waitq/run-queue */
    bool memalloc;               /* own; see set_memalloc */
    bool oom_victim;             /* set by the OOM killer, never cleared */
    bool exiting;                /* own; set once */
    void (*entry)(void *);       /* where it begins; fixed, as is its arg */
    void *entry_arg;
    int (*kfn)(void *); /* kernel thread: what it runs */
    void *karg;
    sigset_t sig_wait;        /* rt_sigtimedwait: wanted though blocked;
                                 own to write; signal lock */
    u64 alt_sp, alt_size;     /* sigaltstack; size 0 = none; own */
    int restart;              /* own; -ERESTART*: how the system call that is
                                 just ending asked to be started again */
    bool restarting;          /* own; the next system call is that one */
    u64 restart_until;        /* own; its deadline, if it has one */
    struct vfork *vfork;      /* own; a parent that waits for exec or exit */
    u64 syscall_nr;           /* own; for restarting */
    struct trap_frame *frame; /* own: of the current system call/trap */
#ifdef CONFIG_DEBUG
    struct held_locks locks; /* own: lock order check */
#endif
};

/* ---- scheduler: kernel/sched.c ---- */
void sched_init(void);
/* Let another task run; the caller set its state, or stays runnable. */
void schedule(void);
/*
 * Make a sleeping task runnable; false if it was not asleep. Any context that
 * may take a run-queue lock. For a signal: make it pending first, then wake if
 * READ_ONCE(t->interruptible) is at least WAIT_SIGNAL (WAIT_KILL, if it is
 * fatal), with a full barrier in between; or always: sleepers look again.
 */
bool wake_task(struct task *t);
/* kernel/wait.c: the current task is asleep from now on, unless one of the n
   waiters was woken; then false. Interrupts off; schedule() follows. */
bool task_set_sleeping(const struct waiter *w, unsigned n);
/* How many threads of processes there are. */
void task_count(unsigned *n);
/* Since boot: how often a processor went from one task to another, and how long
   this one had nothing to do. For people. */
u64 sched_switches(void);
u64 sched_idle_ns(unsigned cpu);
u64 sched_user_ns(unsigned cpu);
/* When the running task's turn on this processor ends, TIME_NEVER if nobody
   waits for it. Interrupts off. */
u64 sched_slice_end(void);
/* The slice may have ended: kernel/timer.c tells, in the clock interrupt. */
void sched_tick(void);
/* If that processor idles, make it look at its clock again. Any context. */
void sched_poke_idle(unsigned cpu);
/* Time that a task has run, up to now. It must not go away meanwhile. */
u64 task_cpu_ns(struct task *t);
/* The same, and what else it has used (no max_rss: that is its memory's). */
struct usage task_usage(struct task *t);
/* kernel/thread.c: the rest of a switch, done by the task that was switched
   to; and the last switch of a dead task. Interrupts off. */
void sched_finish_switch(void);
void sched_exit(void) NORETURN;

/* ---- kernel/thread.c: how tasks begin and end ---- */
void threads_init(void); /* boot */
/* A new task, ready to be started: stack, kernel registers; fn(arg) runs with
   interrupts on. tid is the caller's to give. NULL: no memory. May sleep. */
struct task *task_create(const char *comm, void (*fn)(void *), void *arg);
/* Once. */
void task_start(struct task *t);
/* The end of the current task: it holds nothing, and nobody can find it any
   more. The next one on this processor frees its stack and its struct. */
void task_exit(void) NORETURN;
/* The scheduler's: a dead task's memory, when no processor stands on its stack
   any more; where its stack begins. */
void task_free(struct task *t);
u64 task_stack_top(const struct task *t);

/* ---- preemption ---- */
/* Let another task run, if one should and nothing forbids it. */
void preempt_point(void);

/* The current task stays on this processor, and is not switched away. */
static inline void preempt_disable(void)
{
    cpu_add(preempt_count, 1);
}

static inline void preempt_enable(void)
{
    cpu_add(preempt_count, -1);
    if (unlikely(cpu_read(need_resched)))
        preempt_point();
}

#endif
