/* SPDX-License-Identifier: MIT */
/* What is known about a file, and about the tree as a file system. */
#include <fs/fs_private.h>
#include <fs/syscalls.h>
#include <kernel/string.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <kernel/uaccess.h>
#include <mm/slab.h>
#include <mm/zone.h>

#define TMPFS_MAGIC 0x01021994 /* its files go to swap */
#define THE_DEVICE  1          /* st_dev of everything */

/* x86-64's struct stat. */
struct linux_stat {
    u64 dev, ino, nlink;
    u32 mode, uid, gid, pad;
    u64 rdev;
    s64 size, blksize, blocks;
    u64 atime[2], mtime[2], ctime[2]; /* seconds, nanoseconds */
    s64 unused[3];
};

struct linux_statfs {
    s64 type, bsize;
    u64 blocks, bfree, bavail, files, ffree;
    s32 fsid[2];
    s64 namelen, frsize, flags, spare[4];
};

static void fill_times(struct linux_stat *s, u64 ns)
{
    s->mtime[0] = ns / NSEC_PER_SEC;
    s->mtime[1] = ns % NSEC_PER_SEC;
    memcpy(s->atime, s->mtime, sizeof(s->atime));
    memcpy(s->ctime, s->mtime, sizeof(s->ctime));
}

static void fill_stat(struct inode *inode, struct linux_stat *s)
{
    u64 size = inode_size(inode);

    *s = (struct linux_stat){
        .dev = THE_DEVICE,
        .ino = inode->ino,
        .rdev = inode->rdev,
        .size = (s64)size,
        .blksize = (s64)PAGE_SIZE,
        .blocks = (s64)(PAGE_UP(size) / 512),
    };

    mutex_lock(&fs_tree_lock);
    s->mode = inode->mode;
    s->uid = inode->uid;
    s->gid = inode->gid;
    s->nlink = inode->nlink;
    mutex_unlock(&fs_tree_lock);
    fill_times(s, READ_ONCE(inode->mtime_ns));
}

static s64 put_stat(struct inode *inode, u64 user)
{
    struct linux_stat s;

    fill_stat(inode, &s);
    return copy_to_user(user, &s, sizeof(s));
}

/* An anonymous file has nothing to tell but that it is there. */
static s64 stat_fd(int fd, u64 user)
{
    struct linux_stat none = {.dev = THE_DEVICE, .mode = 0600, .nlink = 1};
    struct file *f = fd_get_any(fd);
    s64 ret;

    if (!f)
        return -EBADF;
    if (f->inode)
        ret = put_stat(f->inode, user);
    else
        ret = copy_to_user(user, &none, sizeof(none));
    file_put(f);
    return ret;
}

static s64 stat_path(int dirfd, u64 user_path, u64 user, bool nofollow)
{
    int err;
    char *path = path_from_user(user_path, &err);
    struct inode *inode;
    s64 ret;

    if (!path)
        return err;
    inode = path_lookup_at(dirfd, path, nofollow, &err);
    kfree(path);
    if (!inode)
        return err;
    ret = put_stat(inode, user);
    inode_put(inode);
    return ret;
}

s64 sys_stat(const u64 *a)
{
    return stat_path(AT_FDCWD, a[0], a[1], false);
}

s64 sys_lstat(const u64 *a)
{
    return stat_path(AT_FDCWD, a[0], a[1], true);
}

s64 sys_fstat(const u64 *a)
{
    return stat_fd((int)a[0], a[1]);
}

static s64 stat_cwd(u64 user)
{
    int err;
    struct inode *cwd = path_lookup(".", false, &err);
    s64 ret;

    if (!cwd)
        return err;
    ret = put_stat(cwd, user);
    inode_put(cwd);
    return ret;
}

/* dirfd, path, stat, flags. An empty path (or none) means dirfd itself: so do
   the C libraries call fstat. */
s64 sys_newfstatat(const u64 *a)
{
    u32 flags = (u32)a[3];
    char first = 0;

    if ((flags & AT_EMPTY_PATH) && a[1] && copy_from_user(&first, a[1], 1))
        return -EFAULT;
    if ((flags & AT_EMPTY_PATH) && !first)
        return (int)a[0] == AT_FDCWD ? stat_cwd(a[2])
                                     : stat_fd((int)a[0], a[2]);
    return stat_path((int)a[0], a[1], a[2], flags & AT_SYMLINK_NOFOLLOW);
}

/* ---- statx ---- */

#define STATX_BASIC     0x7ffu
#define STATX_RESERVED  0x80000000u
#define AT_STATX_SYNC   0x6000u /* as often as one likes: nothing is cached */
#define AT_NO_AUTOMOUNT 0x800u
#define STATX_FLAGS \
    (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_SYNC)

struct linux_statx_time {
    s64 sec;
    u32 nsec;
    s32 pad;
};

struct linux_statx {
    u32 mask, blksize;
    u64 attributes;
    u32 nlink, uid, gid;
    u16 mode, pad;
    u64 ino, size, blocks, attributes_mask;
    struct linux_statx_time atime, btime, ctime, mtime;
    u32 rdev_major, rdev_minor, dev_major, dev_minor;
    u64 spare[14];
};

_Static_assert(sizeof(struct linux_statx) == 256, "the ABI's layout");

static s64 put_statx(const struct linux_stat *s, u64 user)
{
    struct linux_statx_time t = {.sec = (s64)s->mtime[0],
                                 .nsec = (u32)s->mtime[1]};
    struct linux_statx x = {
        .mask = STATX_BASIC,
        .blksize = (u32)s->blksize,
        .nlink = (u32)s->nlink,
        .uid = s->uid,
        .gid = s->gid,
        .mode = (u16)s->mode,
        .ino = s->ino,
        .size = (u64)s->size,
        .blocks = (u64)s->blocks,
        .atime = t,
        .ctime = t,
        .mtime = t,
        .rdev_major = s->rdev >> 8 & 0xfff,
        .rdev_minor = (s->rdev & 0xff) | (u32)(s->rdev >> 12 & ~0xffu),
        .dev_minor = THE_DEVICE,
    };

    return copy_to_user(user, &x, sizeof(x));
}

/* dirfd, path, flags, mask, buffer: all of it is always told. */
s64 sys_statx(const u64 *a)
{
    u32 flags = (u32)a[2];
    struct linux_stat s;
    struct inode *inode;
    int err = 0;

    if ((flags & ~STATX_FLAGS) || (flags & AT_STATX_SYNC) == AT_STATX_SYNC ||
        ((u32)a[3] & STATX_RESERVED))
        return -EINVAL;
    inode = at_file_or_path((int)a[0], a[1], flags & AT_SYMLINK_NOFOLLOW,
                            flags & AT_EMPTY_PATH, &err);
    if (!inode)
        return err;
    fill_stat(inode, &s);
    inode_put(inode);
    return put_statx(&s, a[4]);
}

/* ---- the file system ---- */

static s64 put_statfs(u64 user)
{
    struct linux_statfs s = {
        .type = TMPFS_MAGIC,
        .bsize = (s64)PAGE_SIZE,
        .frsize = (s64)PAGE_SIZE,
        .blocks = total_frames(),
        .bfree = total_free_frames(),
        .files = total_frames(), /* memory is all that limits them */
        .ffree = total_free_frames(),
        .namelen = NAME_MAX,
    };

    s.bavail = s.bfree;
    return copy_to_user(user, &s, sizeof(s));
}

s64 sys_statfs(const u64 *a)
{
    int err;
    char *path = path_from_user(a[0], &err);
    struct inode *inode = path ? path_lookup(path, false, &err) : NULL;

    kfree(path);
    if (!inode)
        return err;
    inode_put(inode);
    return put_statfs(a[1]);
}

s64 sys_fstatfs(const u64 *a)
{
    struct file *f = fd_get_any((int)a[0]);

    if (!f)
        return -EBADF;
    file_put(f);
    return put_statfs(a[1]);
}
