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
#include <kernel/block.h>
#include <kernel/uaccess.h>
#include <mm/gup.h>
#include <mm/slab.h>

#define IOV_MAX 1024u

bool file_has_pos(const struct file *f)
{
    return f->inode &&
           (is_kind(f->inode, S_IFREG) || is_kind(f->inode, S_IFBLK) ||
            is_kind(f->inode, S_IFDIR));
}

static int check_file(const struct file *f, bool write)
{
    u32 mode = f->flags & O_ACCMODE;

    if (mode == (write ? O_RDONLY : O_WRONLY))
        return -EBADF;
    if (f->inode && is_kind(f->inode, S_IFDIR))
        return -EISDIR;
    if (!f->ops->rw_ranges && !(write ? f->ops->write : f->ops->read))
        return -EINVAL;
    return 0;
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

static s64 rw_at(struct file *f, const struct user_range *r, unsigned n,
                 u64 *pos, bool write)
{
    const struct file_ops *ops = f->ops;
    bool plain = write ? ops->write != NULL : ops->read != NULL;

    if (ops->rw_ranges && (n != 1 || !plain))
        return ops->rw_ranges(f, r, n, pos, write);
    return each_range(f, r, n, pos, write);
}

static s64 rw_unlocked_pos(struct file *f, const struct user_range *r,
                           unsigned n, bool write)
{
    u64 pos;
    s64 ret;

    mutex_lock(&f->lock);
    pos = f->pos;
    mutex_unlock(&f->lock);
    ret = rw_at(f, r, n, &pos, write);
    mutex_lock(&f->lock);
    f->pos = pos;
    mutex_unlock(&f->lock);
    return ret;
}

static s64 rw_here(struct file *f, const struct user_range *r, unsigned n,
                   bool write)
{
    s64 ret;

    if (!file_has_pos(f))
        return rw_at(f, r, n, NULL, write);
    if (is_kind(f->inode, S_IFBLK))
        return rw_unlocked_pos(f, r, n, write);
    if (mutex_lock_killable(&f->lock))
        return -EINTR;
    ret = rw_at(f, r, n, &f->pos, write);
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

static bool has_bytes(const struct user_range *r, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (r[i].len > 0)
            return true;
    return false;
}

/* At the end of a regular file, wherever the caller or the file is; and if the
   caller did not say where, the file is behind it then. */
static s64 write_at_end(struct file *f, const struct user_range *r, unsigned n,
                        bool moves)
{
    u64 at = POS_APPEND;
    s64 ret = rw_at(f, r, n, &at, true);

    if (ret <= 0 || !moves)
        return ret;
    mutex_lock(&f->lock);
    f->pos = at;
    mutex_unlock(&f->lock);
    return ret;
}

int check_rw_flags(const struct file *f, u32 flags)
{
    if (flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND))
        return -EOPNOTSUPP;
    return (flags & RWF_NOWAIT) && !f->ops->anywhere ? -EOPNOTSUPP : 0;
}

bool wants_sync(const struct file *f, u32 flags, bool write)
{
    return write &&
           ((flags & (RWF_DSYNC | RWF_SYNC)) || (f->flags & O_DSYNC));
}

/* O_DSYNC is the file's own business (fs/blkdev.c). */
static s64 sync_written(struct file *f, u32 flags, s64 done)
{
    struct blockdev *dev = f->inode ? inode_blockdev(f->inode) : NULL;
    int err = 0;

    if (dev && done > 0 && (flags & (RWF_DSYNC | RWF_SYNC)))
        err = blockdev_flush(dev);
    return err ? err : done;
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

s64 file_transfer(struct file *f, const struct user_range *r, unsigned n,
                  const u64 *pos, bool write, u32 flags)
{
    u64 at = pos ? *pos : 0;
    s64 done;

    if (write && (flags & RWF_APPEND) && f->inode && f->inode->data)
        done = write_at_end(f, r, n, !pos);
    else
        done = pos ? rw_at(f, r, n, &at, write) : rw_here(f, r, n, write);
    return write ? sync_written(f, flags, done) : done;
}

/* pos: NULL = where the file is. flags: RWF_*. */
static s64 file_rw(int fd, const struct user_range *r, unsigned n,
                   const u64 *pos, bool write, u32 flags)
{
    struct file *f = fd_get(fd);
    s64 ret;

    if (!f)
        return -EBADF;
    ret = check_file(f, write);
    if (!ret)
        ret = check_ranges(r, n);
    if (!ret && pos && !file_has_pos(f) && !f->ops->anywhere)
        ret = -ESPIPE;
    if (!ret && has_bytes(r, n))
        ret = check_rw_flags(f, flags);
    if (!ret)
        ret = file_transfer(f, r, n, pos, write, flags);
    account(f, ret, write);
    file_put(f);
    return ret;
}

static s64 rw_plain(const u64 *a, const u64 *pos, bool write)
{
    struct user_range r = {a[1], min_u64(a[2], RW_MAX)};

    if (pos && (s64)*pos < 0)
        return -EINVAL;
    if ((s64)a[2] < 0)
        return -EINVAL;
    return file_rw((int)a[0], &r, 1, pos, write, 0);
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

static s64 rw_vector(const u64 *a, const u64 *pos, bool write, u32 flags)
{
    struct user_range *r;
    s64 ret;
    int n;

    if (pos && (s64)*pos < 0)
        return -EINVAL;
    n = ranges_from_user(a[1], a[2], &r);
    if (n < 0)
        return n;
    if (!n)
        return file_rw((int)a[0], &(struct user_range){0}, 1, pos, write,
                       flags);
    ret = file_rw((int)a[0], r, (unsigned)n, pos, write, flags);
    kfree(r);
    return ret;
}

s64 sys_readv(const u64 *a)
{
    return rw_vector(a, NULL, false, 0);
}

s64 sys_writev(const u64 *a)
{
    return rw_vector(a, NULL, true, 0);
}

/* On x86-64 the low half of the offset is all of it. */
s64 sys_preadv(const u64 *a)
{
    return (s64)a[3] < 0 ? -EINVAL : rw_vector(a, &a[3], false, 0);
}

s64 sys_pwritev(const u64 *a)
{
    return (s64)a[3] < 0 ? -EINVAL : rw_vector(a, &a[3], true, 0);
}

/* pos_low, pos_high, flags follow: -1 means where the file is. */
s64 sys_preadv2(const u64 *a)
{
    const u64 *pos = (s64)a[3] == -1 ? NULL : &a[3];

    return rw_vector(a, pos, false, (u32)a[5]);
}

s64 sys_pwritev2(const u64 *a)
{
    const u64 *pos = (s64)a[3] == -1 ? NULL : &a[3];

    return rw_vector(a, pos, true, (u32)a[5]);
}
