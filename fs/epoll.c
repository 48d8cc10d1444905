/* SPDX-License-Identifier: MIT */
/*
 * epoll: many files watched, and only those looked at that had news.
 *
 * Each watched file's queue has a waiter that is no task: who wakes the queue
 * calls news(), which puts the item on its epoll's ready list. epoll_wait
 * takes items from there, puts the waiter back on its queue *before* it looks
 * (as any sleeper does), and tells what it found. An item that is level
 * triggered goes back on the list until a look finds nothing.
 *
 * One mutex guards which items there are. An item holds no reference on its
 * file, or a closed pipe would never end: a file's last reference first
 * forgets its items (epoll_forget), so an item's file is there, though perhaps
 * about to end.
 */
#include <fs/epoll.h>
#include <fs/fs_private.h>
#include <fs/syscalls.h>
#include <kernel/deadline.h>
#include <kernel/process.h>
#include <kernel/uaccess.h>
#include <mm/slab.h>

#define EPOLL_CTL_ADD 1
#define EPOLL_CTL_DEL 2
#define EPOLL_CTL_MOD 3

#define EPOLLET        (1u << 31)
#define EPOLLONESHOT   (1u << 30)
#define EPOLLEXCLUSIVE (1u << 28)
#define EPOLLWAKEUP    (1u << 29)
#define EXCLUSIVE_BITS \
    (POLLIN | POLLOUT | ALWAYS | EPOLLET | EPOLLWAKEUP | EPOLLEXCLUSIVE)
#define SPENT  EPOLLONESHOT /* alone: it has been told of */
#define ALWAYS (POLLERR | POLLHUP)

#define BUCKETS    256u
#define EVENTS_MAX (INT32_MAX / 12)

struct epoll_event { /* Linux's */
    u32 events;
    u64 data;
} __attribute__((packed));

struct epoll {
    struct spinlock lock;     /* (irq) guards ready, nr_ready, item.ready */
    struct list_head ready;   /* epoll_item.ready_node */
    unsigned nr_ready;        /* hint without the lock */
    struct waitq sleepers;    /* in epoll_wait; its lock's rank is its own */
    struct epoll_item **item; /* [BUCKETS], chains; epoll_lock */
};

struct epoll_item {
    struct epoll *ep;  /* fixed, as are file and fd */
    struct file *file; /* no reference */
    int fd;
    struct epoll_event event;   /* epoll_lock */
    struct epoll_item *next;    /* of the bucket; epoll_lock */
    struct list_head file_node; /* file.watchers; epoll_lock */
    struct list_head ready_node;
    bool ready;
    struct waiter waiter;
    bool armed;            /* on a queue; set under epoll_lock, cleared under
                             the queue's lock */
    struct process *armer; /* held: the queue may be its own (signalfd) */
};

static struct mutex epoll_lock;
static const struct file_ops epoll_ops;

void epoll_init(void)
{
    mutex_init(&epoll_lock, "epoll", RANK_EPOLL);
}

/* ---- the ready list ---- */

static void mark_ready(struct epoll_item *i)
{
    struct epoll *ep = i->ep;
    u64 flags = spin_lock_irqsave(&ep->lock);

    if (!i->ready) {
        i->ready = true;
        list_add_tail(&i->ready_node, &ep->ready);
        WRITE_ONCE(ep->nr_ready, ep->nr_ready + 1);
    }
    spin_unlock_irqrestore(&ep->lock, flags);
    wake_up_all(&ep->sleepers);
}

static void unmark(struct epoll_item *i)
{
    struct epoll *ep = i->ep;
    u64 flags = spin_lock_irqsave(&ep->lock);

    if (i->ready) {
        i->ready = false;
        list_del(&i->ready_node);
        WRITE_ONCE(ep->nr_ready, ep->nr_ready - 1);
    }
    spin_unlock_irqrestore(&ep->lock, flags);
}

static struct epoll_item *first_ready(struct epoll *ep)
{
    u64 flags = spin_lock_irqsave(&ep->lock);
    struct epoll_item *i = NULL;

    if (!list_empty(&ep->ready))
        i = list_first(&ep->ready, struct epoll_item, ready_node);
    spin_unlock_irqrestore(&ep->lock, flags);
    return i;
}

/* Under the lock of the queue that was woken, in any context. */
static void news(struct waiter *w)
{
    struct epoll_item *i = container_of(w, struct epoll_item, waiter);

    mark_ready(i);
    WRITE_ONCE(i->armed, false); /* the last of us: now it may go */
}

/* ---- items; epoll_lock held ---- */

/* Afterwards news() is not at work on it: it runs under the queue's lock. */
static void disarm(struct epoll_item *i)
{
    if (READ_ONCE(i->armed))
        wait_finish(i->waiter.queue, &i->waiter);
    i->armed = false;
    if (i->armer)
        process_put(i->armer);
    i->armer = NULL;
}

/* On the queue that its file names now. */
static void arm(struct epoll_item *i, struct waitq *q)
{
    disarm(i);
    i->armer = current_process();
    atomic_inc(&i->armer->refs);
    i->armed = true;
    wait_prepare_call(q, &i->waiter, news);
}

/*
 * What is there, of what is asked for. From now on news is noticed. It is put
 * on the queue anew each time: `armed` may still be true of a waiter that has
 * left its queue, while news() is at work.
 */
static u32 look(struct epoll_item *i)
{
    struct waitq *q = NULL;
    int bits = i->file->ops->poll(i->file, &q);

    if (q) {
        arm(i, q);
        bits = i->file->ops->poll(i->file, &q);
    }
    return (u32)bits & (i->event.events | ALWAYS);
}

static struct epoll_item *find(struct epoll *ep, int fd, const struct file *f)
{
    struct epoll_item *i = ep->item[(u32)fd % BUCKETS];

    while (i && (i->fd != fd || i->file != f))
        i = i->next;
    return i;
}

static int add_item(struct epoll *ep, int fd, struct file *f,
                    const struct epoll_event *e)
{
    struct epoll_item *i;

    if (find(ep, fd, f))
        return -EEXIST;
    i = kzalloc(sizeof(*i), ALLOC_KERNEL);
    if (!i)
        return -ENOMEM;
    i->ep = ep;
    i->file = f;
    i->fd = fd;
    i->event = *e;
    i->next = ep->item[(u32)fd % BUCKETS];
    ep->item[(u32)fd % BUCKETS] = i;
    list_init(&i->ready_node);
    list_add_tail(&i->file_node, &f->watchers);
    if (look(i))
        mark_ready(i);
    return 0;
}

static void remove_item(struct epoll_item *i)
{
    struct epoll_item **at = &i->ep->item[(u32)i->fd % BUCKETS];

    while (*at != i)
        at = &(*at)->next;
    *at = i->next;
    list_del(&i->file_node);
    disarm(i); /* first: then nobody marks it any more */
    unmark(i);
    kfree(i);
}

static void change_item(struct epoll_item *i, const struct epoll_event *e)
{
    i->event = *e;
    if (look(i))
        mark_ready(i);
}

void epoll_forget(struct file *f)
{
    if (list_empty(&f->watchers))
        return;
    mutex_lock(&epoll_lock);
    while (!list_empty(&f->watchers))
        remove_item(list_first(&f->watchers, struct epoll_item, file_node));
    mutex_unlock(&epoll_lock);
}

/* ---- the file ---- */

static void epoll_release(struct file *f)
{
    struct epoll *ep = f->private;

    mutex_lock(&epoll_lock);
    for (unsigned b = 0; ep->item && b < BUCKETS; b++)
        while (ep->item[b])
            remove_item(ep->item[b]);
    mutex_unlock(&epoll_lock);
    kfree(ep->item);
    kfree(ep);
}

/* Take the first ready item and look at it. *f gets a reference on its file,
   to be put without the lock. What was found; 0: no news after all. */
static u32 take_news(struct epoll *ep, struct epoll_event *e, struct file **f)
{
    struct epoll_item *i = first_ready(ep);
    u32 bits = 0;

    *f = NULL;
    if (!i)
        return 0;
    unmark(i);
    if (!atomic_inc_not_zero(&i->file->refs))
        return 0; /* it is just being closed */
    *f = i->file;
    bits = i->event.events == SPENT ? 0 : look(i);
    if (!bits)
        return 0;
    *e = (struct epoll_event){bits, i->event.data};
    if (i->event.events & EPOLLONESHOT)
        i->event.events = SPENT;
    else if (!(i->event.events & EPOLLET))
        mark_ready(i);
    return bits;
}

/* Each item that is ready now once, up to max. How many, or -EFAULT. */
static s64 deliver(struct epoll *ep, u64 user, unsigned max)
{
    unsigned tries = READ_ONCE(ep->nr_ready);
    struct epoll_event e;
    unsigned n = 0;
    struct file *f;
    int err = 0;

    while (tries-- > 0 && n < max && !err) {
        u32 bits;

        mutex_lock(&epoll_lock);
        bits = take_news(ep, &e, &f);
        mutex_unlock(&epoll_lock);
        if (f)
            file_put(f);
        if (bits)
            err = copy_to_user(user + n++ * sizeof(e), &e, sizeof(e));
    }
    return err ? err : (s64)n;
}

/* For a poll on the epoll file itself, which may not sleep for a look at each:
   there was news. */
static int epoll_poll(struct file *f, struct waitq **wait_on)
{
    struct epoll *ep = f->private;

    *wait_on = &ep->sleepers;
    return READ_ONCE(ep->nr_ready) ? POLLIN : 0;
}

static const struct file_ops epoll_ops = {
    .release = epoll_release,
    .poll = epoll_poll,
};

static s64 make(u32 flags)
{
    struct epoll *ep = kzalloc(sizeof(*ep), ALLOC_KERNEL);

    if (ep)
        ep->item = kzalloc(BUCKETS * sizeof(*ep->item), ALLOC_KERNEL);
    if (!ep || !ep->item) {
        kfree(ep);
        return -ENOMEM;
    }
    spin_init(&ep->lock, "epoll ready", RANK_EPOLL_NEWS);
    list_init(&ep->ready);
    waitq_init(&ep->sleepers);
    /* It is woken from inside of another queue. */
    spin_init(&ep->sleepers.lock, "epoll sleepers", RANK_EPOLL_WAIT);
    return anon_file(&epoll_ops, ep, O_RDWR | flags);
}

/* size: only has to be one */
s64 sys_epoll_create(const u64 *a)
{
    return (int)a[0] <= 0 ? -EINVAL : make(0);
}

s64 sys_epoll_create1(const u64 *a)
{
    return (u32)a[0] & ~O_CLOEXEC ? -EINVAL : make((u32)a[0]);
}

/* ---- epoll_ctl ---- */

static s64 control(struct epoll *ep, int op, int fd, struct file *f,
                   const struct epoll_event *e)
{
    struct epoll_item *i;
    s64 ret = 0;

    mutex_lock(&epoll_lock);
    i = find(ep, fd, f);
    if (op == EPOLL_CTL_ADD)
        ret = add_item(ep, fd, f, e);
    else if (!i)
        ret = -ENOENT;
    else if (op == EPOLL_CTL_DEL)
        remove_item(i);
    else if (i->event.events & EPOLLEXCLUSIVE)
        ret = -EINVAL;
    else
        change_item(i, e);
    mutex_unlock(&epoll_lock);
    return ret;
}

/* Only what can say when it is ready; no epoll within an epoll. */
static s64 check_files(const struct file *ep, const struct file *f)
{
    if (!f->ops->poll)
        return -EPERM;
    return ep->ops != &epoll_ops || f->ops == &epoll_ops ? -EINVAL : 0;
}

/* All that watch a file in this way are woken, as its manual allows. It is
   chosen when the file is added, and for good. */
static s64 check_exclusive(int op, const struct epoll_event *e)
{
    if (!(e->events & EPOLLEXCLUSIVE))
        return 0;
    return op == EPOLL_CTL_MOD || (e->events & ~EXCLUSIVE_BITS) ? -EINVAL : 0;
}

/* epoll, operation, fd, event */
s64 sys_epoll_ctl(const u64 *a)
{
    int op = (int)a[1], fd = (int)a[2];
    struct epoll_event e = {0};
    struct file *ep, *f;
    s64 ret = -EBADF;

    if (op != EPOLL_CTL_DEL && copy_from_user(&e, a[3], sizeof(e)))
        return -EFAULT;
    ep = fd_get((int)a[0]);
    f = fd_get(fd);
    if (ep && f)
        ret = check_files(ep, f);
    if (!ret)
        ret = check_exclusive(op, &e);
    if (!ret && (op < EPOLL_CTL_ADD || op > EPOLL_CTL_MOD))
        ret = -EINVAL;
    if (!ret)
        ret = control(ep->private, op, fd, f, &e);
    if (f)
        file_put(f);
    if (ep)
        file_put(ep);
    return ret;
}

/* ---- epoll_wait ---- */

static s64 wait_for_news(struct epoll *ep, u64 user, unsigned max, u64 until)
{
    struct deadline d;
    struct waiter w[2];
    s64 n;

    deadline_start(&d, until);
    while (!(n = deliver(ep, user, max)) && !deadline_passed(&d)) {
        wait_prepare(&ep->sleepers, &w[0]);
        wait_prepare(&d.q, &w[1]);
        if (signal_is_pending())
            n = -EINTR;
        if (n || READ_ONCE(ep->nr_ready) || deadline_passed(&d)) {
            wait_finish(&ep->sleepers, &w[0]);
            wait_finish(&d.q, &w[1]);
        } else {
            wait_sleep_any(w, 2, WAIT_SIGNAL);
        }
        if (n)
            break;
    }
    deadline_stop(&d);
    return n;
}

/* timeout: ns, or NO_DEADLINE */
static s64 epoll_wait(const u64 *a, u64 timeout)
{
    struct file *f;
    s64 ret = -EINVAL;

    if ((s32)a[2] <= 0 || (u32)a[2] > EVENTS_MAX)
        return -EINVAL;
    f = fd_get((int)a[0]);
    if (!f)
        return -EBADF;
    if (f->ops == &epoll_ops && !timeout)
        ret = deliver(f->private, a[1], (u32)a[2]);
    else if (f->ops == &epoll_ops)
        ret = wait_for_news(f->private, a[1], (u32)a[2],
                            timeout == NO_DEADLINE ? NO_DEADLINE
                                                   : deadline_in(timeout));
    file_put(f);
    return ret;
}

static u64 from_ms(u64 arg)
{
    return (s32)arg < 0 ? NO_DEADLINE : (u64)(s32)arg * NSEC_PER_MSEC;
}

/* epoll, events, how many, milliseconds */
s64 sys_epoll_wait(const u64 *a)
{
    return epoll_wait(a, from_ms(a[3]));
}

static s64 wait_masked(const u64 *a, u64 timeout)
{
    sigset_t mask;
    s64 ret;

    if (!a[4])
        return epoll_wait(a, timeout);
    if (a[5] != sizeof(mask))
        return -EINVAL;
    if (copy_from_user(&mask, a[4], sizeof(mask)))
        return -EFAULT;
    signal_sleep_begin(mask);
    ret = epoll_wait(a, timeout);
    signal_sleep_end(ret == -EINTR);
    return ret;
}

/* ..., mask of signals, its size */
s64 sys_epoll_pwait(const u64 *a)
{
    return wait_masked(a, from_ms(a[3]));
}

/* The same with a timespec. */
s64 sys_epoll_pwait2(const u64 *a)
{
    u64 timeout = NO_DEADLINE;
    int err = a[3] ? get_timespec(a[3], &timeout) : 0;

    return err ? err : wait_masked(a, timeout);
}
