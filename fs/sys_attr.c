/* SPDX-License-Identifier: MIT */
/*
 * Attributes of files: permissions, owners, times. They are kept and shown;
 * as everybody is root, only the x bits decide anything.
 */
#include <fs/fs_private.h>
#include <fs/syscalls.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <kernel/uaccess.h>
#include <mm/slab.h>

#define UTIME_NOW  0x3fffffff
#define UTIME_OMIT 0x3ffffffe
#define X_OK       1

static struct inode *at_path(int dirfd, u64 user_path, bool nofollow, int *err)
{
    char *path = path_from_user(user_path, err);
    struct inode *inode =
        path ? path_lookup_at(dirfd, path, nofollow, err) : NULL;

    kfree(path);
    return inode;
}

/* The inode of an open file, as if it had been looked up; the reference on the
   file (NULL: there is none) is given back. */
static struct inode *inode_of(struct file *f, int *err)
{
    struct inode *inode = NULL;

    *err = -EBADF;
    if (!f)
        return NULL;
    if (f->inode) {
        inode = f->inode;
        inode_get(inode);
    }
    file_put(f);
    return inode;
}

struct inode *at_file_or_path(int dirfd, u64 user_path, bool nofollow,
                              bool empty_ok, int *err)
{
    char first = 0;

    *err = empty_ok && user_path ? copy_from_user(&first, user_path, 1) : 0;
    if (*err)
        return NULL;
    if (!empty_ok || first)
        return at_path(dirfd, user_path, nofollow, err);
    return dirfd == AT_FDCWD ? path_lookup(".", false, err)
                             : inode_of(fd_get_any(dirfd), err);
}

/* These take over the reference; NULL: it is the error that counts. */
static s64 set_mode(struct inode *inode, u32 mode, int err)
{
    if (!inode)
        return err;
    mutex_lock(&fs_tree_lock);
    err = is_kind(inode, S_IFLNK) ? -EOPNOTSUPP : 0; /* found by O_PATH */
    if (!err)
        inode->mode = (inode->mode & S_IFMT) | (mode & MODE_BITS);
    mutex_unlock(&fs_tree_lock);
    inode_put(inode);
    return err;
}

static s64 set_owner(struct inode *inode, u32 uid, u32 gid, int err)
{
    if (!inode)
        return err;
    mutex_lock(&fs_tree_lock);
    if (uid != ~0u)
        inode->uid = uid;
    if (gid != ~0u)
        inode->gid = gid;
    mutex_unlock(&fs_tree_lock);
    inode_put(inode);
    return 0;
}

s64 sys_chmod(const u64 *a)
{
    int err = 0;
    struct inode *inode = at_path(AT_FDCWD, a[0], false, &err);

    return set_mode(inode, (u32)a[1], err);
}

s64 sys_fchmod(const u64 *a)
{
    int err = 0;
    struct inode *inode = inode_of(fd_get((int)a[0]), &err);

    return set_mode(inode, (u32)a[1], err);
}

s64 sys_fchmodat(const u64 *a)
{
    int err = 0;
    struct inode *inode = at_path((int)a[0], a[1], false, &err);

    return set_mode(inode, (u32)a[2], err);
}

s64 sys_chown(const u64 *a)
{
    int err = 0;
    struct inode *inode = at_path(AT_FDCWD, a[0], false, &err);

    return set_owner(inode, (u32)a[1], (u32)a[2], err);
}

s64 sys_lchown(const u64 *a)
{
    int err = 0;
    struct inode *inode = at_path(AT_FDCWD, a[0], true, &err);

    return set_owner(inode, (u32)a[1], (u32)a[2], err);
}

s64 sys_fchown(const u64 *a)
{
    int err = 0;
    struct inode *inode = inode_of(fd_get((int)a[0]), &err);

    return set_owner(inode, (u32)a[1], (u32)a[2], err);
}

/* dirfd, path, uid, gid, flags */
s64 sys_fchownat(const u64 *a)
{
    u32 flags = (u32)a[4];
    struct inode *inode;
    int err = 0;

    if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    inode = at_file_or_path((int)a[0], a[1], flags & AT_SYMLINK_NOFOLLOW,
                            flags & AT_EMPTY_PATH, &err);
    return set_owner(inode, (u32)a[2], (u32)a[3], err);
}

static s64 check_access(int dirfd, u64 user_path, u32 how, u32 flags)
{
    int err = 0;
    struct inode *inode;

    if ((how & ~7u) ||
        (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_EACCESS)))
        return -EINVAL;
    inode = at_file_or_path(dirfd, user_path, flags & AT_SYMLINK_NOFOLLOW,
                            flags & AT_EMPTY_PATH, &err);
    if (!inode)
        return err;
    if ((how & X_OK) && is_kind(inode, S_IFREG) && !(inode->mode & 0111))
        err = -EACCES;
    inode_put(inode);
    return err;
}

s64 sys_access(const u64 *a)
{
    return check_access(AT_FDCWD, a[0], (u32)a[1], 0);
}

s64 sys_faccessat(const u64 *a)
{
    return check_access((int)a[0], a[1], (u32)a[2], 0);
}

s64 sys_faccessat2(const u64 *a)
{
    return check_access((int)a[0], a[1], (u32)a[2], (u32)a[3]);
}

/* The second of two times: `unit` ns is what its lower half counts in. */
static int mtime_from(const u64 *t, u64 unit, u64 *ns)
{
    if (t[1] >= NSEC_PER_SEC / unit)
        return -EINVAL;
    *ns = t[0] * NSEC_PER_SEC + t[1] * unit;
    return 0;
}

/* Two timespecs, of which the second is the time of modification; 0: now. */
static int get_mtime(u64 user, u64 *ns, bool *omit)
{
    u64 t[4];

    *omit = false;
    *ns = wall_ns(now_ns());
    if (!user)
        return 0;
    if (copy_from_user(t, user, sizeof(t)))
        return -EFAULT;
    *omit = t[3] == UTIME_OMIT;
    return *omit || t[3] == UTIME_NOW ? 0 : mtime_from(t + 2, 1, ns);
}

/* Takes over the reference; NULL: it is the error that counts. */
static s64 set_mtime(struct inode *inode, u64 ns, int err)
{
    if (!inode)
        return err;
    WRITE_ONCE(inode->mtime_ns, ns);
    inode_put(inode);
    return 0;
}

/* dirfd, path (0: dirfd itself), times, flags */
s64 sys_utimensat(const u64 *a)
{
    u32 flags = (u32)a[3];
    struct inode *inode;
    bool omit;
    u64 ns;
    int err = get_mtime(a[2], &ns, &omit);

    if (err)
        return err;
    if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (!a[1])
        inode = inode_of(fd_get((int)a[0]), &err);
    else
        inode = at_file_or_path((int)a[0], a[1], flags & AT_SYMLINK_NOFOLLOW,
                                flags & AT_EMPTY_PATH, &err);
    return set_mtime(inode, inode && omit ? READ_ONCE(inode->mtime_ns) : ns,
                     err);
}

static s64 utimes_at(int dirfd, u64 user_path, u64 user_times)
{
    u64 t[4], ns = wall_ns(now_ns());
    int err = 0;

    if (user_times && copy_from_user(t, user_times, sizeof(t)))
        return -EFAULT;
    if (user_times)
        err = mtime_from(t + 2, 1000, &ns);
    if (err)
        return err;
    return set_mtime(at_path(dirfd, user_path, false, &err), ns, err);
}

s64 sys_utimes(const u64 *a)
{
    return utimes_at(AT_FDCWD, a[0], a[1]);
}

s64 sys_futimesat(const u64 *a)
{
    return utimes_at((int)a[0], a[1], a[2]);
}

/* Whole seconds: of access, of modification. */
s64 sys_utime(const u64 *a)
{
    u64 t[2], ns = wall_ns(now_ns());
    int err = 0;

    if (a[1] && copy_from_user(t, a[1], sizeof(t)))
        return -EFAULT;
    if (a[1])
        ns = t[1] * NSEC_PER_SEC;
    return set_mtime(at_path(AT_FDCWD, a[0], false, &err), ns, err);
}
