/* SPDX-License-Identifier: MIT */
/*
 * Inodes: made, counted, freed. An inode with a name is held by that name;
 * one without lives as long as somebody has it open (or stands in it).
 */
#include <fs/fs_private.h>
#include <fs/locks.h>
#include <kernel/block.h>
#include <kernel/string.h>
#include <kernel/time.h>
#include <mm/filemap.h>
#include <mm/slab.h>

static atomic64_t last_ino;

struct inode *inode_create(u32 mode)
{
    struct inode *inode = kzalloc(sizeof(*inode), ALLOC_KERNEL);

    if (!inode)
        return NULL;
    inode->ino = (u64)atomic_inc(&last_ino);
    inode->mode = mode;
    inode->mtime_ns = wall_ns(now_ns());
    atomic_set(&inode->refs, 1);
    mutex_init(&inode->lock, "inode", RANK_INODE);
    list_init(&inode->children);
    if (is_kind(inode, S_IFDIR))
        inode->nlink = 2; /* its name and "."; 0 = removed */
    return inode;
}

/* What its kind needs. 0 or -ENOMEM. */
static int equip(struct inode *inode)
{
    switch (inode->mode & S_IFMT) {
    case S_IFREG:
        inode->fops = &ramfs_ops;
        inode->data = mapping_create(NULL);
        return inode->data ? 0 : -ENOMEM;
    case S_IFIFO:
        inode->fops = &fifo_ops;
        inode->private = pipe_alloc();
        return inode->private ? 0 : -ENOMEM;
    case S_IFCHR:
    case S_IFBLK:
        devnode_bind(inode);
    }
    return 0;
}

struct inode *inode_make(u32 mode, u64 rdev)
{
    struct inode *inode = inode_create(mode);

    if (!inode)
        return NULL;
    inode->rdev = rdev;
    if (equip(inode)) {
        inode_put(inode);
        return NULL;
    }
    return inode;
}

struct inode *inode_make_link(const char *target)
{
    struct inode *inode = inode_create(S_IFLNK | 0777);
    size_t size = strlen(target) + 1;

    if (!inode)
        return NULL;
    inode->link = kmalloc(size, ALLOC_KERNEL);
    if (!inode->link) {
        inode_put(inode);
        return NULL;
    }
    memcpy(inode->link, target, size);
    return inode;
}

static void forget_target(struct inode *link)
{
    inode_put(link->private);
}

static const struct file_ops direct_link_ops = {.forget = forget_target};

struct inode *inode_make_direct_link(const char *text, struct inode *target)
{
    struct inode *link = inode_make_link(text);

    if (link && target) {
        inode_get(target);
        link->private = target;
        link->fops = &direct_link_ops;
    }
    return link;
}

struct inode *inode_link_target(struct inode *link)
{
    if (link->fops != &direct_link_ops)
        return NULL;
    inode_get(link->private);
    return link->private;
}

void inode_get(struct inode *inode)
{
    atomic_inc(&inode->refs);
}

/* ---- who writes, and who executes ---- */

/* One more in this direction, unless there is somebody in the other. */
static int join_writers(atomic_t *count, int step)
{
    int old;

    do {
        old = atomic_read(count);
        if (old * step < 0)
            return -ETXTBSY;
    } while (!atomic_cmpxchg(count, old, old + step));
    return 0;
}

int inode_begin_write(struct inode *inode)
{
    return join_writers(&inode->writers, 1);
}

void inode_end_write(struct inode *inode)
{
    atomic_dec(&inode->writers);
}

int inode_deny_write(struct inode *inode)
{
    return join_writers(&inode->writers, -1);
}

void inode_allow_write(struct inode *inode)
{
    atomic_inc(&inode->writers);
}

/* Nobody else knows it: no lock. */
static void inode_free(struct inode *inode)
{
    if (inode->data)
        mapping_put(inode->data);
    if (inode->fops && inode->fops->forget)
        inode->fops->forget(inode);
    dir_clear(inode);
    inode_locks_free(inode);
    kfree(inode->link);
    kfree(inode);
}

/* A directory holds its parent, which may then be the next to go. */
void inode_put(struct inode *inode)
{
    while (inode && atomic_dec_and_test(&inode->refs)) {
        struct inode *parent = inode->parent;

        inode_free(inode);
        inode = parent;
    }
}

u64 inode_size(struct inode *inode)
{
    if (inode->data)
        return READ_ONCE(inode->data->size);
    if (inode->link)
        return strlen(inode->link);
    return 0;
}

/* The file may be cut meanwhile: then there are fewer bytes. */
s64 inode_read_kernel(struct inode *inode, u64 pos, void *buf, u64 len)
{
    s64 ret;

    if (!inode->data)
        return -EINVAL;
    mutex_lock(&inode->lock);
    ret = mapping_read(inode->data, pos, buf, len);
    mutex_unlock(&inode->lock);
    return ret;
}
