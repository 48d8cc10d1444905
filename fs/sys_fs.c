/* SPDX-License-Identifier: MIT */
/*
 * System calls on names. Each finds its places and changes them under one
 * hold of the tree lock.
 */
#include <fs/fs_private.h>
#include <fs/syscalls.h>
#include <kernel/process.h>
#include <kernel/string.h>
#include <kernel/syscall.h>
#include <kernel/uaccess.h>
#include <mm/slab.h>

#define MS_REMOUNT       32
#define RENAME_NOREPLACE 1u

static u32 without_umask(u64 mode)
{
    return (u32)mode & MODE_BITS & ~READ_ONCE(current_process()->umask);
}

/* Name a new inode; takes over its reference (NULL: no memory for it). */
static s64 link_new(int dirfd, u64 user_path, struct inode *inode)
{
    int err = -ENOMEM;
    char *path = inode ? path_from_user(user_path, &err) : NULL;

    if (path)
        err = path_link(dirfd, path, inode);
    kfree(path);
    inode_put(inode);
    return err;
}

s64 sys_mkdir(const u64 *a)
{
    return link_new(AT_FDCWD, a[0],
                    inode_create(S_IFDIR | without_umask(a[1])));
}

s64 sys_mkdirat(const u64 *a)
{
    return link_new((int)a[0], a[1],
                    inode_create(S_IFDIR | without_umask(a[2])));
}

static s64 make_node(int dirfd, u64 user_path, u32 mode, u64 rdev)
{
    u32 kind = mode & S_IFMT ? mode & S_IFMT : S_IFREG;

    switch (kind) {
    case S_IFREG:
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
    case S_IFSOCK:
        break;
    default:
        return kind == S_IFDIR ? -EPERM : -EINVAL;
    }
    return link_new(dirfd, user_path,
                    inode_make(kind | without_umask(mode), rdev));
}

s64 sys_mknod(const u64 *a)
{
    return make_node(AT_FDCWD, a[0], (u32)a[1], (u32)a[2]);
}

s64 sys_mknodat(const u64 *a)
{
    return make_node((int)a[0], a[1], (u32)a[2], (u32)a[3]);
}

static s64 make_symlink(u64 user_target, int dirfd, u64 user_path)
{
    int err;
    char *target = path_from_user(user_target, &err);
    struct inode *inode;

    if (!target)
        return err;
    inode = inode_make_link(target);
    kfree(target);
    return link_new(dirfd, user_path, inode);
}

s64 sys_symlink(const u64 *a)
{
    return make_symlink(a[0], AT_FDCWD, a[1]);
}

s64 sys_symlinkat(const u64 *a)
{
    return make_symlink(a[0], (int)a[1], a[2]);
}

static struct inode *lookup_user(int dirfd, u64 user_path, bool nofollow,
                                 int *err)
{
    char *path = path_from_user(user_path, err);
    struct inode *inode =
        path ? path_lookup_at(dirfd, path, nofollow, err) : NULL;

    kfree(path);
    return inode;
}

/* A second name for what `inode` is; takes over its reference. */
static s64 link_again(struct inode *inode, int dirfd, u64 user_path)
{
    if (is_kind(inode, S_IFDIR)) {
        inode_put(inode);
        return -EPERM;
    }
    return link_new(dirfd, user_path, inode);
}

s64 sys_link(const u64 *a)
{
    int err;
    struct inode *inode = lookup_user(AT_FDCWD, a[0], true, &err);

    return inode ? link_again(inode, AT_FDCWD, a[1]) : err;
}

/* old dirfd, old, new dirfd, new, flags: with an empty path the open file
   itself gets a name (O_TMPFILE's other half). */
s64 sys_linkat(const u64 *a)
{
    u32 flags = (u32)a[4];
    struct inode *inode;
    int err = 0;

    if (flags & ~(u32)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    inode = at_file_or_path((int)a[0], a[1], !(flags & AT_SYMLINK_FOLLOW),
                            flags & AT_EMPTY_PATH, &err);
    return inode ? link_again(inode, (int)a[2], a[3]) : err;
}

/* ---- taking names away ---- */

static int remove_place(const struct place *place, bool is_dir)
{
    struct inode *there;
    bool folder;

    if (is_dir)
        return dir_rmdir(place->dir, place->name);
    if (!strcmp(place->name, ".") || !strcmp(place->name, ".."))
        return -EISDIR;
    if (!place->slash)
        return dir_unlink(place->dir, place->name);
    there = dir_lookup(place->dir, place->name);
    folder = there && is_kind(there, S_IFDIR);
    if (!there)
        return -ENOENT;
    inode_put(there);
    return folder ? -EISDIR : -ENOTDIR;
}

static s64 remove_name(int dirfd, u64 user_path, bool is_dir)
{
    struct inode *start;
    struct place place;
    int err;
    char *path = path_from_user(user_path, &err);

    if (!path)
        return err;
    start = path_start(dirfd, path, &err);
    if (start) {
        mutex_lock(&fs_tree_lock);
        err = path_parent(start, path, &place);
        if (!err) {
            err = remove_place(&place, is_dir);
            inode_put(place.dir);
        }
        mutex_unlock(&fs_tree_lock);
        inode_put(start);
    }
    kfree(path);
    return err;
}

s64 sys_unlink(const u64 *a)
{
    return remove_name(AT_FDCWD, a[0], false);
}

s64 sys_rmdir(const u64 *a)
{
    return remove_name(AT_FDCWD, a[0], true);
}

s64 sys_unlinkat(const u64 *a)
{
    if ((u32)a[2] & ~AT_REMOVEDIR)
        return -EINVAL;
    return remove_name((int)a[0], a[1], (u32)a[2] & AT_REMOVEDIR);
}

static bool is_dots(const char *name)
{
    return !strcmp(name, ".") || !strcmp(name, "..");
}

struct renaming {
    struct inode *from_dir, *to_dir; /* where relative paths begin */
    const char *old, *new;
    bool keep; /* RENAME_NOREPLACE */
};

/* Caller holds the tree lock. */
static int rename_from(const struct renaming *r, const struct place *from)
{
    struct inode *there;
    struct place to;
    int err = path_parent(r->to_dir, r->new, &to);

    if (err)
        return err;
    if (is_dots(from->name) || is_dots(to.name)) {
        inode_put(to.dir);
        return -EBUSY;
    }
    there = r->keep ? dir_lookup(to.dir, to.name) : NULL;
    if (there)
        err = -EEXIST;
    else
        err = dir_rename(from->dir, from->name, to.dir, to.name);
    inode_put(there);
    inode_put(to.dir);
    return err;
}

static int rename_paths(const struct renaming *r)
{
    struct place from;
    int err;

    mutex_lock(&fs_tree_lock);
    err = path_parent(r->from_dir, r->old, &from);
    if (!err) {
        err = rename_from(r, &from);
        inode_put(from.dir);
    }
    mutex_unlock(&fs_tree_lock);
    return err;
}

static s64 do_rename(int old_fd, u64 user_old, int new_fd, u64 user_new,
                     bool keep)
{
    int err;
    char *old = path_from_user(user_old, &err);
    char *new = old ? path_from_user(user_new, &err) : NULL;
    struct renaming r = {.old = old, .new = new, .keep = keep};

    if (new)
        r.from_dir = path_start(old_fd, old, &err);
    if (r.from_dir)
        r.to_dir = path_start(new_fd, new, &err);
    if (r.to_dir)
        err = rename_paths(&r);
    inode_put(r.from_dir);
    inode_put(r.to_dir);
    kfree(old);
    kfree(new);
    return err;
}

s64 sys_rename(const u64 *a)
{
    return do_rename(AT_FDCWD, a[0], AT_FDCWD, a[1], false);
}

s64 sys_renameat(const u64 *a)
{
    return do_rename((int)a[0], a[1], (int)a[2], a[3], false);
}

/* Exchanging two names, and white-outs, are for file systems on disks. */
s64 sys_renameat2(const u64 *a)
{
    if ((u32)a[4] & ~RENAME_NOREPLACE)
        return -EINVAL;
    return do_rename((int)a[0], a[1], (int)a[2], a[3],
                     (u32)a[4] & RENAME_NOREPLACE);
}

/* ---- by path ---- */

/* Takes over the reference. */
static s64 put_link(struct inode *inode, u64 ubuf, u64 size)
{
    s64 len = -EINVAL;

    if (inode->link && (s32)size > 0) {
        len = (s64)min_u64(strlen(inode->link), size & 0x7fffffff);
        if (copy_to_user(ubuf, inode->link, (size_t)len))
            len = -EFAULT;
    }
    inode_put(inode);
    return len;
}

s64 sys_readlink(const u64 *a)
{
    int err;
    struct inode *inode = lookup_user(AT_FDCWD, a[0], true, &err);

    return inode ? put_link(inode, a[1], a[2]) : err;
}

s64 sys_readlinkat(const u64 *a)
{
    int err = 0;
    char first = 0;
    struct inode *inode = at_file_or_path((int)a[0], a[1], true, true, &err);

    if (!inode)
        return err;
    if (is_kind(inode, S_IFLNK))
        return put_link(inode, a[2], a[3]);
    inode_put(inode);
    if ((s32)a[3] <= 0 || copy_from_user(&first, a[1], 1))
        return -EINVAL;
    return first ? -EINVAL : -ENOENT; /* by number: it has no name there */
}

s64 sys_truncate(const u64 *a)
{
    int err;
    struct inode *inode = lookup_user(AT_FDCWD, a[0], false, &err);

    if (!inode)
        return err;
    if (is_kind(inode, S_IFDIR))
        err = -EISDIR;
    else if (!inode->data || (s64)a[1] < 0)
        err = -EINVAL;
    else
        err = ramfs_truncate_closed(inode, a[1]);
    inode_put(inode);
    return err;
}

/* ---- where the process stands ---- */

/* Takes over the reference. */
static s64 stand_in(struct inode *dir)
{
    struct process *p = current_process();
    struct inode *old;

    if (!is_kind(dir, S_IFDIR)) {
        inode_put(dir);
        return -ENOTDIR;
    }
    mutex_lock(&fs_tree_lock);
    old = p->cwd;
    p->cwd = dir;
    mutex_unlock(&fs_tree_lock);
    inode_put(old);
    return 0;
}

s64 sys_chdir(const u64 *a)
{
    int err;
    struct inode *dir = lookup_user(AT_FDCWD, a[0], false, &err);

    return dir ? stand_in(dir) : err;
}

s64 sys_fchdir(const u64 *a)
{
    struct file *f = fd_get_any((int)a[0]);
    s64 ret = -ENOTDIR;

    if (!f)
        return -EBADF;
    if (f->inode) {
        inode_get(f->inode);
        ret = stand_in(f->inode);
    }
    file_put(f);
    return ret;
}

/* Returns the length, with its 0 byte. */
s64 sys_getcwd(const u64 *a)
{
    char *buf = kmalloc(PATH_MAX, ALLOC_KERNEL);
    s64 ret;

    if (!buf)
        return -ENOMEM;
    mutex_lock(&fs_tree_lock);
    ret = inode_path(current_process()->cwd, buf, PATH_MAX);
    mutex_unlock(&fs_tree_lock);
    if (!ret) {
        ret = (s64)strlen(buf) + 1;
        if ((u64)ret > a[1])
            ret = -ERANGE;
        else if (copy_to_user(a[0], buf, (size_t)ret))
            ret = -EFAULT;
    }
    kfree(buf);
    return ret;
}

s64 sys_umask(const u64 *a)
{
    struct process *p = current_process();

    return __atomic_exchange_n(&p->umask, (u32)a[0] & 0777, __ATOMIC_SEQ_CST);
}

/* ---- mounting: everything there is stands in the tree already ---- */

static bool is_known_type(const char *type)
{
    static const char *const known[] = {"proc", "sysfs", "devtmpfs", "tmpfs",
                                        "devpts"};

    for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
        if (!strcmp(type, known[i]))
            return true;
    return false;
}

static int check_type(u64 user_type, u64 flags)
{
    char type[16];
    s64 len;

    if (flags & MS_REMOUNT)
        return 0;
    if (!user_type)
        return -EINVAL;
    len = strncpy_from_user(type, user_type, sizeof(type));
    if (len < 0)
        return len == -ENAMETOOLONG ? -ENODEV : (int)len;
    return is_known_type(type) ? 0 : -ENODEV;
}

/* The target of a mount is a directory that is there. */
static int check_target(u64 user_path)
{
    int err;
    struct inode *dir = lookup_user(AT_FDCWD, user_path, false, &err);

    if (!dir)
        return err;
    err = is_kind(dir, S_IFDIR) ? 0 : -ENOTDIR;
    inode_put(dir);
    return err;
}

/* source, target, type, flags, data */
s64 sys_mount(const u64 *a)
{
    int err = check_target(a[1]);

    return err ? err : check_type(a[2], a[3]);
}

s64 sys_umount2(const u64 *a)
{
    return check_target(a[0]);
}
