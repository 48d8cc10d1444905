/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/exe, cwd and root: links to what a process runs and where it is.
 *
 * They are made by a look-up, and so under the tree lock, which keeps every
 * cwd where it is but for a process that ends: that one gives its own away
 * under tasks_lock.
 */
#include <fs/fs_private.h>
#include <fs/proc_pid.h>
#include <kernel/process.h>
#include <kernel/string.h>
#include <mm/slab.h>

static struct inode *named(struct inode *link, u64 ino)
{
    if (link) {
        link->ino = ino;
        link->nlink = 1;
    }
    return link;
}

/* Which program it runs: where that was found, when it was. */
struct inode *proc_exe_make(void *arg, u64 ino)
{
    struct process *p = process_get(pid_of(arg));
    char path[sizeof(p->exe)];
    u64 flags;

    if (!p)
        return NULL;
    flags = spin_lock_irqsave(&tasks_lock);
    str_copy(path, p->exe, sizeof(path));
    spin_unlock_irqrestore(&tasks_lock, flags);
    process_put(p);
    return named(inode_make_link(path), ino);
}

/* With a reference; NULL: the process has ended. */
static struct inode *cwd_of(int pid)
{
    struct process *p = process_get(pid);
    struct inode *cwd;
    u64 flags;

    if (!p)
        return NULL;
    flags = spin_lock_irqsave(&tasks_lock);
    cwd = p->cwd;
    if (cwd)
        inode_get(cwd);
    spin_unlock_irqrestore(&tasks_lock, flags);
    process_put(p);
    return cwd;
}

/* It leads to the folder itself, even if that was removed. */
struct inode *proc_cwd_make(void *arg, u64 ino)
{
    struct inode *cwd = cwd_of(pid_of(arg)), *link = NULL;
    char *path = cwd ? kmalloc(PATH_MAX, ALLOC_KERNEL) : NULL;

    if (path) {
        if (inode_path(cwd, path, PATH_MAX))
            str_copy(path, "/ (deleted)", PATH_MAX);
        link = inode_make_direct_link(path, cwd);
    }
    kfree(path);
    inode_put(cwd);
    return named(link, ino);
}

struct inode *proc_root_make(void *arg, u64 ino)
{
    (void)arg; /* there is no chroot */
    return named(inode_make_link("/"), ino);
}
