/* SPDX-License-Identifier: MIT */
/*
 * Sleep until a condition holds.
 *
 * A wake-up between "is it so?" and "sleep" would be lost, so a sleeper is on
 * the queue *before* it looks. The macros do that; use them, not the parts.
 * Whoever makes the condition true does so first and wakes afterwards.
 */
#ifndef KERNEL_WAIT_H
#define KERNEL_WAIT_H

#include <kernel/errno.h>
#include <kernel/lock.h>

struct waiter {
    struct list_head node; /* on waitq.sleepers, under waitq.lock */
    struct task *task;
    void (*call)(struct waiter *w); /* NULL: wake the task */
    struct waitq *queue;
    bool woken; /* written under waitq.lock */
};

#define WAITQ_INIT(q)                                          \
    {                                                          \
        SPINLOCK_INIT(#q, RANK_WAITQ), LIST_INIT((q).sleepers) \
    }

void waitq_init(struct waitq *q);
/* May be called from any context, also with spinlocks of lower rank held. */
void wake_up_all(struct waitq *q);
void wake_up_one(struct waitq *q);
bool waitq_busy(struct waitq *q);

/* The parts: enqueue; sleep unless woken, and leave the queue; leave, if still
   on it. */
void wait_prepare(struct waitq *q, struct waiter *w);
/* interruptible: 0 = only wake-ups end the sleep, 1 = a fatal signal too,
   2 = any signal that is not blocked. */
void wait_sleep(struct waiter *w, int interruptible);
void wait_finish(struct waitq *q, struct waiter *w);
/* A waiter that is no task: at the next wake-up it leaves the queue, and call
   is called, with the queue's lock held and in any context. */
void wait_prepare_call(struct waitq *q, struct waiter *w,
                       void (*call)(struct waiter *w));
/* The same as wait_sleep with n queues at once (poll): n waiters in an array,
   each prepared. */
void wait_sleep_any(struct waiter *w, unsigned n, int interruptible);

/* A SIGKILL (or another signal that will end the process) is pending. */
bool fatal_signal_pending(void);
/* Any signal that is not blocked and not ignored is pending. */
bool signal_is_pending(void);

#define WAIT_PLAIN  0
#define WAIT_KILL   1
#define WAIT_SIGNAL 2

#define wait_event_how(q, cond, how)                              \
    ({                                                            \
        struct waiter w_;                                         \
        int r_ = 0;                                               \
        might_wait(how);                                          \
        for (;;) {                                                \
            wait_prepare((q), &w_);                               \
            if (cond)                                             \
                break;                                            \
            if (((how) == WAIT_KILL && fatal_signal_pending()) || \
                ((how) == WAIT_SIGNAL && signal_is_pending())) {  \
                r_ = -EINTR;                                      \
                break;                                            \
            }                                                     \
            wait_sleep(&w_, (how));                               \
        }                                                         \
        wait_finish((q), &w_);                                    \
        r_;                                                       \
    })

/* Sleep until cond holds. */
#define wait_event(q, cond) ((void)wait_event_how(q, cond, WAIT_PLAIN))
/* The same; -EINTR if the task is to die, else 0. */
#define wait_event_killable(q, cond) wait_event_how(q, cond, WAIT_KILL)
/* The same; -EINTR if any signal is to be handled, else 0. */
#define wait_event_interruptible(q, cond) wait_event_how(q, cond, WAIT_SIGNAL)

/* An event that comes once. It may lie on the stack of the only task that
   waits for it: complete() does not touch it after that task has gone on. */
struct completion {
    struct waitq sleepers;
    bool done; /* sleepers.lock */
};

void completion_init(struct completion *c);
void complete(struct completion *c);            /* any context */
void wait_for_completion(struct completion *c); /* may sleep */

#endif
