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

/* pos: NULL = where the file is. */
static s64 file_rw(int fd, const struct user_range *r, unsigned n,
                   const u64 *pos, bool write)
{
    struct file *f = fd_get(fd);
    u64 at = pos ? *pos : 0;
    s64 ret;

    if (!f)
        return -EBADF;
    ret = check_file(f, write);
    if (!ret)
        ret = check_ranges(r, n);
    if (!ret && pos && !file_has_pos(f) && !f->ops->anywhere)
        ret = -ESPIPE;
    if (!ret)
        ret = pos ? rw_at(f, r, n, &at, write) : rw_here(f, r, n, write);
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
    return file_rw((int)a[0], &r, 1, pos, write);
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

static s64 rw_vector(const u64 *a, const u64 *pos, bool write)
{
    struct user_range *r;
    s64 ret;
    int n;

    if (pos && (s64)*pos < 0 && *pos != POS_APPEND)
        return -EINVAL;
    n = ranges_from_user(a[1], a[2], &r);
    if (n < 0)
        return n;
    if (!n)
        return file_rw((int)a[0], &(struct user_range){0}, 1, pos, write);
    ret = file_rw((int)a[0], r, (unsigned)n, pos, write);
    kfree(r);
    return ret;
}

s64 sys_readv(const u64 *a)
{
    return rw_vector(a, NULL, false);
}

s64 sys_writev(const u64 *a)
{
    return rw_vector(a, NULL, true);
}

/* On x86-64 the low half of the offset is all of it. */
s64 sys_preadv(const u64 *a)
{
    return (s64)a[3] < 0 ? -EINVAL : rw_vector(a, &a[3], false);
}

s64 sys_pwritev(const u64 *a)
{
    return (s64)a[3] < 0 ? -EINVAL : rw_vector(a, &a[3], true);
}

#define RWF_HIPRI  1u /* poll for the end: a hint */
#define RWF_DSYNC  2u
#define RWF_SYNC   4u
#define RWF_NOWAIT 8u
#define RWF_APPEND 16u

/* May this file be used like that? A disk always waits. */
static s64 check_rw_flags(int fd, u32 flags, bool write)
{
    struct file *f;
    s64 ret = 0;

    if (flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND))
        return -EOPNOTSUPP;
    f = fd_get(fd);
    if (!f)
        return -EBADF;
    if ((flags & RWF_NOWAIT) && !(f->inode && f->inode->data))
        ret = -EOPNOTSUPP;
    if ((flags & RWF_APPEND) && (!write || !(f->inode && f->inode->data)))
        ret = -EOPNOTSUPP;
    file_put(f);
    return ret;
}

/* pos_low, pos_high, flags follow: -1 means where the file is. */
static s64 rw_vector_flags(const u64 *a, bool write)
{
    u32 flags = (u32)a[5];
    const u64 end = POS_APPEND;
    const u64 *pos = (s64)a[3] == -1 ? NULL : &a[3];
    s64 ret = flags ? check_rw_flags((int)a[0], flags, write) : 0;

    if (ret)
        return ret;
    if (flags & RWF_APPEND) /* what it says, wherever the file is */
        pos = &end;
    ret = rw_vector(a, pos, write);
    if (ret > 0 && write && (flags & (RWF_DSYNC | RWF_SYNC)))
        (void)sys_fdatasync(a);
    return ret;
}

s64 sys_preadv2(const u64 *a)
{
    return rw_vector_flags(a, false);
}

s64 sys_pwritev2(const u64 *a)
{
    return rw_vector_flags(a, true);
}
