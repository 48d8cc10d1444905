/* SPDX-License-Identifier: MIT */
/*
 * Regular files: pages in memory, read and written under the inode's lock, so
 * that a read never sees half of a write, and appends never overlap. Mappings
 * of the file show the same pages, and take no part in that.
 *
 * What is written goes through a page of the kernel's own: a user address
 * that turns out bad leaves nothing behind in the file.
 */
#include <fs/fs_private.h>
#include <kernel/string.h>
#include <kernel/time.h>
#include <kernel/uaccess.h>
#include <mm/filemap.h>
#include <mm/slab.h>

/* One piece within one page. 0 or -EFAULT. */
static int read_piece(struct mapping *m, u64 pos, u64 ubuf, u64 len)
{
    struct page *p = mapping_page(m, pos >> PAGE_SHIFT, false);
    int err;

    if (!p)
        return clear_user(ubuf, len); /* a hole */
    err = copy_to_user(ubuf, (char *)page_to_virt(p) + (pos & ~PAGE_MASK), len);
    put_page(p);
    return err;
}

static s64 ramfs_read(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    struct inode *inode = f->inode;
    u64 size, done = 0;
    int err = 0;

    mutex_lock(&inode->lock);
    size = READ_ONCE(inode->data->size);
    len = *pos < size ? min_u64(len, size - *pos) : 0;
    while (done < len && !err) {
        u64 at = *pos + done;
        u64 n = min_u64(len - done, PAGE_SIZE - (at & ~PAGE_MASK));

        err = read_piece(inode->data, at, ubuf + done, n);
        if (!err)
            done += n;
    }
    mutex_unlock(&inode->lock);
    *pos += done;
    return done ? (s64)done : err;
}

/* By way of `buf`, one page. Bytes, or -errno if there are none. */
static s64 write_through(struct inode *inode, u64 pos, u64 ubuf, u64 len,
                         char *buf)
{
    u64 done = 0;
    s64 ret = 0;

    while (done < len) {
        u64 n = min_u64(len - done, PAGE_SIZE - ((pos + done) & ~PAGE_MASK));

        ret = copy_from_user(buf, ubuf + done, n);
        if (!ret)
            ret = mapping_write(inode->data, pos + done, buf, n);
        if (ret <= 0)
            break;
        done += (u64)ret;
    }
    return done ? (s64)done : ret;
}

static s64 ramfs_write(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    struct inode *inode = f->inode;
    char *buf = kmalloc(PAGE_SIZE, ALLOC_KERNEL);
    s64 ret;

    if (!buf)
        return -ENOMEM;
    mutex_lock(&inode->lock);
    if (READ_ONCE(f->flags) & O_APPEND)
        *pos = READ_ONCE(inode->data->size);
    ret = write_through(inode, *pos, ubuf, len, buf);
    if (ret > 0) {
        *pos += (u64)ret;
        inode->mtime_ns = now_ns();
    }
    mutex_unlock(&inode->lock);
    kfree(buf);
    return ret == -ENOMEM ? -ENOSPC : ret;
}

int ramfs_truncate(struct inode *inode, u64 size)
{
    int err;

    mutex_lock(&inode->lock);
    err = mapping_set_size(inode->data, size);
    if (!err)
        inode->mtime_ns = now_ns();
    mutex_unlock(&inode->lock);
    return err;
}

const struct file_ops ramfs_ops = {
    .read = ramfs_read,
    .write = ramfs_write,
};
