/* SPDX-License-Identifier: MIT */
/*
 * What the files behind kernel/process.h tell each other: fork, exec, exit,
 * wait and signals.
 */
#ifndef KERNEL_PROCESS_PRIVATE_H
#define KERNEL_PROCESS_PRIVATE_H

#include <kernel/process.h>

struct pid;

/* ---- kernel/process.c ---- */

/* A process that nobody knows yet: a copy of `parent` (the current process)
   with its open files (its very own ones, if shared), or the first one if
   NULL. NULL: no memory. */
struct process *process_create(struct process *parent, bool share_files);
/* Undo that, before process_link. */
void process_destroy(struct process *p);
/* From here on it can be found: it has this number, and this parent (NULL:
   the first process). Caller holds tasks_lock. */
void process_link(struct process *p, struct process *parent, struct pid *pid);
/* Forget a zombie. Caller holds tasks_lock. */
void process_unlink(struct process *p);
/* A thread joins a process / leaves it; true if it was the last one. The
   caller of process_add_thread holds tasks_lock. */
void process_add_thread(struct process *p, struct task *t, struct pid *pid);
bool process_remove_thread(struct process *p, struct task *t);
/* What all threads, that there are and were, have used. _locked: the caller
   holds tasks_lock. */
struct usage process_usage(struct process *p);
struct usage process_usage_locked(struct process *p);
/* It leaves this memory: the most that it had of it is kept. */
void process_note_rss(struct process *p, struct mm *mm);
/* The current task changes its address space, and its processor with it. */
void task_switch_mm(struct mm *mm);

/* ---- kernel/group.c: caller holds tasks_lock ---- */

/* The process, in no group, becomes a member; the number is in use. */
void group_join(struct process *p, int pgid);
void group_leave(struct process *p);

/* ---- kernel/fork.c ---- */

/* The current task stops using its parent's memory: a vfork parent goes on. */
void vfork_done(void);
/* This signal goes to many, the process's children that are being made among
   them. Caller holds tasks_lock. */
void forks_signal(struct process *p, int sig);

/* ---- kernel/itimer.c ---- */

void itimer_fired(void *process); /* in interrupt context */
void itimer_stop(struct process *p);
/* A SIGALRM was taken: one that repeats goes on. Caller holds p->sig_lock. */
void itimer_signal_taken(struct process *p);

/* ---- kernel/cpu_timer.c ---- */

#define ITIMER_REAL    0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF    2

void cpu_timer_init(struct process *p);
/* All its threads have ended. */
void cpu_timer_stop(struct process *p);
/* Its limit is another one, or it is new. Caller holds tasks_lock. */
void cpu_timer_look(struct process *p);
/* ITIMER_VIRTUAL, ITIMER_PROF: ns of its time until it expires (0: it is not
   armed), and again and again from then on (0: not). */
u64 cpu_itimer_left(struct process *p, unsigned which, u64 *interval);
void cpu_itimer_set(struct process *p, unsigned which, u64 in, u64 interval);

/* ---- kernel/exec.c: programs that run, or will; NULL is fine ---- */

/* One more user of it; somebody is one already. */
void program_hold(struct inode *program);
/* It may be written again, and the reference goes. No lock held. */
void program_put(struct inode *program);

/* ---- kernel/exit.c ---- */

/* All other threads of the current process end (exec). -EINTR: this one is
   to end itself. */
int threads_kill_others(void);
/* The current thread leaves its memory, by its end or by exec: what waits for
   that in there (robust locks, pthread_join) is told. May sleep. */
void thread_leaves_memory(struct task *t);

/* ---- kernel/robust.c ---- */

/* Locks that the current thread holds are nobody's now. Its memory is still
   there. */
void robust_list_exit(struct task *t);

/* ---- kernel/start_init.c ---- */

extern struct process *init_process; /* set before anything can exit */
void init_exited(int wait_status) NORETURN;

/* ---- kernel/signal.c ---- */

#define SIG_DFL 0
#define SIG_IGN 1

#define SIG_BIT(sig)    (1ull << ((sig)-1))
#define SIG_UNBLOCKABLE (SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP))
#define SIG_STOPS \
    (SIG_BIT(SIGSTOP) | SIG_BIT(SIGTSTP) | SIG_BIT(SIGTTIN) | SIG_BIT(SIGTTOU))

#define SA_NOCLDSTOP 0x00000001u
#define SA_NOCLDWAIT 0x00000002u
#define SA_SIGINFO   0x00000004u
#define SA_RESTORER  0x04000000u
#define SA_ONSTACK   0x08000000u
#define SA_RESTART   0x10000000u
#define SA_NODEFER   0x40000000u
#define SA_RESETHAND 0x80000000u

/* siginfo codes. For a child, siginfo_min.addr is its status. */
#define SI_USER       0
#define SI_KERNEL     0x80
#define SI_QUEUE      (-1)
#define SI_TIMER      (-2)
#define SI_TKILL      (-6)
#define CLD_EXITED    1
#define CLD_KILLED    2
#define CLD_STOPPED   5
#define CLD_CONTINUED 6

/* Send to a process, or to one thread of it if t is given. Caller holds
   tasks_lock. */
int signal_send(struct process *p, struct task *t, int sig,
                const struct siginfo_min *info);
/* SIGALRM from the timer's interrupt; the caller holds p->sig_lock only. */
void signal_alarm(struct process *p);
/* From a timer's interrupt: to the process, or to its thread tid if that is
   not 0. The caller holds p->sig_lock. 0: it is pending; else it was ignored,
   or there was no room. */
int signal_from_timer(struct process *p, int tid,
                      const struct siginfo_min *info);
/* Tell the parent what became of its child. Caller holds tasks_lock. */
void signal_parent(struct process *child, int code, int status);

/* kernel/jobs.c; tasks_lock held. The child has just lost this parent; p is
   about to be dead. What is stopped, and orphaned by that, is told to go on. */
bool job_is_orphan(struct process *p); /* its group; takes tasks_lock */
void job_child_orphaned(const struct process *child,
                        const struct process *parent);
void job_member_ends(const struct process *p);

/* The following: the caller holds p->sig_lock. */

/* Every thread ends, and the process with this status, unless it already
   ends with another one. */
void group_exit_start(struct process *p, int status);
void thread_kill(struct task *t);
bool signal_ignored(const struct process *p, int sig);
/* Forget pending signals of the set, wherever they are pending. */
void signal_discard(struct process *p, sigset_t set);
/* Take one pending signal of the set, if there is one: 0 or its number. */
int signal_dequeue(struct task *t, sigset_t set, struct siginfo_min *info);
/* Let other threads look at what `t` will not take (any more). */
void signal_retarget(struct process *p, struct task *t, sigset_t set);

/* Wake the other threads from interruptible sleeps: the process stops. */
void signal_interrupt_others(struct process *p);

/* The default action, whatever handler there is. Takes the signal lock. */
void signal_force_default(int sig);
/* Handlers are forgotten, what is ignored stays so. Takes the signal lock. */
void signal_reset_handlers(struct process *p);
/* exec: the same, and the current thread's signal stack. */
void signal_reset_for_exec(struct process *p);

#endif
