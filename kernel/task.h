/* SPDX-License-Identifier: MIT */
/*
 * Tasks (threads), processes (what threads share), and the scheduler.
 */
#ifndef KERNEL_TASK_H
#define KERNEL_TASK_H

#include <kernel/current.h>
#include <kernel/lock.h>
#include <kernel/time.h>
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

struct siginfo_min { /* what a handler may be told */
    int signo, code, pid;
    u64 addr;
};

struct held_lock {
    const struct lock_class *class;
    const void *lock;
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
    bool on_cpu;                 /* its registers are in a processor;
                                   written by the switch, read by wakers */
    struct list_head run_node;   /* run queue; run-queue lock */
    u64 slice_end, vruntime;     /* run-queue lock */
    u64 cpu_ns;                  /* own; time it has run */
    struct list_head all_node;   /* every task; tasks lock */
    struct list_head proc_node;  /* its process's threads; tasks lock */
    sigset_t sig_pending;        /* to this thread; signal lock */
    sigset_t sig_blocked;        /* own to write; signal lock */
    sigset_t sig_saved;          /* rt_sigsuspend: restore after the handler */
    bool restore_saved;          /* own */
    struct siginfo_min sig_info; /* of a synchronous fault; own */
    u64 clear_tid;               /* user address: 0 and futex wake at exit */
    int interruptible;           /* WAIT_*: how it sleeps; waitq/run-queue */
    bool memalloc;               /* own; see set_memalloc */
    bool oom_victim;             /* set by the OOM killer, never cleared */
    bool exiting;                /* own; set once */
    int (*kfn)(void *);          /* kernel thread: what it runs */
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
    struct held_lock held[24]; /* own: lock order check */
    unsigned nr_held;
#endif
};

/* ---- scheduler: kernel/sched.c ---- */
void sched_init(void);
/* Let another task run; the caller set its state, or stays runnable. */
void schedule(void);
/* Make a sleeping task runnable; false if it was not asleep. Any context. */
bool wake_task(struct task *t);
/* A new task, ready to be woken: stack, kernel registers. NULL: no memory. */
struct task *task_create(const char *comm, void (*fn)(void *), void *arg);
void task_start(struct task *t);
/* The end of the current task: it leaves every list of the scheduler, and its
   memory is freed once no processor stands on its stack. */
void task_exit(void) NORETURN;
void preempt_disable(void);
void preempt_enable(void);
unsigned sched_runnable(void); /* for loadavg */

#endif
