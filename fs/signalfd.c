/* SPDX-License-Identifier: MIT */
/*
 * signalfd: pending signals as a file. Whoever reads it takes the signals of
 * its own thread and process; a program blocks them first, or a handler may
 * be faster.
 */
#include <fs/fs_private.h>
#include <fs/syscalls.h>
#include <kernel/process_private.h>
#include <kernel/string.h>
#include <kernel/uaccess.h>
#include <mm/slab.h>

struct signalfd {
    sigset_t set; /* the last signalfd call on it wins: read at once */
};

struct linux_signalfd_info {
    u32 signo;
    s32 error, code;
    u32 pid, uid;
    s32 fd;
    u32 tid, band, overrun, trap;
    s32 status, value_int;
    u64 value, utime, stime, addr;
    u16 addr_lsb, pad2;
    s32 syscall;
    u64 call_addr;
    u32 arch;
    u8 pad[28];
};

_Static_assert(sizeof(struct linux_signalfd_info) == 128, "the ABI's layout");

static sigset_t set_of(struct file *f)
{
    return READ_ONCE(((struct signalfd *)f->private)->set);
}

static bool pending(struct file *f)
{
    const struct task *t = current_task();

    return (READ_ONCE(t->sig_pending) | READ_ONCE(t->proc->sig_pending)) &
           set_of(f);
}

static int take(struct file *f, struct siginfo_min *info)
{
    struct task *t = current_task();
    u64 flags = spin_lock_irqsave(&t->proc->sig_lock);
    int sig = signal_dequeue(t, set_of(f), info);

    spin_unlock_irqrestore(&t->proc->sig_lock, flags);
    return sig;
}

/* A signal that cannot be told of is lost, as in Linux. */
static int put_info(u64 user, const struct siginfo_min *info)
{
    struct linux_signalfd_info s = {.signo = (u32)info->signo,
                                    .code = info->code,
                                    .pid = (u32)info->pid,
                                    .uid = (u32)info->uid};

    if (info->code == SI_TIMER) {
        s.tid = (u32)info->pid;
        s.overrun = (u32)info->uid;
        s.pid = s.uid = 0;
    }
    if (info->code < 0) {
        s.value_int = (s32)info->addr;
        s.value = info->addr;
    } else if (info->signo == SIGCHLD) {
        s.status = (s32)info->addr;
    } else {
        s.addr = info->addr;
    }
    return copy_to_user(user, &s, sizeof(s));
}

/* As many as there are and fit; waits for the first. */
static s64 signalfd_read(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    const u64 size = sizeof(struct linux_signalfd_info);
    struct process *p = current_process();
    struct siginfo_min info;
    u64 done = 0;

    (void)pos;
    if (len < size)
        return -EINVAL;
    while (done + size <= len) {
        if (take(f, &info)) {
            if (put_info(ubuf + done, &info))
                return done ? (s64)done : -EFAULT;
            done += size;
        } else if (done) {
            break;
        } else if (READ_ONCE(f->flags) & O_NONBLOCK) {
            return -EAGAIN;
        } else if (wait_event_interruptible(&p->sig_arrived, pending(f))) {
            return -ERESTARTSYS;
        }
    }
    return (s64)done;
}

static int signalfd_poll(struct file *f, struct waitq **wait_on)
{
    *wait_on = &current_process()->sig_arrived;
    return pending(f) ? POLLIN : 0;
}

static void signalfd_release(struct file *f)
{
    kfree(f->private);
}

static const struct file_ops signalfd_ops = {
    .release = signalfd_release,
    .read = signalfd_read,
    .poll = signalfd_poll,
};

static s64 change(int fd, sigset_t set)
{
    struct file *f = fd_get(fd);
    s64 ret = fd;

    if (!f)
        return -EBADF;
    if (f->ops == &signalfd_ops)
        WRITE_ONCE(((struct signalfd *)f->private)->set, set);
    else
        ret = -EINVAL;
    file_put(f);
    if (ret >= 0)
        wake_up_all(&current_process()->sig_arrived);
    return ret;
}

static s64 make(int fd, u64 user_set, u64 size, u32 flags)
{
    struct signalfd *s;
    sigset_t set;

    if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) || size != sizeof(set))
        return -EINVAL;
    if (copy_from_user(&set, user_set, sizeof(set)))
        return -EFAULT;
    set &= ~SIG_UNBLOCKABLE;
    if (fd != -1)
        return change(fd, set);
    s = kzalloc(sizeof(*s), ALLOC_KERNEL);
    if (!s)
        return -ENOMEM;
    s->set = set;
    return anon_file(&signalfd_ops, s, O_RDWR | flags);
}

/* fd or -1, set, its size */
s64 sys_signalfd(const u64 *a)
{
    return make((int)a[0], a[1], a[2], 0);
}

s64 sys_signalfd4(const u64 *a)
{
    return make((int)a[0], a[1], a[2], (u32)a[3]);
}
