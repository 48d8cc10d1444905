/* SPDX-License-Identifier: MIT */
/*
 * Regular files: pages in memory, read and written under the inode's lock, so
 * that a read never sees half of a write, and appends never overlap. Mappings
 * of the file show the same pages, and take no part in that.
 *
 * What is read or written goes through a page of the kernel's own: a user
 * address that turns out bad leaves nothing behind in the file; and nobody
 * touches user memory with a reference on a file's page, as the fault may have
 * to wait for that very page to be moved, and the move for the reference.
 */
#include <fs/fs_private.h>
#include <kernel/process.h>
#include <kernel/string.h>
#include <kernel/time.h>
#include <kernel/uaccess.h>
#include <mm/filemap.h>
#include <mm/slab.h>

/* A piece within a page of the file, and of the user: so what lies before an
   address that is not there is read and written, as in Linux. */
static u64 piece(u64 pos, u64 ubuf, u64 left)
{
    left = min_u64(left, PAGE_SIZE - (pos & ~PAGE_MASK));
    return min_u64(left, PAGE_SIZE - (ubuf & ~PAGE_MASK));
}

/* By way of `buf`, one page. Bytes, or -errno if there are none. */
static s64 read_through(struct mapping *m, u64 pos, u64 ubuf, u64 len,
                        char *buf)
{
    u64 done = 0;
    s64 ret = 0;

    while (done < len) {
        u64 n = piece(pos + done, ubuf + done, len - done);

        ret = mapping_read(m, pos + done, buf, n);
        if (ret > 0 && copy_to_user(ubuf + done, buf, (u64)ret))
            ret = -EFAULT;
        if (ret <= 0)
            break; /* the end, or an error */
        done += (u64)ret;
    }
    return done ? (s64)done : ret;
}

static s64 ramfs_read(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    struct inode *inode = f->inode;
    char *buf = kmalloc(PAGE_SIZE, ALLOC_KERNEL);
    s64 ret;

    if (!buf)
        return -ENOMEM;
    ret = mutex_lock_killable(&inode->lock);
    if (!ret) {
        ret = read_through(inode->data, *pos, ubuf, len, buf);
        mutex_unlock(&inode->lock);
    }
    kfree(buf);
    if (ret > 0)
        *pos += (u64)ret;
    return ret;
}

/* By way of `buf`, one page. Bytes, or -errno if there are none. */
static s64 write_through(struct inode *inode, u64 pos, u64 ubuf, u64 len,
                         char *buf)
{
    u64 done = 0;
    s64 ret = 0;

    while (done < len) {
        u64 n = piece(pos + done, ubuf + done, len - done);

        ret = copy_from_user(buf, ubuf + done, n);
        if (!ret)
            ret = mapping_write(inode->data, pos + done, buf, n);
        if (ret <= 0)
            break;
        done += (u64)ret;
    }
    return done ? (s64)done : ret;
}

static int too_big(void)
{
    struct siginfo_min info = {.signo = SIGXFSZ, .pid = current_pid()};

    signal_task(current_task(), SIGXFSZ, &info);
    return -EFBIG;
}

int file_size_allowed(u64 size)
{
    return size <= current_limit(RLIMIT_FSIZE) ? 0 : too_big();
}

/* RLIMIT_FSIZE: how much of it may be written at pos; -EFBIG: nothing. */
static int limit_length(u64 pos, u64 *len)
{
    u64 max = current_limit(RLIMIT_FSIZE);

    if (*len == 0)
        return 0;
    if (pos >= max)
        return too_big();
    *len = min_u64(*len, max - pos);
    return 0;
}

/* The inode's lock is held. */
static s64 write_locked(struct file *f, u64 ubuf, u64 len, u64 *pos, char *buf)
{
    struct inode *inode = f->inode;
    s64 ret;

    if ((READ_ONCE(f->flags) & O_APPEND) || *pos == POS_APPEND)
        *pos = READ_ONCE(inode->data->size);
    ret = limit_length(*pos, &len);
    if (!ret)
        ret = write_through(inode, *pos, ubuf, len, buf);
    if (ret > 0) {
        *pos += (u64)ret;
        inode->mtime_ns = wall_ns(now_ns());
    }
    return ret;
}

static s64 ramfs_write(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    char *buf = kmalloc(PAGE_SIZE, ALLOC_KERNEL);
    s64 ret;

    if (!buf)
        return -ENOMEM;
    ret = mutex_lock_killable(&f->inode->lock);
    if (!ret) {
        ret = write_locked(f, ubuf, len, pos, buf);
        mutex_unlock(&f->inode->lock);
    }
    kfree(buf);
    return ret == -ENOMEM ? -ENOSPC : ret;
}

int ramfs_truncate(struct inode *inode, u64 size)
{
    int err = mutex_lock_killable(&inode->lock);

    if (err)
        return err;
    if (size > READ_ONCE(inode->data->size))
        err = file_size_allowed(size);
    if (!err)
        err = mapping_check_size(inode->data, size);
    if (!err)
        err = mapping_set_size(inode->data, size);
    if (!err)
        inode->mtime_ns = wall_ns(now_ns());
    mutex_unlock(&inode->lock);
    return err;
}

int ramfs_truncate_closed(struct inode *inode, u64 size)
{
    int err = inode_begin_write(inode);

    if (err)
        return err;
    err = ramfs_truncate(inode, size);
    inode_end_write(inode);
    return err;
}

static s64 ramfs_kread(struct file *f, void *buf, u64 len, u64 *pos)
{
    s64 n = inode_read_kernel(f->inode, *pos, buf, len);

    if (n > 0)
        *pos += (u64)n;
    return n;
}

static s64 ramfs_kwrite(struct file *f, const void *buf, u64 len, u64 *pos)
{
    struct inode *inode = f->inode;
    s64 n;

    mutex_lock(&inode->lock);
    if (READ_ONCE(f->flags) & O_APPEND)
        *pos = READ_ONCE(inode->data->size);
    n = limit_length(*pos, &len);
    if (!n)
        n = mapping_write(inode->data, *pos, buf, len);
    if (n > 0) {
        *pos += (u64)n;
        inode->mtime_ns = wall_ns(now_ns());
    }
    mutex_unlock(&inode->lock);
    return n == -ENOMEM ? -ENOSPC : n;
}

const struct file_ops ramfs_ops = {
    .kread = ramfs_kread,
    .kwrite = ramfs_kwrite,
    .read = ramfs_read,
    .write = ramfs_write,
};
