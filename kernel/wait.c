/* SPDX-License-Identifier: MIT */
/*
 * Sleeping until somebody wakes us.
 *
 * The sleeper puts itself on the queue, looks at its condition, and sleeps
 * unless it was woken in the meantime:
 *
 *     sleeper                             waker
 *     wait_prepare: on the queue
 *     is it so? no                        makes it so
 *                                         takes the waiter off the queue,
 *                                           woken = true
 *     wait_sleep: run-queue lock;         wake_task: run-queue lock;
 *       not woken? then SLEEPING            SLEEPING? then RUNNABLE
 *
 * Whichever takes the run-queue lock first, the other one sees what it did:
 * either the sleeper finds `woken`, or the waker finds a sleeper. A signal
 * takes the waker's part with "pending" instead of `woken`.
 *
 * A waiter lies on its task's stack. The waker touches it, and the task, only
 * under the queue's lock, which the sleeper takes before it leaves.
 */
#include <kernel/irq.h>
#include <kernel/print.h>
#include <kernel/task.h>
#include <kernel/wait.h>
#include <mm/lockorder.h>

void waitq_init(struct waitq *q)
{
    spin_init(&q->lock, "waitq", RANK_WAITQ);
    list_init(&q->sleepers);
}

/* The caller holds q->lock; there is a sleeper. */
static void wake_first(struct waitq *q)
{
    struct waiter *w = list_first(&q->sleepers, struct waiter, node);

    list_del(&w->node);
    WRITE_ONCE(w->woken, true);
    if (w->call)
        w->call(w);
    else
        wake_task(w->task);
}

void wake_up_all(struct waitq *q)
{
    u64 flags = spin_lock_irqsave(&q->lock);

    while (!list_empty(&q->sleepers))
        wake_first(q);
    spin_unlock_irqrestore(&q->lock, flags);
}

void wake_up_one(struct waitq *q)
{
    u64 flags = spin_lock_irqsave(&q->lock);

    if (!list_empty(&q->sleepers))
        wake_first(q);
    spin_unlock_irqrestore(&q->lock, flags);
}

/* A hint, unless the caller holds a lock under which sleepers look. */
bool waitq_busy(struct waitq *q)
{
    return READ_ONCE(q->sleepers.next) != &q->sleepers;
}

void wait_prepare_call(struct waitq *q, struct waiter *w,
                       void (*call)(struct waiter *w))
{
    u64 flags;

    w->task = current_task();
    w->call = call;
    w->queue = q;
    w->woken = false;
    flags = spin_lock_irqsave(&q->lock);
    list_add_tail(&w->node, &q->sleepers);
    spin_unlock_irqrestore(&q->lock, flags);
}

void wait_prepare(struct waitq *q, struct waiter *w)
{
    wait_prepare_call(q, w, NULL);
}

/* Always takes the lock: see the end of the comment above. */
void wait_finish(struct waitq *q, struct waiter *w)
{
    u64 flags = spin_lock_irqsave(&q->lock);

    list_del(&w->node);
    spin_unlock_irqrestore(&q->lock, flags);
}

static bool signal_ends_sleep(int how)
{
    return (how == WAIT_KILL && fatal_signal_pending()) ||
           (how == WAIT_SIGNAL && signal_is_pending());
}

/*
 * `interruptible` is set before the last look at the pending signals, with
 * the run-queue lock (a full barrier) in between; whoever sends a signal makes
 * it pending, passes a full barrier (any lock taken), and then reads it.
 */
void wait_sleep_any(struct waiter *w, unsigned n, int how)
{
    struct task *t = current_task();
    u64 flags = irq_save();

    WRITE_ONCE(t->interruptible, how);
    if (task_set_sleeping(w, n)) {
        if (signal_ends_sleep(how))
            wake_task(t);
        schedule();
    }
    WRITE_ONCE(t->interruptible, WAIT_PLAIN);
    irq_restore(flags);
    for (unsigned i = 0; i < n; i++)
        wait_finish(w[i].queue, &w[i]);
}

void wait_sleep(struct waiter *w, int interruptible)
{
    wait_sleep_any(w, 1, interruptible);
}

void completion_init(struct completion *c)
{
    waitq_init(&c->sleepers);
    c->done = false;
}

/* `done` is set under the lock that the sleeper takes last (wait_finish):
   when it has seen it and gone, we do not touch the completion any more. */
void complete(struct completion *c)
{
    u64 flags = spin_lock_irqsave(&c->sleepers.lock);

    WRITE_ONCE(c->done, true);
    while (!list_empty(&c->sleepers.sleepers))
        wake_first(&c->sleepers);
    spin_unlock_irqrestore(&c->sleepers.lock, flags);
}

void wait_for_completion(struct completion *c)
{
    wait_event(&c->sleepers, READ_ONCE(c->done));
}
