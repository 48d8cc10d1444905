/* SPDX-License-Identifier: MIT */
/* System calls about processes and threads: thin wrappers. */
#include <fs/file.h>
#include <kernel/print.h>
#include <kernel/process_private.h>
#include <kernel/string.h>
#include <kernel/syscall.h>
#include <kernel/uaccess.h>
#include <mm/slab.h>

#define PATH_MAX       4096
#define AT_FDCWD       (-100)
#define AT_NOFOLLOW    0x100u /* AT_SYMLINK_NOFOLLOW */
#define AT_EMPTY_PATH  0x1000u
#define FD_PATH_MAX    (PATH_MAX + 32) /* with /dev/fd/N before it */
#define CLONE_VM_VFORK 0x4100ull       /* vfork(2) as clone(2)'s flags */

/* The path is copied once: what is checked is what is used. */
char *path_from_user(u64 user, int *err)
{
    char *path = kmalloc(PATH_MAX, ALLOC_KERNEL);
    s64 len;

    if (!path) {
        *err = -ENOMEM;
        return NULL;
    }
    len = strncpy_from_user(path, user, PATH_MAX);
    if (len > 0)
        return path;
    kfree(path);
    *err = len < 0 ? (int)len : -ENOENT; /* "" names nothing */
    return NULL;
}

/* flags, stack, parent_tid, child_tid, tls: x86-64's order. */
s64 sys_clone(const u64 *a)
{
    return do_clone(a[0], a[1], a[2], a[3], a[4], current_task()->frame);
}

s64 sys_fork(const u64 *a)
{
    (void)a;
    return do_clone(SIGCHLD, 0, 0, 0, 0, current_task()->frame);
}

s64 sys_vfork(const u64 *a)
{
    (void)a;
    return do_clone(CLONE_VM_VFORK | SIGCHLD, 0, 0, 0, 0,
                    current_task()->frame);
}

s64 sys_execve(const u64 *a)
{
    int err;
    char *path = path_from_user(a[0], &err);
    s64 ret;

    if (!path)
        return err;
    ret = do_execve(path, a[1], a[2], 0);
    kfree(path);
    return ret;
}

/* A path that leads where `name` does from dirfd, and "" to dirfd's own file:
   what Linux calls such a program, too. 0, -EBADF, -ENOMEM. */
static int path_from_fd(int dirfd, const char *name, char **path)
{
    struct file *f = fd_get_any(dirfd);

    if (!f)
        return -EBADF;
    file_put(f);
    *path = kmalloc(FD_PATH_MAX, ALLOC_KERNEL);
    if (!*path)
        return -ENOMEM;
    snprintf(*path, FD_PATH_MAX, "/dev/fd/%d%s%s", dirfd, *name ? "/" : "",
             name);
    return 0;
}

static s64 exec_at(int dirfd, char *name, const u64 *a, u32 flags)
{
    char *path = name;
    s64 ret = 0;

    if (!*name && dirfd == AT_FDCWD)
        str_copy(name, ".", PATH_MAX);
    else if (*name != '/' && dirfd != AT_FDCWD)
        ret = path_from_fd(dirfd, name, &path);
    if (!ret)
        ret = do_execve(path, a[2], a[3],
                        *name && (flags & AT_NOFOLLOW) ? EXEC_NOFOLLOW : 0);
    if (path != name)
        kfree(path);
    return ret;
}

/* dirfd, path, argv, envp, flags */
s64 sys_execveat(const u64 *a)
{
    u32 flags = (u32)a[4];
    char *name;
    s64 ret;

    if (flags & ~(AT_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    name = kmalloc(PATH_MAX, ALLOC_KERNEL);
    if (!name)
        return -ENOMEM;
    ret = strncpy_from_user(name, a[1], PATH_MAX);
    if (!ret && !(flags & AT_EMPTY_PATH))
        ret = -ENOENT; /* "" names nothing */
    if (ret >= 0)
        ret = exec_at((int)a[0], name, a, flags);
    kfree(name);
    return ret;
}

/* One thread. The process has the status of the last one that ends, unless
   something ended it as a whole. */
s64 sys_exit(const u64 *a)
{
    struct process *p = current_process();
    u64 flags = spin_lock_irqsave(&p->sig_lock);

    if (!p->group_exit)
        p->exit_status = (int)(a[0] & 0xff) << 8;
    spin_unlock_irqrestore(&p->sig_lock, flags);
    thread_exit();
}

s64 sys_exit_group(const u64 *a)
{
    process_exit((int)(a[0] & 0xff) << 8);
}

s64 sys_wait4(const u64 *a)
{
    return do_wait4((int)a[0], a[1], (int)a[2], a[3]);
}

s64 sys_getpid(const u64 *a)
{
    (void)a;
    return current_process()->pid;
}

s64 sys_gettid(const u64 *a)
{
    (void)a;
    return current_tid();
}

/* The parent may be ending, and init take its place: hence the lock. */
s64 sys_getppid(const u64 *a)
{
    (void)a;
    return READ_ONCE(current_process()->ppid);
}

/* The word is only touched at exit: nothing to check now. */
s64 sys_set_tid_address(const u64 *a)
{
    current_task()->clear_tid = a[0];
    return current_tid();
}

s64 sys_sched_yield(const u64 *a)
{
    (void)a;
    yield_in_turn();
    return 0;
}
