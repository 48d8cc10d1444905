/* SPDX-License-Identifier: MIT */
/*
 * Locks on files: fcntl's on ranges of bytes, and flock's on the whole.
 *
 * A lock belongs to an owner: with F_SETLK to the table of open files (as good
 * as the process), with F_OFD_SETLK and flock to the open file. All locks of
 * an inode are on its list, and all of this is under one mutex, as nobody
 * holds it for long. Who must wait sleeps on the inode's queue and tries
 * again from the start. Locks of the two kinds do not see each other.
 *
 * A process loses its locks on an inode with the first close of any file of
 * it, and an open file its own with the last.
 */
#include <fs/fs_private.h>
#include <fs/locks.h>
#include <fs/syscalls.h>
#include <kernel/process.h>
#include <kernel/uaccess.h>
#include <kernel/wait.h>
#include <mm/slab.h>

#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2

#define LOCK_SH 1u
#define LOCK_EX 2u
#define LOCK_NB 4u
#define LOCK_UN 8u

#define TO_END (~0ull)

struct file_lock {
    struct list_head node; /* inode_locks.held */
    const void *owner;
    bool flock; /* which of the two kinds */
    int16_t type;
    bool deadlocks; /* look for them: a process's own, as in Linux */
    int fd;         /* of a process's own that is asked for; else -1 */
    int pid;        /* for F_GETLK; -1: an open file's */
    u64 start, end; /* bytes, both included */
};

struct inode_locks {
    struct list_head held;
    struct waitq changed;
};

/* Who sleeps for whom: to find circles. */
struct lock_waiter {
    struct list_head node; /* waiters */
    const void *owner, *blocker;
};

static struct mutex locks_lock;
static struct list_head waiters = LIST_INIT(waiters); /* locks_lock */

void locks_init(void)
{
    mutex_init(&locks_lock, "file locks", RANK_FILE_LOCKS);
}

void inode_locks_free(struct inode *inode)
{
    kfree(inode->locks); /* nobody has the inode open: no locks */
}

/* ---- the list of an inode; locks_lock held ---- */

static bool overlap(const struct file_lock *a, const struct file_lock *b)
{
    return a->flock == b->flock && a->start <= b->end && b->start <= a->end;
}

static struct file_lock *find_conflict(struct inode *inode,
                                       const struct file_lock *want)
{
    struct file_lock *l;

    if (!inode->locks)
        return NULL;
    list_for_each_entry (l, &inode->locks->held, node)
        if (l->owner != want->owner && overlap(l, want) &&
            (l->type == F_WRLCK || want->type == F_WRLCK))
            return l;
    return NULL;
}

/* What the owner has in this range goes, but for what lies outside of it; the
   spare is for the case that one lock becomes two. */
static void clear_range(struct inode *inode, const struct file_lock *want,
                        struct file_lock **spare)
{
    struct file_lock *l, *next, *upper;

    list_for_each_entry_safe (l, next, &inode->locks->held, node) {
        if (l->owner != want->owner || !overlap(l, want))
            continue;
        if (l->end > want->end && l->start < want->start) {
            upper = *spare;
            *spare = NULL;
            *upper = *l;
            upper->start = want->end + 1;
            list_add(&upper->node, &l->node);
            l->end = want->start - 1;
        } else if (l->end > want->end) {
            l->start = want->end + 1;
        } else if (l->start < want->start) {
            l->end = want->start - 1;
        } else {
            list_del(&l->node);
            kfree(l);
        }
    }
}

/* Neighbours of the same type become one with it. */
static void merge(struct inode *inode, struct file_lock *new)
{
    struct file_lock *l, *next;

    list_for_each_entry_safe (l, next, &inode->locks->held, node) {
        if (l == new || l->owner != new->owner || l->flock != new->flock ||
            l->type != new->type)
            continue;
        if (l->end != TO_END && l->end + 1 == new->start)
            new->start = l->start;
        else if (new->end != TO_END &&new->end + 1 == l->start)
            new->end = l->end;
        else
            continue;
        list_del(&l->node);
        kfree(l);
    }
}

/* Does whoever `blocker` waits for wait, in the end, for `owner`? */
static bool is_circle(const void *owner, const void *blocker)
{
    struct lock_waiter *w;

    for (int depth = 0; depth < 64 && blocker; depth++) {
        const void *next = NULL;

        if (blocker == owner)
            return true;
        list_for_each_entry (w, &waiters, node)
            if (w->owner == blocker)
                next = w->blocker;
        blocker = next;
    }
    return false;
}

/* ---- taking and giving back ---- */

static int prepare(struct inode *inode)
{
    struct inode_locks *l;

    if (inode->locks)
        return 0;
    l = kzalloc(sizeof(*l), ALLOC_KERNEL);
    if (!l)
        return -ENOMEM;
    list_init(&l->held);
    waitq_init(&l->changed);
    inode->locks = l;
    return 0;
}

/* Behind the owner's others that begin before it, so that each owner's locks
   are in order: F_GETLK tells the lowest. Owners stand as they came. */
static void insert_lock(struct inode *inode, struct file_lock *new)
{
    struct list_head *after = inode->locks->held.prev;
    struct file_lock *l;

    list_for_each_entry (l, &inode->locks->held, node) {
        if (l->owner != new->owner || l->flock != new->flock)
            continue;
        after = l->start < new->start ? &l->node : l->node.prev;
        if (l->start > new->start)
            break;
    }
    list_add(&new->node, after);
}

/* `spares`: two of them, of which those that are used become NULL. */
static void apply(struct inode *inode, const struct file_lock *want,
                  struct file_lock **spares)
{
    struct file_lock *new;

    clear_range(inode, want, &spares[0]);
    if (want->type != F_UNLCK) {
        new = spares[1];
        spares[1] = NULL;
        *new = *want;
        insert_lock(inode, new);
        merge(inode, new);
    }
    wake_up_all(&inode->locks->changed);
}

/*
 * A process's lock goes with the first close, so it must not come after that:
 * whoever slept for it may find the number closed.
 *
 *   F_SETLKW                          close, by another thread
 *   sleeps
 *                                     the number is free
 *                                     locks_forget: there is nothing yet
 *   wakes; the number is not f's
 *   any more: EBADF
 *
 * Asked under locks_lock, which locks_forget needs: a close that comes after
 * the question takes the lock away.
 */
static bool is_closed(const struct file *f, const struct file_lock *want)
{
    return want->fd >= 0 && want->type != F_UNLCK && !fd_leads_to(want->fd, f);
}

/* 0, or -EAGAIN with *blocker. */
static int try_lock(struct inode *inode, const struct file_lock *want,
                    struct file_lock **spares, const void **blocker)
{
    struct file_lock *l =
        want->type == F_UNLCK ? NULL : find_conflict(inode, want);

    *blocker = l ? l->owner : NULL;
    if (l)
        return -EAGAIN;
    apply(inode, want, spares);
    return 0;
}

/* Sleep until the list changes; the lock is held before and after. */
static int sleep_for(struct inode *inode, const struct file_lock *want,
                     const void *blocker)
{
    struct lock_waiter me = {.owner = want->owner, .blocker = blocker};
    struct waiter w;
    bool signal;

    if (want->deadlocks && is_circle(want->owner, blocker))
        return -EDEADLK;
    list_add_tail(&me.node, &waiters);
    wait_prepare(&inode->locks->changed, &w);
    mutex_unlock(&locks_lock);
    signal = signal_is_pending();
    if (signal)
        wait_finish(&inode->locks->changed, &w);
    else
        wait_sleep(&w, WAIT_SIGNAL);
    mutex_lock(&locks_lock);
    list_del(&me.node);
    return signal ? -ERESTARTSYS : 0;
}

static s64 set_lock(const struct file *f, const struct file_lock *want,
                    bool wait)
{
    struct inode *inode = f->inode;
    struct file_lock *spares[2] = {kmalloc(sizeof(*want), ALLOC_KERNEL),
                                   kmalloc(sizeof(*want), ALLOC_KERNEL)};
    const void *blocker;
    int err = spares[0] && spares[1] ? 0 : -ENOMEM;

    mutex_lock(&locks_lock);
    if (!err)
        err = prepare(inode);
    while (!err) {
        err = is_closed(f, want) ? -EBADF
                                 : try_lock(inode, want, spares, &blocker);
        if (err != -EAGAIN || !wait)
            break;
        err = sleep_for(inode, want, blocker);
    }
    mutex_unlock(&locks_lock);
    kfree(spares[0]);
    kfree(spares[1]);
    return err;
}

void locks_forget(struct inode *inode, const void *owner)
{
    struct file_lock *l, *next;

    if (!inode || !READ_ONCE(inode->locks))
        return;
    mutex_lock(&locks_lock);
    list_for_each_entry_safe (l, next, &inode->locks->held, node) {
        if (l->owner != owner)
            continue;
        list_del(&l->node);
        kfree(l);
    }
    wake_up_all(&inode->locks->changed);
    mutex_unlock(&locks_lock);
}

/* ---- fcntl ---- */

struct linux_flock {
    int16_t type, whence;
    s64 start, len;
    s32 pid;
};

/* A negative length means what lies before. */
static int range_of(struct file *f, const struct linux_flock *fl,
                    struct file_lock *l)
{
    s64 start = fl->start, len = fl->len, base = 0;

    if (fl->whence == 1) {
        mutex_lock(&f->lock);
        base = (s64)f->pos;
        mutex_unlock(&f->lock);
    } else if (fl->whence == 2) {
        base = (s64)inode_size(f->inode);
    } else if (fl->whence) {
        return -EINVAL;
    }
    if (__builtin_add_overflow(base, start, &start))
        return -EOVERFLOW;
    if (len < 0 && __builtin_add_overflow(start, len, &start))
        return -EINVAL;
    if (start < 0)
        return -EINVAL;
    l->start = (u64)start;
    l->end = len ? (u64)start + (u64)(len < 0 ? -len : len) - 1 : TO_END;
    return l->end > INT64_MAX && l->end != TO_END ? -EOVERFLOW : 0;
}

static s64 tell_conflict(struct file *f, struct linux_flock *fl,
                         const struct file_lock *want, u64 user)
{
    struct file_lock *l;

    mutex_lock(&locks_lock);
    l = find_conflict(f->inode, want);
    fl->type = F_UNLCK;
    if (l) {
        fl->type = l->type;
        fl->whence = 0;
        fl->start = (s64)l->start;
        fl->len = l->end == TO_END ? 0 : (s64)(l->end - l->start + 1);
        fl->pid = l->pid;
    }
    mutex_unlock(&locks_lock);
    return copy_to_user(user, fl, sizeof(*fl));
}

/* A lock for reading needs a file that can be read, and so on. */
static int check_type(const struct file *f, int16_t type, bool get)
{
    u32 mode = f->flags & O_ACCMODE;

    if (type < F_RDLCK || type > F_UNLCK || (get && type == F_UNLCK))
        return -EINVAL;
    if (get)
        return 0;
    return (type == F_RDLCK && mode == O_WRONLY) ||
                   (type == F_WRLCK && mode == O_RDONLY)
               ? -EBADF
               : 0;
}

s64 fcntl_lock(struct file *f, int fd, enum lock_command cmd, bool ofd,
               u64 user)
{
    struct linux_flock fl;
    struct file_lock want = {.owner = ofd ? (void *)f
                                          : (void *)current_process()->files,
                             .pid = ofd ? -1 : current_pid(),
                             .deadlocks = !ofd,
                             .fd = ofd ? -1 : fd};
    int err;

    if (!f->inode)
        return -EBADF;
    if (copy_from_user(&fl, user, sizeof(fl)))
        return -EFAULT;
    err = ofd && fl.pid ? -EINVAL : check_type(f, fl.type, cmd == LOCK_GET);
    if (!err)
        err = range_of(f, &fl, &want);
    if (err)
        return err;
    want.type = fl.type;
    if (cmd == LOCK_GET)
        return tell_conflict(f, &fl, &want, user);
    return set_lock(f, &want, cmd == LOCK_SET_WAIT);
}

/* ---- flock ---- */

/* fd, operation */
s64 sys_flock(const u64 *a)
{
    u32 op = (u32)a[1] & ~LOCK_NB;
    struct file_lock want = {
        .flock = true, .pid = current_pid(), .end = TO_END, .fd = -1};
    struct file *f;
    s64 ret;

    if (op != LOCK_SH && op != LOCK_EX && op != LOCK_UN)
        return -EINVAL;
    f = fd_get((int)a[0]);
    if (!f)
        return -EBADF;
    want.owner = f;
    want.type = op == LOCK_SH ? F_RDLCK : op == LOCK_EX ? F_WRLCK : F_UNLCK;
    ret = f->inode ? set_lock(f, &want, !((u32)a[1] & LOCK_NB)) : 0;
    file_put(f);
    return ret;
}
