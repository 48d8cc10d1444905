/* SPDX-License-Identifier: MIT */
/*
 * /dev/ttyS1 and ttyS2: lines of bytes to whoever runs the machine. They are
 * no terminals: nothing is echoed, edited or interrupted.
 */
#include <drivers/port.h>
#include <fs/fs_private.h>
#include <fs/syscalls.h>
#include <kernel/print.h>
#include <kernel/uaccess.h>
#include <kernel/wait.h>
#include <mm/lockorder.h>

#define RING    4096u
#define AT_ONCE 256u /* bytes that go over the kernel's stack */

static struct line {
    struct spinlock lock; /* (irq) guards ring, head, tail */
    u8 ring[RING];
    u32 head, tail; /* written at head, read at tail; never wrapped */
    struct waitq came;
} lines[NR_PORTS];

/* In an interrupt. What nobody reads is lost, the newest first. */
static void byte_came(void *arg, u8 c)
{
    struct line *l = arg;
    u64 flags = spin_lock_irqsave(&l->lock);

    if (l->head - l->tail < RING)
        l->ring[l->head++ % RING] = c;
    spin_unlock_irqrestore(&l->lock, flags);
    wake_up_all(&l->came);
}

static u32 take(struct line *l, u8 *buf, u64 len)
{
    u64 flags = spin_lock_irqsave(&l->lock);
    u32 n = 0;

    while (n < len && l->tail != l->head)
        buf[n++] = l->ring[l->tail++ % RING];
    spin_unlock_irqrestore(&l->lock, flags);
    return n;
}

static bool is_empty(struct line *l)
{
    return READ_ONCE(l->head) == READ_ONCE(l->tail);
}

static s64 port_file_read(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    struct line *l = f->inode->private;
    u8 buf[AT_ONCE];
    u32 n;

    (void)pos;
    len = min_u64(len, AT_ONCE);
    while (len && !(n = take(l, buf, len))) {
        if (READ_ONCE(f->flags) & O_NONBLOCK)
            return -EAGAIN;
        if (wait_event_interruptible(&l->came, !is_empty(l)))
            return -ERESTARTSYS;
    }
    return len && copy_to_user(ubuf, buf, n) ? -EFAULT : (s64)(len ? n : 0);
}

static s64 port_file_write(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    struct line *l = f->inode->private;
    char buf[AT_ONCE];
    u64 done = 0;

    (void)pos;
    while (done < len && !(done && fatal_signal_pending())) {
        u64 n = min_u64(len - done, AT_ONCE);

        if (copy_from_user(buf, ubuf + done, n))
            return done ? (s64)done : -EFAULT;
        port_write((unsigned)(l - lines), buf, n);
        done += n;
    }
    return (s64)done;
}

static int port_file_poll(struct file *f, struct waitq **wait_on)
{
    struct line *l = f->inode->private;

    *wait_on = &l->came;
    return POLLOUT | (is_empty(l) ? 0 : POLLIN);
}

static const struct file_ops port_ops = {
    .read = port_file_read,
    .write = port_file_write,
    .poll = port_file_poll,
};

void ports_init(void)
{
    for (unsigned i = 0; i < NR_PORTS; i++) {
        char path[] = "/dev/ttySx";
        struct inode *inode;

        spin_init(&lines[i].lock, "port", RANK_DEVICE);
        waitq_init(&lines[i].came);
        if (!port_open(i, byte_came, &lines[i]))
            continue;
        path[sizeof(path) - 2] = (char)('1' + i);
        inode = fs_mknod(path, S_IFCHR | 0666, make_rdev(4, 65 + i), &port_ops,
                         &lines[i]);
        inode_put(inode);
    }
}
