/* SPDX-License-Identifier: MIT */
/*
 * One processor's run queue: whose turn is it?
 *
 * The waiting tasks stand in a heap by vruntime, the time that each has had.
 * The running task may get SLICE_NS ahead of the one that is furthest behind;
 * then they change places. That moment is known in advance, so the clock is
 * armed for it, and only while somebody waits: a task that is alone on its
 * processor is never disturbed.
 *
 * Everything here: the caller holds rq->lock.
 */
#include <kernel/loadavg.h>
#include <kernel/runq.h>

struct task *runq_first(struct runq *rq)
{
    struct heap_node *n = rq->waiting.root;

    return n ? container_of(n, struct task, run_node) : NULL;
}

static void enqueue(struct runq *rq, struct task *t)
{
    heap_insert(&rq->waiting, &t->run_node, t->vruntime);
    WRITE_ONCE(rq->nr_waiting, rq->nr_waiting + 1);
}

void runq_dequeue(struct runq *rq, struct task *t)
{
    heap_remove(&rq->waiting, &t->run_node);
    WRITE_ONCE(rq->nr_waiting, rq->nr_waiting - 1);
}

bool runq_curr_stays(struct runq *rq)
{
    return rq->curr != &rq->idle && rq->curr->state == TASK_RUNNABLE;
}

void runq_charge(struct runq *rq)
{
    struct task *first = runq_first(rq);
    u64 now = now_ns(), least = TIME_NEVER;

    if (now > rq->charged) {
        rq->curr->vruntime += now - rq->charged;
        rq->curr->cpu_ns += now - rq->charged;
        rq->charged = now;
    }
    if (unlikely(now >= READ_ONCE(loadavg_next)))
        loadavg_sample(now, sched_runnable());
    if (runq_curr_stays(rq))
        least = rq->curr->vruntime;
    if (first)
        least = min_u64(least, first->vruntime);
    if (least != TIME_NEVER)
        rq->min_vruntime = max_u64(rq->min_vruntime, least);
}

/*
 * A task comes in: new, woken, or from another processor, whose vruntimes are
 * a count of its own. It must be neither far behind the others here, who
 * would wait for it for ever, nor far ahead.
 */
void runq_join(struct runq *rq, struct task *t)
{
    u64 low, high;

    runq_charge(rq);
    low = rq->min_vruntime - min_u64(rq->min_vruntime, SLEEPER_NS);
    high = rq->min_vruntime + SLICE_NS;
    t->vruntime = min_u64(max_u64(t->vruntime, low), high);
    enqueue(rq, t);
}

/* The moment at which `curr` will be a slice ahead of the first that waits. */
void runq_set_slice_end(struct runq *rq)
{
    struct task *first = runq_first(rq);

    rq->slice_end = TIME_NEVER;
    if (first && rq->curr != &rq->idle)
        rq->slice_end =
            rq->charged + first->vruntime + SLICE_NS - rq->curr->vruntime + 1;
}

bool runq_slice_is_over(const struct runq *rq, const struct task *first)
{
    return rq->curr->vruntime > first->vruntime + SLICE_NS;
}

/*
 * A program that yields beside a busy one loses none of its time: while it has
 * had less than the other, the yield does nothing. A yield that always gave a
 * slice away would make a program that yields for each step of its work wait
 * for as many slices as it has steps.
 */
static bool curr_goes_on(const struct runq *rq, const struct task *first,
                         enum runq_leave when)
{
    switch (when) {
    case LEAVE_IN_TURN:
        return first->vruntime > rq->curr->vruntime + YIELD_NS;
    case LEAVE_NOW:
        return false;
    default:
        return !runq_slice_is_over(rq, first);
    }
}

struct task *runq_pick(struct runq *rq, enum runq_leave when)
{
    struct task *first = runq_first(rq), *curr = rq->curr;

    if (!runq_curr_stays(rq)) {
        if (!first)
            return &rq->idle;
    } else {
        if (!first)
            return curr;
        if (curr_goes_on(rq, first, when))
            return curr;
        if (when == LEAVE_NOW) /* a whole slice is the other's */
            curr->vruntime = max_u64(curr->vruntime, first->vruntime);
        enqueue(rq, curr);
    }
    runq_dequeue(rq, first);
    return first;
}
