/* SPDX-License-Identifier: MIT */
/*
 * Directories: lists of names. All under the tree lock.
 *
 * Every name gets a number that only rises, and a list is in the order of
 * these numbers: the position of somebody who reads a directory is the number
 * of the next name, so that removing what has been read (rm -r) neither skips
 * nor repeats anything.
 */
#include <fs/fs_private.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/time.h>
#include <mm/filemap.h>
#include <mm/slab.h>

struct dirent {
    struct list_head node; /* inode.children */
    struct inode *inode;   /* a reference */
    u64 number;
    char name[];
};

/* Positions: 0 and 1 are "." and "..", then names, then dynamic children. */
#define FIRST_NUMBER 2
#define DYNAMIC      (1ull << 62)

static u64 next_number = FIRST_NUMBER; /* tree lock */

static struct dirent *find(struct inode *dir, const char *name)
{
    struct dirent *d;

    list_for_each_entry (d, &dir->children, node)
        if (!strcmp(d->name, name))
            return d;
    return NULL;
}

/* A child that comes into being by being asked for (/proc/7). */
static struct inode *lookup_dynamic(struct inode *dir, const char *name)
{
    struct inode *child;

    if (!dir->dops || !dir->dops->lookup)
        return NULL;
    child = dir->dops->lookup(dir, name);
    if (child && is_kind(child, S_IFDIR) && !child->parent) {
        inode_get(dir);
        child->parent = dir;
    }
    return child;
}

struct inode *dir_lookup(struct inode *dir, const char *name)
{
    struct inode *found = NULL;
    struct dirent *d;

    ASSERT(mutex_is_mine(&fs_tree_lock));
    if (!strcmp(name, "."))
        found = dir;
    else if (!strcmp(name, ".."))
        found = dir->parent;
    else if ((d = find(dir, name)))
        found = d->inode;
    if (!found)
        return lookup_dynamic(dir, name);
    inode_get(found);
    return found;
}

/* A name for an inode, in no list yet. NULL: no memory. */
static struct dirent *dirent_create(const char *name, struct inode *inode)
{
    size_t size = strlen(name) + 1;
    struct dirent *d = kmalloc(sizeof(*d) + size, ALLOC_KERNEL);

    if (!d)
        return NULL;
    memcpy(d->name, name, size);
    inode_get(inode);
    d->inode = inode;
    return d;
}

static void dirent_free(struct dirent *d)
{
    inode_put(d->inode);
    kfree(d);
}

/* The end of the list is where the highest number belongs. */
static void insert(struct inode *dir, struct dirent *d)
{
    d->number = next_number++;
    list_add_tail(&d->node, &dir->children);
    dir->mtime_ns = wall_ns(now_ns());
}

/* The kernel's own folder? -errno, as Linux gives it. */
static int is_sealed(const struct inode *dir)
{
    if (dir->sealed)
        return -dir->sealed;
    return dir->dops ? -ENOENT : 0;
}

void dir_seal(struct inode *dir, int error)
{
    struct dirent *d;

    dir->sealed = error;
    list_for_each_entry (d, &dir->children, node)
        if (is_kind(d->inode, S_IFDIR))
            dir_seal(d->inode, error);
}

/* May this name be made here? */
static int check_new(struct inode *dir, const char *name)
{
    if (!is_kind(dir, S_IFDIR))
        return -ENOTDIR;
    if (!dir->nlink)
        return -ENOENT; /* removed: nothing comes back to life in it */
    if (is_sealed(dir))
        return find(dir, name) ? -EEXIST : is_sealed(dir);
    if (!strcmp(name, ".") || !strcmp(name, "..") || find(dir, name))
        return -EEXIST;
    return 0;
}

/* Mappings of the file are shown by its first name (/proc/PID/maps). */
static void note_name(struct inode *dir, const char *name, struct inode *child)
{
    struct mapping *m = child->data;
    size_t len;

    if (!m || m->name[0] || inode_path(dir, m->name, sizeof(m->name)))
        return;
    len = dir == fs_root ? 0 : strlen(m->name);
    snprintf(m->name + len, sizeof(m->name) - len, "/%s", name);
}

int dir_add(struct inode *dir, const char *name, struct inode *child)
{
    int err = check_new(dir, name);
    struct dirent *d;

    if (err)
        return err;
    d = dirent_create(name, child);
    if (!d)
        return -ENOMEM;
    insert(dir, d);
    note_name(dir, name, child);
    if (!is_kind(child, S_IFDIR)) {
        child->nlink++;
        return 0;
    }
    inode_get(dir);
    child->parent = dir;
    dir->nlink++; /* the child's ".." */
    return 0;
}

int inode_link(struct inode *dir, const char *name, struct inode *child)
{
    int err;

    mutex_lock(&fs_tree_lock);
    err = dir_add(dir, name, child);
    mutex_unlock(&fs_tree_lock);
    return err;
}

/* A removed directory keeps its parent: somebody may stand in it and go up. */
static void dirent_remove(struct inode *dir, struct dirent *d)
{
    struct inode *child = d->inode;

    if (is_kind(child, S_IFDIR)) {
        child->nlink = 0;
        dir->nlink--;
    } else {
        child->nlink--;
    }
    dir->mtime_ns = wall_ns(now_ns());
    list_del(&d->node);
    dirent_free(d);
}

int dir_unlink(struct inode *dir, const char *name)
{
    struct dirent *d = find(dir, name);

    if (!d)
        return is_sealed(dir) ? -EPERM : -ENOENT;
    if (is_kind(d->inode, S_IFDIR))
        return -EISDIR;
    if (is_sealed(dir))
        return -EPERM;
    dirent_remove(dir, d);
    return 0;
}

/* May this directory go? One with dynamic children is never empty. */
static int check_rmdir(struct inode *dir)
{
    if (!is_kind(dir, S_IFDIR))
        return -ENOTDIR;
    if (dir->dops)
        return -EBUSY;
    return list_empty(&dir->children) ? 0 : -ENOTEMPTY;
}

int dir_rmdir(struct inode *dir, const char *name)
{
    struct dirent *d = find(dir, name);
    int err;

    if (!strcmp(name, "."))
        return -EINVAL;
    if (!strcmp(name, ".."))
        return -ENOTEMPTY;
    if (!d)
        return -ENOENT;
    err = is_sealed(dir) ? -EPERM : check_rmdir(d->inode);
    if (!err)
        dirent_remove(dir, d);
    return err;
}

/* Is `dir` below `above`, or the same? Parents lead to the root, always. */
static bool is_below(struct inode *dir, struct inode *above)
{
    while (dir != above && dir != fs_root)
        dir = dir->parent;
    return dir == above;
}

/* May `moved` take the place of `there` (NULL: a free one) in `to`? */
static int check_rename(struct inode *moved, struct inode *to,
                        struct inode *there)
{
    bool is_dir = is_kind(moved, S_IFDIR);

    if (!to->nlink)
        return -ENOENT;
    if (is_sealed(to))
        return -EPERM;
    if (is_dir && is_below(to, moved))
        return -EINVAL;
    if (!there)
        return 0;
    if (is_dir)
        return check_rmdir(there);
    return is_kind(there, S_IFDIR) ? -EISDIR : 0;
}

/* A directory's ".." is another one now. */
static void change_parent(struct inode *child, struct inode *to)
{
    struct inode *from = child->parent;

    inode_get(to);
    child->parent = to;
    to->nlink++;
    from->nlink--;
    inode_put(from); /* not its last: its caller has one */
}

/* The new name is made first: without memory, nothing has happened. */
int dir_rename(struct inode *from, const char *old, struct inode *to,
               const char *name)
{
    struct dirent *d = find(from, old), *there = find(to, name), *new;
    int err;

    if (!d)
        return -ENOENT;
    if (there && there->inode == d->inode)
        return 0; /* two names of one file: both stay */
    if (!strcmp(name, ".") || !strcmp(name, ".."))
        return -EBUSY;
    err = is_sealed(from)
              ? -EPERM
              : check_rename(d->inode, to, there ? there->inode : NULL);
    if (err)
        return err;
    new = dirent_create(name, d->inode);
    if (!new)
        return -ENOMEM;
    if (there)
        dirent_remove(to, there);
    insert(to, new);
    if (is_kind(d->inode, S_IFDIR) && from != to)
        change_parent(d->inode, to);
    list_del(&d->node);
    dirent_free(d);
    return 0;
}

static void describe(struct dir_item *item, struct inode *inode,
                     const char *name, u64 next)
{
    item->ino = inode->ino;
    item->mode = inode->mode;
    item->next = next;
    str_copy(item->name, name, sizeof(item->name));
}

/* What dir_ops has, behind all names. */
static bool next_dynamic(struct inode *dir, u64 n, struct dir_item *item)
{
    if (!dir->dops || !dir->dops->next)
        return false;
    if (!dir->dops->next(dir, &n, item->name, sizeof(item->name), &item->ino))
        return false;
    item->mode = 0;
    item->next = DYNAMIC + n + 1;
    return true;
}

bool dir_next(struct inode *dir, u64 pos, struct dir_item *item)
{
    struct dirent *d;

    if (pos >= DYNAMIC)
        return next_dynamic(dir, pos - DYNAMIC, item);
    if (pos < FIRST_NUMBER) {
        describe(item, pos ? dir->parent : dir, pos ? ".." : ".", pos + 1);
        return true;
    }
    list_for_each_entry (d, &dir->children, node) {
        if (d->number < pos)
            continue;
        describe(item, d->inode, d->name, d->number + 1);
        return true;
    }
    return next_dynamic(dir, 0, item);
}

/* The entry that means this inode; NULL: none does. */
static struct dirent *entry_of(struct inode *dir, const struct inode *inode)
{
    struct dirent *d;

    list_for_each_entry (d, &dir->children, node)
        if (d->inode == inode)
            return d;
    return NULL;
}

const char *dir_name_of(struct inode *dir)
{
    struct dirent *d = entry_of(dir->parent, dir);

    return d ? d->name : NULL;
}

/* The first directory among the entries behind `after` (NULL: all). */
static struct inode *next_subdir(struct inode *dir, const struct dirent *after)
{
    struct list_head *at = after ? after->node.next : dir->children.next;

    for (; at != &dir->children; at = at->next) {
        struct dirent *d = list_entry(at, struct dirent, node);

        if (is_kind(d->inode, S_IFDIR))
            return d->inode;
    }
    return NULL;
}

/* The directory after this one: each before those in it, no stack needed, as
   every directory knows the way up. NULL: it was the last one. */
static struct inode *next_dir(struct inode *dir)
{
    struct inode *next = next_subdir(dir, NULL);

    while (!next && dir != fs_root) {
        next = next_subdir(dir->parent, entry_of(dir->parent, dir));
        dir = dir->parent;
    }
    return next;
}

const char *dir_find_name(const struct inode *inode, struct inode **dir)
{
    for (*dir = fs_root; *dir; *dir = next_dir(*dir)) {
        struct dirent *d = entry_of(*dir, inode);

        if (d)
            return d->name;
    }
    return NULL;
}

void dir_clear(struct inode *dir)
{
    struct dirent *d, *tmp;

    list_for_each_entry_safe (d, tmp, &dir->children, node) {
        list_del(&d->node);
        dirent_free(d);
    }
}
