/* SPDX-License-Identifier: MIT */
/*
 * Open files: an inode, how it may be used, and where one is in it. fork and
 * dup share them, so they are counted.
 */
#include <fs/epoll.h>
#include <fs/fs_private.h>
#include <fs/locks.h>
#include <kernel/process.h>
#include <mm/slab.h>

/* What open needs to know once and nobody later. */
#define OPEN_ONLY (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

static const struct file_ops dir_ops;   /* getdents64 asks the tree itself */
static const struct file_ops place_ops; /* O_PATH: nothing can be done by it */

static atomic64_t nr_open;

u64 files_open(void)
{
    return (u64)atomic_read(&nr_open);
}

struct file *file_create(struct inode *inode, const struct file_ops *ops,
                         u32 flags)
{
    struct file *f = kzalloc(sizeof(*f), ALLOC_KERNEL);

    if (!f)
        return NULL;
    atomic_set(&f->refs, 1);
    mutex_init(&f->lock, "file", RANK_FILE);
    list_init(&f->watchers);
    f->inode = inode;
    f->ops = ops;
    f->flags = flags;
    atomic_inc(&nr_open);
    return f;
}

static void free_file(struct file *f)
{
    if (f->writes)
        inode_end_write(f->inode);
    atomic_dec(&nr_open);
    kfree(f);
}

void file_get(struct file *f)
{
    atomic_inc(&f->refs);
}

void file_put(struct file *f)
{
    struct inode *inode;

    if (!atomic_dec_and_test(&f->refs))
        return;
    epoll_forget(f);
    locks_forget(f->inode, f);
    if (f->ops->release)
        f->ops->release(f);
    inode = f->inode;
    free_file(f);
    inode_put(inode);
}

bool file_can_direct(const struct file *f)
{
    return f->inode && inode_blockdev(f->inode);
}

void file_set_flags(struct file *f, u32 mask, u32 flags)
{
    mutex_lock(&f->lock);
    WRITE_ONCE(f->flags, (f->flags & ~mask) | (flags & mask));
    mutex_unlock(&f->lock);
}

/* A new regular file at `place`, whose directory is under the tree lock. */
static struct inode *create_at(struct place *place, u32 mode, int *err)
{
    struct process *p = current_process();
    struct inode *inode;

    *err = -EISDIR;
    if (place->slash)
        return NULL;
    mode &= MODE_BITS & ~(p ? p->umask : 0);
    inode = inode_make(S_IFREG | mode, 0);
    *err = inode ? dir_add(place->dir, place->name, inode) : -ENOMEM;
    if (*err == -EPERM)
        *err = -EACCES; /* /sys: so says open, and mkdir the other */
    if (*err) {
        inode_put(inode);
        return NULL;
    }
    return inode;
}

/* The link at this place, which leads nowhere: a file is made where it leads.
   *link, with a reference, or -ENOENT. */
static int link_at(const struct place *place, struct inode **link)
{
    *link = dir_lookup(place->dir, place->name);
    if (*link && is_kind(*link, S_IFLNK) && (*link)->link)
        return 0;
    inode_put(*link);
    return -ENOENT;
}

/* There is no such file: make it. What is there already by that name is a link
   to where nothing is, perhaps by another one. */
static struct inode *create(struct inode *start, const char *path, u32 mode,
                            int *err)
{
    struct inode *inode = NULL, *dir = start, *link = NULL;
    struct place place;

    inode_get(dir);
    do {
        struct inode *before = link;

        *err = path_parent(dir, path, &place);
        inode_put(before);
        inode_put(dir);
        if (*err)
            return NULL;
        dir = place.dir;
        inode = create_at(&place, mode, err);
        if (*err == -EEXIST && !(*err = link_at(&place, &link)))
            path = link->link;
    } while (!inode && !*err);
    inode_put(dir);
    return inode;
}

/* Looked up and, if it is not there, made under one hold of the tree lock:
   nobody else can make it in between. */
static struct inode *find_or_create(struct inode *start, const char *path,
                                    u32 flags, u32 mode, int *err)
{
    bool nofollow =
        (flags & O_NOFOLLOW) || ((flags & O_CREAT) && (flags & O_EXCL));
    struct inode *inode = path_walk(start, path, nofollow, err);

    if (inode && (flags & O_CREAT) && (flags & O_EXCL)) {
        inode_put(inode);
        *err = -EEXIST;
        return NULL;
    }
    if (inode || *err != -ENOENT || !(flags & O_CREAT))
        return inode;
    return create(start, path, mode, err);
}

/* May this be opened like that, whatever it can do? */
static int check_kind(struct inode *inode, u32 flags)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY;

    if (is_kind(inode, S_IFLNK))
        return -ELOOP;
    if (is_kind(inode, S_IFDIR))
        return writes || (flags & (O_CREAT | O_TRUNC)) ? -EISDIR : 0;
    if (flags & O_DIRECTORY)
        return -ENOTDIR;
    return inode->fops ? 0 : -ENXIO;
}

/* What opening it in this way does, before anybody has it. */
static int begin_open(struct file *f)
{
    struct inode *inode = f->inode;
    int err = 0;

    if (inode->data && (f->flags & O_ACCMODE) != O_RDONLY) {
        err = inode_begin_write(inode);
        f->writes = !err;
    }
    if (!err && f->ops->open)
        err = f->ops->open(inode, f);
    if (!err && (f->flags & O_DIRECT) && !file_can_direct(f)) {
        if (f->ops->release)
            f->ops->release(f); /* its open has succeeded */
        err = -EINVAL;
    }
    if (!err && (f->flags & O_TRUNC) && inode->data)
        err = ramfs_truncate_closed(inode, 0);
    return err;
}

/* Takes over the reference. A file whose open failed is not released. */
static struct file *open_inode(struct inode *inode, u32 flags, int *err)
{
    bool is_dir = is_kind(inode, S_IFDIR);
    struct file *f = NULL;

    *err = check_kind(inode, flags);
    if (!*err) {
        f = file_create(inode, is_dir ? &dir_ops : inode->fops, flags);
        *err = f ? begin_open(f) : -ENOMEM;
    }
    if (!*err) {
        f->flags &= ~OPEN_ONLY;
        return f;
    }
    if (f)
        free_file(f);
    inode_put(inode);
    return NULL;
}

/* O_PATH: which file it is, and no more. It is not opened, so that nobody is
   asked; even a link or a FIFO will do. Takes over the reference. */
static struct file *open_place(struct inode *inode, u32 flags, int *err)
{
    struct file *f = NULL;

    *err = (flags & O_DIRECTORY) && !is_kind(inode, S_IFDIR) ? -ENOTDIR : 0;
    if (!*err) {
        f = file_create(inode, &place_ops, flags & ~(u32)O_CLOEXEC);
        *err = f ? 0 : -ENOMEM;
    }
    if (!f)
        inode_put(inode);
    return f;
}

/* A regular file in no directory; `start` and path only say on which file
   system, and there is one. Tree lock held. */
static struct inode *make_nameless(struct inode *start, const char *path,
                                   u32 flags, u32 mode, int *err)
{
    struct process *p = current_process();
    struct inode *dir = path_walk(start, path, false, err), *inode;

    if (!dir)
        return NULL;
    *err = (flags & O_ACCMODE) == O_RDONLY ? -EINVAL
           : is_kind(dir, S_IFDIR)         ? 0
                                           : -ENOTDIR;
    inode_put(dir);
    if (*err)
        return NULL;
    inode = inode_make(S_IFREG | (mode & MODE_BITS & ~(p ? p->umask : 0)), 0);
    *err = inode ? 0 : -ENOMEM;
    return inode;
}

#define OPEN_FLAGS  037777703u /* O_ACCMODE, and from O_CREAT to O_TMPFILE */
#define PLACE_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* openat ignores what it does not know, and what is nothing beside O_PATH. */
static u32 known_flags(u32 flags)
{
    flags &= flags & O_PATH ? PLACE_FLAGS : OPEN_FLAGS;
    return flags & O_SYNC & ~O_DSYNC ? flags | O_DSYNC : flags;
}

/* Can these flags be asked for together? */
static bool flags_make_sense(u32 flags)
{
    if ((flags & O_ACCMODE) == O_ACCMODE)
        return false;
    if (flags & O_TMPFILE & ~O_DIRECTORY)
        return (flags & O_DIRECTORY) && (flags & O_ACCMODE) != O_RDONLY;
    return !(flags & O_CREAT) || !(flags & O_DIRECTORY);
}

struct file *file_open_at(int dirfd, const char *path, u32 flags, u32 mode,
                          int *err)
{
    struct inode *start = path_start(dirfd, path, err), *inode;
    struct file *f = NULL;
    bool nameless;

    if (!start)
        return NULL;
    flags = known_flags(flags);
    nameless = (flags & O_TMPFILE) == O_TMPFILE;
    if (!flags_make_sense(flags)) {
        inode_put(start);
        *err = -EINVAL;
        return NULL;
    }
    mutex_lock(&fs_tree_lock);
    if (nameless)
        inode = make_nameless(start, path, flags, mode, err);
    else
        inode = find_or_create(start, path, flags, mode, err);
    mutex_unlock(&fs_tree_lock);
    inode_put(start);
    if (nameless)
        flags &= ~(u32)O_TMPFILE; /* O_DIRECTORY is part of it */
    if (inode)
        f = flags & O_PATH ? open_place(inode, flags, err)
                           : open_inode(inode, flags, err);
    if (f && nameless)
        f->flags |= O_TMPFILE; /* for F_GETFL */
    return f;
}

struct file *file_open(const char *path, u32 flags, u32 mode, int *err)
{
    return file_open_at(AT_FDCWD, path, flags, mode, err);
}

s64 anon_file(const struct file_ops *ops, void *private, u32 flags)
{
    struct file *f = file_create(NULL, ops, flags & (O_ACCMODE | O_NONBLOCK));
    struct file none = {.private = private};

    if (!f) {
        ops->release(&none);
        return -ENOMEM;
    }
    f->private = private;
    return fd_install(f, flags & O_CLOEXEC);
}
