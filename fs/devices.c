/* SPDX-License-Identifier: MIT */
/* The simple devices, and the nodes of all. */
#include <fs/devices.h>
#include <fs/fs_private.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/uaccess.h>

#define KMSG_MAX 300u /* bytes; printk's lines end there, too */

static s64 nothing(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    (void)f;
    (void)ubuf;
    (void)len;
    (void)pos;
    return 0;
}

static s64 swallow(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    (void)f;
    (void)ubuf;
    (void)pos;
    return (s64)len;
}

static s64 zeroes(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    (void)f;
    (void)pos;
    return clear_user(ubuf, len) ? -EFAULT : (s64)len;
}

static s64 no_room(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    (void)f;
    (void)ubuf;
    (void)len;
    (void)pos;
    return -ENOSPC;
}

static s64 log_line(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    char line[KMSG_MAX + 1];

    (void)f;
    (void)pos;
    if (len > KMSG_MAX)
        return -EINVAL;
    if (copy_from_user(line, ubuf, len))
        return -EFAULT;
    line[len] = 0;
    if (len && line[len - 1] == '\n')
        line[len - 1] = 0;
    printk("%s\n", line);
    return (s64)len;
}

static s64 kswallow(struct file *f, const void *buf, u64 len, u64 *pos)
{
    return swallow(f, (u64)buf, len, pos);
}

static const struct file_ops null_ops = {.anywhere = true,
                                         .read = nothing,
                                         .write = swallow,
                                         .kwrite = kswallow};
static const struct file_ops zero_ops = {.anywhere = true,
                                         .read = zeroes,
                                         .write = swallow};
static const struct file_ops full_ops = {
    .anywhere = true, .read = zeroes, .write = no_room};
static const struct file_ops kmsg_ops = {.read = nothing, .write = log_line};

static void add(const char *path, u32 major, u32 minor,
                const struct file_ops *ops)
{
    struct inode *inode =
        fs_mknod(path, S_IFCHR | 0666, make_rdev(major, minor), ops, NULL);

    if (inode)
        inode_put(inode);
}

static void add_link(const char *path, const char *target)
{
    struct inode *link = inode_make_link(target);

    if (link)
        (void)path_link(AT_FDCWD, path, link); /* one that is there stays */
    inode_put(link);
}

/* Shells rely on them: cat <(ls), cat /dev/stdin. */
static void add_fd_links(void)
{
    add_link("/dev/fd", "/proc/self/fd");
    add_link("/dev/stdin", "/proc/self/fd/0");
    add_link("/dev/stdout", "/proc/self/fd/1");
    add_link("/dev/stderr", "/proc/self/fd/2");
}

void devices_init(void)
{
    tty_init();
    add("/dev/null", 1, 3, &null_ops);
    add("/dev/zero", 1, 5, &zero_ops);
    add("/dev/full", 1, 7, &full_ops);
    add("/dev/random", 1, 8, &random_ops);
    add("/dev/urandom", 1, 9, &random_ops);
    add("/dev/kmsg", 1, 11, &kmsg_ops);
    add_fd_links();
    ports_init();
    inode_put(fs_mkdir("/dev/shm")); /* where shm_open makes its files */
    blkdev_init();
}
