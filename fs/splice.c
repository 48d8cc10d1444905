/* SPDX-License-Identifier: MIT */
/*
 * splice and tee: pieces of pages go into pipes, between them, and
 * out of them, and are copied only where a file is at the other end.
 *
 * No two pipes are ever locked at once: pieces are taken out under one lock
 * and put in under the other. What then does not fit goes in all the same: one
 * call carries BATCH pieces at most.
 */
#include <fs/pipe.h>
#include <fs/syscalls.h>
#include <kernel/uaccess.h>
#include <kernel/wait.h>
#include <mm/slab.h>
#include <mm/zone.h>

#define BATCH 16u

struct splice {
    struct file *in, *out; /* references */
    u64 in_user, out_user; /* where the program says where; 0: nowhere */
    u64 *in_pos, *out_pos; /* NULL: a pipe, or a file without positions */
    u64 len;
    u32 flags;
};

/* ---- a file to a pipe ---- */

/* The next page of the file. NULL: the end, or *err. */
static struct pipe_piece *read_piece(struct splice *s, u64 max, s64 *err)
{
    struct pipe_piece *b = piece_create();
    s64 n = -ENOMEM;

    if (b)
        b->page = alloc_page(ALLOC_KERNEL, PAGE_KERNEL);
    if (b && b->page)
        n = s->in->ops->kread(s->in, page_to_virt(b->page),
                              min_u64(max, PAGE_SIZE), s->in_pos);
    if (n > 0) {
        b->own = true;
        b->len = (u32)n;
        return b;
    }
    if (b)
        piece_free(b);
    *err = n;
    return NULL;
}

/* One piece. Bytes, 0 at the end of the file, or -errno. */
static s64 file_piece_to_pipe(struct splice *s, u64 max, int wait)
{
    struct pipe *p = file_pipe(s->out);
    struct pipe_piece *b;
    s64 n = pipe_wait_room(p, wait, 0);

    if (n)
        return n;
    mutex_unlock(&p->lock);
    b = read_piece(s, max, &n);
    if (!b)
        return n;
    n = b->len;
    mutex_lock(&p->lock);
    pipe_push(p, b);
    mutex_unlock(&p->lock);
    wake_up_all(p->changed);
    return n;
}

/* Waits for the first place only. */
static s64 file_to_pipe(struct splice *s)
{
    u64 done = 0;
    s64 n = 0;

    while (done < s->len) {
        n = file_piece_to_pipe(s, s->len - done,
                               done ? PIPE_NO_WAIT
                                    : splice_how(s->flags, s->out));
        if (n <= 0)
            break;
        done += (u64)n;
    }
    return done ? (s64)done : n;
}

/* ---- a pipe to a file ---- */

/* What there is, up to len. The pipe's lock is held. */
static s64 write_pieces(struct splice *s, struct pipe *p)
{
    struct pipe_piece *b;
    u64 done = 0;
    s64 n = 0;

    while (done < s->len && (b = pipe_first(p))) {
        u64 want = min_u64(s->len - done, b->len);

        n = s->out->ops->kwrite(s->out, (char *)page_to_virt(b->page) + b->off,
                                want, s->out_pos);
        if (n <= 0)
            break;
        done += (u64)n;
        pipe_consume(p, (u32)n);
    }
    return done ? (s64)done : n;
}

static s64 pipe_to_file(struct splice *s)
{
    struct pipe *p = file_pipe(s->in);
    bool end;
    s64 ret = pipe_wait_bytes(p, splice_how(s->flags, s->in), &end);

    if (ret)
        return ret;
    ret = write_pieces(s, p);
    mutex_unlock(&p->lock);
    wake_up_all(p->changed);
    return ret;
}

/* ---- a pipe to a pipe ---- */

struct batch {
    struct list_head pieces;
    u64 bytes;
    unsigned nr;
};

/* Room in the pipe for how many pieces? -errno. */
static s64 wait_for_places(struct pipe *p, int wait)
{
    int err = pipe_wait_room(p, wait, 0);
    unsigned room;

    if (err)
        return err;
    room = p->max - p->nr;
    mutex_unlock(&p->lock);
    return room < BATCH ? room : BATCH;
}

/* Share what there is, oldest first. The lock is held. */
static void gather(struct pipe *p, struct batch *batch, u64 len, unsigned max)
{
    struct pipe_piece *b, *copy;

    list_for_each_entry (b, &p->pieces, node) {
        u64 n = min_u64(len - batch->bytes, b->len);

        copy = n && batch->nr < max ? piece_share(b, (u32)n) : NULL;
        if (!copy)
            break;
        list_add_tail(&copy->node, &batch->pieces);
        batch->bytes += n;
        batch->nr++;
    }
}

/* They are in the batch: out of this pipe. The lock is held. */
static void consume(struct pipe *p, u64 bytes)
{
    while (bytes) {
        u64 n = min_u64(bytes, pipe_first(p)->len);

        pipe_consume(p, (u32)n);
        bytes -= n;
    }
}

static void deliver(struct pipe *p, struct batch *batch)
{
    mutex_lock(&p->lock);
    while (!list_empty(&batch->pieces)) {
        struct pipe_piece *b =
            list_first(&batch->pieces, struct pipe_piece, node);

        list_del(&b->node);
        pipe_push(p, b);
    }
    mutex_unlock(&p->lock);
    wake_up_all(p->changed);
}

/* tee leaves in the first pipe what it puts into the second. */
static s64 pipe_to_pipe(struct splice *s, bool leave)
{
    struct pipe *from = file_pipe(s->in), *to = file_pipe(s->out);
    struct batch batch = {.pieces = LIST_INIT(batch.pieces)};
    bool end;
    s64 places, err;

    if (from == to)
        return -EINVAL;
    err = pipe_wait_bytes(from, splice_how(s->flags, s->in), &end);
    if (err)
        return err;
    mutex_unlock(&from->lock);
    places = end ? 0 : wait_for_places(to, splice_how(s->flags, s->out));
    if (places <= 0)
        return places;
    mutex_lock(&from->lock);
    gather(from, &batch, s->len, (unsigned)places);
    if (!leave)
        consume(from, batch.bytes);
    mutex_unlock(&from->lock);
    deliver(to, &batch);
    wake_up_all(from->changed);
    return batch.nr ? (s64)batch.bytes : -EAGAIN;
}

/* ---- the calls ---- */

static int check_modes(const struct splice *s)
{
    return (s->in->flags & O_ACCMODE) == O_WRONLY ||
                   (s->out->flags & O_ACCMODE) == O_RDONLY
               ? -EBADF
               : 0;
}

static int check_splice(const struct splice *s)
{
    bool from = file_pipe(s->in) != NULL, to = file_pipe(s->out) != NULL;

    if ((from && s->in_user) || (to && s->out_user))
        return -ESPIPE;
    if (check_modes(s))
        return -EBADF;
    if ((!from && !to) || (!from && !s->in->ops->kread) ||
        (!to && (!s->out->ops->kwrite || (s->out->flags & O_APPEND))))
        return -EINVAL;
    return (s->in_user && !file_takes_pos(s->in)) ||
                   (s->out_user && !file_takes_pos(s->out))
               ? -EINVAL
               : 0;
}

static bool pos_ok(const u64 *pos, u64 len)
{
    return !pos || ((s64)*pos >= 0 && (s64)(*pos + len) >= 0);
}

static int check_places(const struct splice *s)
{
    return pos_ok(s->in_pos, s->len) && pos_ok(s->out_pos, s->len) ? 0
                                                                   : -EINVAL;
}

static s64 do_splice(struct splice *s)
{
    if (check_places(s))
        return -EINVAL;
    if (!file_pipe(s->in))
        return file_to_pipe(s);
    return file_pipe(s->out) ? pipe_to_pipe(s, false) : pipe_to_file(s);
}

/* A position in a file: the program's own variable, or the file's. */
struct place_in_file {
    struct file *f;
    u64 user; /* address of the variable; 0: the file's own position */
    u64 pos;
};

static int place_begin(struct place_in_file *at, struct file *f, u64 user,
                       u64 **pos)
{
    *at = (struct place_in_file){.f = f, .user = user};
    *pos = NULL;
    if (!user && !file_has_pos(f))
        return 0;
    *pos = &at->pos;
    if (user && copy_from_user(&at->pos, user, sizeof(at->pos)))
        return -EFAULT;
    if (!user) {
        mutex_lock(&f->lock);
        at->pos = f->pos;
        mutex_unlock(&f->lock);
    }
    return 0;
}

static int place_end(struct place_in_file *at, bool moved)
{
    if (at->user)
        return copy_to_user(at->user, &at->pos, sizeof(at->pos));
    if (!moved || !file_has_pos(at->f))
        return 0;
    mutex_lock(&at->f->lock);
    at->f->pos = at->pos;
    mutex_unlock(&at->f->lock);
    return 0;
}

/* What one of these calls asks before it looks at the positions, in Linux's
   order, and what it does between them. */
struct splice_call {
    int (*check)(const struct splice *s);
    s64 (*work)(struct splice *s);
};

static s64 with_places(struct splice *s, const struct splice_call *call)
{
    struct place_in_file in, out;
    s64 ret = call->check(s);

    if (!ret)
        ret = place_begin(&in, s->in, s->in_user, &s->in_pos);
    if (!ret)
        ret = place_begin(&out, s->out, s->out_user, &s->out_pos);
    if (ret)
        return ret;
    ret = call->work(s);
    if (ret >= 0 && (place_end(&in, ret > 0) || place_end(&out, ret > 0)))
        ret = -EFAULT;
    return ret;
}

static s64 with_files(struct splice *s, int in, int out,
                      const struct splice_call *call)
{
    s64 ret = -EBADF;

    s->in = fd_get(in);
    s->out = fd_get(out);
    s->len = min_u64(s->len, RW_MAX);
    if (s->in && s->out)
        ret = with_places(s, call);
    if (s->in)
        file_put(s->in);
    if (s->out)
        file_put(s->out);
    return ret;
}

/* in, in's offset, out, out's offset, length, flags */
s64 sys_splice(const u64 *a)
{
    static const struct splice_call call = {check_splice, do_splice};
    struct splice s = {
        .in_user = a[1], .out_user = a[3], .len = a[4], .flags = (u32)a[5]};

    if (!s.len)
        return 0;
    if (s.flags & ~SPLICE_F_ALL)
        return -EINVAL;
    return with_files(&s, (int)a[0], (int)a[2], &call);
}

static int check_tee(const struct splice *s)
{
    if (check_modes(s))
        return -EBADF;
    return file_pipe(s->in) && file_pipe(s->out) ? 0 : -EINVAL;
}

static s64 do_tee(struct splice *s)
{
    return pipe_to_pipe(s, true);
}

/* in, out, length, flags */
s64 sys_tee(const u64 *a)
{
    static const struct splice_call call = {check_tee, do_tee};
    struct splice s = {.len = a[2], .flags = (u32)a[3]};

    if (s.flags & ~SPLICE_F_ALL)
        return -EINVAL;
    if (!s.len)
        return 0;
    return with_files(&s, (int)a[0], (int)a[1], &call);
}

/* ---- sendfile, copy_file_range: from file to file, by way of a page ---- */

/* What is read and not taken (a limit on the file's size) is not passed over:
   the next call begins with it. */
static s64 copy_bytes(struct splice *s, void *buf)
{
    u64 done = 0, from = *s->in_pos;
    s64 n = 0;

    while (done < s->len && !(done && fatal_signal_pending())) {
        n = s->in->ops->kread(s->in, buf, min_u64(s->len - done, PAGE_SIZE),
                              s->in_pos);
        if (n > 0)
            n = s->out->ops->kwrite(s->out, buf, (u64)n, s->out_pos);
        done += n > 0 ? (u64)n : 0;
        *s->in_pos = from + done;
        if (n <= 0)
            break;
    }
    return done ? (s64)done : n;
}

static s64 file_to_file(struct splice *s)
{
    void *buf = kmalloc(PAGE_SIZE, ALLOC_KERNEL);
    s64 ret = buf ? copy_bytes(s, buf) : -ENOMEM;

    kfree(buf);
    return ret;
}

static int check_sendfile(const struct splice *s)
{
    if ((s->in->flags & O_ACCMODE) == O_WRONLY)
        return -EBADF;
    if (s->in_user && !file_takes_pos(s->in))
        return -ESPIPE;
    if (check_modes(s))
        return -EBADF;
    if (!s->in->ops->kread)
        return -EINVAL;
    if (file_pipe(s->out))
        return 0;
    return s->out->ops->kwrite && !(s->out->flags & O_APPEND) ? 0 : -EINVAL;
}

static s64 do_sendfile(struct splice *s)
{
    if (check_places(s))
        return -EINVAL;
    return file_pipe(s->out) ? file_to_pipe(s) : file_to_file(s);
}

/* out, in, in's offset, length */
s64 sys_sendfile(const u64 *a)
{
    static const struct splice_call call = {check_sendfile, do_sendfile};
    struct splice s = {.in_user = a[2], .len = a[3]};

    return with_files(&s, (int)a[1], (int)a[0], &call);
}

static bool is_regular(const struct file *f)
{
    return f->inode && is_kind(f->inode, S_IFREG);
}

static int check_copy_range(const struct splice *s)
{
    const struct inode *in = s->in->inode, *out = s->out->inode;

    if ((in && is_kind(in, S_IFDIR)) || (out && is_kind(out, S_IFDIR)))
        return -EISDIR;
    if (!is_regular(s->in) || !is_regular(s->out))
        return -EINVAL;
    if (check_modes(s) || (s->out->flags & O_APPEND))
        return -EBADF;
    return in->data && out->data ? 0 : -EXDEV; /* what is in /proc */
}

static s64 do_copy_range(struct splice *s)
{
    s64 size = (s64)inode_size(s->in->inode);

    if (*s->in_pos + s->len < s->len || *s->out_pos + s->len < s->len)
        return -EOVERFLOW;
    if ((s64)*s->in_pos >= size)
        return 0;
    s->len = min_u64(s->len, (u64)size - *s->in_pos);
    if (*s->out_pos == INT64_MAX)
        return -EFBIG;
    if (s->in->inode == s->out->inode && *s->in_pos < *s->out_pos + s->len &&
        *s->out_pos < *s->in_pos + s->len)
        return -EINVAL;
    return check_places(s) ? -EINVAL : file_to_file(s);
}

/* in, in's offset, out, out's offset, length, flags */
s64 sys_copy_file_range(const u64 *a)
{
    static const struct splice_call call = {check_copy_range, do_copy_range};
    struct splice s = {.in_user = a[1], .out_user = a[3], .len = a[4]};

    if ((u32)a[5])
        return -EINVAL;
    return with_files(&s, (int)a[0], (int)a[2], &call);
}
