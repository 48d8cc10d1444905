/* SPDX-License-Identifier: MIT */
/*
 * An absolute path of a file that somebody named somehow: by way of links, or
 * relative to where he stood. For people and for /proc/PID/exe.
 */
#include <fs/fs_private.h>
#include <kernel/print.h>
#include <kernel/string.h>

/* Does this path lead to the inode itself, and not to a link? */
static bool names_it(const char *path, const struct inode *inode)
{
    int err;
    struct inode *found = path_lookup(path, true, &err);

    inode_put(found);
    return found == inode; /* only compared */
}

/* Caller holds the tree lock. */
static int path_of(const struct inode *inode, char *buf, size_t size)
{
    struct inode *dir;
    const char *name = dir_find_name(inode, &dir);
    size_t len;
    int err;

    if (!name)
        return -ENOENT;
    err = inode_path(dir, buf, size);
    if (err)
        return err;
    len = dir == fs_root ? 0 : strlen(buf);
    return snprintf(buf + len, size - len, "/%s", name) < (int)(size - len)
               ? 0
               : -ERANGE;
}

/* The walk over the tree is for the few who came by a link. */
void inode_real_path(const struct inode *inode, const char *path, char *buf,
                     size_t size)
{
    int err = 0;

    if (*path != '/' || !names_it(path, inode)) {
        mutex_lock(&fs_tree_lock);
        err = path_of(inode, buf, size);
        mutex_unlock(&fs_tree_lock);
    } else {
        str_copy(buf, path, size);
    }
    if (err)
        str_copy(buf, path, size); /* removed: what it was called */
}
