/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: who runs on which processor, and who wakes whom.
 *
 * A task that wakes goes to an idle processor if there is one; a processor
 * that runs out of tasks takes a waiting one from another. So there is never
 * an idle processor beside a waiting task for longer than it takes to notice.
 * Whose turn it is on one processor is kernel/runq.c's business.
 *
 * The run queues' locks are only taken here, with interrupts off, and never
 * two at a time.
 */
#include <kernel/irq.h>
#include <kernel/print.h>
#include <kernel/runq.h>
#include <mm/lockorder.h>
#include <mm/mm.h>

static struct runq runqs[MAX_CPUS];
static atomic_t nr_cpus = {1};
static u32 online_cpus; /* bit per processor that runs tasks; only grows */
/* Bit per processor that has nothing to do. Set by it before it looks around
   for the last time; cleared by it, or by whoever finds it work (a claim). */
static u32 idle_cpus;

static struct runq *this_rq(void)
{
    return &runqs[this_cpu()->id];
}

/* ---- several processors ---- */

/* Make a processor call reschedule(). Interrupts off. */
static void kick(unsigned cpu)
{
    WRITE_ONCE(cpus[cpu].need_resched, true);
    if (cpu != this_cpu()->id)
        arch_kick_cpu(cpu);
}

/* True for one caller only: it must kick that processor. */
static bool claim_idle(unsigned cpu)
{
    return bit_test(&idle_cpus, cpu) && bit_clear(&idle_cpus, cpu);
}

/*
 * Work was queued where somebody else runs. If a processor idles, wake it: it
 * will steal. The barrier pairs with the one in idle_once: either we see its
 * bit, or it sees our nr_waiting.
 */
static void kick_some_idle(void)
{
    u32 idle;

    memory_barrier();
    for (idle = READ_ONCE(idle_cpus); idle; idle &= idle - 1) {
        unsigned cpu = (unsigned)__builtin_ctz(idle);

        if (claim_idle(cpu)) {
            kick(cpu);
            return;
        }
    }
}

void sched_poke_idle(unsigned cpu)
{
    u64 flags = irq_save();

    memory_barrier();
    if (bit_test(&idle_cpus, cpu))
        kick(cpu);
    irq_restore(flags);
}

/* No processor idles: the one with the fewest waiting tasks, `was` if that is
   as good as any. A guess, without locks. */
static unsigned least_busy(unsigned was)
{
    unsigned best = was, least = READ_ONCE(runqs[was].nr_waiting);
    u32 left;

    for (left = READ_ONCE(online_cpus); left && least; left &= left - 1) {
        unsigned cpu = (unsigned)__builtin_ctz(left);

        if (READ_ONCE(runqs[cpu].nr_waiting) >= least)
            continue;
        best = cpu;
        least = READ_ONCE(runqs[cpu].nr_waiting);
    }
    return best;
}

/* Where a woken task should run: where it was, if that is idle, or here, or
   on any idle processor (*claimed); else where least wait. */
static unsigned choose_cpu(struct task *t, bool *claimed)
{
    unsigned here = this_cpu()->id;
    u32 idle;

    *claimed = true;
    if (claim_idle(t->cpu))
        return t->cpu;
    if (claim_idle(here))
        return here;
    for (idle = READ_ONCE(idle_cpus); idle; idle &= idle - 1)
        if (claim_idle((unsigned)__builtin_ctz(idle)))
            return (unsigned)__builtin_ctz(idle);
    *claimed = false;
    return least_busy(t->cpu);
}

/* A waiting task of another processor, now ours and in no queue; or NULL.
   One that is still on its way out there cannot be had yet. */
static struct task *steal(unsigned here)
{
    for (unsigned i = 1; i < MAX_CPUS; i++) {
        struct runq *rq = &runqs[(here + i) % MAX_CPUS];
        struct task *t;

        if (READ_ONCE(rq->nr_waiting) == 0)
            continue;
        spin_lock(&rq->lock);
        t = runq_first(rq);
        if (t && !__atomic_load_n(&t->on_cpu, __ATOMIC_ACQUIRE)) {
            runq_dequeue(rq, t);
            t->cpu = here;
        } else {
            t = NULL;
        }
        spin_unlock(&rq->lock);
        if (t)
            return t;
    }
    return NULL;
}

/* ---- switching ---- */

/*
 * The task that we left stays `on_cpu` until its registers are saved, which
 * is now. Until then it may have been woken, and stands in this processor's
 * queue, where nobody touches it; after it, another processor may run it, so
 * we look whether it is dead before we let it go.
 */
void sched_finish_switch(void)
{
    struct task *prev = this_rq()->prev;
    bool dead = prev->state == TASK_DEAD;

    __atomic_store_n(&prev->on_cpu, false, __ATOMIC_RELEASE);
    if (dead)
        task_free(prev);
}

static void switch_to(struct cpu *c, struct runq *rq, struct task *prev,
                      struct task *next)
{
    struct pgtable *pt = next->mm ? &next->mm->pt : NULL;

    if (prev == c->idle)
        bit_clear(&idle_cpus, c->id); /* if a kick was faster than idle_once */
    rq->prev = prev;
    c->current = next;
    if (c->loaded != pt)
        pgtable_load(pt);
    context_switch(&prev->arch, &next->arch, task_stack_top(next));
    /* Another time, and perhaps another processor: c and rq are history. */
    sched_finish_switch();
}

/*
 * Decide who runs here now, and switch to it. Interrupts off; returns when it
 * is the caller's turn again. All decisions fall under the lock; it is given
 * up before the switch, which `on_cpu` protects.
 */
static void reschedule(enum runq_leave when)
{
    struct cpu *c = this_cpu();
    struct runq *rq = this_rq();
    struct task *prev = rq->curr, *next, *stolen = NULL;

    ASSERT(c->preempt_count == 0 && c->irq_depth == 0);
    if (READ_ONCE(rq->nr_waiting) == 0 && !runq_curr_stays(rq))
        stolen = steal(c->id);
    spin_lock(&rq->lock);
    c->need_resched = false;
    if (stolen)
        runq_join(rq, stolen);
    runq_charge(rq);
    next = runq_pick(rq, when);
    rq->curr = next;
    next->on_cpu = true;
    if (next != prev) {
        rq->switches++;
        rq->user_cycles += prev->user_clock - prev->user_charged;
        prev->user_charged = prev->user_clock;
        if (prev->state == TASK_RUNNABLE)
            prev->preemptions++;
        else
            prev->sleeps++;
    }
    runq_set_slice_end(rq);
    spin_unlock(&rq->lock);
    clock_update(next == &rq->idle);
    if (stolen && stolen != next)
        kick_some_idle(); /* we were woken, and keep it waiting here */
    if (next != prev)
        switch_to(c, rq, prev, next);
}

void schedule(void)
{
    u64 flags = irq_save();

    reschedule(LEAVE_AT_SLICE_END);
    irq_restore(flags);
}

static void leave(enum runq_leave when)
{
    u64 flags;

    might_sleep();
    flags = irq_save();
    if (current_task())
        reschedule(when);
    irq_restore(flags);
}

void yield(void)
{
    leave(LEAVE_NOW);
}

void yield_in_turn(void)
{
    leave(LEAVE_IN_TURN);
}

void sched_exit(void)
{
    struct runq *rq = this_rq();

    spin_lock(&rq->lock);
    rq->curr->state = TASK_DEAD;
    spin_unlock(&rq->lock);
    reschedule(LEAVE_AT_SLICE_END);
    panic("a dead task runs");
}

/* ---- preemption ---- */

/* Interrupts off. */
void preempt_check(void)
{
    struct cpu *c = this_cpu();

    if (c->need_resched && c->preempt_count == 0 && c->irq_depth == 0 &&
        c->current)
        reschedule(LEAVE_AT_SLICE_END);
}

/* With interrupts off it is left to whoever turns them on by releasing a
   lock, or to the next interrupt. */
void preempt_point(void)
{
    u64 flags;

    if (cpu_read(preempt_count) > 0 || !irqs_enabled())
        return;
    flags = irq_save();
    preempt_check();
    irq_restore(flags);
}

u64 sched_slice_end(void)
{
    return this_rq()->slice_end;
}

/* Said once: reschedule() sets the next end. If the clock stayed set for a
   moment that is past, it would interrupt again and again until the task that
   it interrupts may be preempted. */
void sched_tick(void)
{
    struct runq *rq = this_rq();

    if (now_ns() < rq->slice_end)
        return;
    rq->slice_end = TIME_NEVER;
    this_cpu()->need_resched = true;
}

/* ---- sleeping and waking ---- */

bool task_set_sleeping(const struct waiter *w, unsigned n)
{
    struct runq *rq = this_rq();
    bool woken = false;

    if (!current_task())
        panic("sleep before there are tasks");
    ASSERT(rq->curr != &rq->idle);
    spin_lock(&rq->lock);
    for (unsigned i = 0; i < n; i++)
        woken |= READ_ONCE(w[i].woken);
    if (!woken)
        rq->curr->state = TASK_SLEEPING;
    spin_unlock(&rq->lock);
    return !woken;
}

/* The run queue that t belongs to, locked. Interrupts off. */
static struct runq *lock_rq_of(struct task *t)
{
    for (;;) {
        struct runq *rq = &runqs[READ_ONCE(t->cpu)];

        spin_lock(&rq->lock);
        if (rq == &runqs[t->cpu])
            return rq;
        spin_unlock(&rq->lock);
    }
}

/* `t` has just joined the queue: does that change who runs, or for how long?
   rq->lock held; charged. */
static void check_preempt(struct runq *rq, struct task *t)
{
    unsigned cpu = (unsigned)(rq - runqs);

    if (t != runq_first(rq))
        return; /* the clock is armed for an earlier moment already */
    if (rq->curr == &rq->idle || runq_slice_is_over(rq, t) ||
        cpu != this_cpu()->id) {
        kick(cpu);
        return;
    }
    runq_set_slice_end(rq);
    clock_update(false);
}

/*
 * Put a task that has just been made runnable into a queue. Takes over the
 * lock of the queue it belonged to. Nobody else can get hold of the task
 * between the two locks: it is not asleep, and in no queue.
 *
 * A task that is still on its way out (on_cpu) can only be queued where it
 * is: that processor will have left it when it next looks at its queue. So
 * nobody ever waits for a switch to end.
 */
static void place(struct runq *rq, struct task *t)
{
    bool leaving = __atomic_load_n(&t->on_cpu, __ATOMIC_ACQUIRE);
    bool claimed = false, waits;
    unsigned cpu = leaving ? t->cpu : choose_cpu(t, &claimed);

    if (cpu != t->cpu) {
        t->cpu = cpu;
        spin_unlock(&rq->lock);
        rq = &runqs[cpu];
        spin_lock(&rq->lock);
    }
    runq_join(rq, t);
    if (claimed)
        kick(cpu);
    else
        check_preempt(rq, t);
    waits = rq->curr != &rq->idle;
    spin_unlock(&rq->lock);
    if (waits)
        kick_some_idle();
}

/*
 * Three kinds of sleepers: one that has only said so and still runs, for
 * which taking it back is enough; one that is being switched out; and one
 * that is gone.
 */
bool wake_task(struct task *t)
{
    u64 flags = irq_save();
    struct runq *rq = lock_rq_of(t);
    bool was_asleep = t->state == TASK_SLEEPING;

    if (was_asleep)
        t->state = TASK_RUNNABLE;
    if (was_asleep && t != rq->curr)
        place(rq, t);
    else
        spin_unlock(&rq->lock);
    irq_restore(flags);
    return was_asleep;
}

/* ---- processors come and idle ---- */

static void idle_init(struct runq *rq, unsigned cpu)
{
    snprintf(rq->idle.comm, sizeof(rq->idle.comm), "idle/%u", cpu);
    rq->idle.cpu = cpu;
    rq->idle.on_cpu = true;
    rq->idle.state = TASK_RUNNABLE;
}

/* From here on tasks can be started; they run when the idle task of this
   processor does, which is what sched_cpu_ready makes of its caller. */
void sched_init(void)
{
    for (unsigned i = 0; i < MAX_CPUS; i++) {
        struct runq *rq = &runqs[i];

        spin_init(&rq->lock, "runq", RANK_RUNQ);
        idle_init(rq, i);
        rq->curr = &rq->idle;
        rq->slice_end = TIME_NEVER;
    }
}

static bool work_waits_somewhere(void)
{
    for (unsigned i = 0; i < MAX_CPUS; i++)
        if (READ_ONCE(runqs[i].nr_waiting) > 0)
            return true;
    return false;
}

/*
 * Sleep until there may be something to do. bit_set is a full barrier: who
 * queues work after our look at the queues, or takes our first timer away
 * after our look at the clock, sees the bit and kicks us. The kick's interrupt
 * ends arch_idle, as interrupts are off until it waits.
 */
static void idle_once(struct cpu *c)
{
    irq_save();
    bit_set(&idle_cpus, c->id);
    if (!READ_ONCE(c->need_resched) && !work_waits_somewhere()) {
        clock_update(true);
        arch_idle();
    }
    irq_save();
    bit_clear(&idle_cpus, c->id);
    reschedule(LEAVE_AT_SLICE_END);
    irq_enable();
}

/* The idle task never moves, so `c` stays right. */
void sched_cpu_ready(void)
{
    struct cpu *c;

    irq_save();
    c = this_cpu();
    c->idle = &runqs[c->id].idle;
    c->current = c->idle;
    runqs[c->id].charged = now_ns();
    if (c->id != 0)
        atomic_inc(&nr_cpus);
    bit_set(&online_cpus, c->id);
    for (;;)
        idle_once(c);
}

unsigned cpu_count(void)
{
    return (unsigned)atomic_read(&nr_cpus);
}

unsigned sched_runnable(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < MAX_CPUS; i++)
        n += READ_ONCE(runqs[i].nr_waiting) +
             (READ_ONCE(runqs[i].curr) != &runqs[i].idle);
    return n;
}

u64 sched_switches(void)
{
    u64 sum = 0;

    for (unsigned i = 0; i < MAX_CPUS; i++)
        sum += READ_ONCE(runqs[i].switches);
    return sum;
}

u64 sched_idle_ns(unsigned cpu)
{
    return cpu < cpu_count() ? task_cpu_ns(&runqs[cpu].idle) : 0;
}

u64 sched_user_ns(unsigned cpu)
{
    struct runq *rq = &runqs[cpu];
    u64 flags = spin_lock_irqsave(&rq->lock);
    u64 cycles = rq->user_cycles + user_time_now(&rq->curr->user_clock) -
                 rq->curr->user_charged;

    spin_unlock_irqrestore(&rq->lock, flags);
    return tsc_to_ns(cycles);
}

u64 task_cpu_ns(struct task *t)
{
    u64 flags = irq_save(), ns;
    struct runq *rq = lock_rq_of(t);

    if (t == rq->curr)
        runq_charge(rq);
    ns = t->cpu_ns;
    spin_unlock(&rq->lock);
    irq_restore(flags);
    return ns;
}

/* The clocks are read one after the other: so the one is held below the
   other. */
struct usage task_usage(struct task *t)
{
    u64 user = tsc_to_ns(user_time_now(&t->user_clock));
    u64 all = task_cpu_ns(t);
    struct usage u = {.user_ns = min_u64(user, all),
                      .faults = READ_ONCE(t->faults),
                      .major_faults = READ_ONCE(t->major_faults),
                      .sleeps = READ_ONCE(t->sleeps),
                      .preemptions = READ_ONCE(t->preemptions)};

    u.system_ns = all - u.user_ns;
    return u;
}
