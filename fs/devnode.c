/* SPDX-License-Identifier: MIT */
/*
 * Device nodes: which driver a node means is its kind and number, not its
 * name, so that a node made by mknod or by an initramfs works as well.
 */
#include <fs/fs_private.h>
#include <kernel/print.h>
#include <mm/slab.h>

struct known_device {
    struct list_head node; /* known; written at boot only */
    u32 kind;              /* S_IFCHR or S_IFBLK */
    u64 rdev;
    const struct file_ops *ops;
    void *private;
};

static struct list_head known = LIST_INIT(known);

void devnode_bind(struct inode *inode)
{
    struct known_device *d;

    list_for_each_entry (d, &known, node) {
        if (!is_kind(inode, d->kind) || inode->rdev != d->rdev)
            continue;
        inode->fops = d->ops;
        inode->private = d->private;
        return;
    }
}

static int make_known(u32 kind, u64 rdev, const struct file_ops *ops,
                      void *private)
{
    struct known_device *d = kmalloc(sizeof(*d), ALLOC_KERNEL);

    if (!d)
        return -ENOMEM;
    d->kind = kind;
    d->rdev = rdev;
    d->ops = ops;
    d->private = private;
    list_add_tail(&d->node, &known);
    return 0;
}

/* Give a new inode its name, or take the one that has it already. */
static struct inode *link_or_find(const char *path, struct inode *inode)
{
    int err = path_link(AT_FDCWD, path, inode);
    u32 kind = inode->mode & S_IFMT;
    struct inode *there = NULL;

    if (!err)
        return inode;
    inode_put(inode);
    if (err == -EEXIST)
        there = path_lookup(path, true, &err);
    if (there && is_kind(there, kind))
        return there;
    inode_put(there);
    printk("fs: %s: error %d\n", path, -err);
    return NULL;
}

struct inode *fs_mkdir(const char *path)
{
    struct inode *inode = inode_create(S_IFDIR | 0755);

    return inode ? link_or_find(path, inode) : NULL;
}

struct inode *fs_mknod(const char *path, u32 mode, u64 rdev,
                       const struct file_ops *ops, void *private)
{
    u32 kind = mode & S_IFMT;
    struct inode *inode;

    if ((kind == S_IFCHR || kind == S_IFBLK) &&
        make_known(kind, rdev, ops, private))
        return NULL;
    inode = inode_create(mode);
    if (inode)
        inode = link_or_find(path, inode);
    if (!inode)
        return NULL;
    inode->rdev = rdev;
    inode->fops = ops;
    inode->private = private;
    return inode;
}
