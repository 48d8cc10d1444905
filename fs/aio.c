/* SPDX-License-Identifier: MIT */
/*
 * Linux AIO. On a disk opened with O_DIRECT a request is under way when
 * io_submit returns, and its event is queued by the interrupt that ends it; on
 * any other file it is done within io_submit, as Linux does too.
 *
 * A context is found by its number, in the mm that made it. It lives as long
 * as its last request: the process may be gone by then.
 */
#include <fs/aio.h>
#include <fs/fs_private.h>
#include <fs/rawio.h>
#include <fs/syscalls.h>
#include <kernel/current.h>
#include <kernel/deadline.h>
#include <kernel/print.h>
#include <kernel/uaccess.h>
#include <kernel/wait.h>
#include <mm/slab.h>

#define MAX_REQUESTS 4096
#define MAX_PIECES   1024

enum {
    CMD_PREAD,
    CMD_PWRITE,
    CMD_FSYNC,
    CMD_FDSYNC,
    CMD_PREADV = 7,
    CMD_PWRITEV
};

struct iocb {
    u64 data;
    u32 key, rw_flags;
    u16 opcode;
    u16 priority;
    u32 fd;
    u64 buf, nbytes;
    s64 offset;
    u64 reserved;
    u32 flags, resfd;
};

struct io_event {
    u64 data, obj;
    s64 res, res2;
};

struct aio_context {
    struct list_head node; /* contexts; list lock */
    struct mm *mm;         /* whose; only compared */
    u64 id;
    atomic_t refs;          /* the list, each request, each call */
    struct spinlock lock;   /* (irq) guards all below */
    struct list_head ended; /* struct aio_request */
    unsigned active, max;   /* requests submitted and not yet reaped */
    struct waitq waiters;   /* for events, and for `running` to fall */
    unsigned running;       /* requests the disk still has */
};

struct aio_request {
    struct raw_io io;
    struct aio_context *ctx;
    struct list_head node; /* ctx->ended */
    struct io_event event;
};

static struct mutex list_lock; /* guards contexts */
static struct list_head contexts = LIST_INIT(contexts);
static u64 last_id; /* list_lock */

void aio_init(void)
{
    mutex_init(&list_lock, "aio", RANK_AIO);
}

static void ctx_put(struct aio_context *c)
{
    if (atomic_dec_and_test(&c->refs))
        kfree(c);
}

/* With a reference. NULL: the process has none of that number. */
static struct aio_context *ctx_get(u64 id, bool unlist)
{
    struct aio_context *c, *found = NULL;

    mutex_lock(&list_lock);
    list_for_each_entry (c, &contexts, node)
        if (c->id == id && c->mm == current_mm())
            found = c;
    if (found && unlist)
        list_del(&found->node); /* the list's reference becomes ours */
    else if (found)
        atomic_inc(&found->refs);
    mutex_unlock(&list_lock);
    return found;
}

s64 sys_io_setup(const u64 *a)
{
    struct aio_context *c;
    u64 id;

    if (copy_from_user(&id, a[1], sizeof(id)))
        return -EFAULT;
    if (id || !a[0] || a[0] > MAX_REQUESTS)
        return -EINVAL;
    c = kzalloc(sizeof(*c), ALLOC_KERNEL);
    if (!c)
        return -ENOMEM;
    c->mm = current_mm();
    c->max = (unsigned)a[0];
    atomic_set(&c->refs, 1);
    spin_init(&c->lock, "aio events", RANK_DISK);
    list_init(&c->ended);
    waitq_init(&c->waiters);
    mutex_lock(&list_lock);
    c->id = ++last_id << PAGE_SHIFT; /* looks like the address Linux gives */
    list_add_tail(&c->node, &contexts);
    id = c->id;
    mutex_unlock(&list_lock);
    return copy_to_user(a[1], &id, sizeof(id)) ? -EFAULT : 0;
}

/* ---- the end of a request; any context ---- */

static void request_ended(struct aio_request *q, s64 res, bool was_running)
{
    struct aio_context *c = q->ctx;
    u64 flags = spin_lock_irqsave(&c->lock);

    q->event.res = res;
    list_add_tail(&q->node, &c->ended);
    c->running -= was_running;
    spin_unlock_irqrestore(&c->lock, flags);
    wake_up_all(&c->waiters);
    ctx_put(c); /* the request's; the list or a caller has another */
}

static void raw_done(struct raw_io *io)
{
    struct aio_request *q = io->private;
    s64 res =
        io->bio.error && !io->bio.done ? io->bio.error : (s64)io->bio.done;

    request_ended(q, res, true);
}

/* ---- submission ---- */

static bool is_write(unsigned op)
{
    return op == CMD_PWRITE || op == CMD_PWRITEV;
}

/* The buffer's pieces: one, or an array of them. kmalloc'ed; NULL and *err. */
static struct user_range *pieces(const struct iocb *cb, unsigned *n, int *err)
{
    bool vector = cb->opcode == CMD_PREADV || cb->opcode == CMD_PWRITEV;
    struct user_range *r;

    *n = vector ? (unsigned)cb->nbytes : 1;
    *err = vector && cb->nbytes > MAX_PIECES ? -EINVAL : -ENOMEM;
    if (*err == -EINVAL)
        return NULL;
    r = kmalloc((*n + 1) * sizeof(*r), ALLOC_KERNEL);
    if (!r)
        return NULL;
    if (!vector) {
        *r = (struct user_range){cb->buf, cb->nbytes};
    } else if (copy_from_user(r, cb->buf, *n * sizeof(*r))) {
        kfree(r);
        *err = -EFAULT;
        return NULL;
    }
    return r;
}

/* A small enough transfer within a disk: start it. 1: not that kind. */
static int try_start(struct aio_request *q, struct file *f,
                     const struct iocb *cb, struct user_range *r, unsigned n)
{
    struct blockdev *dev = f->inode ? inode_blockdev(f->inode) : NULL;
    u64 len = 0, flags;
    int err;

    for (unsigned i = 0; i < n; i++)
        len += r[i].len;
    if (!dev || !(f->flags & O_DIRECT) || !len || len > RAW_MAX ||
        raw_check(r, n, (u64)cb->offset) ||
        (u64)cb->offset + len > dev->sectors << SECTOR_SHIFT)
        return 1;
    flags = spin_lock_irqsave(&q->ctx->lock);
    q->ctx->running++;
    spin_unlock_irqrestore(&q->ctx->lock, flags);
    q->io = (struct raw_io){.done = raw_done, .private = q};
    err = raw_start(&q->io, dev, (u64)cb->offset, r, n, is_write(cb->opcode),
                    is_write(cb->opcode) ? "aio write" : "aio read");
    if (err) {
        flags = spin_lock_irqsave(&q->ctx->lock);
        q->ctx->running--;
        spin_unlock_irqrestore(&q->ctx->lock, flags);
    }
    return err;
}

static s64 do_now(struct file *f, const struct iocb *cb,
                  const struct user_range *r, unsigned n)
{
    const struct file_ops *ops = f->ops;
    bool write = is_write(cb->opcode);
    u64 pos = (u64)cb->offset;
    s64 total = 0, got = 0;

    if (ops->rw_ranges)
        return ops->rw_ranges(f, r, n, &pos, write);
    if (!(write ? ops->write : ops->read))
        return -EINVAL;
    for (unsigned i = 0; i < n; i++) {
        got = (write ? ops->write : ops->read)(f, r[i].addr, r[i].len, &pos);
        if (got > 0)
            total += got;
        if (got != (s64)r[i].len)
            break;
    }
    return total ? total : got;
}

static int run(struct aio_request *q, struct file *f, const struct iocb *cb)
{
    struct user_range *r;
    unsigned n;
    int err;

    if (cb->opcode == CMD_FSYNC || cb->opcode == CMD_FDSYNC) {
        request_ended(q, 0, false); /* writes are on the disk when they end */
        return 0;
    }
    if (cb->opcode > CMD_PWRITEV ||
        (cb->opcode > CMD_PWRITE && cb->opcode < CMD_PREADV))
        return -EINVAL;
    if ((f->flags & O_ACCMODE) == (is_write(cb->opcode) ? O_RDONLY : O_WRONLY))
        return -EBADF;
    r = pieces(cb, &n, &err);
    if (!r)
        return err;
    err = try_start(q, f, cb, r, n);
    if (err == 1) {
        request_ended(q, do_now(f, cb, r, n), false);
        err = 0;
    }
    kfree(r);
    return err;
}

/* Room for one more event? */
static int claim(struct aio_context *c)
{
    u64 flags = spin_lock_irqsave(&c->lock);
    int err = c->active < c->max ? 0 : -EAGAIN;

    c->active += !err;
    spin_unlock_irqrestore(&c->lock, flags);
    return err;
}

static void unclaim(struct aio_context *c)
{
    u64 flags = spin_lock_irqsave(&c->lock);

    c->active--;
    spin_unlock_irqrestore(&c->lock, flags);
}

static int submit_one(struct aio_context *c, u64 ucb)
{
    struct aio_request *q;
    struct iocb cb;
    struct file *f;
    int err;

    if (copy_from_user(&cb, ucb, sizeof(cb)))
        return -EFAULT;
    err = claim(c);
    if (err)
        return err;
    f = fd_get((int)cb.fd);
    q = f ? kzalloc(sizeof(*q), ALLOC_KERNEL) : NULL;
    err = f ? -ENOMEM : -EBADF;
    if (q) {
        q->ctx = c;
        q->event = (struct io_event){.data = cb.data, .obj = ucb};
        atomic_inc(&c->refs);
        err = run(q, f, &cb);
    }
    if (err) {
        if (q)
            ctx_put(c);
        kfree(q);
        unclaim(c);
    }
    if (f)
        file_put(f); /* a disk stays without it */
    return err;
}

s64 sys_io_submit(const u64 *a)
{
    struct aio_context *c;
    s64 done = 0;
    int err = 0;

    if ((s64)a[1] < 0)
        return -EINVAL;
    c = ctx_get(a[0], false);
    if (!c)
        return -EINVAL;
    for (; done < (s64)a[1] && !err; done += !err) {
        u64 ucb;

        err = copy_from_user(&ucb, a[2] + (u64)done * 8, sizeof(ucb))
                  ? -EFAULT
                  : submit_one(c, ucb);
    }
    ctx_put(c);
    return done ? done : err;
}

/* ---- events ---- */

static struct aio_request *pop(struct aio_context *c)
{
    struct aio_request *q = NULL;
    u64 flags = spin_lock_irqsave(&c->lock);

    if (!list_empty(&c->ended)) {
        q = list_first(&c->ended, struct aio_request, node);
        list_del(&q->node);
        c->active--;
    }
    spin_unlock_irqrestore(&c->lock, flags);
    return q;
}

static bool any_ended(struct aio_context *c)
{
    u64 flags = spin_lock_irqsave(&c->lock);
    bool any = !list_empty(&c->ended);

    spin_unlock_irqrestore(&c->lock, flags);
    return any;
}

static s64 reap(struct aio_context *c, s64 have, s64 max, u64 uevents)
{
    struct aio_request *q;

    while (have < max && (q = pop(c))) {
        struct io_event e = q->event;

        kfree(q);
        if (copy_to_user(uevents + (u64)have * sizeof(e), &e, sizeof(e)))
            return have ? have : -EFAULT;
        have++;
    }
    return have;
}

/* How long a caller waits; its timer wakes the context's queue. */
struct patience {
    struct timer timer;
    struct waitq *q;
    bool over; /* set once, by the timer */
};

static void patience_over(void *arg)
{
    struct patience *p = arg;

    WRITE_ONCE(p->over, true);
    wake_up_all(p->q);
}

/* Until there are `min` events, the time is over, or a signal comes. */
static s64 gather_events(struct aio_context *c, s64 min, s64 max, u64 uevents,
                         struct patience *p)
{
    s64 have = reap(c, 0, max, uevents);
    int err = 0;

    while (have >= 0 && have < min && !err && !READ_ONCE(p->over)) {
        err = wait_event_interruptible(&c->waiters,
                                       any_ended(c) || READ_ONCE(p->over));
        have = reap(c, have, max, uevents);
    }
    return have || !err ? have : -EINTR;
}

s64 sys_io_getevents(const u64 *a)
{
    struct patience p = {0};
    struct aio_context *c;
    u64 ns = NO_DEADLINE;
    s64 have;
    int err;

    if ((s64)a[1] < 0 || (s64)a[2] < (s64)a[1])
        return -EINVAL;
    err = a[4] ? get_timespec(a[4], &ns) : 0;
    if (err)
        return err;
    c = ctx_get(a[0], false);
    if (!c)
        return -EINVAL;
    p.q = &c->waiters;
    timer_init(&p.timer, patience_over, &p);
    if (ns != NO_DEADLINE)
        timer_arm(&p.timer, deadline_in(ns));
    have = gather_events(c, (s64)a[1], (s64)a[2], a[3], &p);
    timer_cancel(&p.timer);
    ctx_put(c);
    return have;
}

/* ---- the end of a context ---- */

static bool is_quiet(struct aio_context *c)
{
    u64 flags = spin_lock_irqsave(&c->lock);
    bool quiet = c->running == 0;

    spin_unlock_irqrestore(&c->lock, flags);
    return quiet;
}

static void forget_events(struct aio_context *c)
{
    struct aio_request *q;

    while ((q = pop(c)))
        kfree(q);
}

s64 sys_io_destroy(const u64 *a)
{
    struct aio_context *c = ctx_get(a[0], true);

    if (!c)
        return -EINVAL;
    wait_event(&c->waiters, is_quiet(c));
    forget_events(c);
    ctx_put(c);
    return 0;
}

s64 sys_io_cancel(const u64 *a)
{
    (void)a;
    return -EINVAL; /* DMA cannot be called back */
}

void aio_exit_mm(struct mm *mm)
{
    struct aio_context *c, *next;
    struct list_head mine = LIST_INIT(mine);

    mutex_lock(&list_lock);
    list_for_each_entry_safe (c, next, &contexts, node)
        if (c->mm == mm)
            list_move(&c->node, &mine);
    mutex_unlock(&list_lock);
    list_for_each_entry_safe (c, next, &mine, node) {
        list_del(&c->node);
        wait_event(&c->waiters, is_quiet(c));
        forget_events(c);
        ctx_put(c);
    }
}
