/* SPDX-License-Identifier: MIT */
/*
 * A process's open files by number. Threads share the table, so that even a
 * look-up is under its spinlock; what may sleep (memory for a larger table,
 * the last file_put) is done outside.
 */
#include <fs/fs_private.h>
#include <fs/locks.h>
#include <kernel/process.h>
#include <kernel/string.h>
#include <kernel/uaccess.h>
#include <mm/slab.h>

#define FD_FIRST 64   /* a new table's size; it doubles */
#define FD_MAX   4096 /* a multiple of 64; the hard limit of init */

struct fdtable {
    atomic_t refs;        /* processes, lookers */
    struct spinlock lock; /* guards all below */
    unsigned size;
    struct file **files; /* [size]; each holds a reference */
    u64 cloexec[FD_MAX / 64];
    u64 reserved[FD_MAX / 64]; /* taken, for a file that is still to come */
};

static struct fdtable *create(unsigned size)
{
    struct fdtable *t = kzalloc(sizeof(*t), ALLOC_KERNEL);

    if (!t)
        return NULL;
    t->files = kzalloc(size * sizeof(*t->files), ALLOC_KERNEL);
    if (!t->files) {
        kfree(t);
        return NULL;
    }
    atomic_set(&t->refs, 1);
    spin_init(&t->lock, "open files", RANK_FDTABLE);
    t->size = size;
    return t;
}

struct fdtable *fdtable_create(void)
{
    return create(FD_FIRST);
}

/* Threads of the parent may make its table larger while we allocate: what is
   copied is what fits, so then it is done again. */
struct fdtable *fdtable_copy(struct fdtable *from)
{
    unsigned size = READ_ONCE(from->size);
    struct fdtable *t;

    for (;;) {
        t = create(size);
        if (!t)
            return NULL;
        spin_lock(&from->lock);
        if (from->size <= size)
            break;
        size = from->size;
        spin_unlock(&from->lock);
        fdtable_put(t);
    }
    memcpy(t->cloexec, from->cloexec, sizeof(t->cloexec));
    for (unsigned fd = 0; fd < from->size; fd++) {
        t->files[fd] = from->files[fd];
        if (t->files[fd])
            file_get(t->files[fd]);
    }
    spin_unlock(&from->lock);
    return t;
}

void fdtable_get(struct fdtable *t)
{
    atomic_inc(&t->refs);
}

/* f has left the table. Any close of a file ends the process's locks on it; a
   file that is only a place was never open. */
static void closed(struct fdtable *t, struct file *f)
{
    if (!(f->flags & O_PATH))
        locks_forget(f->inode, t);
    file_put(f);
}

void fdtable_put(struct fdtable *t)
{
    if (!t || !atomic_dec_and_test(&t->refs))
        return;
    for (unsigned fd = 0; fd < t->size; fd++)
        if (t->files[fd])
            closed(t, t->files[fd]);
    kfree(t->files);
    kfree(t);
}

static void set_bit(u64 *bits, unsigned fd, bool on)
{
    u64 bit = 1ull << fd % 64;

    if (on)
        bits[fd / 64] |= bit;
    else
        bits[fd / 64] &= ~bit;
}

static bool get_bit(const u64 *bits, unsigned fd)
{
    return bits[fd / 64] >> fd % 64 & 1;
}

struct file *fdtable_file(struct fdtable *t, int fd)
{
    struct file *f = NULL;

    spin_lock(&t->lock);
    if (fd >= 0 && (unsigned)fd < t->size)
        f = t->files[fd];
    if (f)
        file_get(f);
    spin_unlock(&t->lock);
    return f;
}

bool fd_leads_to(int fd, const struct file *f)
{
    struct fdtable *t = current_process()->files;
    bool yes;

    spin_lock(&t->lock);
    yes = (unsigned)fd < t->size && t->files[fd] == f;
    spin_unlock(&t->lock);
    return yes;
}

int fdtable_next(struct fdtable *t, int fd)
{
    spin_lock(&t->lock);
    while ((unsigned)fd < t->size && !t->files[fd])
        fd++;
    if ((unsigned)fd >= t->size)
        fd = -1;
    spin_unlock(&t->lock);
    return fd;
}

unsigned fdtable_size(struct fdtable *t)
{
    return READ_ONCE(t->size);
}

u32 fdtable_cloexec(struct fdtable *t, int fd)
{
    bool on;

    spin_lock(&t->lock);
    on = (unsigned)fd < t->size && get_bit(t->cloexec, (unsigned)fd);
    spin_unlock(&t->lock);
    return on ? O_CLOEXEC : 0;
}

struct file *fd_get_any(int fd)
{
    struct process *p = current_process();

    return p && p->files ? fdtable_file(p->files, fd) : NULL;
}

struct file *fd_get(int fd)
{
    struct file *f = fd_get_any(fd);

    if (!f || !(READ_ONCE(f->flags) & O_PATH))
        return f;
    file_put(f);
    return NULL;
}

static unsigned fd_limit(void)
{
    return (unsigned)min_u64(
        READ_ONCE(current_process()->rlimits[RLIMIT_NOFILE][0]), FD_MAX);
}

/* Room for `fd`, which is below FD_MAX. 0 or -ENOMEM. */
static int grow(struct fdtable *t, unsigned fd)
{
    unsigned size = FD_FIRST;
    struct file **bigger, **old;

    while (size <= fd)
        size *= 2;
    bigger = kzalloc(size * sizeof(*bigger), ALLOC_KERNEL);
    if (!bigger)
        return -ENOMEM;
    old = bigger; /* what is freed, if another thread was faster */
    spin_lock(&t->lock);
    if (t->size < size) {
        old = t->files;
        memcpy(bigger, old, t->size * sizeof(*old));
        t->files = bigger;
        t->size = size;
    }
    spin_unlock(&t->lock);
    kfree(old);
    return 0;
}

/* Take the first free number from `from` on, below the limit; the table's lock
   is held. t->size: there is none in the table as it is. */
static unsigned take_number(struct fdtable *t, unsigned from, unsigned limit)
{
    unsigned fd = from, end = (unsigned)min_u64(t->size, limit);

    while (fd < end && (t->files[fd] || get_bit(t->reserved, fd)))
        fd++;
    if (fd < end)
        set_bit(t->reserved, fd, true);
    return fd;
}

/* The limit is asked once: another thread may lower it meanwhile. */
int fd_reserve(int from)
{
    struct fdtable *t = current_process()->files;
    unsigned fd, size, limit = fd_limit();
    int err = from < 0 || (unsigned)from >= limit ? -EINVAL : 0;

    while (!err) {
        spin_lock(&t->lock);
        size = t->size;
        fd = take_number(t, (unsigned)from, limit);
        spin_unlock(&t->lock);
        if (fd < min_u64(size, limit))
            return (int)fd;
        err = fd >= limit ? -EMFILE : grow(t, fd);
    }
    return err;
}

static void settle_number(int fd, struct file *f, bool cloexec)
{
    struct fdtable *t = current_process()->files;

    spin_lock(&t->lock);
    t->files[fd] = f;
    set_bit(t->cloexec, (unsigned)fd, cloexec);
    set_bit(t->reserved, (unsigned)fd, false);
    spin_unlock(&t->lock);
}

int fd_fill(int fd, struct file *f, bool cloexec)
{
    settle_number(fd, f, cloexec);
    return fd;
}

void fd_unreserve(int fd)
{
    settle_number(fd, NULL, false);
}

int fd_install_from(struct file *f, int from, bool cloexec)
{
    int fd = fd_reserve(from);

    if (fd >= 0)
        return fd_fill(fd, f, cloexec);
    file_put(f);
    return fd;
}

/* A full limit is EMFILE, even one of 0. */
int fd_install(struct file *f, bool cloexec)
{
    int fd = fd_install_from(f, 0, cloexec);

    return fd == -EINVAL ? -EMFILE : fd;
}

/* dup2: f takes the place of whatever is there; a file that is still to come
   keeps its own. */
int fd_replace(struct file *f, int fd, bool cloexec)
{
    struct fdtable *t = current_process()->files;
    struct file *old;
    bool busy;
    int err = fd < 0 || (unsigned)fd >= fd_limit() ? -EBADF : 0;

    if (!err && (unsigned)fd >= READ_ONCE(t->size))
        err = grow(t, (unsigned)fd);
    if (err) {
        file_put(f);
        return err;
    }
    spin_lock(&t->lock);
    busy = get_bit(t->reserved, (unsigned)fd);
    old = t->files[fd];
    if (!busy) {
        t->files[fd] = f;
        set_bit(t->cloexec, (unsigned)fd, cloexec);
    }
    spin_unlock(&t->lock);
    if (busy)
        file_put(f);
    else if (old)
        closed(t, old);
    return busy ? -EBUSY : fd;
}

int fd_close(int fd)
{
    struct fdtable *t = current_process()->files;
    struct file *f = NULL;

    spin_lock(&t->lock);
    if (fd >= 0 && (unsigned)fd < t->size) {
        f = t->files[fd];
        t->files[fd] = NULL;
        set_bit(t->cloexec, (unsigned)fd, false);
    }
    spin_unlock(&t->lock);
    if (!f)
        return -EBADF;
    closed(t, f);
    return 0;
}

int fd_get_cloexec(int fd)
{
    struct fdtable *t = current_process()->files;
    int ret = -EBADF;

    spin_lock(&t->lock);
    if (fd >= 0 && (unsigned)fd < t->size && t->files[fd])
        ret = get_bit(t->cloexec, (unsigned)fd);
    spin_unlock(&t->lock);
    return ret;
}

int fd_set_cloexec(int fd, bool on)
{
    struct fdtable *t = current_process()->files;
    int ret = -EBADF;

    spin_lock(&t->lock);
    if (fd >= 0 && (unsigned)fd < t->size && t->files[fd]) {
        set_bit(t->cloexec, (unsigned)fd, on);
        ret = 0;
    }
    spin_unlock(&t->lock);
    return ret;
}

static int reserve_pair(int *fds)
{
    fds[0] = fd_reserve(0);
    fds[1] = fds[0] < 0 ? fds[0] : fd_reserve(0);
    if (fds[1] >= 0)
        return 0;
    if (fds[0] >= 0)
        fd_unreserve(fds[0]);
    return fds[1] == -EINVAL ? -EMFILE : fds[1];
}

/* The program is told while nobody can close them or look them up: what fails
   then is taken back whole. */
s64 fd_install_pair(struct file **files, bool cloexec, u64 user_fds)
{
    int fds[2], err = reserve_pair(fds);
    bool told = !err && !copy_to_user(user_fds, fds, sizeof(fds));

    for (int i = 0; i < 2; i++) {
        if (told) {
            fd_fill(fds[i], files[i], cloexec);
            continue;
        }
        if (!err)
            fd_unreserve(fds[i]);
        file_put(files[i]);
    }
    return told ? 0 : err ? err : -EFAULT;
}

/* Others find the table under tasks_lock (/proc). */
int fdtable_unshare(struct process *p)
{
    struct fdtable *own, *old = p->files;
    u64 flags;

    if (atomic_read(&old->refs) == 1)
        return 0;
    own = fdtable_copy(old);
    if (!own)
        return -ENOMEM;
    flags = spin_lock_irqsave(&tasks_lock);
    p->files = own;
    spin_unlock_irqrestore(&tasks_lock, flags);
    fdtable_put(old);
    return 0;
}

/* exec: one at a time, as each close may sleep. */
void fdtable_close_on_exec(struct fdtable *t)
{
    for (unsigned fd = 0; fd < READ_ONCE(t->size); fd++) {
        struct file *f = NULL;

        spin_lock(&t->lock);
        if (get_bit(t->cloexec, fd)) {
            f = t->files[fd];
            t->files[fd] = NULL;
            set_bit(t->cloexec, fd, false);
        }
        spin_unlock(&t->lock);
        if (f)
            closed(t, f);
    }
}
