/* SPDX-License-Identifier: MIT */
/*
 * Linux AIO: contexts and their events. Requests start in fs/aio_submit.c.
 *
 * A context is found by its number, in the mm that made it. It lives as long
 * as its last request or caller: the process may be gone by then.
 *
 * The number is an address, as in Linux, and the library of programs looks for
 * a ring of events there before it calls the kernel. What it finds is a page of
 * zeroes, which lacks the mark of a ring that it may read: so it calls.
 */
#include <fs/aio.h>
#include <fs/aio_private.h>
#include <fs/eventfd.h>
#include <fs/fs_private.h>
#include <fs/syscalls.h>
#include <kernel/current.h>
#include <kernel/deadline.h>
#include <kernel/process.h>
#include <kernel/uaccess.h>
#include <mm/lockorder.h>
#include <mm/mm.h>
#include <mm/slab.h>

#define MAX_REQUESTS 4096
#define MOST_EVENTS  (0x10000000u / 32) /* in Linux's ring */

static struct mutex list_lock; /* guards contexts */
static struct list_head contexts = LIST_INIT(contexts);
static atomic64_t promised; /* the sum of all contexts' max */

u64 aio_max_nr = 65536;

u64 aio_nr(void)
{
    return (u64)atomic_read(&promised);
}

void aio_init(void)
{
    mutex_init(&list_lock, "aio", RANK_AIO);
}

/* ---- events ---- */

static struct aio_request *pop(struct aio_context *c)
{
    struct aio_request *q = NULL;
    u64 flags = spin_lock_irqsave(&c->lock);

    if (!list_empty(&c->ended)) {
        q = list_first(&c->ended, struct aio_request, node);
        list_del(&q->node);
        c->active--;
    }
    spin_unlock_irqrestore(&c->lock, flags);
    return q;
}

/* It could not be delivered: it is the first again, for whoever asks next. */
static void push_back(struct aio_context *c, struct aio_request *q)
{
    u64 flags = spin_lock_irqsave(&c->lock);

    list_add(&q->node, &c->ended);
    c->active++;
    spin_unlock_irqrestore(&c->lock, flags);
    wake_up_all(&c->waiters);
}

static void forget_events(struct aio_context *c)
{
    struct aio_request *q;

    while ((q = pop(c)))
        kfree(q);
}

void aio_end(struct aio_request *q, s64 res)
{
    struct aio_context *c = q->ctx;
    struct eventfd *told = q->told;
    u64 flags = spin_lock_irqsave(&c->lock);

    q->event.res = res; /* once it is on the list, q may go */
    list_add_tail(&q->node, &c->ended);
    c->running--;
    spin_unlock_irqrestore(&c->lock, flags);
    wake_up_all(&c->waiters); /* our reference keeps c */
    if (told)
        eventfd_tell(told);
    eventfd_put(told);
    aio_ctx_put(c);
}

/* ---- contexts ---- */

void aio_ctx_put(struct aio_context *c)
{
    if (!atomic_dec_and_test(&c->refs))
        return;
    forget_events(c);
    atomic_add(&promised, -(s64)c->max);
    kfree(c);
}

/* The process has one of that number: with a reference; `unlist`: the list's,
   which is then ours. Of several, as one's page may be unmapped and another's
   be mapped in its place, the youngest. */
static struct aio_context *find(u64 id, bool unlist)
{
    struct aio_context *c, *found = NULL;

    mutex_lock(&list_lock);
    list_for_each_entry (c, &contexts, node)
        if (c->id == id && c->mm == current_mm())
            found = c;
    if (found && unlist)
        list_del(&found->node);
    else if (found)
        atomic_inc(&found->refs);
    mutex_unlock(&list_lock);
    return found;
}

struct aio_context *aio_ctx_get(u64 id)
{
    return find(id, false);
}

int aio_claim(struct aio_context *c)
{
    u64 flags = spin_lock_irqsave(&c->lock);
    int err = c->dead ? -EINVAL : c->active < c->max ? 0 : -EAGAIN;

    c->active += !err;
    c->running += !err;
    spin_unlock_irqrestore(&c->lock, flags);
    return err;
}

void aio_unclaim(struct aio_context *c)
{
    u64 flags = spin_lock_irqsave(&c->lock);

    c->active--;
    c->running--;
    spin_unlock_irqrestore(&c->lock, flags);
    wake_up_all(&c->waiters);
}

static bool is_quiet(struct aio_context *c)
{
    u64 flags = spin_lock_irqsave(&c->lock);
    bool quiet = c->running == 0;

    spin_unlock_irqrestore(&c->lock, flags);
    return quiet;
}

/* It is off the list, and its reference ours. No request starts any more; what
   the disk still has cannot be called back. */
static void destroy(struct aio_context *c)
{
    u64 flags = spin_lock_irqsave(&c->lock);

    c->dead = true;
    spin_unlock_irqrestore(&c->lock, flags);
    wake_up_all(&c->waiters);
    wait_event(&c->waiters, is_quiet(c));
    aio_ctx_put(c);
}

/* The mm's last user has gone (mm->at_end): its contexts end, and what the disk
   still has of them is waited for. */
static void end_all_of(struct mm *mm)
{
    struct aio_context *c, *next;
    struct list_head mine = LIST_INIT(mine);

    mutex_lock(&list_lock);
    list_for_each_entry_safe (c, next, &contexts, node)
        if (c->mm == mm)
            list_move_tail(&c->node, &mine);
    mutex_unlock(&list_lock);
    list_for_each_entry_safe (c, next, &mine, node) {
        list_del(&c->node);
        destroy(c);
    }
}

static struct aio_context *create(unsigned max)
{
    struct aio_context *c = kzalloc(sizeof(*c), ALLOC_KERNEL);

    if (!c)
        return NULL;
    c->mm = current_mm();
    WRITE_ONCE(c->mm->at_end, end_all_of);
    c->max = max;
    atomic_add(&promised, max);
    atomic_set(&c->refs, 1);
    spin_init(&c->lock, "aio events", RANK_DISK);
    list_init(&c->ended);
    waitq_init(&c->waiters);
    return c;
}

/* The page that the number is the address of: a number, or -errno. */
static s64 map_context(void)
{
    return mm_mmap(current_mm(), 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0);
}

/* The number is told before the context can be found: who gets EFAULT has not
   made one. */
static s64 publish_context(struct aio_context *c, u64 told)
{
    s64 id = map_context();

    if (id < 0)
        return id;
    c->id = (u64)id;
    if (copy_to_user(told, &c->id, sizeof(c->id))) {
        (void)mm_munmap(current_mm(), c->id, PAGE_SIZE);
        return -EFAULT;
    }
    mutex_lock(&list_lock);
    list_add_tail(&c->node, &contexts);
    mutex_unlock(&list_lock);
    return 0;
}

/* how many requests, where to tell the number */
s64 sys_io_setup(const u64 *a)
{
    unsigned nr = (unsigned)a[0], events = nr * 2; /* as Linux reckons */
    struct aio_context *c;
    u64 id;
    s64 err;

    if (copy_from_user(&id, a[1], sizeof(id)))
        return -EFAULT;
    if (id || !nr || events > MOST_EVENTS)
        return -EINVAL;
    if (!events || nr > MAX_REQUESTS || aio_nr() + nr > READ_ONCE(aio_max_nr))
        return -EAGAIN; /* two at once may both get in */
    c = create(nr);
    if (!c)
        return -ENOMEM;
    err = publish_context(c, a[1]);
    if (err)
        aio_ctx_put(c);
    return err;
}

s64 sys_io_destroy(const u64 *a)
{
    struct aio_context *c = find(a[0], true);

    if (!c)
        return -EINVAL;
    destroy(c);
    (void)mm_munmap(current_mm(), a[0], PAGE_SIZE);
    return 0;
}

s64 sys_io_cancel(const u64 *a)
{
    struct {
        u64 data;
        u32 key;
    } head; /* of the iocb */

    if (copy_from_user(&head, a[1], sizeof(head)))
        return -EFAULT;
    return -EINVAL; /* DMA cannot be called back */
}

/* ---- waiting for events ---- */

/* How long a caller waits; its timer wakes the context's queue. */
struct patience {
    struct timer timer;
    struct waitq *q;
    bool over; /* set once, by the timer */
};

static void patience_over(void *arg)
{
    struct patience *p = arg;

    WRITE_ONCE(p->over, true);
    wake_up_all(p->q);
}

/* What there is, up to max in all. 0 or -EFAULT: the first that could not be
   delivered stays. */
static int reap(struct aio_context *c, s64 *have, s64 max, u64 uevents)
{
    struct aio_request *q;

    while (*have < max && (q = pop(c))) {
        u64 to = uevents + (u64)*have * sizeof(q->event);

        if (copy_to_user(to, &q->event, sizeof(q->event))) {
            push_back(c, q);
            return -EFAULT;
        }
        kfree(q);
        ++*have;
    }
    return 0;
}

static bool is_over(struct aio_context *c, const struct patience *p)
{
    u64 flags = spin_lock_irqsave(&c->lock);
    bool over = !list_empty(&c->ended) || c->dead || READ_ONCE(p->over);

    spin_unlock_irqrestore(&c->lock, flags);
    return over;
}

/* Until there are `min` events, the time is over, a signal comes, or the
   context is destroyed. */
static s64 gather_events(struct aio_context *c, s64 min, s64 max, u64 uevents,
                         const struct patience *p)
{
    s64 have = 0;
    int err = reap(c, &have, max, uevents);

    while (!err && have < min && !READ_ONCE(p->over)) {
        err = READ_ONCE(c->dead)
                  ? -EINVAL
                  : wait_event_interruptible(&c->waiters, is_over(c, p));
        if (!err)
            err = reap(c, &have, max, uevents);
    }
    return have ? have : err;
}

/* context, min, max, events, timeout */
s64 sys_io_getevents(const u64 *a)
{
    struct patience p = {0};
    struct aio_context *c;
    u64 ns = NO_DEADLINE;
    s64 have;
    int err;

    if ((s64)a[1] < 0 || (s64)a[2] < (s64)a[1])
        return -EINVAL;
    err = a[4] ? get_timespec(a[4], &ns) : 0;
    if (err)
        return err;
    c = aio_ctx_get(a[0]);
    if (!c)
        return -EINVAL;
    p.q = &c->waiters;
    timer_init(&p.timer, patience_over, &p);
    if (ns != NO_DEADLINE)
        timer_arm(&p.timer, deadline_in(ns));
    have = gather_events(c, (s64)a[1], (s64)a[2], a[3], &p);
    timer_cancel(&p.timer);
    aio_ctx_put(c);
    return have;
}

/* As io_getevents, with another mask of signals while it sleeps. */
s64 sys_io_pgetevents(const u64 *a)
{
    sigset_t mask;
    bool given;
    s64 ret = sigmask_from_user(a[5], &mask, &given);

    if (ret)
        return ret;
    if (!given)
        return sys_io_getevents(a);
    signal_sleep_begin(mask);
    ret = sys_io_getevents(a);
    signal_sleep_end(ret == -EINTR);
    return ret;
}
