/* SPDX-License-Identifier: MIT */
/*
 * Linux AIO: io_submit. On a disk opened with O_DIRECT a request is under way
 * when io_submit returns, and the interrupt that ends it queues its event; so
 * is a flush. On any other file it is done within io_submit, as Linux does
 * too; and so is a transfer that is larger than AIO_MAX or crosses the end of
 * the disk, as that takes several steps.
 */
#include <fs/aio_private.h>
#include <fs/eventfd.h>
#include <fs/fs_private.h>
#include <fs/syscalls.h>
#include <kernel/uaccess.h>
#include <mm/slab.h>

#define AIO_MAX    (4u << 20) /* bytes: a thousand pins */
#define MAX_PIECES 1024u
#define RW_MAX     0x7ffff000ull /* bytes, as for read and write */

#define IOCB_FLAG_RESFD 1u

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

static bool is_write(const struct iocb *cb)
{
    return cb->opcode == CMD_PWRITE || cb->opcode == CMD_PWRITEV;
}

static bool is_vector(const struct iocb *cb)
{
    return cb->opcode == CMD_PREADV || cb->opcode == CMD_PWRITEV;
}

/* ---- flush ---- */

static void flush_done(struct bio *bio)
{
    aio_end(bio->private, bio->error);
}

/* What sys_fsync does, without the wait. */
static int start_flush(struct aio_request *q, struct file *f)
{
    struct blockdev *dev = f->inode ? inode_blockdev(f->inode) : NULL;

    if (!dev) {
        if (!f->inode ||
            !(is_kind(f->inode, S_IFREG) || is_kind(f->inode, S_IFDIR)))
            return -EINVAL;
        aio_end(q, 0);
        return 0;
    }
    q->io.bio = (struct bio){
        .dev = dev, .op = BIO_FLUSH, .end = flush_done, .private = q};
    bio_submit(&q->io.bio);
    return 0;
}

/* ---- reading and writing ---- */

/* What was written is durable, or nobody knows what of it will stay. */
static void sync_done(struct bio *bio)
{
    struct aio_request *q = bio->private;

    aio_end(q, bio->error ? bio->error : q->event.res);
}

/* The pins are gone, and the bio is ours again. */
static void raw_done(struct raw_io *io)
{
    struct aio_request *q = io->private;
    struct bio *bio = &io->bio;

    if (!bio->done || !q->sync) {
        aio_end(q, bio->error && !bio->done ? bio->error : (s64)bio->done);
        return;
    }
    q->event.res = (s64)bio->done;
    *bio = (struct bio){
        .dev = bio->dev, .op = BIO_FLUSH, .end = sync_done, .private = q};
    bio_submit(bio);
}

/* Lengths that cannot be are refused. */
static int check_lengths(const struct user_range *r, unsigned n)
{
    u64 room = RW_MAX;

    for (unsigned i = 0; i < n; i++) {
        if (r[i].len > room)
            return -EINVAL;
        room -= r[i].len;
    }
    return 0;
}

/* The buffer's pieces: one, or an array of them. 0, and kmalloc'ed. */
static int get_pieces(const struct iocb *cb, struct user_range **pieces,
                      unsigned *n)
{
    struct user_range *r;
    int err = 0;

    if (is_vector(cb) && cb->nbytes > MAX_PIECES)
        return -EINVAL;
    *n = is_vector(cb) ? (unsigned)cb->nbytes : 1;
    r = kmalloc((*n + 1) * sizeof(*r), ALLOC_KERNEL);
    if (!r)
        return -ENOMEM;
    *r = (struct user_range){cb->buf, cb->nbytes};
    if (is_vector(cb))
        err = copy_from_user(r, cb->buf, *n * sizeof(*r));
    if (!err)
        err = check_lengths(r, *n);
    if (err)
        kfree(r);
    else
        *pieces = r;
    return err;
}

/* Can this be one transfer between a disk and the pieces? */
static bool is_raw(const struct file *f, const struct iocb *cb,
                   const struct user_range *r, unsigned n)
{
    const struct blockdev *dev = f->inode ? inode_blockdev(f->inode) : NULL;
    u64 len = 0, end;

    for (unsigned i = 0; i < n; i++)
        len += r[i].len;
    if (!dev || !(READ_ONCE(f->flags) & O_DIRECT) || !len || len > AIO_MAX)
        return false;
    end = (u64)cb->offset + len; /* the offset is not negative */
    return !raw_check(r, n, (u64)cb->offset) && end <= dev->sectors
                                                           << SECTOR_SHIFT;
}

/* A buffer that is not the program's memory is an event, too: as in Linux, only
   what is wrong with the request itself is io_submit's error. */
static void start_raw(struct aio_request *q, struct file *f,
                      const struct iocb *cb, const struct user_range *r,
                      unsigned n)
{
    bool write = is_write(cb);
    int err;

    q->io = (struct raw_io){.done = raw_done, .private = q};
    q->sync = wants_sync(f, cb->rw_flags, write);
    err = raw_start(&q->io, inode_blockdev(f->inode), (u64)cb->offset, r, n,
                    write, write ? "aio write" : "aio read");
    if (err)
        aio_end(q, err);
}

static int check_rw(const struct file *f, const struct iocb *cb)
{
    const struct file_ops *ops = f->ops;
    int err = check_rw_flags(f, cb->rw_flags);

    if (err)
        return err;
    if ((f->flags & O_ACCMODE) == (is_write(cb) ? O_RDONLY : O_WRONLY))
        return -EBADF;
    if (cb->offset < 0)
        return -EINVAL;
    if (!ops->rw_ranges && !(is_write(cb) ? ops->write : ops->read))
        return -EINVAL;
    return 0;
}

/* An event cannot ask to be submitted again. */
static s64 for_event(s64 res)
{
    return res == -ERESTARTSYS ? -EINTR : res;
}

static int start_rw(struct aio_request *q, struct file *f,
                    const struct iocb *cb)
{
    struct user_range *r;
    u64 pos = (u64)cb->offset;
    unsigned n;
    int err = check_rw(f, cb);

    if (!err)
        err = get_pieces(cb, &r, &n);
    if (err)
        return err;
    if (is_raw(f, cb, r, n))
        start_raw(q, f, cb, r, n);
    else
        aio_end(q, for_event(file_transfer(f, r, n, &pos, is_write(cb),
                                           cb->rw_flags)));
    kfree(r);
    return 0;
}

/* ---- submission ---- */

/* 0: its event is there or will come, and q is not ours any more. */
static int start(struct aio_request *q, struct file *f, const struct iocb *cb)
{
    switch (cb->opcode) {
    case CMD_FSYNC:
    case CMD_FDSYNC: /* of all of the file: nothing else may be asked for */
        if (cb->buf || cb->nbytes || cb->offset || cb->rw_flags)
            return -EINVAL;
        return start_flush(q, f);
    case CMD_PREAD:
    case CMD_PWRITE:
    case CMD_PREADV:
    case CMD_PWRITEV:
        return start_rw(q, f, cb);
    }
    return -EINVAL;
}

/* With a reference on the context. NULL: *err says why. */
static struct aio_request *
make_request(struct aio_context *c, const struct iocb *cb, u64 ucb, int *err)
{
    struct aio_request *q = kzalloc(sizeof(*q), ALLOC_KERNEL);

    *err = -ENOMEM;
    if (!q)
        return NULL;
    if (cb->flags & IOCB_FLAG_RESFD) {
        q->told = eventfd_get((int)cb->resfd, err);
        if (!q->told) {
            kfree(q);
            return NULL;
        }
    }
    q->ctx = c;
    q->event = (struct io_event){.data = cb->data, .obj = ucb};
    atomic_inc(&c->refs);
    return q;
}

/* It did not start. */
static void unmake_request(struct aio_request *q)
{
    eventfd_put(q->told);
    aio_ctx_put(q->ctx);
    kfree(q);
}

/* The context has room for it. */
static int submit_claimed(struct aio_context *c, const struct iocb *cb, u64 ucb)
{
    struct file *f = fd_get((int)cb->fd);
    struct aio_request *q;
    int err;

    if (!f)
        return -EBADF;
    q = make_request(c, cb, ucb, &err);
    if (q) {
        err = start(q, f, cb);
        if (err)
            unmake_request(q);
    }
    file_put(f); /* a disk stays without it */
    return err;
}

/* A priority makes no difference here. */
static int submit_one(struct aio_context *c, u64 ucb)
{
    struct iocb cb;
    int err;

    if (copy_from_user(&cb, ucb, sizeof(cb)))
        return -EFAULT;
    if (cb.reserved)
        return -EINVAL;
    err = aio_claim(c);
    if (err)
        return err;
    err = submit_claimed(c, &cb, ucb);
    if (err)
        aio_unclaim(c);
    return err;
}

/* context, how many, array of addresses. How many were started; an error only
   if that is none. */
s64 sys_io_submit(const u64 *a)
{
    struct aio_context *c;
    s64 done = 0;
    int err = 0;

    if ((s64)a[1] < 0)
        return -EINVAL;
    c = aio_ctx_get(a[0]);
    if (!c)
        return -EINVAL;
    for (; done < (s64)a[1] && !err; done += !err) {
        u64 ucb;

        err = copy_from_user(&ucb, a[2] + (u64)done * 8, sizeof(ucb))
                  ? -EFAULT
                  : submit_one(c, ucb);
    }
    aio_ctx_put(c);
    return done ? done : err;
}
