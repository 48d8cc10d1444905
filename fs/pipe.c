/* SPDX-License-Identifier: MIT */
/*
 * Pipes and FIFOs: reading and writing. What is in a pipe is a list of pieces
 * of pages (fs/pipe.h), 16 of them at most if nobody asks for more.
 *
 * The mutex guards everything; who has to wait lets go of it and sleeps until
 * a look without it says that it may be worth while, and then looks again
 * with it. All sleepers share one queue, which poll uses, too.
 *
 * A write of up to PIPE_BUF bytes waits until there is room for all of it:
 * it goes in whole, whoever else writes.
 */
#include <fs/pipe.h>
#include <kernel/process.h>
#include <kernel/testpoint.h>
#include <kernel/uaccess.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/zone.h>

#define PIPE_MAX_SIZE (1u << 31)

struct pipe *pipe_alloc(void)
{
    struct pipe *p = kzalloc(sizeof(*p), ALLOC_KERNEL);

    if (!p)
        return NULL;
    mutex_init(&p->lock, "pipe", RANK_PIPE);
    waitq_init(&p->queue);
    p->changed = &p->queue;
    list_init(&p->pieces);
    p->max = PIPE_SLOTS;
    return p;
}

struct pipe *file_pipe(const struct file *f)
{
    return f->inode && is_kind(f->inode, S_IFIFO) ? f->inode->private : NULL;
}

/* ---- pieces ---- */

struct pipe_piece *piece_create(void)
{
    struct pipe_piece *b = kzalloc(sizeof(*b), ALLOC_KERNEL);

    if (b)
        list_init(&b->node);
    return b;
}

void piece_free(struct pipe_piece *b)
{
    struct pipe_pin *pin = b->pin;

    if (pin && atomic_dec_and_test(&pin->refs)) {
        unpin_user_pages(&pin->set, false);
        kfree(pin);
    } else if (!pin && b->page) {
        put_page(b->page);
    }
    kfree(b);
}

struct pipe_piece *piece_share(struct pipe_piece *b, u32 len)
{
    struct pipe_piece *copy = piece_create();

    if (!copy)
        return NULL;
    copy->page = b->page;
    copy->pin = b->pin;
    copy->off = b->off;
    copy->len = len;
    copy->packet = b->packet;
    if (b->pin)
        atomic_inc(&b->pin->refs);
    else
        get_page(b->page);
    b->own = false;
    return copy;
}

void pipe_push(struct pipe *p, struct pipe_piece *b)
{
    list_add_tail(&b->node, &p->pieces);
    p->nr++;
    WRITE_ONCE(p->bytes, p->bytes + b->len);
}

struct pipe_piece *pipe_first(struct pipe *p)
{
    if (list_empty(&p->pieces))
        return NULL;
    return list_first(&p->pieces, struct pipe_piece, node);
}

/* An own page that has been read is the next one to be written. */
static void retire(struct pipe *p, struct pipe_piece *b)
{
    list_del(&b->node);
    p->nr--;
    if (!b->own || p->spare) {
        piece_free(b);
        return;
    }
    b->off = b->len = 0;
    p->spare = b;
}

void pipe_consume(struct pipe *p, u32 n)
{
    struct pipe_piece *b = pipe_first(p);

    WRITE_ONCE(p->bytes, p->bytes - n);
    b->off += n;
    b->len -= n;
    if (!b->len)
        retire(p, b);
}

void pipe_clear(struct pipe *p)
{
    struct pipe_piece *b;

    while ((b = pipe_first(p))) {
        list_del(&b->node);
        piece_free(b);
    }
    if (p->spare)
        piece_free(p->spare);
    p->spare = NULL;
    p->nr = 0;
    WRITE_ONCE(p->bytes, 0);
}

/* A free place takes PIPE_BUF bytes. Without the lock: a hint. */
static bool has_place(struct pipe *p)
{
    return READ_ONCE(p->nr) < READ_ONCE(p->max);
}

static u64 total(const struct user_range *r, unsigned n)
{
    u64 sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += r[i].len;
    return sum;
}

/* ---- reading ---- */

int pipe_wait_bytes(struct pipe *p, int how, bool *end)
{
    for (;;) {
        if (mutex_lock_killable(&p->lock))
            return -EINTR;
        *end = !p->bytes && !p->writers;
        if (p->bytes || *end)
            return 0;
        mutex_unlock(&p->lock);
        if (how & PIPE_NO_WAIT)
            return -EAGAIN;
        if (wait_event_interruptible(p->changed, READ_ONCE(p->bytes) ||
                                                     !READ_ONCE(p->writers)))
            return -ERESTARTSYS;
    }
}

/* What there is, up to len, while there are `only` pieces or more. Bytes, or
   -EFAULT if there are none. Lock held. */
static s64 take(struct pipe *p, u64 ubuf, u64 len, unsigned only)
{
    struct pipe_piece *b;
    u64 done = 0;

    while (done < len && p->nr >= only && (b = pipe_first(p))) {
        u32 n = (u32)min_u64(len - done, b->len);
        char *from = (char *)page_to_virt(b->page) + b->off;

        testpoint("pipe.locked");
        if (copy_to_user(ubuf + done, from, n))
            return done ? (s64)done : -EFAULT;
        done += n;
        pipe_consume(p, n);
    }
    return (s64)done;
}

/* The number of pieces at which a read stops: a packet is read alone. Lock
   held. */
static unsigned stop_at(struct pipe *p)
{
    struct pipe_piece *b = pipe_first(p);

    return b && b->packet ? p->nr : 0;
}

/* A packet that was not read whole is gone. Lock held. */
static void drop_packet_rest(struct pipe *p, unsigned only)
{
    if (only && p->nr == only)
        pipe_consume(p, pipe_first(p)->len);
}

s64 pipe_read(struct pipe *p, const struct user_range *r, unsigned n, int how)
{
    s64 done = 0, got = 0;
    unsigned only;
    bool end, was_full;
    int err;

    if (!total(r, n))
        return 0;
    err = pipe_wait_bytes(p, how, &end);
    if (err)
        return err;
    only = stop_at(p);
    was_full = !has_place(p);
    for (unsigned i = 0; i < n && !end; i++) {
        got = take(p, r[i].addr, r[i].len, only);
        if (got > 0)
            done += got;
        if (got < 0 || (u64)got < r[i].len)
            break;
    }
    if (done)
        drop_packet_rest(p, only);
    was_full = was_full && has_place(p);
    mutex_unlock(&p->lock);
    if (was_full) /* writers wait for a place, and for nothing else */
        wake_up_all(p->changed);
    return done ? done : got;
}

/* ---- writing ---- */

/* How much more goes into the last piece? */
static u32 tail_room(struct pipe *p)
{
    struct pipe_piece *b;

    if (list_empty(&p->pieces))
        return 0;
    b = list_last(&p->pieces, struct pipe_piece, node);
    return b->own && !b->packet ? (u32)PAGE_SIZE - b->off - b->len : 0;
}

/* A place for the next bytes: the last piece, or a new one that is not in the
   pipe yet (*fresh). NULL: no room; *err: or no memory. */
static struct pipe_piece *place(struct pipe *p, bool packet, bool *fresh,
                                int *err)
{
    struct pipe_piece *b = p->spare;

    *fresh = packet || !tail_room(p);
    if (!*fresh)
        return list_last(&p->pieces, struct pipe_piece, node);
    if (p->nr >= p->max)
        return NULL;
    p->spare = NULL;
    if (!b) {
        b = piece_create();
        if (b)
            b->page = alloc_page(ALLOC_KERNEL, PAGE_KERNEL);
        if (b && !b->page) {
            piece_free(b);
            b = NULL;
        }
        *err = b ? 0 : -ENOMEM;
    }
    if (b) {
        b->own = true;
        b->packet = packet;
    }
    return b;
}

/* Bytes go in when they are all there. As `take`. */
static s64 put(struct pipe *p, u64 ubuf, u64 len, bool packet)
{
    struct pipe_piece *b;
    bool fresh;
    u64 done = 0;
    int err = 0;

    while (done < len && (b = place(p, packet, &fresh, &err))) {
        u32 at = b->off + b->len;
        u32 n = (u32)min_u64(len - done, PAGE_SIZE - at);

        err =
            copy_from_user((char *)page_to_virt(b->page) + at, ubuf + done, n);
        if (err) {
            if (fresh)
                piece_free(b);
            break;
        }
        if (fresh) {
            b->len = n;
            pipe_push(p, b);
        } else {
            b->len += n;
            WRITE_ONCE(p->bytes, p->bytes + n);
        }
        done += n;
    }
    return done ? (s64)done : err;
}

/* Nobody will ever read it. */
static int broken_pipe(int how)
{
    struct siginfo_min info = {.signo = SIGPIPE, .pid = current_pid()};

    if (!(how & PIPE_QUIET))
        signal_task(current_task(), SIGPIPE, &info);
    return -EPIPE;
}

/* A pipe's writer always has its own end; a socket's may be shut down. */
static bool is_broken(struct pipe *p)
{
    return !READ_ONCE(p->readers) || !READ_ONCE(p->writers);
}

int pipe_wait_room(struct pipe *p, int how, u64 want)
{
    for (;;) {
        if (mutex_lock_killable(&p->lock))
            return -EINTR;
        if (!is_broken(p) && (has_place(p) || (want && tail_room(p) >= want)))
            return 0;
        mutex_unlock(&p->lock);
        if (is_broken(p))
            return broken_pipe(how);
        if (how & PIPE_NO_WAIT)
            return -EAGAIN;
        if (wait_event_interruptible(p->changed, has_place(p) || is_broken(p)))
            return -ERESTARTSYS;
    }
}

/* All of one range; the lock is held, here and afterwards (unless *err). */
static u64 put_all(struct pipe *p, const struct user_range *r, int how,
                   int *err)
{
    u64 done = 0;
    s64 n;

    while (done < r->len) {
        n = put(p, r->addr + done, r->len - done, how & PIPE_PACKET);
        if (n > 0) {
            done += (u64)n;
            continue;
        }
        mutex_unlock(&p->lock);
        wake_up_all(p->changed); /* readers first, or no room will come */
        *err = n < 0 ? (int)n : pipe_wait_room(p, how, 1);
        if (*err)
            break;
    }
    return done;
}

s64 pipe_write(struct pipe *p, const struct user_range *r, unsigned n, int how)
{
    u64 len = total(r, n), done = 0;
    int err;

    if (!len)
        return 0;
    err = pipe_wait_room(p, how, len <= PIPE_BUF ? len : 1);
    if (err)
        return err;
    for (unsigned i = 0; i < n && !err; i++)
        done += put_all(p, &r[i], how, &err);
    if (!err)
        mutex_unlock(&p->lock);
    wake_up_all(p->changed);
    return done ? (s64)done : err;
}

static s64 pipe_rw(struct file *f, const struct user_range *r, unsigned n,
                   u64 *pos, bool write)
{
    u32 flags = READ_ONCE(f->flags);
    int how = (flags & O_NONBLOCK ? PIPE_NO_WAIT : 0) |
              (flags & O_DIRECT ? PIPE_PACKET : 0);

    (void)pos;
    return write ? pipe_write(file_pipe(f), r, n, how)
                 : pipe_read(file_pipe(f), r, n, how);
}

/* ---- asking ---- */

static int pipe_poll(struct file *f, struct waitq **wait_on)
{
    struct pipe *p = file_pipe(f);
    u32 mode = f->flags & O_ACCMODE;
    int bits = 0;

    *wait_on = p->changed;
    if (mode != O_WRONLY) {
        bits |= READ_ONCE(p->bytes) ? POLLIN : 0;
        bits |= READ_ONCE(p->writers) ? 0 : POLLHUP;
    }
    if (mode != O_RDONLY) {
        bits |= has_place(p) ? POLLOUT : 0;
        bits |= READ_ONCE(p->readers) ? 0 : POLLERR;
    }
    return bits;
}

static s64 pipe_ioctl(struct file *f, u32 cmd, u64 arg)
{
    u64 bytes = READ_ONCE(file_pipe(f)->bytes);

    return cmd == FIONREAD ? put_user_u32(arg, (u32)bytes) : -ENOTTY;
}

/* A power of two of pages, which only bounds what may be in it. */
s64 pipe_set_size(struct pipe *p, u64 size)
{
    unsigned max = 1;
    bool fits;

    if (size > PIPE_MAX_SIZE)
        return -EINVAL;
    while (max * PAGE_SIZE < size)
        max *= 2;
    if (mutex_lock_killable(&p->lock))
        return -EINTR;
    fits = p->nr <= max;
    if (fits)
        WRITE_ONCE(p->max, max);
    mutex_unlock(&p->lock);
    wake_up_all(p->changed);
    return fits ? (s64)(max * PAGE_SIZE) : -EBUSY;
}

s64 pipe_get_size(struct pipe *p)
{
    return (s64)(READ_ONCE(p->max) * PAGE_SIZE);
}

const struct file_ops fifo_ops = {
    .open = fifo_open,
    .release = pipe_release,
    .rw_ranges = pipe_rw,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .forget = pipe_forget,
};
