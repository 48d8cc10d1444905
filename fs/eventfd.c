/* SPDX-License-Identifier: MIT */
/*
 * eventfd: a counter as a file. A write adds to it, a read takes all of it (or
 * one, as from a semaphore), and both wait if they must.
 */
#include <fs/eventfd.h>
#include <fs/fs_private.h>
#include <fs/syscalls.h>
#include <kernel/uaccess.h>
#include <kernel/wait.h>
#include <mm/slab.h>

#define EFD_SEMAPHORE 1u
#define COUNT_MAX     (~0ull - 1)

struct eventfd {
    atomic_t refs;        /* the open file, and who is to tell it */
    struct spinlock lock; /* (irq) guards count */
    u64 count;            /* hints without the lock */
    bool semaphore;       /* fixed */
    struct waitq changed;
};

/* 0, or what was taken. */
static u64 take(struct eventfd *e)
{
    u64 flags = spin_lock_irqsave(&e->lock);
    u64 n = e->semaphore && e->count ? 1 : e->count;

    WRITE_ONCE(e->count, e->count - n);
    spin_unlock_irqrestore(&e->lock, flags);
    return n;
}

static bool add(struct eventfd *e, u64 n)
{
    u64 flags = spin_lock_irqsave(&e->lock);
    bool fits = n <= COUNT_MAX - e->count;

    if (fits)
        WRITE_ONCE(e->count, e->count + n);
    spin_unlock_irqrestore(&e->lock, flags);
    return fits;
}

void eventfd_tell(struct eventfd *e)
{
    (void)add(e, 1);
    wake_up_all(&e->changed);
}

void eventfd_put(struct eventfd *e)
{
    if (e && atomic_dec_and_test(&e->refs))
        kfree(e);
}

static s64 eventfd_read(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    struct eventfd *e = f->private;
    u64 n;

    (void)pos;
    if (len < sizeof(n))
        return -EINVAL;
    while (!(n = take(e))) {
        if (READ_ONCE(f->flags) & O_NONBLOCK)
            return -EAGAIN;
        if (wait_event_interruptible(&e->changed, READ_ONCE(e->count)))
            return -ERESTARTSYS;
    }
    wake_up_all(&e->changed);
    return copy_to_user(ubuf, &n, sizeof(n)) ? -EFAULT : (s64)sizeof(n);
}

static s64 eventfd_write(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    struct eventfd *e = f->private;
    u64 n;

    (void)pos;
    if (len < sizeof(n))
        return -EINVAL;
    if (copy_from_user(&n, ubuf, sizeof(n)))
        return -EFAULT;
    if (n == ~0ull)
        return -EINVAL;
    while (!add(e, n)) {
        if (READ_ONCE(f->flags) & O_NONBLOCK)
            return -EAGAIN;
        if (wait_event_interruptible(&e->changed,
                                     n <= COUNT_MAX - READ_ONCE(e->count)))
            return -ERESTARTSYS;
    }
    wake_up_all(&e->changed);
    return (s64)sizeof(n);
}

static int eventfd_poll(struct file *f, struct waitq **wait_on)
{
    struct eventfd *e = f->private;
    u64 count = READ_ONCE(e->count);

    *wait_on = &e->changed;
    return (count ? POLLIN : 0) | (count < COUNT_MAX ? POLLOUT : 0);
}

static void eventfd_release(struct file *f)
{
    eventfd_put(f->private);
}

static const struct file_ops eventfd_ops = {
    .release = eventfd_release,
    .read = eventfd_read,
    .write = eventfd_write,
    .poll = eventfd_poll,
};

struct eventfd *eventfd_get(int fd, int *err)
{
    struct file *f = fd_get(fd);
    struct eventfd *e = NULL;

    *err = f ? -EINVAL : -EBADF;
    if (!f)
        return NULL;
    if (f->ops == &eventfd_ops) {
        e = f->private;
        atomic_inc(&e->refs);
    }
    file_put(f);
    return e;
}

static s64 make(u32 count, u32 flags)
{
    struct eventfd *e;

    if (flags & ~(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    e = kzalloc(sizeof(*e), ALLOC_KERNEL);
    if (!e)
        return -ENOMEM;
    spin_init(&e->lock, "eventfd", RANK_EVENT);
    waitq_init(&e->changed);
    atomic_set(&e->refs, 1);
    e->count = count;
    e->semaphore = flags & EFD_SEMAPHORE;
    return anon_file(&eventfd_ops, e, O_RDWR | (flags & ~EFD_SEMAPHORE));
}

s64 sys_eventfd(const u64 *a)
{
    return make((u32)a[0], 0);
}

s64 sys_eventfd2(const u64 *a)
{
    return make((u32)a[0], (u32)a[1]);
}
