/* SPDX-License-Identifier: MIT */
/*
 * socketpair(AF_UNIX, SOCK_STREAM): two pipes, one each way, and the calls on
 * sockets that make sense for that. There is no other kind of socket.
 */
#include <fs/pipe.h>
#include <fs/syscalls.h>
#include <kernel/string.h>
#include <kernel/uaccess.h>
#include <mm/slab.h>

#define AF_UNIX      1
#define SOCK_STREAM  1
#define SOCK_TYPE    0xf
#define MSG_DONTWAIT 0x40u
#define MSG_NOSIGNAL 0x4000u
#define MSG_KNOWN    (MSG_DONTWAIT | MSG_NOSIGNAL | 0x40000000u) /* cloexec */
#define SHUT_RD      0
#define SHUT_WR      1
#define SHUT_RDWR    2
#define POLLRDHUP    0x2000

/* What the file of one end points at; fixed. */
struct socket_end {
    struct pair *pair;
    struct pipe *in, *out; /* the other end's `out` and `in` */
};

struct pair {
    atomic_t refs;      /* its two ends */
    struct waitq queue; /* of both pipes */
    struct socket_end ends[2];
};

static const struct file_ops socket_ops;

static struct pipe *incoming(struct file *f)
{
    return ((struct socket_end *)f->private)->in;
}

static struct pipe *outgoing(struct file *f)
{
    return ((struct socket_end *)f->private)->out;
}

static int how(const struct file *f, u32 msg)
{
    bool no_wait = (msg & MSG_DONTWAIT) || (READ_ONCE(f->flags) & O_NONBLOCK);

    return (no_wait ? PIPE_NO_WAIT : 0) | (msg & MSG_NOSIGNAL ? PIPE_QUIET : 0);
}

static s64 transfer(struct file *f, const struct user_range *r, unsigned n,
                    bool write, u32 msg)
{
    return write ? pipe_write(outgoing(f), r, n, how(f, msg))
                 : pipe_read(incoming(f), r, n, how(f, msg));
}

static s64 socket_rw(struct file *f, const struct user_range *r, unsigned n,
                     u64 *pos, bool write)
{
    (void)pos;
    return transfer(f, r, n, write, 0);
}

static int socket_poll(struct file *f, struct waitq **wait_on)
{
    struct pipe *in = incoming(f), *out = outgoing(f);
    bool peer_writes = READ_ONCE(in->writers);
    int bits = READ_ONCE(in->bytes) || !peer_writes ? POLLIN : 0;

    *wait_on = in->changed;
    if (READ_ONCE(out->nr) < READ_ONCE(out->max) || !READ_ONCE(out->readers))
        bits |= POLLOUT;
    if (!peer_writes)
        bits |= READ_ONCE(out->readers) ? POLLRDHUP : POLLRDHUP | POLLHUP;
    return bits;
}

static s64 socket_ioctl(struct file *f, u32 cmd, u64 arg)
{
    u64 bytes = READ_ONCE(incoming(f)->bytes);

    return cmd == FIONREAD ? put_user_u32(arg, (u32)bytes) : -ENOTTY;
}

/* One side of a pipe will not be used any more; once is enough. */
static void close_side(struct pipe *p, unsigned *side)
{
    mutex_lock(&p->lock);
    WRITE_ONCE(*side, 0);
    mutex_unlock(&p->lock);
    wake_up_all(p->changed);
}

static void free_pair(struct pair *pair)
{
    for (int i = 0; i < 2; i++) {
        struct pipe *p = pair->ends[i].in;

        if (p)
            pipe_clear(p);
        kfree(p);
    }
    kfree(pair);
}

static void socket_release(struct file *f)
{
    struct pair *pair = ((struct socket_end *)f->private)->pair;

    close_side(incoming(f), &incoming(f)->readers);
    close_side(outgoing(f), &outgoing(f)->writers);
    if (atomic_dec_and_test(&pair->refs))
        free_pair(pair);
}

static const struct file_ops socket_ops = {
    .release = socket_release,
    .rw_ranges = socket_rw,
    .poll = socket_poll,
    .ioctl = socket_ioctl,
};

/* ---- making one ---- */

static struct pair *make_pair(void)
{
    struct pair *pair = kzalloc(sizeof(*pair), ALLOC_KERNEL);

    if (!pair)
        return NULL;
    waitq_init(&pair->queue);
    atomic_set(&pair->refs, 0);
    for (int i = 0; i < 2; i++) {
        struct pipe *p = pipe_alloc();

        if (!p) {
            free_pair(pair);
            return NULL;
        }
        pair->ends[i].pair = pair;
        pair->ends[i].in = pair->ends[!i].out = p;
        p->changed = &pair->queue;
        p->readers = p->writers = 1;
    }
    return pair;
}

static struct file *open_end(struct socket_end *end, u32 flags)
{
    struct inode *inode = inode_create(S_IFSOCK | 0777);
    struct file *f =
        inode ? file_create(inode, &socket_ops, O_RDWR | (flags & O_NONBLOCK))
              : NULL;

    if (!f) {
        inode_put(inode);
        return NULL;
    }
    inode->nlink = 1;
    f->private = end;
    atomic_inc(&end->pair->refs);
    return f;
}

static int open_ends(struct file **ends, u32 flags)
{
    struct pair *pair = make_pair();

    if (!pair)
        return -ENOMEM;
    ends[0] = open_end(&pair->ends[0], flags);
    ends[1] = ends[0] ? open_end(&pair->ends[1], flags) : NULL;
    if (ends[1])
        return 0;
    if (ends[0])
        file_put(ends[0]);
    else
        free_pair(pair);
    return -ENOMEM;
}

/* domain, type and flags, protocol, where the numbers go */
s64 sys_socketpair(const u64 *a)
{
    u32 type = (u32)a[1] & SOCK_TYPE, flags = (u32)a[1] & ~(u32)SOCK_TYPE;
    struct file *ends[2];
    int err;

    if (a[0] != AF_UNIX)
        return -EAFNOSUPPORT;
    if (type != SOCK_STREAM)
        return -ESOCKTNOSUPPORT;
    if (flags & ~(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    if (a[2] != 0 && a[2] != AF_UNIX)
        return -EPROTONOSUPPORT;
    err = open_ends(ends, flags);
    return err ? err : fd_install_pair(ends, flags & O_CLOEXEC, a[3]);
}

/* ---- calls on sockets ---- */

static struct file *get_socket(int fd, s64 *err)
{
    struct file *f = fd_get(fd);

    *err = f ? -ENOTSOCK : -EBADF;
    if (!f || f->ops == &socket_ops)
        return f;
    file_put(f);
    return NULL;
}

static s64 socket_transfer(int fd, const struct user_range *r, unsigned n,
                           bool write, u32 msg)
{
    s64 ret;
    struct file *f = get_socket(fd, &ret);

    if (!f)
        return ret;
    ret = msg & ~MSG_KNOWN ? -EOPNOTSUPP : transfer(f, r, n, write, msg);
    file_put(f);
    return ret;
}

/* fd, buffer, length, flags; where to is clear */
s64 sys_sendto(const u64 *a)
{
    struct user_range r = {a[1], min_u64(a[2], RW_MAX)};

    return a[4] ? -EISCONN : socket_transfer((int)a[0], &r, 1, true, (u32)a[3]);
}

/* fd, buffer, length, flags, where from, its size: the peer has no name */
s64 sys_recvfrom(const u64 *a)
{
    struct user_range r = {a[1], min_u64(a[2], RW_MAX)};
    s64 n = socket_transfer((int)a[0], &r, 1, false, (u32)a[3]);

    if (n >= 0 && a[5] && put_user_u32(a[5], 0))
        return -EFAULT;
    return n;
}

/* Neither end has a name: all there is to tell is the kind. */
static s64 put_name(int fd, u64 user, u64 user_size)
{
    u16 family = AF_UNIX;
    u32 room;
    s64 err;
    struct file *f = get_socket(fd, &err);

    if (!f)
        return err;
    file_put(f);
    if (get_user_u32(user_size, &room) ||
        copy_to_user(user, &family, min_u64(room, sizeof(family))))
        return -EFAULT;
    return put_user_u32(user_size, sizeof(family));
}

/* fd, where to, its size */
s64 sys_getsockname(const u64 *a)
{
    return put_name((int)a[0], a[1], a[2]);
}

s64 sys_getpeername(const u64 *a)
{
    return put_name((int)a[0], a[1], a[2]);
}

struct linux_msghdr {
    u64 name;
    u32 name_len, pad;
    u64 ranges, nr_ranges, control, control_len;
    u32 flags, pad2;
};

/* Nothing but bytes is carried: no descriptors. */
static s64 message(const u64 *a, bool write)
{
    struct linux_msghdr m;
    struct user_range *r;
    s64 ret;
    int n;

    if (copy_from_user(&m, a[1], sizeof(m)))
        return -EFAULT;
    if (write && m.control_len)
        return -EOPNOTSUPP;
    n = ranges_from_user(m.ranges, m.nr_ranges, &r);
    if (n < 0)
        return n;
    ret = socket_transfer((int)a[0], r, (unsigned)n, write, (u32)a[2]);
    if (n)
        kfree(r);
    m.name_len = m.flags = 0;
    m.control_len = 0;
    if (ret >= 0 && !write && copy_to_user(a[1], &m, sizeof(m)))
        return -EFAULT;
    return ret;
}

s64 sys_sendmsg(const u64 *a)
{
    return message(a, true);
}

s64 sys_recvmsg(const u64 *a)
{
    return message(a, false);
}

/* fd, which way */
s64 sys_shutdown(const u64 *a)
{
    int which = (int)a[1];
    s64 err;
    struct file *f = get_socket((int)a[0], &err);

    if (!f)
        return err;
    err = which < SHUT_RD || which > SHUT_RDWR ? -EINVAL : 0;
    if (!err && which != SHUT_WR) {
        close_side(incoming(f), &incoming(f)->readers);
        close_side(incoming(f), &incoming(f)->writers); /* its end, too */
    }
    if (!err && which != SHUT_RD)
        close_side(outgoing(f), &outgoing(f)->writers);
    file_put(f);
    return err;
}
