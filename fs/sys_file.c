/* SPDX-License-Identifier: MIT */
/* System calls on open files, but for reading and writing. */
#include <fs/locks.h>
#include <fs/pipe.h>
#include <fs/syscalls.h>
#include <kernel/block.h>
#include <kernel/process.h>
#include <kernel/string.h>
#include <kernel/syscall.h>
#include <kernel/uaccess.h>
#include <mm/filemap.h>
#include <mm/slab.h>

#define F_DUPFD         0
#define F_GETFD         1
#define F_SETFD         2
#define F_GETFL         3
#define F_SETFL         4
#define F_GETLK         5
#define F_SETLK         6
#define F_SETLKW        7
#define F_OFD_GETLK     36
#define F_OFD_SETLK     37
#define F_OFD_SETLKW    38
#define F_DUPFD_CLOEXEC 1030
#define F_SETPIPE_SZ    1031
#define F_GETPIPE_SZ    1032
#define F_ADD_SEALS     1033
#define F_GET_SEALS     1034
#define SETTABLE        (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

#define SEEK_SET  0
#define SEEK_CUR  1
#define SEEK_END  2
#define SEEK_DATA 3
#define SEEK_HOLE 4

#define POSIX_FADV_NOREUSE 5 /* the last one */

#define DENTS_AT_ONCE 4096u

static s64 open_path(int dirfd, u64 user_path, u32 flags, u32 mode)
{
    int err, fd;
    char *path = path_from_user(user_path, &err);
    struct file *f = NULL;

    if (!path)
        return err;
    fd = fd_reserve(0); /* first: without a number nothing is made or cut */
    if (fd >= 0)
        f = file_open_at(dirfd, path, flags, mode, &err);
    kfree(path);
    if (fd < 0)
        return fd == -EINVAL ? -EMFILE : fd;
    if (f)
        return fd_fill(fd, f, flags & O_CLOEXEC);
    fd_unreserve(fd);
    return err;
}

s64 sys_open(const u64 *a)
{
    return open_path(AT_FDCWD, a[0], (u32)a[1], (u32)a[2]);
}

s64 sys_openat(const u64 *a)
{
    return open_path((int)a[0], a[1], (u32)a[2], (u32)a[3]);
}

s64 sys_creat(const u64 *a)
{
    return open_path(AT_FDCWD, a[0], O_CREAT | O_WRONLY | O_TRUNC, (u32)a[1]);
}

s64 sys_close(const u64 *a)
{
    return fd_close((int)a[0]);
}

#define CLOSE_RANGE_CLOEXEC 4u

/* first, last, flags. A table that threads share is theirs, too: it would have
   to be copied, which nobody asks for. */
s64 sys_close_range(const u64 *a)
{
    u32 first = (u32)a[0], last = (u32)a[1], flags = (u32)a[2];
    struct fdtable *t = current_process()->files;

    if (first > last || (flags & ~CLOSE_RANGE_CLOEXEC))
        return -EINVAL;
    for (int fd = (int)min_u64(first, INT32_MAX);
         (fd = fdtable_next(t, fd)) >= 0 && (u32)fd <= last; fd++) {
        if (flags & CLOSE_RANGE_CLOEXEC)
            (void)fd_set_cloexec(fd, true);
        else
            (void)fd_close(fd);
    }
    return 0;
}

/* ---- descriptors ---- */

s64 sys_dup(const u64 *a)
{
    struct file *f = fd_get_any((int)a[0]);

    return f ? fd_install(f, false) : -EBADF;
}

s64 sys_dup2(const u64 *a)
{
    struct file *f = fd_get_any((int)a[0]);

    if (!f)
        return -EBADF;
    if ((int)a[0] == (int)a[1]) {
        file_put(f);
        return (int)a[1];
    }
    return fd_replace(f, (int)a[1], false);
}

s64 sys_dup3(const u64 *a)
{
    struct file *f;

    if ((int)a[0] == (int)a[1] || ((u32)a[2] & ~O_CLOEXEC))
        return -EINVAL;
    f = fd_get_any((int)a[0]);
    return f ? fd_replace(f, (int)a[1], (u32)a[2] & O_CLOEXEC) : -EBADF;
}

static s64 pipe_size(const struct file *f, bool set, u64 size)
{
    struct pipe *p = file_pipe(f);

    if (!p)
        return -EBADF;
    return set ? pipe_set_size(p, size) : pipe_get_size(p);
}

/*
 * Other flags are ignored, as in Linux: O_SYNC among them. Where Linux would
 * send signals for O_ASYNC we refuse it, as nobody sends them. A pipe's
 * O_DIRECT means packets.
 */
static s64 set_flags(struct file *f, u32 flags)
{
    u32 new = flags & ~READ_ONCE(f->flags);

    if ((flags & O_DIRECT) && !file_can_direct(f) && !file_pipe(f))
        return -EINVAL;
    if ((new &O_ASYNC) && f->inode && f->ops->poll)
        return -EINVAL;
    file_set_flags(f, SETTABLE, flags);
    return 0;
}

static s64 do_fcntl(struct file *f, int fd, int cmd, u64 arg)
{
    switch (cmd) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        file_get(f);
        return fd_install_from(f, (int)arg, cmd == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return fd_get_cloexec(fd);
    case F_SETFD:
        return fd_set_cloexec(fd, arg & 1);
    case F_GETFL:
        return READ_ONCE(f->flags);
    case F_SETFL:
        return set_flags(f, (u32)arg);
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
        return fcntl_lock(f, fd, cmd - F_GETLK + LOCK_GET, false, arg);
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return fcntl_lock(f, fd, cmd - F_OFD_GETLK + LOCK_GET, true, arg);
    case F_SETPIPE_SZ:
    case F_GETPIPE_SZ:
        return pipe_size(f, cmd == F_SETPIPE_SZ, (u32)arg);
    case F_ADD_SEALS:
        return file_add_seals(f, arg);
    case F_GET_SEALS:
        return file_get_seals(f);
    }
    return -EINVAL;
}

/* What can be asked of a number, whatever stands behind it (O_PATH). */
static bool is_about_number(int cmd)
{
    return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC || cmd == F_GETFD ||
           cmd == F_SETFD || cmd == F_GETFL;
}

s64 sys_fcntl(const u64 *a)
{
    int fd = (int)a[0], cmd = (int)a[1];
    struct file *f = is_about_number(cmd) ? fd_get_any(fd) : fd_get(fd);
    s64 ret;

    if (!f)
        return -EBADF;
    ret = do_fcntl(f, fd, cmd, a[2]);
    file_put(f);
    return ret;
}

/* ---- position and size ---- */

static u64 end_of(struct inode *inode)
{
    struct blockdev *dev =
        is_kind(inode, S_IFBLK) ? inode_blockdev(inode) : NULL;

    return dev ? dev->sectors << SECTOR_SHIFT : inode_size(inode);
}

/* Caller holds the file's lock, also of the next.
   SEEK_DATA, SEEK_HOLE: holes are not told apart, so all is data to the end. */
static s64 seek_data(struct file *f, s64 offset, int whence)
{
    s64 end = (s64)end_of(f->inode);

    if (!f->inode->data || (whence != SEEK_DATA && whence != SEEK_HOLE))
        return -EINVAL;
    if (offset < 0 || offset >= end)
        return -ENXIO;
    f->pos = (u64)(whence == SEEK_DATA ? offset : end);
    return (s64)f->pos;
}

/* A text has no end to seek from: it is made as it is read. */
static bool has_end(const struct inode *inode)
{
    return inode->data || !is_kind(inode, S_IFREG);
}

static s64 seek(struct file *f, s64 offset, int whence)
{
    s64 base, pos;

    if (whence == SEEK_SET)
        base = 0;
    else if (whence == SEEK_CUR)
        base = (s64)f->pos;
    else if (whence == SEEK_END && has_end(f->inode))
        base = (s64)end_of(f->inode);
    else
        return seek_data(f, offset, whence);
    if (__builtin_add_overflow(base, offset, &pos) || pos < 0)
        return -EINVAL;
    f->pos = (u64)pos;
    return pos;
}

s64 sys_lseek(const u64 *a)
{
    struct file *f = fd_get((int)a[0]);
    s64 ret = -ESPIPE;

    if (!f)
        return -EBADF;
    if ((u32)a[2] > SEEK_HOLE) {
        ret = -EINVAL;
    } else if (file_has_pos(f)) {
        mutex_lock(&f->lock);
        ret = seek(f, (s64)a[1], (int)a[2]);
        mutex_unlock(&f->lock);
    } else if (f->ops->anywhere || !f->inode) {
        ret = 0; /* it is where it was, and that means nothing */
    }
    file_put(f);
    return ret;
}

s64 sys_ftruncate(const u64 *a)
{
    struct file *f = fd_get((int)a[0]);
    s64 ret = -EINVAL;

    if (!f)
        return -EBADF;
    if (f->inode && f->inode->data && (s64)a[1] >= 0 &&
        (f->flags & O_ACCMODE) != O_RDONLY)
        ret = ramfs_truncate(f->inode, a[1]);
    file_put(f);
    return ret;
}

/* fd, offset, count: what is in memory need not be read ahead. */
s64 sys_readahead(const u64 *a)
{
    struct file *f = fd_get((int)a[0]);
    s64 ret = -EINVAL;

    if (!f)
        return -EBADF;
    if ((f->flags & O_ACCMODE) == O_WRONLY)
        ret = -EBADF;
    else if (f->inode &&
             (is_kind(f->inode, S_IFREG) || is_kind(f->inode, S_IFBLK)))
        ret = 0;
    file_put(f);
    return ret;
}

#define SYNC_FILE_RANGE_ALL 7u

/* fd, offset, length, flags: what is written is where it belongs already. */
s64 sys_sync_file_range(const u64 *a)
{
    struct file *f = fd_get((int)a[0]);
    s64 ret = 0;

    if (!f)
        return -EBADF;
    if (((u32)a[3] & ~SYNC_FILE_RANGE_ALL) || (s64)a[1] < 0 ||
        (s64)(a[1] + a[2]) < (s64)a[1])
        ret = -EINVAL;
    else if (!file_has_pos(f))
        ret = -ESPIPE;
    file_put(f);
    return ret;
}

/* fd, offset, length, advice. Nothing is cached: there is nothing to advise. */
s64 sys_fadvise64(const u64 *a)
{
    struct file *f = fd_get((int)a[0]);
    s64 ret = 0;

    if (!f)
        return -EBADF;
    if (f->inode && is_kind(f->inode, S_IFIFO))
        ret = -ESPIPE;
    else if ((s64)a[2] < 0 || (u32)a[3] > POSIX_FADV_NOREUSE)
        ret = -EINVAL;
    file_put(f);
    return ret;
}

/* ---- to the disk ---- */

/* What a disk keeps to itself is all that is not written at once. */
s64 file_sync(struct file *f)
{
    struct blockdev *dev = NULL;

    if (f->inode && is_kind(f->inode, S_IFBLK))
        dev = inode_blockdev(f->inode);
    if (dev)
        return blockdev_flush(dev);
    return f->inode &&
                   (is_kind(f->inode, S_IFREG) || is_kind(f->inode, S_IFDIR))
               ? 0
               : -EINVAL;
}

s64 sys_fsync(const u64 *a)
{
    struct file *f = fd_get((int)a[0]);
    s64 ret;

    if (!f)
        return -EBADF;
    ret = file_sync(f);
    file_put(f);
    return ret;
}

s64 sys_fdatasync(const u64 *a)
{
    return sys_fsync(a);
}

/* Has no way to tell of an error. */
s64 sys_sync(const u64 *a)
{
    struct blockdev *dev;

    (void)a;
    for (unsigned n = 0; (dev = blockdev_nth(n)); n++)
        (void)blockdev_flush(dev);
    return 0;
}

/* There is one file system, and the disks. */
s64 sys_syncfs(const u64 *a)
{
    struct file *f = fd_get((int)a[0]);

    if (!f)
        return -EBADF;
    file_put(f);
    return sys_sync(a);
}

/* ---- directories ---- */

struct linux_dirent64 {
    u64 ino;
    u64 off; /* of the next one */
    u16 size;
    u8 type;
    char name[];
} __attribute__((packed));

/* Append; false: no room. */
static bool put_dent(char *buf, size_t size, size_t *used,
                     const struct dir_item *item)
{
    size_t len = strlen(item->name) + 1;
    size_t need = ROUND_UP(sizeof(struct linux_dirent64) + len, 8);
    struct linux_dirent64 *d = (void *)(buf + *used);

    if (need > size - *used)
        return false;
    memset(d, 0, need);
    d->ino = item->ino;
    d->off = item->next;
    d->size = (u16)need;
    d->type = (u8)((item->mode & S_IFMT) >> 12);
    memcpy(d->name, item->name, len);
    *used += need;
    return true;
}

/* Entries from f->pos on, into kernel memory: the tree lock is not held while
   the program's memory is touched. Caller holds the file's lock. */
static s64 read_dir(struct file *f, char *buf, size_t size, u64 *pos)
{
    struct dir_item *item = kmalloc(sizeof(*item), ALLOC_KERNEL);
    size_t used = 0;
    bool more = false;

    if (!item)
        return -ENOMEM;
    mutex_lock(&fs_tree_lock);
    while ((more = dir_next(f->inode, *pos, item)) &&
           put_dent(buf, size, &used, item))
        *pos = item->next;
    mutex_unlock(&fs_tree_lock);
    kfree(item);
    return more && !used ? -EINVAL : (s64)used;
}

static s64 get_dents(struct file *f, u64 ubuf, u64 len)
{
    size_t size = min_u64((u32)len, DENTS_AT_ONCE);
    char *buf = kmalloc(DENTS_AT_ONCE, ALLOC_KERNEL);
    u64 pos;
    s64 ret;

    if (!buf)
        return -ENOMEM;
    mutex_lock(&f->lock);
    pos = f->pos;
    ret = read_dir(f, buf, size, &pos);
    if (ret > 0 && copy_to_user(ubuf, buf, (size_t)ret))
        ret = -EFAULT;
    if (ret >= 0)
        f->pos = pos;
    mutex_unlock(&f->lock);
    kfree(buf);
    return ret;
}

s64 sys_getdents64(const u64 *a)
{
    struct file *f = fd_get((int)a[0]);
    s64 ret = -ENOTDIR;

    if (!f)
        return -EBADF;
    if (f->inode && is_kind(f->inode, S_IFDIR))
        ret = get_dents(f, a[1], a[2]);
    file_put(f);
    return ret;
}
