/* SPDX-License-Identifier: MIT */
/*
 * Timers, and what the clock is set to.
 *
 * Each processor has the timers that were armed on it, in a heap, and its own
 * one-shot clock. The clock is set for the first of them, or for the end of
 * the running task's slice if that comes earlier; to nothing if there is
 * neither. So no clock interrupt ever comes that nobody asked for, and under
 * QEMU's -icount sleep=off, where an idle machine jumps to its next timer,
 * time stands still while we wait for a disk.
 */
#include <kernel/current.h>
#include <kernel/irq.h>
#include <kernel/task.h>
#include <kernel/time.h>
#include <kernel/wait.h>
#include <mm/lockorder.h>

#define NO_CPU MAX_CPUS /* timer.cpu: just moving from one to another */

struct timer_base {
    struct spinlock lock;  /* (irq) guards armed, first, running, and the
                              node and cpu of timers that belong here */
    struct heap armed;     /* by time */
    u64 first;             /* of the earliest, or TIME_NEVER; the processor
                              itself also reads it without the lock */
    struct timer *running; /* its function is being called */
    u64 clock;             /* what the clock is set to, or TIME_NEVER; the
                              processor's own, interrupts off */
};

static struct timer_base bases[MAX_CPUS];

void timers_init(void)
{
    for (unsigned i = 0; i < MAX_CPUS; i++) {
        spin_init(&bases[i].lock, "timers", RANK_TIMER);
        bases[i].first = TIME_NEVER;
        bases[i].clock = TIME_NEVER;
    }
}

void clock_update(bool idle)
{
    struct timer_base *b = &bases[this_cpu()->id];
    u64 want = min_u64(READ_ONCE(b->first), sched_slice_end());

    if (want == b->clock || (want > b->clock && !idle))
        return;
    b->clock = want;
    arch_set_clock(want == TIME_NEVER ? 0 : want);
}

/* ---- the heap: the caller holds b->lock ---- */

static void update_first(struct timer_base *b)
{
    WRITE_ONCE(b->first, b->armed.root ? b->armed.root->key : TIME_NEVER);
}

static void add(struct timer_base *b, struct timer *t, u64 when)
{
    heap_insert(&b->armed, &t->node, when);
    update_first(b);
}

static bool take(struct timer_base *b, struct timer *t)
{
    if (!heap_queued(&t->node))
        return false;
    heap_remove(&b->armed, &t->node);
    update_first(b);
    return true;
}

/* The base that t belongs to, locked. Interrupts off. */
static struct timer_base *lock_base_of(struct timer *t)
{
    for (;;) {
        unsigned cpu = READ_ONCE(t->cpu);

        if (cpu != NO_CPU) {
            spin_lock(&bases[cpu].lock);
            if (t->cpu == cpu)
                return &bases[cpu];
            spin_unlock(&bases[cpu].lock);
        }
        cpu_relax();
    }
}

/* ---- arming and cancelling ---- */

void timer_init(struct timer *t, void (*fn)(void *), void *arg)
{
    heap_node_init(&t->node);
    t->cpu = cpu_id();
    t->fn = fn;
    t->arg = arg;
}

/*
 * A timer moves to the processor that arms it: its clock is at hand. While it
 * is between two bases it belongs to neither (NO_CPU), and whoever else wants
 * it waits for these few instructions.
 */
void timer_arm(struct timer *t, u64 when)
{
    u64 flags = irq_save();
    unsigned here = this_cpu()->id;
    struct timer_base *b = lock_base_of(t);
    unsigned there = t->cpu;
    bool was_armed = take(b, t);

    if (there != here) {
        WRITE_ONCE(t->cpu, NO_CPU);
        spin_unlock(&b->lock);
        b = &bases[here];
        spin_lock(&b->lock);
        WRITE_ONCE(t->cpu, here);
    }
    add(b, t, max_u64(when, 1));
    spin_unlock(&b->lock);
    clock_update(false);
    if (was_armed && there != here)
        sched_poke_idle(there);
    irq_restore(flags);
}

/* An idle processor's clock must not stay set for a timer that has gone. One
   that is busy looks when it becomes idle. */
static bool take_back(struct timer *t)
{
    u64 flags = irq_save();
    struct timer_base *b = lock_base_of(t);
    unsigned cpu = t->cpu;
    bool was_armed = take(b, t);

    spin_unlock(&b->lock);
    if (was_armed && cpu != this_cpu()->id)
        sched_poke_idle(cpu);
    irq_restore(flags);
    return was_armed;
}

/*
 * Wait until no other processor is in t's function. It may be one that t does
 * not belong to any more, if t was armed again meanwhile; so all are asked.
 * `running` is written under the lock under which t was taken out of the
 * heap, and we have held that lock, or one that was taken after it, since.
 *
 * If it is running on this very processor, then we are called by it.
 */
static void wait_for_function(struct timer *t)
{
    preempt_disable();
    for (unsigned i = 0; i < MAX_CPUS; i++)
        while (i != cpu_id() && READ_ONCE(bases[i].running) == t)
            cpu_relax();
    preempt_enable();
}

/* Twice, as the function may have armed it again. */
bool timer_cancel(struct timer *t)
{
    bool was_armed = take_back(t);

    wait_for_function(t);
    return take_back(t) || was_armed;
}

/* ---- the interrupt ---- */

/* The timer may be armed again, or be gone, as soon as fn has been called:
   t is only compared with after that. */
static void run_expired(struct timer_base *b, u64 now)
{
    spin_lock(&b->lock);
    while (b->first <= now) {
        struct timer *t = container_of(b->armed.root, struct timer, node);

        take(b, t);
        WRITE_ONCE(b->running, t);
        spin_unlock(&b->lock);
        t->fn(t->arg);
        spin_lock(&b->lock);
        WRITE_ONCE(b->running, NULL);
    }
    spin_unlock(&b->lock);
}

/* Interrupts off. It may come early, or when what it was set for has gone:
   then it only sets the clock anew. */
void timer_interrupt(void)
{
    struct timer_base *b = &bases[this_cpu()->id];

    b->clock = TIME_NEVER;
    run_expired(b, now_ns());
    sched_tick();
    clock_update(false);
}

/* ---- sleeping ---- */

struct alarm {
    struct timer timer;
    struct waitq sleeper;
    bool rang; /* written once */
};

static void ring(void *arg)
{
    struct alarm *a = arg;

    WRITE_ONCE(a->rang, true);
    wake_up_all(&a->sleeper);
}

int sleep_until(u64 when, u64 *left)
{
    struct alarm a = {.rang = false};
    int err;
    u64 now;

    waitq_init(&a.sleeper);
    timer_init(&a.timer, ring, &a);
    timer_arm(&a.timer, when);
    err = wait_event_interruptible(&a.sleeper, READ_ONCE(a.rang));
    timer_cancel(&a.timer); /* also waits for ring() to leave our stack */
    now = now_ns();
    if (left)
        *left = err && when > now ? when - now : 0;
    return err;
}
