/* SPDX-License-Identifier: MIT */
/*
 * The queue of what goes with pending signals. An entry is made where the
 * signal is sent, which may be an interrupt: from the reserve, if need be, and
 * if there is nothing left, a standard signal goes without.
 */
#include <kernel/posix_timer.h>
#include <kernel/process_private.h>
#include <kernel/sigqueue.h>
#include <mm/slab.h>

#define QUEUED_MAX        4096 /* a process, whatever its limit says */

struct queued {
    struct list_head node;
    struct siginfo_min info;
};

static bool too_many(const struct process *p)
{
    return p->nr_queued >=
           min_u64(READ_ONCE(p->rlimits[RLIMIT_SIGPENDING][0]), QUEUED_MAX);
}

bool sigqueue_add(struct process *p, struct list_head *queue,
                  const struct siginfo_min *info)
{
    struct queued *q = too_many(p) ? NULL : kmalloc(sizeof(*q), ALLOC_ATOMIC);

    if (!q)
        return false;
    q->info = *info;
    list_add_tail(&q->node, queue);
    p->nr_queued++;
    return true;
}

static void forget(struct process *p, struct queued *q)
{
    list_del(&q->node);
    p->nr_queued--;
    kfree(q);
}

bool sigqueue_take(struct process *p, struct list_head *queue, int sig,
                   struct siginfo_min *info, bool *more)
{
    struct queued *q, *next;
    bool found = false;

    *more = false;
    *info = (struct siginfo_min){.signo = sig};
    list_for_each_entry_safe (q, next, queue, node) {
        if (q->info.signo != sig)
            continue;
        *more = found;
        if (found)
            break;
        found = true;
        *info = q->info;
        forget(p, q);
    }
    return found;
}

void sigqueue_drop(struct process *p, struct list_head *queue, sigset_t set)
{
    struct queued *q, *next;

    list_for_each_entry_safe (q, next, queue, node) {
        if (!(set >> (q->info.signo - 1) & 1))
            continue;
        if (q->info.code == SI_TIMER) /* or it would never fire again */
            posix_timer_delivered(p, &q->info);
        forget(p, q);
    }
}
