/* SPDX-License-Identifier: MIT */
/* ioctl: what it does to any file, before the file itself is asked. */
#include <fs/fs_private.h>
#include <fs/syscalls.h>
#include <kernel/syscall.h>
#include <kernel/uaccess.h>

#define FIGETBSZ 0x0002u
#define FIONBIO  0x5421u
#define FIONCLEX 0x5450u
#define FIOCLEX  0x5451u
#define FIOASYNC 0x5452u

static s64 set_nonblocking(struct file *f, u64 arg)
{
    u32 on;

    if (copy_from_user(&on, arg, sizeof(on)))
        return -EFAULT;
    file_set_flags(f, O_NONBLOCK, on ? O_NONBLOCK : 0);
    return 0;
}

/* No file here sends signals when it becomes ready. */
static s64 set_async(u64 arg)
{
    u32 on;

    if (copy_from_user(&on, arg, sizeof(on)))
        return -EFAULT;
    return on ? -ENOTTY : 0;
}

/* What is left of a regular file. */
static s64 tell_rest(struct file *f, u64 arg)
{
    u32 left;

    mutex_lock(&f->lock);
    left = (u32)(inode_size(f->inode) - f->pos);
    mutex_unlock(&f->lock);
    return put_user_u32(arg, left);
}

static s64 do_ioctl(struct file *f, int fd, u32 cmd, u64 arg)
{
    switch (cmd) {
    case FIOCLEX:
    case FIONCLEX:
        return fd_set_cloexec(fd, cmd == FIOCLEX);
    case FIONBIO:
        return set_nonblocking(f, arg);
    case FIOASYNC:
        return set_async(arg);
    case FIGETBSZ:
        return put_user_u32(arg, PAGE_SIZE);
    }
    if (cmd == FIONREAD && f->inode && is_kind(f->inode, S_IFREG))
        return tell_rest(f, arg);
    return f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
}

s64 sys_ioctl(const u64 *a)
{
    struct file *f = fd_get((int)a[0]);
    s64 ret;

    if (!f)
        return -EBADF;
    ret = do_ioctl(f, (int)a[0], (u32)a[1], a[2]);
    file_put(f);
    return ret;
}
