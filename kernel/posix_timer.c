/* SPDX-License-Identifier: MIT */
/*
 * POSIX timers: a process has as many as it makes; each expiry is a signal, to
 * the process or to one of its threads.
 *
 * One that repeats is armed again only when its signal is delivered, and what
 * passed meanwhile is told as its overrun: so there is never more than one of
 * its signals under way, and a program that blocks it costs nothing.
 *
 * A timer is found, changed and taken off the list under the signal lock of
 * its process. It is freed by whoever took it off the list, after
 * timer_cancel: its function is then not running.
 */
#include <kernel/itimerspec.h>
#include <kernel/posix_timer.h>
#include <kernel/process_private.h>
#include <kernel/syscall.h>
#include <kernel/uaccess.h>
#include <mm/slab.h>

#define SIGEV_SIGNAL    0
#define SIGEV_NONE      1
#define SIGEV_THREAD    2 /* the C library's own; its signal is meant */
#define SIGEV_THREAD_ID 4

#define TIMER_ABSTIME 1u
#define TIMERS_MAX    1024u /* a process */
/* Nobody takes the signal: all timers of a process together ask no more often
   than so. */
#define IGNORED_REST (4 * NSEC_PER_MSEC)

struct posix_timer {
    struct list_head node; /* process.timers; all fields: signal lock */
    struct process *proc;  /* fixed: it lives longer */
    struct timer timer;
    int id; /* fixed, as are the next five */
    u32 clock;
    int notify; /* SIGEV_* */
    int signo;
    int tid;      /* 0: the process */
    u64 value;    /* what the program wants to be told */
    u64 when;     /* of the next expiry; 0 = not armed */
    u64 interval; /* ns, 0 = once */
    int overrun;  /* of the last signal delivered */
};

struct linux_sigevent {
    u64 value;
    s32 signo, notify, tid;
    u32 pad[11];
};

_Static_assert(sizeof(struct linux_sigevent) == 64, "the ABI's layout");

/* ---- signal lock held ---- */

static struct posix_timer *find(struct process *p, int id)
{
    struct posix_timer *t;

    list_for_each_entry (t, &p->timers, node)
        if (t->id == id)
            return t;
    return NULL;
}

/* On to the next expiry in the future; how many that passes over. */
static u64 forward(struct posix_timer *t)
{
    u64 now = now_ns(), n;

    if (!t->interval || !t->when || t->when > now)
        return 0;
    n = (now - t->when) / t->interval + 1;
    t->when += n * t->interval;
    return n;
}

void posix_timer_delivered(struct process *p, struct siginfo_min *info)
{
    struct posix_timer *t = find(p, info->pid);

    if (!t)
        return;
    t->overrun = (int)min_u64(forward(t), INT32_MAX);
    info->uid = t->overrun;
    if (t->interval && t->when)
        timer_arm(&t->timer, t->when);
}

static void expire(struct posix_timer *t)
{
    struct siginfo_min info = {
        .signo = t->signo, .code = SI_TIMER, .pid = t->id, .addr = t->value};

    t->when = t->interval ? t->when + t->interval : 0;
    if (t->notify == SIGEV_NONE ||
        signal_from_timer(t->proc, t->tid, &info) == 0)
        return;
    (void)forward(t);
    if (t->when) /* ignored, or no room: nobody will arm it again */
        timer_arm(&t->timer, max_u64(t->when, now_ns() + t->proc->nr_timers *
                                                             IGNORED_REST));
}

/* In interrupt context. It may have been set again just before. */
static void fire(void *arg)
{
    struct posix_timer *t = arg;
    u64 flags = spin_lock_irqsave(&t->proc->sig_lock);

    if (t->when && t->when <= now_ns())
        expire(t);
    spin_unlock_irqrestore(&t->proc->sig_lock, flags);
}

/* ---- making and deleting ---- */

static int check_event(const struct linux_sigevent *e)
{
    if (e->notify == SIGEV_NONE)
        return 0;
    if ((e->notify & ~SIGEV_THREAD_ID) != SIGEV_SIGNAL &&
        e->notify != SIGEV_THREAD)
        return -EINVAL;
    return e->signo < 1 || e->signo > NSIG ? -EINVAL : 0;
}

/* Is this a thread of the process? */
static bool has_thread(struct process *p, int tid)
{
    u64 flags = spin_lock_irqsave(&p->sig_lock);
    struct task *t;
    bool found = false;

    list_for_each_entry (t, &p->threads, proc_node)
        found |= t->tid == tid;
    spin_unlock_irqrestore(&p->sig_lock, flags);
    return found;
}

/* A number for it, the timer's own. -EAGAIN: too many. */
static int enter(struct process *p, struct posix_timer *t)
{
    u64 flags = spin_lock_irqsave(&p->sig_lock);
    bool room = p->nr_timers < TIMERS_MAX;

    if (room) {
        p->nr_timers++;
        t->id = p->next_timer++;
        list_add_tail(&t->node, &p->timers);
    }
    spin_unlock_irqrestore(&p->sig_lock, flags);
    return room ? 0 : -EAGAIN;
}

static s64 make_timer(const struct linux_sigevent *e, bool own_value,
                      u64 user_id, u32 clock)
{
    struct process *p = current_process();
    struct posix_timer *t;
    int err;

    t = kzalloc(sizeof(*t), ALLOC_KERNEL);
    if (!t)
        return -EAGAIN;
    timer_init(&t->timer, fire, t);
    t->proc = p;
    t->clock = clock;
    t->notify = e->notify;
    t->signo = e->signo;
    t->tid = e->notify & SIGEV_THREAD_ID ? e->tid : 0;
    t->value = e->value;
    err = enter(p, t);
    if (err) {
        kfree(t);
        return err;
    }
    if (!own_value)
        t->value = (u64)t->id;
    return put_user_u32(user_id, (u32)t->id); /* too bad, as in Linux */
}

/* clock, sigevent (0: SIGALRM, with the number), where the number goes */
s64 sys_timer_create(const u64 *a)
{
    struct linux_sigevent e = {.signo = SIGALRM, .notify = SIGEV_SIGNAL};
    int err;

    if (!clock_can_wake((u32)a[0]))
        return -EINVAL;
    if (a[1] && copy_from_user(&e, a[1], sizeof(e)))
        return -EFAULT;
    err = check_event(&e);
    if (err)
        return err;
    if ((e.notify & SIGEV_THREAD_ID) && !has_thread(current_process(), e.tid))
        return -EINVAL;
    return make_timer(&e, a[1] != 0, a[2], (u32)a[0]);
}

/* Off the list; NULL: there is none of that number (-1: any). */
static struct posix_timer *take_off(struct process *p, int id)
{
    u64 flags = spin_lock_irqsave(&p->sig_lock);
    struct posix_timer *t = NULL;

    if (id >= 0)
        t = find(p, id);
    else if (!list_empty(&p->timers))
        t = list_first(&p->timers, struct posix_timer, node);
    if (t) {
        list_del(&t->node);
        p->nr_timers--;
        t->when = 0;
    }
    spin_unlock_irqrestore(&p->sig_lock, flags);
    return t;
}

/* Its signal may still be pending: it is delivered all the same. */
static void free_timer(struct posix_timer *t)
{
    (void)timer_cancel(&t->timer);
    kfree(t);
}

s64 sys_timer_delete(const u64 *a)
{
    struct posix_timer *t =
        (int)a[0] < 0 ? NULL : take_off(current_process(), (int)a[0]);

    if (!t)
        return -EINVAL;
    free_timer(t);
    return 0;
}

void posix_timers_delete(struct process *p)
{
    struct posix_timer *t;

    while ((t = take_off(p, -1)))
        free_timer(t);
}

/* ---- setting and asking ---- */

static struct itimerspec_ns left(struct posix_timer *t)
{
    struct itimerspec_ns s = {.interval = t->interval};
    u64 now = now_ns(), when = t->when;

    if (when && when <= now && t->interval)
        when += ((now - when) / t->interval + 1) * t->interval;
    if (when)
        s.value = when > now ? when - now : 1;
    return s;
}

/* timer, flags, new, old. An arming that comes too late finds another `when`,
   or none, and does nothing. */
s64 sys_timer_settime(const u64 *a)
{
    struct process *p = current_process();
    struct itimerspec_ns new, old;
    struct posix_timer *t;
    u64 flags;
    int err;

    if (!a[2])
        return -EINVAL;
    err = get_itimerspec(a[2], &new);
    if (err)
        return err;
    flags = spin_lock_irqsave(&p->sig_lock);
    t = find(p, (int)a[0]);
    if (t) {
        old = left(t);
        t->interval = new.interval;
        t->when = itimerspec_when(&new, (u32)a[1] & TIMER_ABSTIME, t->clock);
        t->overrun = 0;
        if (t->when)
            timer_arm(&t->timer, t->when);
    }
    spin_unlock_irqrestore(&p->sig_lock, flags);
    if (!t)
        return -EINVAL;
    return a[3] ? put_itimerspec(a[3], &old) : 0;
}

s64 sys_timer_gettime(const u64 *a)
{
    struct process *p = current_process();
    u64 flags = spin_lock_irqsave(&p->sig_lock);
    struct posix_timer *t = find(p, (int)a[0]);
    struct itimerspec_ns s = {0};

    if (t)
        s = left(t);
    spin_unlock_irqrestore(&p->sig_lock, flags);
    return t ? put_itimerspec(a[1], &s) : -EINVAL;
}

s64 sys_timer_getoverrun(const u64 *a)
{
    struct process *p = current_process();
    u64 flags = spin_lock_irqsave(&p->sig_lock);
    struct posix_timer *t = find(p, (int)a[0]);
    s64 ret = t ? t->overrun : -EINVAL;

    spin_unlock_irqrestore(&p->sig_lock, flags);
    return ret;
}
