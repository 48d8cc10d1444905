/* SPDX-License-Identifier: MIT */
/*
 * read and write in all their forms. A buffer is a list of pieces, of which
 * the plain calls have one.
 *
 * Where in the file: files in memory keep their position locked while they
 * work, so that two writers through one open file do not write to the same
 * place. A disk does not: nobody is to wait for a lock as long as a disk
 * works, and who shares such a file says where to (pread, pwrite).
 */
#include <fs/fs_private.h>
#include <fs/syscalls.h>
#include <kernel/uaccess.h>
#include <mm/gup.h>
#include <mm/slab.h>

#define IOV_MAX 1024u

/* A request, as its system call made it. */
struct rw {
    struct file *file;
    const struct user_range *ranges;
    unsigned n;
    const u64 *pos; /* NULL: where the file is */
    u32 flags;      /* RWF_* */
    bool write;
};

#define RWF_ALL (RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND)

bool file_has_pos(const struct file *f)
{
    return f->inode &&
           (is_kind(f->inode, S_IFREG) || is_kind(f->inode, S_IFBLK) ||
            is_kind(f->inode, S_IFDIR));
}

bool file_takes_pos(const struct file *f)
{
    return file_has_pos(f) || f->ops->anywhere;
}

static bool is_folder(const struct file *f)
{
    return f->inode && is_kind(f->inode, S_IFDIR);
}

/* May it be read or written at all? A folder is refused last. */
static int check_file(const struct rw *rw)
{
    const struct file *f = rw->file;
    u32 mode = f->flags & O_ACCMODE;

    if (mode == (rw->write ? O_RDONLY : O_WRONLY))
        return -EBADF;
    if (is_folder(f))
        return 0;
    if (!f->ops->rw_ranges && !(rw->write ? f->ops->write : f->ops->read))
        return -EINVAL;
    return 0;
}

static bool is_memory(const struct file *f)
{
    return f->inode && f->inode->data;
}

/* Who never waits is anywhere. What is neither memory, disk, stream nor
   anywhere (a text, an eventfd) knows none of them. */
int check_rw_flags(const struct file *f, u32 flags)
{
    bool known = is_memory(f) || f->ops->rw_ranges || f->ops->anywhere;

    if (flags & ~(known ? RWF_ALL : RWF_HIPRI))
        return -EOPNOTSUPP;
    return (flags & RWF_NOWAIT) && !f->ops->anywhere ? -EOPNOTSUPP : 0;
}

bool wants_sync(const struct file *f, u32 flags, bool write)
{
    return write &&
           ((flags & (RWF_DSYNC | RWF_SYNC)) || (f->flags & O_DSYNC));
}

static s64 one_range(struct file *f, const struct user_range *r, u64 *pos,
                     bool write)
{
    if (write)
        return f->ops->write(f, r->addr, r->len, pos);
    return f->ops->read(f, r->addr, r->len, pos);
}

/* Piece by piece. What a terminal gave for the first one is enough: asking
   for more might wait. */
static s64 each_range(struct file *f, const struct user_range *r, unsigned n,
                      u64 *pos, bool write)
{
    s64 done = 0, ret = 0;

    for (unsigned i = 0; i < n; i++) {
        if (!r[i].len && n > 1)
            continue;
        ret = one_range(f, &r[i], pos, write);
        if (ret > 0)
            done += ret;
        if (ret < 0 || (u64)ret < r[i].len || (!pos && !write))
            break;
    }
    return done ? done : ret;
}

static u64 rw_length(const struct rw *rw)
{
    u64 sum = 0;

    for (unsigned i = 0; i < rw->n; i++)
        sum += rw->ranges[i].len;
    return sum;
}

/* No file is longer than what an offset can say. */
static int check_end(const struct rw *rw, u64 pos)
{
    return (s64)(pos + rw_length(rw)) < 0 ? -EINVAL : 0;
}

static s64 rw_at(const struct rw *rw, u64 *pos)
{
    struct file *f = rw->file;
    const struct file_ops *ops = f->ops;
    bool plain = rw->write ? ops->write != NULL : ops->read != NULL;

    if (pos && check_end(rw, *pos))
        return -EINVAL;
    if (is_folder(f))
        return -EISDIR;
    if (pos && rw->write && (rw->flags & RWF_APPEND) && is_memory(f))
        *pos = POS_APPEND;
    if (ops->rw_ranges && (rw->n != 1 || !plain))
        return ops->rw_ranges(f, rw->ranges, rw->n, pos, rw->write);
    return each_range(f, rw->ranges, rw->n, pos, rw->write);
}

static s64 rw_unlocked_pos(const struct rw *rw)
{
    struct file *f = rw->file;
    u64 pos;
    s64 ret;

    mutex_lock(&f->lock);
    pos = f->pos;
    mutex_unlock(&f->lock);
    ret = rw_at(rw, &pos);
    if (ret <= 0)
        return ret;
    mutex_lock(&f->lock);
    f->pos = pos;
    mutex_unlock(&f->lock);
    return ret;
}

static s64 rw_here(const struct rw *rw)
{
    struct file *f = rw->file;
    u64 pos;
    s64 ret;

    if (!file_has_pos(f))
        return rw_at(rw, NULL);
    if (is_kind(f->inode, S_IFBLK))
        return rw_unlocked_pos(rw);
    if (mutex_lock_killable(&f->lock))
        return -EINTR;
    pos = f->pos;
    ret = rw_at(rw, &pos);
    if (ret > 0)
        f->pos = pos;
    mutex_unlock(&f->lock);
    return ret;
}

/* User addresses, even where the file will not look at them. */
static int check_ranges(const struct user_range *r, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (r[i].len > USER_END || r[i].addr > USER_END - r[i].len)
            return -EFAULT;
    return 0;
}

/* For /proc/PID/io. What AIO and splice move is not in it. */
static void account(const struct file *f, s64 done, bool write)
{
    struct task_io *io = &current_task()->io;

    io->calls[write]++;
    if (done <= 0)
        return;
    io->bytes[write] += (u64)done;
    if (f->inode && is_kind(f->inode, S_IFBLK))
        io->disk[write] += (u64)done;
}

/* O_DSYNC is the file's own business (fs/blkdev.c). */
static s64 sync_written(const struct rw *rw, s64 done)
{
    int err = 0;

    if (done > 0 && rw->write && (rw->flags & (RWF_DSYNC | RWF_SYNC)) &&
        file_has_pos(rw->file))
        err = file_sync(rw->file);
    return err ? err : done;
}

s64 file_transfer(struct file *f, const struct user_range *r, unsigned n,
                  const u64 *pos, bool write, u32 flags)
{
    struct rw rw = {f, r, n, pos, flags, write};
    u64 at = pos ? *pos : 0;

    return sync_written(&rw, pos ? rw_at(&rw, &at) : rw_here(&rw));
}

/* Everything that has to be right was asked in Linux's order. */
static s64 do_rw(const struct rw *rw)
{
    s64 ret = check_file(rw);

    if (!ret)
        ret = check_ranges(rw->ranges, rw->n);
    if (!ret)
        ret = check_end(rw, rw->pos ? *rw->pos : 0);
    if (!ret)
        ret = check_rw_flags(rw->file, rw->flags);
    if (ret)
        return ret;
    return file_transfer(rw->file, rw->ranges, rw->n, rw->pos, rw->write,
                         rw->flags);
}

static s64 rw_plain(const u64 *a, const u64 *pos, bool write)
{
    struct user_range r = {a[1], min_u64(a[2], RW_MAX)};
    struct rw rw = {.ranges = &r, .n = 1, .pos = pos, .write = write};
    s64 ret;

    if (pos && (s64)*pos < 0)
        return -EINVAL;
    if ((s64)a[2] < 0)
        return -EINVAL;
    rw.file = fd_get((int)a[0]);
    if (!rw.file)
        return -EBADF;
    ret = pos && !file_takes_pos(rw.file) ? -ESPIPE : do_rw(&rw);
    account(rw.file, ret, write);
    file_put(rw.file);
    return ret;
}

s64 sys_read(const u64 *a)
{
    return rw_plain(a, NULL, false);
}

s64 sys_write(const u64 *a)
{
    return rw_plain(a, NULL, true);
}

s64 sys_pread64(const u64 *a)
{
    return rw_plain(a, &a[3], false);
}

s64 sys_pwrite64(const u64 *a)
{
    return rw_plain(a, &a[3], true);
}

/* Lengths that cannot be are refused; a sum that is too large is cut. */
static int check_lengths(struct user_range *r, unsigned n)
{
    u64 room = RW_MAX;

    for (unsigned i = 0; i < n; i++) {
        if ((s64)r[i].len < 0)
            return -EINVAL;
        r[i].len = min_u64(r[i].len, room);
        room -= r[i].len;
    }
    return 0;
}

/* An iovec has the layout of a user_range: address, length. */
int ranges_from_user(u64 user, u64 nr, struct user_range **out)
{
    unsigned n = (unsigned)min_u64(nr, IOV_MAX + 1);
    int err = 0;

    *out = NULL;
    if (n > IOV_MAX)
        return -EINVAL;
    if (!n)
        return 0;
    *out = kmalloc(n * sizeof(**out), ALLOC_KERNEL);
    if (!*out)
        return -ENOMEM;
    err = copy_from_user(*out, user, n * sizeof(**out));
    if (!err)
        err = check_lengths(*out, n);
    if (!err)
        return (int)n;
    kfree(*out);
    return err;
}

/* Of nothing, only the file is asked. */
static s64 do_rw_vector(struct rw *rw, u64 user, u64 nr)
{
    struct user_range *r;
    s64 ret = ranges_from_user(user, nr, &r);

    if (ret < 0)
        return ret;
    rw->ranges = r;
    rw->n = (unsigned)ret;
    ret = rw_length(rw) ? do_rw(rw) : check_file(rw);
    if (rw->n)
        kfree(r);
    return ret;
}

static s64 rw_vector(const u64 *a, const u64 *pos, u32 flags, bool write)
{
    struct rw rw = {.pos = pos, .flags = flags, .write = write};
    s64 ret;

    if (pos && (s64)*pos < 0)
        return -EINVAL;
    rw.file = fd_get((int)a[0]);
    if (!rw.file)
        return -EBADF;
    ret = pos && !file_takes_pos(rw.file) ? -ESPIPE
                                          : do_rw_vector(&rw, a[1], a[2]);
    account(rw.file, ret, write);
    file_put(rw.file);
    return ret;
}

s64 sys_readv(const u64 *a)
{
    return rw_vector(a, NULL, 0, false);
}

s64 sys_writev(const u64 *a)
{
    return rw_vector(a, NULL, 0, true);
}

/* On x86-64 the low half of the offset is all of it. */
s64 sys_preadv(const u64 *a)
{
    return rw_vector(a, &a[3], 0, false);
}

s64 sys_pwritev(const u64 *a)
{
    return rw_vector(a, &a[3], 0, true);
}

/* pos_low, pos_high, flags follow: -1 means where the file is. */
s64 sys_preadv2(const u64 *a)
{
    return rw_vector(a, (s64)a[3] == -1 ? NULL : &a[3], (u32)a[5], false);
}

s64 sys_pwritev2(const u64 *a)
{
    return rw_vector(a, (s64)a[3] == -1 ? NULL : &a[3], (u32)a[5], true);
}
