/* SPDX-License-Identifier: MIT */
/* Processes: fork, exec, exit, wait, signals. What system calls work on. */
#ifndef KERNEL_PROCESS_H
#define KERNEL_PROCESS_H

#include <kernel/task.h>

struct sigaction_k {
    u64 handler; /* 0 = default, 1 = ignore */
    u64 flags;
    u64 restorer;
    sigset_t mask;
};

struct cpu_itimer {     /* ns of the process's own time */
    u64 when, interval; /* 0 = not armed; 0 = once */
};

struct process {
    int pid;                     /* fixed */
    int pgid, sid;               /* tasks lock */
    struct list_head group_node; /* of the same pgid; tasks lock */
    struct process *parent;      /* tasks lock */
    int ppid;                    /* its number, 0 for none; changes with it,
                                    may be read without the lock */
    struct list_head children;   /* tasks lock */
    struct list_head child_node; /* tasks lock */
    struct list_head threads;    /* task.proc_node; tasks lock */
    unsigned nr_threads;         /* tasks lock */
    struct list_head forks;     /* that are under way; tasks lock */
    bool dead;                  /* a zombie: only wait() wants it; tasks lock */
    int exit_status;            /* as wait4 gives it; tasks lock */
    bool group_exit;            /* all threads are to end; signal lock */
    struct waitq child_wait;    /* parent sleeps here for children */
    struct spinlock sig_lock;   /* (irq) actions, pending, threads' pending */
    sigset_t sig_pending;       /* to the process */
    struct list_head sig_queue; /* what goes with it: kernel/sigqueue.h */
    unsigned nr_queued;         /* here and for all threads; signal lock */
    struct waitq sig_arrived;   /* signalfd: a signal has become pending */
    struct sigaction_k actions[NSIG];
    bool stopped, stop_reported, continued; /* job control; signal lock */
    int stop_signal;                        /* what stopped it; signal lock */
    struct waitq group_wait; /* stopped threads; exec, for other threads */
    int exit_signal;         /* SIGCHLD or 0; fixed */
    int death_signal;        /* comes when its parent ends; tasks lock */
    bool adopts;             /* its descendants' orphans (a "subreaper"); tasks
                                lock */
    bool did_exec;           /* setpgid by the parent is over; tasks lock */
    struct timer itimer;     /* alarm and ITIMER_REAL */
    u64 itimer_when;         /* 0 = not armed; signal lock */
    u64 itimer_interval;     /* ns, 0 = once; signal lock */
    u64 itimer_expired;      /* when, and its signal was not taken since; 0 =
                                it was, or it does not repeat; signal lock */
    struct timer cpu_timer;  /* kernel/cpu_timer.c; its last look: tasks lock */
    u64 cpu_seen, cpu_rest;  /* what had been used; how long it rested, ns */
    struct cpu_itimer cpu_itimers[2]; /* ITIMER_VIRTUAL, _PROF; tasks lock */
    struct list_head timers; /* POSIX timers; signal lock, as are these two */
    unsigned nr_timers;
    int next_timer;
    struct fdtable *files; /* shared by threads; NULL once it has exited:
                               tasks lock for others than its own threads */
    struct inode *cwd;     /* fs tree lock */
    u32 umask;
    bool has_barriers; /* membarrier, once registered: its threads */
    char exe[128];     /* path of the program; set by exec */
    struct inode *program; /* what it runs, which nobody may write meanwhile;
                              exec's, its end's and (copied) fork's */
    char comm[16];     /* of a zombie: its last thread's name; tasks lock */
    u64 start_ns;
    struct usage ended;        /* of threads that ended, and of memory that it
                                  left; tasks lock */
    struct usage of_children;  /* that were waited for, and of theirs; tasks
                                  lock */
    struct task_io io;         /* of threads that ended; tasks lock */
    u64 rlimits[NR_LIMITS][2]; /* soft, hard; tasks lock */
    atomic_t refs;             /* its threads, its parent's list, lookers */
    struct list_head all_node; /* every process; tasks lock */
};

/* (irq): the console sends signals to a process group in its interrupt. */
extern struct spinlock tasks_lock;
extern struct list_head all_processes; /* tasks_lock */

/* Of user code: there is one. */
static inline struct process *current_process(void)
{
    return current_task()->proc;
}

/* Send: to a process / to a thread. Any context that may take the tasks
   lock's successors. 0 or -ESRCH, -EINVAL. sig 0 only checks. */
int signal_process(int pid, int sig);
/* t is the current task, or cannot end meanwhile. Takes tasks_lock. */
int signal_task(struct task *t, int sig, const struct siginfo_min *info);
int signal_group(int pgid, int sig);
/*
 * The caller is about to do what only the foreground group of its terminal may
 * (read: SIGTTIN, write or change it: SIGTTOU). 0: go on. -ERESTARTSYS: it is
 * in the background, and its group gets the signal, to be stopped by it. -EIO:
 * it cannot be stopped so (an orphan, or it does not take SIGTTIN).
 */
int job_in_background(int foreground, int sig);
/* A fault: the current thread gets the signal even if it is blocked or
   ignored (then the default action is taken). */
void signal_force(int sig, int code, u64 addr);

/* The current thread's mask. Takes the signal lock. */
void signal_set_blocked(sigset_t blocked);

/* A sleep with another mask (pselect and its like). If a signal ends it
   (interrupted), its handler is to run with that mask, and kernel/deliver.c
   brings the old one back behind it; else what the mask let in has to wait for
   the old one to allow it. */
void signal_sleep_begin(sigset_t mask);
void signal_sleep_end(bool interrupted);

/* The current process ends with this wait status (exit code << 8 or signal).
   All threads end. */
void process_exit(int status) NORETURN;
void thread_exit(void) NORETURN;

/* Start the first process. */
void start_init(void);

/* fork, vfork, clone: the flags of clone(2). */
s64 do_clone(u64 flags, u64 stack, u64 parent_tid, u64 child_tid, u64 tls,
             struct trap_frame *f);
enum exec_flags {
    EXEC_FROM_KERNEL = 1, /* argv, envp and the strings are the kernel's */
    EXEC_NOFOLLOW = 2,    /* a link is -ELOOP */
};
/* Replace the program. path is a kernel string; argv and envp are user arrays.
   0 or -errno. */
s64 do_execve(const char *path, u64 argv, u64 envp, enum exec_flags flags);
s64 do_wait4(int pid, u64 status, int options, u64 rusage);

/* Look at a process by pid with a reference (NULL: none). */
struct process *process_get(int pid);
void process_put(struct process *p);
/* Figures of a thread, which may go on meanwhile, come to a sum. */
void task_io_add(struct task_io *sum, const struct task_io *io);
/* The lowest pid of a process that is not below `from`; 0: there is none. */
int process_next(int from);
/* /proc/PID/oom_score_adj. It is its memory's, which a child inherits and exec
   keeps; who shares the memory shares it. A zombie has 0. Set: 0; -EINVAL: not
   within -1000 to 1000; -ESRCH: a zombie. */
int process_get_oom_score_adj(struct process *p);
int process_set_oom_score_adj(struct process *p, int adj);

#define SIGHUP    1
#define SIGINT    2
#define SIGQUIT   3
#define SIGILL    4
#define SIGTRAP   5
#define SIGABRT   6
#define SIGBUS    7
#define SIGFPE    8
#define SIGKILL   9
#define SIGUSR1   10
#define SIGSEGV   11
#define SIGUSR2   12
#define SIGPIPE   13
#define SIGALRM   14
#define SIGTERM   15
#define SIGCHLD   17
#define SIGCONT   18
#define SIGSTOP   19
#define SIGTSTP   20
#define SIGTTIN   21
#define SIGTTOU   22
#define SIGURG    23
#define SIGXCPU   24
#define SIGXFSZ   25
#define SIGVTALRM 26
#define SIGPROF   27
#define SIGWINCH  28
#define SIGSYS    31

#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define BUS_ADRERR  2

#endif
