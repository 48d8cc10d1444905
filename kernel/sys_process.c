/* SPDX-License-Identifier: MIT */
/* System calls about processes and threads: thin wrappers. */
#include <kernel/process_private.h>
#include <kernel/syscall.h>
#include <kernel/uaccess.h>
#include <mm/slab.h>

#define PATH_MAX       4096
#define CLONE_VM_VFORK 0x4100ull /* vfork(2) as clone(2)'s flags */

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
    ret = do_execve(path, a[1], a[2], false);
    kfree(path);
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
