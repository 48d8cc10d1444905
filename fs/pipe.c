/* SPDX-License-Identifier: MIT */
/*
 * Pipes and FIFOs: 64 KiB of bytes in a ring of pages, made when first
 * needed. The pipe belongs to the inode; an end is an open file.
 *
 * The mutex guards everything; who has to wait lets go of it and sleeps until
 * a look without it says that it may be worth while, and then looks again
 * with it. All sleepers share one queue, which poll uses, too.
 *
 * A write of up to PIPE_BUF bytes waits until there is room for all of it:
 * it goes in whole, whoever else writes.
 */
#include <fs/fs_private.h>
#include <fs/syscalls.h>
#include <kernel/process.h>
#include <kernel/uaccess.h>
#include <mm/gup.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/zone.h>

#define PIPE_BUF   4096u
#define PIPE_PAGES (PIPE_SIZE / PAGE_SIZE)

struct pipe {
    struct mutex lock;
    struct waitq changed;          /* bytes, room, or an end came or went */
    struct page *page[PIPE_PAGES]; /* lock; NULL: not needed so far */
    u64 head;                      /* bytes ever read; lock */
    u64 tail;                      /* bytes ever written; lock */
    unsigned readers, writers;     /* open ends; lock */
    unsigned reader_opens, writer_opens; /* ever, for open's wait; lock */
};

struct pipe *pipe_alloc(void)
{
    struct pipe *p = kzalloc(sizeof(*p), ALLOC_KERNEL);

    if (!p)
        return NULL;
    mutex_init(&p->lock, "pipe", RANK_PIPE);
    waitq_init(&p->changed);
    return p;
}

static void drop_pages(struct pipe *p)
{
    for (unsigned i = 0; i < PIPE_PAGES; i++) {
        if (p->page[i])
            put_page(p->page[i]);
        p->page[i] = NULL;
    }
}

/* NULL: there was no memory for it. */
static void pipe_forget(struct inode *inode)
{
    if (inode->private)
        drop_pages(inode->private);
    kfree(inode->private);
}

static struct pipe *pipe_of(struct file *f)
{
    return f->inode->private;
}

/* These two also without the lock, as a hint for sleepers. */
static u64 pipe_bytes(struct pipe *p)
{
    return READ_ONCE(p->tail) - READ_ONCE(p->head);
}

static u64 pipe_room(struct pipe *p)
{
    return PIPE_SIZE - pipe_bytes(p);
}

/* Bytes from position `at` to the end of its page, at most n. */
static u64 piece(u64 at, u64 n)
{
    return min_u64(n, PAGE_SIZE - at % PAGE_SIZE);
}

static struct page **page_at(struct pipe *p, u64 at)
{
    return &p->page[at / PAGE_SIZE % PIPE_PAGES];
}

static u64 total(const struct user_range *r, unsigned n)
{
    u64 sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += r[i].len;
    return sum;
}

/* ---- reading ---- */

/* What there is, up to len. Bytes, or -EFAULT if there are none. Lock held. */
static s64 take(struct pipe *p, u64 ubuf, u64 len)
{
    u64 done = 0;

    len = min_u64(len, pipe_bytes(p));
    while (done < len) {
        u64 n = piece(p->head, len - done);
        char *from = page_to_virt(*page_at(p, p->head));

        if (copy_to_user(ubuf + done, from + p->head % PAGE_SIZE, n))
            return done ? (s64)done : -EFAULT;
        WRITE_ONCE(p->head, p->head + n);
        done += n;
    }
    return (s64)done;
}

/* Returns 0 with the lock held and something to read, or the end (*end); or
   -errno without it. */
static int wait_for_bytes(struct file *f, struct pipe *p, bool *end)
{
    for (;;) {
        mutex_lock(&p->lock);
        *end = !pipe_bytes(p) && !p->writers;
        if (pipe_bytes(p) || *end)
            return 0;
        mutex_unlock(&p->lock);
        if (READ_ONCE(f->flags) & O_NONBLOCK)
            return -EAGAIN;
        if (wait_event_interruptible(&p->changed,
                                     pipe_bytes(p) || !READ_ONCE(p->writers)))
            return -ERESTARTSYS;
    }
}

/* Waits only for the first byte. */
static s64 pipe_read(struct file *f, const struct user_range *r, unsigned n)
{
    struct pipe *p = pipe_of(f);
    s64 done = 0, got = 0;
    bool end;
    int err;

    if (!total(r, n))
        return 0;
    err = wait_for_bytes(f, p, &end);
    if (err)
        return err;
    for (unsigned i = 0; i < n && !end; i++) {
        got = take(p, r[i].addr, r[i].len);
        if (got > 0)
            done += got;
        if (got < 0 || (u64)got < r[i].len)
            break;
    }
    mutex_unlock(&p->lock);
    if (done)
        wake_up_all(&p->changed);
    return done ? done : got;
}

/* ---- writing ---- */

/* The tail moves when all of the bytes are there. As `take`. */
static s64 put(struct pipe *p, u64 ubuf, u64 len)
{
    u64 done = 0;

    len = min_u64(len, pipe_room(p));
    while (done < len) {
        u64 n = piece(p->tail, len - done);
        struct page **page = page_at(p, p->tail);
        char *to;

        if (!*page)
            *page = alloc_page(ALLOC_KERNEL, PAGE_KERNEL);
        if (!*page)
            return done ? (s64)done : -ENOMEM;
        to = page_to_virt(*page);
        if (copy_from_user(to + p->tail % PAGE_SIZE, ubuf + done, n))
            return done ? (s64)done : -EFAULT;
        WRITE_ONCE(p->tail, p->tail + n);
        done += n;
    }
    return (s64)done;
}

/* Nobody will ever read it. */
static int broken_pipe(void)
{
    struct siginfo_min info = {.signo = SIGPIPE, .pid = current_pid()};

    signal_task(current_task(), SIGPIPE, &info);
    return -EPIPE;
}

/* Returns 0 with the lock held and `want` bytes of room, or -errno. */
static int wait_for_room(struct file *f, struct pipe *p, u64 want)
{
    for (;;) {
        mutex_lock(&p->lock);
        if (p->readers && pipe_room(p) >= want)
            return 0;
        mutex_unlock(&p->lock);
        if (!READ_ONCE(p->readers))
            return broken_pipe();
        if (READ_ONCE(f->flags) & O_NONBLOCK)
            return -EAGAIN;
        if (wait_event_interruptible(&p->changed, pipe_room(p) >= want ||
                                                      !READ_ONCE(p->readers)))
            return -ERESTARTSYS;
    }
}

/* All of one range; the lock is held, here and afterwards (unless *err). */
static u64 put_all(struct file *f, const struct user_range *r, int *err)
{
    struct pipe *p = pipe_of(f);
    u64 done = 0;
    s64 n;

    while (done < r->len) {
        n = put(p, r->addr + done, r->len - done);
        if (n > 0) {
            done += (u64)n;
            continue;
        }
        mutex_unlock(&p->lock);
        wake_up_all(&p->changed); /* readers first, or no room will come */
        *err = n < 0 ? (int)n : wait_for_room(f, p, 1);
        if (*err)
            break;
    }
    return done;
}

static s64 pipe_write(struct file *f, const struct user_range *r, unsigned n)
{
    struct pipe *p = pipe_of(f);
    u64 len = total(r, n), done = 0;
    int err;

    if (!len)
        return 0;
    err = wait_for_room(f, p, len <= PIPE_BUF ? len : 1);
    if (err)
        return err;
    for (unsigned i = 0; i < n && !err; i++)
        done += put_all(f, &r[i], &err);
    if (!err)
        mutex_unlock(&p->lock);
    wake_up_all(&p->changed);
    return done ? (s64)done : err;
}

static s64 pipe_rw(struct file *f, const struct user_range *r, unsigned n,
                   u64 *pos, bool write)
{
    (void)pos;
    return write ? pipe_write(f, r, n) : pipe_read(f, r, n);
}

static int pipe_poll(struct file *f, struct waitq **wait_on)
{
    struct pipe *p = pipe_of(f);
    u32 mode = f->flags & O_ACCMODE;
    int bits = 0;

    *wait_on = &p->changed;
    if (mode != O_WRONLY) {
        bits |= pipe_bytes(p) ? POLLIN : 0;
        bits |= READ_ONCE(p->writers) ? 0 : POLLHUP;
    }
    if (mode != O_RDONLY) {
        bits |= pipe_room(p) >= PIPE_BUF ? POLLOUT : 0;
        bits |= READ_ONCE(p->readers) ? 0 : POLLERR;
    }
    return bits;
}

/* ---- ends ---- */

static void end_opened(struct pipe *p, u32 mode)
{
    mutex_lock(&p->lock);
    if (mode != O_WRONLY) {
        p->readers++;
        p->reader_opens++;
    }
    if (mode != O_RDONLY) {
        p->writers++;
        p->writer_opens++;
    }
    mutex_unlock(&p->lock);
    wake_up_all(&p->changed);
}

/* With the last end goes what nobody has read. */
static void pipe_release(struct file *f)
{
    struct pipe *p = pipe_of(f);
    u32 mode = f->flags & O_ACCMODE;

    mutex_lock(&p->lock);
    if (mode != O_WRONLY)
        WRITE_ONCE(p->readers, p->readers - 1);
    if (mode != O_RDONLY)
        WRITE_ONCE(p->writers, p->writers - 1);
    if (!p->readers && !p->writers) {
        p->head = p->tail;
        drop_pages(p);
    }
    mutex_unlock(&p->lock);
    wake_up_all(&p->changed);
}

/*
 * Opening a FIFO waits for the other end, which may have come and gone again
 * by the time that we look: so we wait for a count of openings to change.
 */
static int fifo_open(struct inode *inode, struct file *f)
{
    struct pipe *p = inode->private;
    u32 mode = f->flags & O_ACCMODE;
    unsigned *ends = mode == O_RDONLY ? &p->writers : &p->readers;
    unsigned *opens = mode == O_RDONLY ? &p->writer_opens : &p->reader_opens;
    unsigned seen = READ_ONCE(*opens);

    if (mode == O_WRONLY && (f->flags & O_NONBLOCK) && !READ_ONCE(*ends))
        return -ENXIO;
    end_opened(p, mode);
    if (mode == O_RDWR || (f->flags & O_NONBLOCK))
        return 0;
    if (!wait_event_interruptible(&p->changed, READ_ONCE(*ends) ||
                                                   READ_ONCE(*opens) != seen))
        return 0;
    pipe_release(f);
    return -ERESTARTSYS;
}

const struct file_ops fifo_ops = {
    .open = fifo_open,
    .release = pipe_release,
    .rw_ranges = pipe_rw,
    .poll = pipe_poll,
    .forget = pipe_forget,
};

/* ---- pipe(2) ---- */

/* An end of a pipe; the other end's reference on the inode stays. */
static struct file *open_end(struct inode *inode, u32 flags)
{
    struct file *f = file_create(inode, &fifo_ops, flags);

    if (!f)
        return NULL;
    inode_get(inode);
    end_opened(inode->private, flags & O_ACCMODE);
    return f;
}

/* Both files, or none. */
static int make_ends(struct file **ends, u32 flags)
{
    struct inode *inode = inode_make(S_IFIFO | 0600, 0);

    if (!inode)
        return -ENOMEM;
    ends[0] = open_end(inode, O_RDONLY | flags);
    ends[1] = open_end(inode, O_WRONLY | flags);
    inode_put(inode);
    if (ends[0] && ends[1])
        return 0;
    for (int i = 0; i < 2; i++)
        if (ends[i])
            file_put(ends[i]);
    return -ENOMEM;
}

static s64 make_pipe(u64 user_fds, u32 flags)
{
    struct file *ends[2];
    bool cloexec = flags & O_CLOEXEC;
    int fds[2], err;

    if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
        return -EINVAL;
    err = make_ends(ends, flags & O_NONBLOCK);
    if (err)
        return err;
    fds[0] = fd_install(ends[0], cloexec);
    fds[1] = fd_install(ends[1], cloexec);
    if (fds[0] < 0 || fds[1] < 0)
        err = fds[0] < 0 ? fds[0] : fds[1];
    else
        err = copy_to_user(user_fds, fds, sizeof(fds));
    for (int i = 0; err && i < 2; i++)
        if (fds[i] >= 0)
            fd_close(fds[i]);
    return err;
}

s64 sys_pipe(const u64 *a)
{
    return make_pipe(a[0], 0);
}

s64 sys_pipe2(const u64 *a)
{
    return make_pipe(a[0], (u32)a[1]);
}
