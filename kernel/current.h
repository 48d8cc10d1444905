/* SPDX-License-Identifier: MIT */
/*
 * What mm/, fs/ and the drivers may know about the running task, and about
 * tasks in general. The task structure itself is kernel/task.h's.
 */
#ifndef KERNEL_CURRENT_H
#define KERNEL_CURRENT_H

#include <kernel/rlimit.h>
#include <kernel/types.h>
#include <kernel/x86/percpu.h>

struct task;
struct mm;

#ifdef HOSTED /* the unit tests of mm/ stand in for the processor */
unsigned cpu_id(void);
bool in_interrupt(void);
#else
static inline struct task *current_task(void)
{
    return cpu_read(current);
}

/* 0..nr_cpus-1; may change if preemptible. */
static inline unsigned cpu_id(void)
{
    return cpu_read(id);
}

static inline bool in_interrupt(void)
{
    return cpu_read(irq_depth) > 0;
}
#endif

int current_tid(void);          /* 0 in early boot and in idle tasks */
int current_pid(void);          /* the process; 0 for kernel threads */
const char *current_comm(void); /* a name for messages */
struct mm *current_mm(void);    /* NULL for kernel threads */
/* A page fault begins; and, of such a one, that it waits for a disk. */
void current_count_fault(bool major);
/* The process's soft limit of a kind (kernel/rlimit.h); kernel threads
   have none. Bytes, ~0: no limit. */
u64 current_limit(unsigned which);
unsigned cpu_count(void); /* processors that run */

/* Tasks that run or could, the caller included, on all processors. A moment
   ago. */
unsigned sched_runnable(void);

/* Give other tasks a turn, if one is waiting. May sleep. */
void yield(void);
/* The same for a program that asks: not while it has had less than they. */
void yield_in_turn(void);

/*
 * The task is freeing memory (reclaim): its own allocations may use the last
 * reserve and must not start reclaim again. Returns the old setting.
 */
bool set_memalloc(bool on);
bool is_memalloc(void);

/* The OOM killer chose this task's process: it may use the reserve too. */
bool is_oom_victim(void);

/* A kernel thread; fn runs until it returns. NULL if there is no memory. */
struct task *kthread_run(int (*fn)(void *), void *arg, const char *name);

/*
 * SIGKILL to every process that uses this mm, on behalf of the OOM killer;
 * the tasks become OOM victims. Any context that may take spinlocks.
 * Returns how many tasks were told (0: it is exiting already).
 */
int oom_kill_mm_users(struct mm *mm);

#endif
