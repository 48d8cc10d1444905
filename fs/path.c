/* SPDX-License-Identifier: MIT */
/*
 * Paths: from a string to an inode, or to the place where one might be.
 *
 * A walk goes name by name under the tree lock. A symbolic link is walked by
 * the same function, one level deeper; the number of links in one look-up is
 * limited, which bounds the depth, too, and so the kernel stack.
 */
#include <fs/fs_private.h>
#include <kernel/process.h>
#include <kernel/string.h>
#include <mm/slab.h>

#define MAX_LINKS 10

struct mutex fs_tree_lock;
struct inode *fs_root;

struct walk {
    unsigned links;          /* followed so far */
    char name[NAME_MAX + 1]; /* the component at hand */
};

static const char *skip_slashes(const char *s)
{
    while (*s == '/')
        s++;
    return s;
}

/* Copy the component at s (not a slash). Its end, or NULL: too long. */
static const char *take_name(char *name, const char *s)
{
    size_t len = 0;

    while (s[len] && s[len] != '/') {
        if (len == NAME_MAX)
            return NULL;
        name[len] = s[len];
        len++;
    }
    name[len] = 0;
    return s + len;
}

static int walk_path(struct walk *w, struct inode *start, const char *path,
                     bool nofollow, struct inode **out);

/* Replace *at, a link found in `dir`, by what it means. */
static int follow(struct walk *w, struct inode *dir, struct inode **at)
{
    struct inode *link = *at;
    int err = -ELOOP;

    *at = inode_link_target(link);
    if (*at)
        err = 0;
    else if (w->links++ < MAX_LINKS)
        err = walk_path(w, dir, link->link ? link->link : "", false, at);
    inode_put(link);
    return err;
}

/* One name further. A link is followed unless it is the last name and is
   itself meant; "link/" means what it leads to. */
static int step(struct walk *w, struct inode **at, const char *rest,
                bool nofollow)
{
    struct inode *dir = *at, *next;
    int err = 0;

    if (!is_kind(dir, S_IFDIR))
        return -ENOTDIR;
    next = dir_lookup(dir, w->name);
    if (!next)
        return -ENOENT;
    if (is_kind(next, S_IFLNK) && (*rest || !nofollow))
        err = follow(w, dir, &next);
    if (err)
        return err;
    if (*rest && !is_kind(next, S_IFDIR)) {
        inode_put(next);
        return -ENOTDIR;
    }
    inode_put(dir);
    *at = next;
    return 0;
}

static int walk_path(struct walk *w, struct inode *start, const char *path,
                     bool nofollow, struct inode **out)
{
    struct inode *at = *path == '/' ? fs_root : start;
    int err = *path ? 0 : -ENOENT;

    inode_get(at);
    path = skip_slashes(path);
    while (!err && *path) {
        path = take_name(w->name, path);
        err = path ? step(w, &at, path, nofollow) : -ENAMETOOLONG;
        if (!err)
            path = skip_slashes(path);
    }
    if (err)
        inode_put(at);
    else
        *out = at;
    return err;
}

struct inode *path_walk(struct inode *start, const char *path, bool nofollow,
                        int *err)
{
    struct walk *w = kzalloc(sizeof(*w), ALLOC_KERNEL);
    struct inode *found = NULL;

    *err = w ? walk_path(w, start, path, nofollow, &found) : -ENOMEM;
    kfree(w);
    return *err ? NULL : found;
}

/* Where does the last component begin? Without one ("/"): at the end. */
static const char *last_name(const char *path)
{
    const char *last = path, *s = path;

    while (*s) {
        s = skip_slashes(s);
        last = s;
        while (*s && *s != '/')
            s++;
        if (!*skip_slashes(s))
            break;
    }
    return last;
}

/* Everything before the last component, as a path of its own. */
static struct inode *walk_to_dir(struct inode *start, const char *path,
                                 size_t len, int *err)
{
    struct inode *dir;
    char *prefix;

    if (!len) {
        inode_get(start);
        return start;
    }
    prefix = kmalloc(len + 1, ALLOC_KERNEL);
    *err = -ENOMEM;
    if (!prefix)
        return NULL;
    memcpy(prefix, path, len);
    prefix[len] = 0;
    dir = path_walk(start, prefix, false, err);
    kfree(prefix);
    return dir;
}

int path_parent(struct inode *start, const char *path, struct place *place)
{
    const char *last = last_name(path), *end;
    int err = 0;

    if (!*last)
        return *path ? -EBUSY : -ENOENT; /* the root has no parent */
    end = take_name(place->name, last);
    if (!end)
        return -ENAMETOOLONG;
    place->slash = *end != 0;
    place->dir = walk_to_dir(start, path, (size_t)(last - path), &err);
    if (!place->dir)
        return err;
    if (is_kind(place->dir, S_IFDIR))
        return 0;
    inode_put(place->dir);
    return -ENOTDIR;
}

/* The cwd belongs to the tree lock; a kernel thread stands at the root. */
static struct inode *start_at_cwd(void)
{
    struct process *p = current_process();
    struct inode *dir;

    mutex_lock(&fs_tree_lock);
    dir = p && p->cwd ? p->cwd : fs_root;
    inode_get(dir);
    mutex_unlock(&fs_tree_lock);
    return dir;
}

struct inode *path_start(int dirfd, const char *path, int *err)
{
    struct inode *dir = NULL;
    struct file *f;

    if (*path == '/' || dirfd == AT_FDCWD)
        return start_at_cwd();
    f = fd_get_any(dirfd);
    *err = -EBADF;
    if (!f)
        return NULL;
    *err = -ENOTDIR;
    if (f->inode && is_kind(f->inode, S_IFDIR)) {
        dir = f->inode;
        inode_get(dir);
    }
    file_put(f);
    return dir;
}

struct inode *path_lookup_at(int dirfd, const char *path, bool nofollow,
                             int *err)
{
    struct inode *start = path_start(dirfd, path, err), *found;

    if (!start)
        return NULL;
    mutex_lock(&fs_tree_lock);
    found = path_walk(start, path, nofollow, err);
    mutex_unlock(&fs_tree_lock);
    inode_put(start);
    return found;
}

struct inode *path_lookup(const char *path, bool nofollow, int *err)
{
    return path_lookup_at(AT_FDCWD, path, nofollow, err);
}

/* Caller holds the tree lock. */
static bool has_name(struct inode *dir, const char *name)
{
    struct inode *there = dir_lookup(dir, name);

    inode_put(there);
    return there != NULL;
}

int path_link(int dirfd, const char *path, struct inode *child)
{
    struct place place;
    int err = 0;
    struct inode *start = path_start(dirfd, path, &err);

    if (!start)
        return err;
    mutex_lock(&fs_tree_lock);
    err = path_parent(start, path, &place);
    if (!err) {
        if (place.slash && !is_kind(child, S_IFDIR))
            err = has_name(place.dir, place.name) ? -EEXIST : -ENOENT;
        else
            err = dir_add(place.dir, place.name, child);
        inode_put(place.dir);
    }
    mutex_unlock(&fs_tree_lock);
    inode_put(start);
    return err == -EBUSY ? -EEXIST : err; /* "/" is there already */
}

/* Written from the end, as the way goes up. */
int inode_path(struct inode *dir, char *buf, size_t size)
{
    size_t at = size, len;

    if (dir == fs_root) {
        str_copy(buf, "/", size);
        return size < 2 ? -ERANGE : 0;
    }
    if (!size)
        return -ERANGE;
    buf[--at] = 0;
    for (; dir != fs_root; dir = dir->parent) {
        const char *name = dir_name_of(dir);

        if (!name)
            return -ENOENT; /* removed, or not kept by name */
        len = strlen(name);
        if (at < len + 1)
            return -ERANGE;
        at -= len + 1;
        buf[at] = '/';
        memcpy(buf + at + 1, name, len);
    }
    memmove(buf, buf + at, size - at);
    return 0;
}
