/* SPDX-License-Identifier: MIT */
/*
 * Whose turn it is, how long a removal tries, and sleeping within its limits.
 *
 * One removal is under way at a time; the others wait for their turn as they
 * wait for anything else: a signal or the time limit ends it.
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

/* Guards under_way, each one's asleep_on, and the three that remember. (irq) */
static struct spinlock removing = SPINLOCK_INIT("removing", RANK_REMOVING);
static struct removal *under_way;
static struct waitq turn_waitq = WAITQ_INIT(turn_waitq);
/* For the order checker: who has the turn, or waits for it, as with a mutex. */
static const struct lock_class turn = {"removal", RANK_REMOVAL};
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

/* A wait that has a limit of its own. */
struct brief_wait {
    struct timer timer;
    struct waitq *q;
    bool (*done)(void *arg);
    void *arg;
    bool over; /* set by the timer */
};

static void brief_wait_over(void *arg)
{
    struct brief_wait *b = arg;

    WRITE_ONCE(b->over, true);
    wake_up_all(b->q);
}

static bool done_or_over(void *arg)
{
    struct brief_wait *b = arg;

    return b->done(b->arg) || READ_ONCE(b->over);
}

int removal_wait_until(struct removal *r, u64 when, struct waitq *q,
                       bool (*done)(void *arg), void *arg)
{
    struct brief_wait b = {.q = q, .done = done, .arg = arg};
    int err;

    if (when == TIME_NEVER)
        return removal_wait(r, q, done, arg);
    if (done(arg)) /* a second look might say no, and there is no timer yet */
        return 0;
    timer_init(&b.timer, brief_wait_over, &b);
    timer_arm(&b.timer, when);
    err = removal_wait(r, q, done_or_over, &b);
    timer_cancel(&b.timer);
    return err || done(arg) ? err : -EAGAIN;
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

bool removal_covers(u32 first, u32 count)
{
    u64 flags = spin_lock_irqsave(&removing);
    struct removal *r = under_way;
    bool covers = r && first < r->first + r->count && r->first < first + count;

    spin_unlock_irqrestore(&removing, flags);
    return covers;
}

static bool got_turn(void *arg)
{
    u64 flags = spin_lock_irqsave(&removing);
    bool mine;

    if (!under_way)
        under_way = arg;
    mine = under_way == arg;
    spin_unlock_irqrestore(&removing, flags);
    return mine;
}

int removal_begin(struct removal *r)
{
    int err;

    r->passes = 0;
    r->moved = r->refused = r->waited = 0;
    r->why[0] = 0;
    r->report = 0;
    r->expired = false;
    r->asleep_on = NULL;
    timer_init(&r->limit, limit_reached, r);
    if (r->max_ns)
        timer_arm(&r->limit, now_ns() + r->max_ns);
    lock_order_wanted(&turn, WAIT_KILL);
    err = removal_wait(r, &turn_waitq, got_turn, r);
    if (err)
        timer_cancel(&r->limit);
    else
        lock_order_taken(&turn);
    return err;
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
    lock_order_released(&turn);
    wake_up_all(&turn_waitq);
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
