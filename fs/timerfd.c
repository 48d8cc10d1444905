/* SPDX-License-Identifier: MIT */
/*
 * timerfd: a timer as a file; a read tells how often it has expired.
 *
 * One that repeats is not armed again before somebody has asked: what passed
 * meanwhile is then computed. So a program that does not read costs nothing,
 * however short its interval.
 */
#include <fs/fs_private.h>
#include <fs/syscalls.h>
#include <kernel/itimerspec.h>
#include <kernel/uaccess.h>
#include <kernel/wait.h>
#include <mm/slab.h>

#define TFD_TIMER_ABSTIME       1u
#define TFD_TIMER_CANCEL_ON_SET 2u /* the clock is never set */

struct timerfd {
    struct timer timer;
    u32 clock;            /* fixed */
    struct spinlock lock; /* (irq) guards all below */
    u64 when;             /* of the next expiry; 0 = not armed */
    u64 interval;         /* ns, 0 = once */
    u64 ticks;            /* expired, and not read; hint without the lock */
    struct waitq expired;
};

/* In interrupt context. It may have been set again just before. */
static void fire(void *arg)
{
    struct timerfd *t = arg;
    u64 flags = spin_lock_irqsave(&t->lock);

    if (t->when && t->when <= now_ns()) {
        WRITE_ONCE(t->ticks, t->ticks + 1);
        t->when = t->interval ? t->when + t->interval : 0;
    }
    spin_unlock_irqrestore(&t->lock, flags);
    wake_up_all(&t->expired);
}

/* Count what has passed since it last fired, and arm it for what comes. Lock
   held. */
static void catch_up(struct timerfd *t)
{
    u64 now = now_ns();

    if (!t->when || !t->interval)
        return;
    if (t->when <= now) {
        u64 n = (now - t->when) / t->interval + 1;

        WRITE_ONCE(t->ticks, t->ticks + n);
        t->when += n * t->interval;
    }
}

/* 0: nothing has expired. */
static u64 take_ticks(struct timerfd *t)
{
    u64 flags = spin_lock_irqsave(&t->lock), n;

    if (t->ticks) {
        catch_up(t);
        if (t->when)
            timer_arm(&t->timer, t->when);
    }
    n = t->ticks;
    WRITE_ONCE(t->ticks, 0);
    spin_unlock_irqrestore(&t->lock, flags);
    return n;
}

static s64 timerfd_read(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    struct timerfd *t = f->private;
    u64 n;

    (void)pos;
    if (len < sizeof(n))
        return -EINVAL;
    while (!(n = take_ticks(t))) {
        if (READ_ONCE(f->flags) & O_NONBLOCK)
            return -EAGAIN;
        if (wait_event_interruptible(&t->expired, READ_ONCE(t->ticks)))
            return -ERESTARTSYS;
    }
    return copy_to_user(ubuf, &n, sizeof(n)) ? -EFAULT : (s64)sizeof(n);
}

static int timerfd_poll(struct file *f, struct waitq **wait_on)
{
    struct timerfd *t = f->private;

    *wait_on = &t->expired;
    return READ_ONCE(t->ticks) ? POLLIN : 0;
}

static void timerfd_release(struct file *f)
{
    struct timerfd *t = f->private;

    (void)timer_cancel(&t->timer);
    kfree(t);
}

static const struct file_ops timerfd_ops = {
    .release = timerfd_release,
    .read = timerfd_read,
    .poll = timerfd_poll,
};

/* clock, flags */
s64 sys_timerfd_create(const u64 *a)
{
    u32 flags = (u32)a[1];
    struct timerfd *t;

    if (!clock_can_wake((u32)a[0]) || (flags & ~(O_CLOEXEC | O_NONBLOCK)))
        return -EINVAL;
    t = kzalloc(sizeof(*t), ALLOC_KERNEL);
    if (!t)
        return -ENOMEM;
    t->clock = (u32)a[0];
    timer_init(&t->timer, fire, t);
    spin_init(&t->lock, "timerfd", RANK_EVENT);
    waitq_init(&t->expired);
    return anon_file(&timerfd_ops, t, O_RDWR | flags);
}

static struct itimerspec_ns left(struct timerfd *t)
{
    u64 flags = spin_lock_irqsave(&t->lock), now;
    struct itimerspec_ns s = {.interval = t->interval};

    catch_up(t);
    now = now_ns();
    if (t->when)
        s.value = t->when > now ? t->when - now : 1;
    spin_unlock_irqrestore(&t->lock, flags);
    return s;
}

static void set(struct timerfd *t, const struct itimerspec_ns *s, u64 when)
{
    u64 flags;

    (void)timer_cancel(&t->timer); /* without the lock that it takes */
    flags = spin_lock_irqsave(&t->lock);
    t->interval = s->interval;
    t->when = when;
    WRITE_ONCE(t->ticks, 0);
    if (when)
        timer_arm(&t->timer, when);
    spin_unlock_irqrestore(&t->lock, flags);
}

static struct timerfd *get(int fd, struct file **f, s64 *err)
{
    *f = fd_get(fd);
    *err = *f ? -EINVAL : -EBADF;
    if (*f && (*f)->ops == &timerfd_ops)
        return (*f)->private;
    if (*f)
        file_put(*f);
    return NULL;
}

/* fd, flags, new, old */
s64 sys_timerfd_settime(const u64 *a)
{
    u32 flags = (u32)a[1];
    struct itimerspec_ns new, old;
    struct timerfd *t;
    struct file *f;
    s64 ret;

    if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
        return -EINVAL;
    ret = get_itimerspec(a[2], &new);
    if (ret)
        return ret;
    t = get((int)a[0], &f, &ret);
    if (!t)
        return ret;
    old = left(t);
    set(t, &new, itimerspec_when(&new, flags & TFD_TIMER_ABSTIME, t->clock));
    ret = a[3] ? put_itimerspec(a[3], &old) : 0;
    file_put(f);
    return ret;
}

/* fd, where to */
s64 sys_timerfd_gettime(const u64 *a)
{
    struct itimerspec_ns now;
    struct timerfd *t;
    struct file *f;
    s64 ret;

    t = get((int)a[0], &f, &ret);
    if (!t)
        return ret;
    now = left(t);
    ret = put_itimerspec(a[1], &now);
    file_put(f);
    return ret;
}
