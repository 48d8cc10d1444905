/* SPDX-License-Identifier: MIT */
/*
 * How long a removal tries: its limits, and sleeping within them.
 *
 * A removal sleeps on the queue of whatever it waits for: a page, or the next
 * frame to come free. Its time limit and removal_cancel have to find it there,
 * wherever that is:
 *
 *   removal_wait                    cancel, or the timer
 *   ------------                    --------------------
 *   asleep_on = q                   cancelled (expired) = true
 *   on the queue
 *   cancelled? give up              asleep_on? wake that queue
 *   sleep
 *
 * Both sides change and read under the removing lock, so that either the
 * sleeper sees that it is to give up, or the other sees where it sleeps.
 */
#include <mm/lockorder.h>
#include <mm/removal_private.h>
#include <kernel/errno.h>

/* Guards under_way, its asleep_on, and the three that remember. (irq) */
static struct spinlock removing = SPINLOCK_INIT("removing", RANK_REMOVING);
static struct removal *under_way;
static struct removal last;
static int last_error;
static bool any_ended;

struct waitq removal_waitq = WAITQ_INIT(removal_waitq);
static atomic64_t frames_freed;

void removal_frame_freed(void)
{
    /* Full barrier: a sleeper that is not on the queue yet sees the count. */
    atomic_inc(&frames_freed);
    if (waitq_busy(&removal_waitq))
        wake_up_all(&removal_waitq);
}

u64 removal_frames_freed(void)
{
    return (u64)atomic_read(&frames_freed);
}

bool removal_should_stop(struct removal *r)
{
    return atomic_read(&r->cancelled) || READ_ONCE(r->expired) ||
           (r->interruptible && signal_is_pending());
}

static void set_asleep_on(struct removal *r, struct waitq *q)
{
    u64 flags = spin_lock_irqsave(&removing);

    r->asleep_on = q;
    spin_unlock_irqrestore(&removing, flags);
}

static int wait_within_limits(struct removal *r, struct waitq *q,
                              bool (*done)(void *arg), void *arg)
{
    struct waiter w;
    int err;

    for (;;) {
        wait_prepare(q, &w);
        err = 0;
        if (done(arg))
            break;
        err = -EINTR;
        if (removal_should_stop(r))
            break;
        r->waited++;
        wait_sleep(&w, r->interruptible ? WAIT_SIGNAL : WAIT_PLAIN);
    }
    wait_finish(q, &w);
    return err;
}

int removal_wait(struct removal *r, struct waitq *q, bool (*done)(void *arg),
                 void *arg)
{
    int err;

    if (!r) {
        wait_event(q, done(arg));
        return 0;
    }
    might_sleep();
    set_asleep_on(r, q);
    err = wait_within_limits(r, q, done, arg);
    set_asleep_on(r, NULL);
    return err;
}

/* The removing lock is held. */
static void wake_removal(struct removal *r)
{
    if (r->asleep_on)
        wake_up_all(r->asleep_on);
}

/* The timer's, in an interrupt. It is cancelled before r goes away. */
static void limit_reached(void *arg)
{
    struct removal *r = arg;
    u64 flags = spin_lock_irqsave(&removing);

    WRITE_ONCE(r->expired, true);
    wake_removal(r);
    spin_unlock_irqrestore(&removing, flags);
}

bool removal_cancel(void)
{
    u64 flags = spin_lock_irqsave(&removing);
    struct removal *r = under_way;

    if (r) {
        atomic_set(&r->cancelled, 1);
        wake_removal(r);
    }
    spin_unlock_irqrestore(&removing, flags);
    return r != NULL;
}

bool removal_under_way(void)
{
    return READ_ONCE(under_way) != NULL;
}

void removal_begin(struct removal *r)
{
    u64 flags;

    r->passes = 0;
    r->moved = r->refused = r->waited = 0;
    r->why[0] = 0;
    r->expired = false;
    r->asleep_on = NULL;
    timer_init(&r->limit, limit_reached, r);
    flags = spin_lock_irqsave(&removing);
    under_way = r;
    spin_unlock_irqrestore(&removing, flags);
    if (r->max_ns)
        timer_arm(&r->limit, now_ns() + r->max_ns);
}

void removal_end(struct removal *r, int error)
{
    u64 flags;

    timer_cancel(&r->limit);
    flags = spin_lock_irqsave(&removing);
    under_way = NULL;
    last = *r;
    last_error = error;
    any_ended = true;
    spin_unlock_irqrestore(&removing, flags);
}

bool removal_last(struct removal *out, int *error)
{
    u64 flags = spin_lock_irqsave(&removing);
    bool any = any_ended;

    if (any) {
        *out = last;
        *error = last_error;
    }
    spin_unlock_irqrestore(&removing, flags);
    return any;
}
