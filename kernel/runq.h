/* SPDX-License-Identifier: MIT */
/*
 * The run queue of a processor: kernel/runq.c for kernel/sched.c.
 *
 * Its lock guards the queue, and of each task that belongs to the processor
 * (task.cpu) the state, vruntime, and place in the queue. To change task.cpu
 * needs the lock of the old one.
 */
#ifndef KERNEL_RUNQ_H
#define KERNEL_RUNQ_H

#include <kernel/task.h>

#define SLICE_NS (3 * NSEC_PER_MSEC)
/* Whoever has slept is let in front by this much at most: enough to run at
   once, not enough to make up for a long sleep at the others' cost. */
#define SLEEPER_NS (2 * SLICE_NS)
/* A program yields to whoever is ahead of it by this much at most. It is
   Linux's figure, and programs that yield in a loop count on it. */
#define YIELD_NS NSEC_PER_MSEC

/* When does the running task, which could go on, make room for the first that
   waits? */
enum runq_leave {
    LEAVE_AT_SLICE_END,
    LEAVE_IN_TURN, /* sched_yield: unless the other has had more than it */
    LEAVE_NOW,     /* the kernel waits for what another task has to do */
};

struct runq {
    struct spinlock lock; /* (irq) guards all but the last three */
    struct heap waiting;  /* runnable and not running, by vruntime */
    unsigned nr_waiting;  /* others peep at it without the lock */
    u64 min_vruntime;     /* of the one furthest behind; never goes back */
    u64 charged;          /* until when the running task has been charged */
    u64 switches;         /* from one task to another, since boot */
    u64 user_cycles;      /* in user mode, of all tasks but the running one */
    struct task *curr;    /* who runs, or is about to */

    /* The processor's own, interrupts off: */
    struct task idle;
    struct task *prev; /* while switching: who is being left */
    u64 slice_end;     /* when to look whose turn it is; TIME_NEVER */
};

/* The caller holds rq->lock. */

/* The waiting task that is furthest behind, or NULL. */
struct task *runq_first(struct runq *rq);
/* Does the running task want to go on? (Its own processor may ask without the
   lock: nobody but itself makes it stop.) */
bool runq_curr_stays(struct runq *rq);
/* Write down what the running task has had since the last time. */
void runq_charge(struct runq *rq);
void runq_join(struct runq *rq, struct task *t);
void runq_dequeue(struct runq *rq, struct task *t);
/* Is the running task too far ahead of this one? Charged. */
bool runq_slice_is_over(const struct runq *rq, const struct task *first);
/* On the queue's own processor. Charged. */
void runq_set_slice_end(struct runq *rq);
/* Whose turn is it? The one that is chosen is in no queue. Charged. */
struct task *runq_pick(struct runq *rq, enum runq_leave when);

#endif
