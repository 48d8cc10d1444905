/* SPDX-License-Identifier: MIT */
/*
 * poll and select: sleep on the queues of many files at once.
 *
 * As with any sleep, we are on every queue before we look at any file, so
 * that no wake-up is lost. The time-out is a queue like the others.
 */
#include <fs/fs_private.h>
#include <fs/syscalls.h>
#include <kernel/deadline.h>
#include <kernel/process.h>
#include <kernel/uaccess.h>
#include <mm/slab.h>

#define MAX_FDS 4096u
#define ALWAYS  (POLLERR | POLLHUP | POLLNVAL)

struct pollfd {
    int fd;
    u16 events, revents;
};

struct watched {
    struct file *file; /* a reference; NULL: nothing to see */
    struct waitq *q;   /* where to wait for it; NULL: it never changes */
    int want, got;     /* POLL* */
};

struct poll_set {
    struct watched *w;      /* [n] */
    struct waiter *waiters; /* [n + 1]; the last is the time-out's */
    unsigned n;
};

/* n > 0 files at most; 0 or -ENOMEM. */
static int set_init(struct poll_set *s, unsigned n)
{
    s->n = n;
    s->w = kzalloc((n + 1) * sizeof(*s->w), ALLOC_KERNEL);
    s->waiters = kzalloc((n + 1) * sizeof(*s->waiters), ALLOC_KERNEL);
    return s->w && s->waiters ? 0 : -ENOMEM;
}

static void set_done(struct poll_set *s)
{
    for (unsigned i = 0; s->w && i < s->n; i++)
        if (s->w[i].file)
            file_put(s->w[i].file);
    kfree(s->w);
    kfree(s->waiters);
}

static void watch(struct watched *w, int fd, int want)
{
    w->want = want | ALWAYS;
    w->file = fd_get(fd);
    if (!w->file)
        w->got = POLLNVAL;
}

/* A file that cannot tell is always ready. */
static void look(struct watched *w)
{
    int bits = POLLIN | POLLOUT;

    if (!w->file)
        return;
    if (w->file->ops->poll)
        bits = w->file->ops->poll(w->file, &w->q);
    w->got = bits & w->want;
}

static unsigned look_at_all(struct poll_set *s)
{
    unsigned ready = 0;

    for (unsigned i = 0; i < s->n; i++) {
        look(&s->w[i]);
        ready += s->w[i].got != 0;
    }
    return ready;
}

/* Go on every queue there is; how many waiters that took. */
static unsigned prepare(struct poll_set *s, struct deadline *d)
{
    unsigned n = 0;

    for (unsigned i = 0; i < s->n; i++)
        if (s->w[i].q)
            wait_prepare(s->w[i].q, &s->waiters[n++]);
    wait_prepare(&d->q, &s->waiters[n++]);
    return n;
}

static void finish(struct poll_set *s, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        wait_finish(s->waiters[i].queue, &s->waiters[i]);
}

/* How many are ready, 0 when the time is over, or -EINTR. The first look finds
   out, besides, where to wait. */
static s64 wait_for_any(struct poll_set *s, struct deadline *d)
{
    s64 ready = look_at_all(s);

    while (!ready && !deadline_passed(d)) {
        unsigned n = prepare(s, d);

        ready = look_at_all(s);
        if (!ready && signal_is_pending())
            ready = -EINTR;
        if (ready || deadline_passed(d))
            finish(s, n);
        else
            wait_sleep_any(s->waiters, n, WAIT_SIGNAL);
    }
    return ready;
}

/* timeout: ns, or NO_DEADLINE; 0 is only a look. A call that is started again
   after a signal keeps the end of its first try. */
static s64 do_poll(struct poll_set *s, u64 timeout)
{
    struct task *t = current_task();
    struct deadline d;
    u64 until;
    s64 ret;

    if (!timeout)
        return look_at_all(s);
    until = timeout == NO_DEADLINE ? NO_DEADLINE : deadline_in(timeout);
    if (t->restart_until)
        until = t->restart_until;
    deadline_start(&d, until);
    ret = wait_for_any(s, &d);
    deadline_stop(&d);
    if (ret != -EINTR)
        return ret;
    t->restart_until = until;
    return -ERESTART_DEADLINE;
}

/* ---- poll ---- */

static s64 poll_user(struct poll_set *s, struct pollfd *p, u64 user,
                     u64 timeout)
{
    size_t size = s->n * sizeof(*p);
    s64 ret;

    if (copy_from_user(p, user, size))
        return -EFAULT;
    for (unsigned i = 0; i < s->n; i++)
        if (p[i].fd >= 0)
            watch(&s->w[i], p[i].fd, p[i].events);
    ret = do_poll(s, timeout);
    for (unsigned i = 0; i < s->n; i++)
        p[i].revents = (u16)s->w[i].got;
    if (ret >= 0 && copy_to_user(user, p, size))
        ret = -EFAULT;
    return ret;
}

static s64 poll_fds(const u64 *a, u64 timeout)
{
    struct poll_set s = {0};
    struct pollfd *p;
    s64 ret;

    if ((u32)a[1] > MAX_FDS)
        return -EINVAL;
    p = kmalloc(((u32)a[1] + 1) * sizeof(*p), ALLOC_KERNEL);
    ret = p ? set_init(&s, (u32)a[1]) : -ENOMEM;
    if (!ret)
        ret = poll_user(&s, p, a[0], timeout);
    set_done(&s);
    kfree(p);
    return ret;
}

/* fds, how many, milliseconds (negative: for ever) */
s64 sys_poll(const u64 *a)
{
    s64 ms = (int)a[2];

    return poll_fds(a, ms < 0 ? NO_DEADLINE : (u64)ms * NSEC_PER_MSEC);
}

/* With another mask of signals while it sleeps. */
static s64 masked(s64 (*call)(const u64 *a, u64 timeout), const u64 *a,
                  u64 timeout, sigset_t mask)
{
    s64 ret;

    signal_sleep_begin(mask);
    ret = call(a, timeout);
    signal_sleep_end(ret == -ERESTART_DEADLINE);
    return ret;
}

/* fds, how many, timespec, mask, its size */
s64 sys_ppoll(const u64 *a)
{
    u64 timeout = NO_DEADLINE;
    sigset_t mask;
    int err = a[2] ? get_timespec(a[2], &timeout) : 0;

    if (!err && a[3] && a[4] != sizeof(mask))
        err = -EINVAL;
    if (!err && a[3])
        err = copy_from_user(&mask, a[3], sizeof(mask));
    if (err)
        return err;
    return a[3] ? masked(poll_fds, a, timeout, mask) : poll_fds(a, timeout);
}

/* ---- select ---- */

enum { SEL_IN, SEL_OUT, SEL_EX, SEL_SETS };

/* What poll calls that which each of the sets asks for. */
static const int sel_want[SEL_SETS] = {POLLIN, POLLOUT, POLLPRI};
static const int sel_got[SEL_SETS] = {POLLIN | POLLHUP | POLLERR,
                                      POLLOUT | POLLERR, POLLPRI};

struct fd_sets {
    u64 bits[SEL_SETS][MAX_FDS / 64];
};

static bool test(const u64 *bits, unsigned fd)
{
    return bits[fd / 64] >> fd % 64 & 1;
}

static int copy_sets(struct fd_sets *sets, const u64 *user, unsigned nfds,
                     bool out)
{
    size_t size = ROUND_UP(nfds, 64) / 8;

    for (int i = 0; i < SEL_SETS; i++) {
        int err = 0;

        if (user[i] && out)
            err = copy_to_user(user[i], sets->bits[i], size);
        else if (user[i])
            err = copy_from_user(sets->bits[i], user[i], size);
        if (err)
            return err;
    }
    return 0;
}

/* A bit for a file that is not open is an error. */
static int watch_sets(struct poll_set *s, const struct fd_sets *sets)
{
    for (unsigned fd = 0; fd < s->n; fd++) {
        int want = 0;

        for (int i = 0; i < SEL_SETS; i++)
            want |= test(sets->bits[i], fd) ? sel_want[i] : 0;
        if (!want)
            continue;
        watch(&s->w[fd], (int)fd, want);
        if (!s->w[fd].file)
            return -EBADF;
    }
    return 0;
}

/* Leave only the bits of what is ready; how many those are. */
static s64 keep_ready(const struct poll_set *s, struct fd_sets *sets)
{
    s64 count = 0;

    for (int i = 0; i < SEL_SETS; i++) {
        for (unsigned fd = 0; fd < s->n; fd++) {
            if (!test(sets->bits[i], fd))
                continue;
            if (s->w[fd].got & sel_got[i])
                count++;
            else
                sets->bits[i][fd / 64] &= ~(1ull << fd % 64);
        }
    }
    return count;
}

static int get_timeval(u64 user, u64 *ns)
{
    s64 t[2]; /* seconds, microseconds */

    *ns = NO_DEADLINE;
    if (!user)
        return 0;
    if (copy_from_user(t, user, sizeof(t)))
        return -EFAULT;
    if (t[0] < 0 || t[1] < 0 || t[1] >= 1000000)
        return -EINVAL;
    if ((u64)t[0] < NO_DEADLINE / NSEC_PER_SEC - 1)
        *ns = (u64)t[0] * NSEC_PER_SEC + (u64)t[1] * 1000;
    return 0;
}

static s64 select_user(struct poll_set *s, struct fd_sets *sets, const u64 *a,
                       u64 timeout)
{
    s64 ret = copy_sets(sets, a + 1, s->n, false);

    if (!ret)
        ret = watch_sets(s, sets);
    if (!ret)
        ret = do_poll(s, timeout);
    if (ret < 0)
        return ret;
    ret = keep_ready(s, sets);
    if (copy_sets(sets, a + 1, s->n, true))
        ret = -EFAULT;
    return ret;
}

static s64 do_select(const u64 *a, u64 timeout)
{
    struct poll_set s = {0};
    struct fd_sets *sets;
    s64 ret;

    if ((int)a[0] < 0)
        return -EINVAL;
    sets = kzalloc(sizeof(*sets), ALLOC_KERNEL);
    ret = sets ? set_init(&s, (unsigned)min_u64((u32)a[0], MAX_FDS)) : -ENOMEM;
    if (!ret)
        ret = select_user(&s, sets, a, timeout);
    set_done(&s);
    kfree(sets);
    return ret;
}

/* nfds, in, out, exceptional, timeval */
s64 sys_select(const u64 *a)
{
    u64 timeout;
    int err = get_timeval(a[4], &timeout);

    return err ? err : do_select(a, timeout);
}

int sigmask_from_user(u64 user, sigset_t *mask, bool *given)
{
    u64 at[2] = {0, 0};

    if (user && copy_from_user(at, user, sizeof(at)))
        return -EFAULT;
    *given = at[0] != 0;
    if (!*given)
        return 0;
    if (at[1] != sizeof(*mask))
        return -EINVAL;
    return copy_from_user(mask, at[0], sizeof(*mask));
}

/* nfds, in, out, exceptional, timespec, mask */
s64 sys_pselect6(const u64 *a)
{
    u64 timeout = NO_DEADLINE;
    sigset_t mask;
    bool given;
    int err = a[4] ? get_timespec(a[4], &timeout) : 0;

    if (!err)
        err = sigmask_from_user(a[5], &mask, &given);
    if (err)
        return err;
    return given ? masked(do_select, a, timeout, mask) : do_select(a, timeout);
}
