/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes: files in memory have none, and can be given none. The
 * calls say so in the words that programs look for: a file that is not there
 * is ENOENT, an attribute EOPNOTSUPP, and the list of them is empty.
 */
#include <fs/fs_private.h>
#include <fs/syscalls.h>
#include <kernel/syscall.h>
#include <kernel/uaccess.h>
#include <mm/slab.h>

#define NAME_SIZE 256u

static s64 check_path(u64 user_path, bool nofollow)
{
    int err;
    char *path = path_from_user(user_path, &err);
    struct inode *inode = path ? path_lookup(path, nofollow, &err) : NULL;

    kfree(path);
    if (!inode)
        return err;
    inode_put(inode);
    return 0;
}

static s64 check_fd(int fd)
{
    struct file *f = fd_get(fd);

    if (!f)
        return -EBADF;
    file_put(f);
    return 0;
}

/* What every name of an attribute is answered with. */
static s64 none(s64 err, u64 user_name)
{
    char name[NAME_SIZE];
    s64 len = err ? err : strncpy_from_user(name, user_name, sizeof(name));

    if (err || len < 0)
        return len == -ENAMETOOLONG ? -ERANGE : len;
    return len ? -EOPNOTSUPP : -ERANGE;
}

/* getxattr, setxattr, removexattr */
s64 sys_xattr(const u64 *a)
{
    return none(check_path(a[0], false), a[1]);
}

s64 sys_lxattr(const u64 *a)
{
    return none(check_path(a[0], true), a[1]);
}

s64 sys_fxattr(const u64 *a)
{
    return none(check_fd((int)a[0]), a[1]);
}

s64 sys_listxattr(const u64 *a)
{
    return check_path(a[0], false);
}

s64 sys_llistxattr(const u64 *a)
{
    return check_path(a[0], true);
}

s64 sys_flistxattr(const u64 *a)
{
    return check_fd((int)a[0]);
}
