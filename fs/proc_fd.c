/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/fd: a link for each open file, which says what it is, and leads
 * there whether or not it has a name; /proc/PID/fdinfo: how it is open.
 *
 * All of this runs under the tree lock, as dir_ops do. The process may close
 * its files, or end, meanwhile; then we let go of them in its place, which is
 * allowed here, as every release takes locks that come after that one only.
 */
#include <fs/fs_private.h>
#include <fs/proc_pid.h>
#include <kernel/print.h>
#include <kernel/process.h>
#include <kernel/string.h>
#include <mm/filemap.h>
#include <mm/slab.h>

/* With a reference. NULL: no such process, or it has closed everything. */
static struct fdtable *files_of(int pid)
{
    struct process *p = process_get(pid);
    struct fdtable *t;
    u64 flags;

    if (!p)
        return NULL;
    flags = spin_lock_irqsave(&tasks_lock);
    t = p->files;
    if (t)
        fdtable_get(t);
    spin_unlock_irqrestore(&tasks_lock, flags);
    process_put(p);
    return t;
}

/* A file in memory that has no name any more: the one that it had first. */
static void describe_nameless(const struct mapping *m, char *buf, size_t size)
{
    static const char end[] = " (deleted)";
    size_t len = strlen(m->name), tail = sizeof(end) - 1;
    bool says_so = len >= tail && !strcmp(m->name + len - tail, end);

    snprintf(buf, size, "%s%s", m->name, says_so ? "" : end);
}

/* Some path of it, or what else there is to say. */
static void describe(struct inode *inode, char *buf, size_t size)
{
    const struct mapping *m = inode ? inode->data : NULL;
    const char *name = NULL;
    struct inode *dir;
    size_t len;

    if (!inode) {
        str_copy(buf, "anon_inode:", size);
        return;
    }
    if (is_kind(inode, S_IFDIR) && !inode_path(inode, buf, size))
        return;
    name = dir_find_name(inode, &dir);
    if (name && !inode_path(dir, buf, size)) {
        len = strlen(buf);
        snprintf(buf + len, size - len, "%s%s", len > 1 ? "/" : "", name);
        return;
    }
    if (m && m->name[0]) {
        describe_nameless(m, buf, size);
        return;
    }
    snprintf(buf, size, "%s:[%llu]", is_kind(inode, S_IFIFO) ? "pipe" : "inode",
             (unsigned long long)inode->ino);
}

/* How it is open, as if these were permissions. */
static u32 link_mode(const struct file *f)
{
    u32 how = f->flags & O_ACCMODE;

    return 0100 | (how != O_WRONLY ? 0400 : 0) | (how != O_RDONLY ? 0200 : 0);
}

static struct inode *make_link(struct file *f, u64 ino)
{
    char *path = kmalloc(PATH_MAX, ALLOC_KERNEL);
    struct inode *link;

    if (!path)
        return NULL;
    describe(f->inode, path, PATH_MAX);
    link = inode_make_direct_link(path, f->inode);
    kfree(path);
    if (link) {
        link->mode = S_IFLNK | link_mode(f);
        link->ino = ino;
        link->nlink = 1;
    }
    return link;
}

/* Beyond the numbers of fs/proc_pid.c. */
static u64 fd_ino(struct inode *dir, u64 fd)
{
    return dir->ino << 20 | (fd + 1);
}

static struct inode *fd_lookup(struct inode *dir, const char *name)
{
    struct fdtable *t;
    struct file *f;
    struct inode *link = NULL;
    u64 fd;

    if (text_number(name, INT32_MAX, &fd))
        return NULL;
    t = files_of(pid_of(dir->private));
    f = t ? fdtable_file(t, (int)fd) : NULL;
    if (f) {
        link = make_link(f, fd_ino(dir, fd));
        file_put(f);
    }
    fdtable_put(t);
    return link;
}

static bool fd_next(struct inode *dir, u64 *n, char *name, size_t size,
                    u64 *ino)
{
    struct fdtable *t = *n <= INT32_MAX ? files_of(pid_of(dir->private)) : NULL;
    int fd = t ? fdtable_next(t, (int)*n) : -1;

    fdtable_put(t);
    if (fd < 0)
        return false;
    snprintf(name, size, "%d", fd);
    *ino = fd_ino(dir, (u64)fd);
    *n = (u64)fd;
    return true;
}

static const struct dir_ops fd_ops = {.lookup = fd_lookup, .next = fd_next};

static struct inode *make_dir(const struct dir_ops *ops, u32 mode, void *arg,
                              u64 ino)
{
    struct inode *dir = inode_create(S_IFDIR | mode);

    if (dir) {
        dir->ino = ino;
        dir->dops = ops;
        dir->private = arg;
    }
    return dir;
}

struct inode *proc_fd_make(void *arg, u64 ino)
{
    return make_dir(&fd_ops, 0500, arg, ino);
}

/* ---- fdinfo ---- */

/* The argument of these files: the process, and which of its files. */
static void show_fdinfo(struct text *t, const struct text_file *tf, void *arg)
{
    int fd = tid_of(arg);
    struct fdtable *files = files_of(pid_of(arg));
    struct file *f = files ? fdtable_file(files, fd) : NULL;

    (void)tf;
    if (f) {
        text_add(t, "pos:\t%llu\nflags:\t0%o\nmnt_id:\t1\nino:\t%llu\n",
                 (unsigned long long)READ_ONCE(f->pos),
                 READ_ONCE(f->flags) | fdtable_cloexec(files, fd),
                 f->inode ? (unsigned long long)f->inode->ino : 0);
        file_put(f);
    }
    fdtable_put(files);
}

static struct inode *fdinfo_lookup(struct inode *dir, const char *name)
{
    static const struct text_file file = {.show = show_fdinfo};
    int pid = pid_of(dir->private);
    struct fdtable *t;
    struct file *f;
    u64 fd;

    if (text_number(name, INT32_MAX, &fd))
        return NULL;
    t = files_of(pid);
    f = t ? fdtable_file(t, (int)fd) : NULL;
    fdtable_put(t);
    if (!f)
        return NULL;
    file_put(f);
    return text_inode(&file, TEXT_PROCESS, fd_ino(dir, fd),
                      pid_arg(pid, (int)fd));
}

static const struct dir_ops fdinfo_ops = {.lookup = fdinfo_lookup,
                                          .next = fd_next};

struct inode *proc_fdinfo_make(void *arg, u64 ino)
{
    return make_dir(&fdinfo_ops, 0555, arg, ino);
}
