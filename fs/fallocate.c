/* SPDX-License-Identifier: MIT */
/* fallocate: a file becomes longer, or gets a hole. */
#include <fs/fs_private.h>
#include <fs/pipe.h>
#include <fs/syscalls.h>
#include <mm/filemap.h>

#define FALLOC_FL_KEEP_SIZE  1u
#define FALLOC_FL_PUNCH_HOLE 2u

static int punch_hole(struct mapping *m, u64 start, u64 end)
{
    int err = mapping_check_write(m, start, 0);

    if (err || start >= m->size)
        return err;
    return mapping_punch(m, start, min_u64(end, m->size));
}

/* Pages come when they are written to: only the size is set now. */
static int reserve(struct mapping *m, u64 end, bool keep_size)
{
    int err;

    if (end <= m->size)
        return 0;
    err = keep_size ? 0 : file_size_allowed(end);
    if (!err)
        err = mapping_check_size(m, end);
    return err || keep_size ? err : mapping_set_size(m, end);
}

static s64 allocate(struct inode *inode, u32 mode, u64 start, u64 end)
{
    s64 ret;

    mutex_lock(&inode->lock);
    ret = mode & FALLOC_FL_PUNCH_HOLE
              ? punch_hole(inode->data, start, end)
              : reserve(inode->data, end, mode & FALLOC_FL_KEEP_SIZE);
    mutex_unlock(&inode->lock);
    return ret == -ENOMEM ? -ENOSPC : ret;
}

static s64 fallocate_file(struct file *f, u32 mode, u64 start, u64 len)
{
    if ((s64)start < 0 || (s64)len <= 0)
        return -EINVAL;
    if ((mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) ||
        mode == FALLOC_FL_PUNCH_HOLE)
        return -EOPNOTSUPP;
    if ((f->flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    if (file_pipe(f))
        return -ESPIPE;
    if (!f->inode || !f->inode->data)
        return f->inode && is_kind(f->inode, S_IFDIR) ? -EISDIR : -ENODEV;
    if (start > INT64_MAX - len)
        return -EFBIG;
    return allocate(f->inode, mode, start, start + len);
}

/* fd, mode, offset, length */
s64 sys_fallocate(const u64 *a)
{
    struct file *f = fd_get((int)a[0]);
    s64 ret;

    if (!f)
        return -EBADF;
    ret = fallocate_file(f, (u32)a[1], a[2], a[3]);
    file_put(f);
    return ret;
}
