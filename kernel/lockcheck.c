/* SPDX-License-Identifier: MIT */
/*
 * The lock order checker of the debug build.
 *
 * It knows which locks each task holds, and, separately, each processor in
 * its interrupt handlers: a handler has nothing to do with the locks of the
 * task that it happened to interrupt, except that it must never want one of
 * them, which is the second check below (lockcheck_context).
 *
 * 1. Both lists belong to whoever runs here: no lock guards them. They change
 *    with interrupts off: else a task could be preempted in the middle of a
 *    change, come back in place of one that has died, and take locks to free
 *    its memory (sched_finish_switch).
 * 2. Before the first task runs there is one processor and nothing to check.
 * 3. Ranks from RANK_GUARD on are leaves that are held for a few lines inside
 *    kernel/ and never around a call to anything else: they are not listed,
 *    so that each mutex does not cost three entries.
 */
#include <kernel/current.h>
#include <kernel/irq.h>
#include <kernel/lockcheck.h>
#include <kernel/print.h>
#include <kernel/task.h>
#include <mm/lockorder.h>

/* Bits of spinlock.contexts: how it has been taken so far. */
#define TAKEN_IN_IRQ    1
#define TAKEN_WITH_IRQS 2

#ifdef CONFIG_DEBUG

static struct held_locks irq_held[MAX_CPUS]; /* own processor, interrupts off */
static bool off; /* set once: a report must not report itself */

static struct held_locks *held_here(void)
{
    struct task *t = current_task();

    if (!t || READ_ONCE(off))
        return NULL;
    return in_interrupt() ? &irq_held[cpu_id()] : &t->locks;
}

static bool is_listed(const struct lock_class *c)
{
    return c->rank != RANK_NONE && c->rank < RANK_GUARD;
}

void lockcheck_order(const struct lock_class *c, bool nested)
{
    struct held_locks *held = held_here();

    if (!held || !is_listed(c))
        return;
    for (unsigned i = 0; i < held->nr; i++) {
        const struct lock_class *h = held->lock[i].class;

        if (h->rank < c->rank || (nested && h->rank == c->rank))
            continue;
        WRITE_ONCE(off, true);
        panic("lock order: \"%s\" (rank %d) wanted with \"%s\" (rank %d) held",
              c->name, c->rank, h->name, h->rank);
    }
}

/* Newest first, as locks are mostly released. */
static struct held_lock *find_held(struct held_locks *held,
                                   const struct lock_class *c, const void *lock)
{
    for (unsigned i = held->nr; i-- > 0;)
        if (held->lock[i].class == c && held->lock[i].lock == lock)
            return &held->lock[i];
    return NULL;
}

/* All page locks of a task are one entry: reclaim holds them by the batch. */
static void enter(struct held_locks *held, const struct lock_class *c,
                  const void *lock)
{
    struct held_lock *h = find_held(held, c, lock);

    if (h)
        h->times++;
    else if (held->nr < ARRAY_SIZE(held->lock))
        held->lock[held->nr++] = (struct held_lock){c, lock, 1};
}

/* One that is not there is a page lock that an interrupt took over. */
static void leave(struct held_locks *held, const struct lock_class *c,
                  const void *lock)
{
    struct held_lock *h = find_held(held, c, lock);

    if (!h || --h->times > 0)
        return;
    held->nr--;
    for (; h < &held->lock[held->nr]; h++)
        h[0] = h[1];
}

void lockcheck_acquired(const struct lock_class *c, const void *lock)
{
    u64 flags = irq_save();
    struct held_locks *held = held_here();

    if (held && is_listed(c))
        enter(held, c, lock);
    irq_restore(flags);
}

void lockcheck_released(const struct lock_class *c, const void *lock)
{
    u64 flags = irq_save();
    struct held_locks *held = held_here();

    if (held && is_listed(c))
        leave(held, c, lock);
    irq_restore(flags);
}

/*
 * A lock that a handler takes and that somebody else has held with interrupts
 * on will deadlock on the day the handler comes in between. That it was ever
 * taken both ways is enough to know.
 */
void lockcheck_context(struct spinlock *l)
{
    u16 how, seen;

    if (!held_here())
        return;
    how = in_interrupt() ? TAKEN_IN_IRQ : irqs_enabled() ? TAKEN_WITH_IRQS : 0;
    seen = READ_ONCE(l->contexts);
    if ((seen | how) == seen)
        return;
    WRITE_ONCE(l->contexts, seen | how);
    if ((seen | how) != (TAKEN_IN_IRQ | TAKEN_WITH_IRQS))
        return;
    WRITE_ONCE(off, true);
    panic("lock \"%s\": taken by an interrupt, and with interrupts on",
          l->class.name);
}

/*
 * Who holds a lock and sleeps until another program does something, or touches
 * user memory, which may be in the hands of one, holds it for as long as that
 * program likes. Who waits for such a lock must be able to die: the OOM killer
 * may have chosen it, and the holder may wait for what its death gives back.
 * As with interrupts, it is enough that a lock was ever used both ways. It is
 * no reason to stop, as it takes two programs to get there: it is told.
 *
 * A kernel thread is killed by nobody, and one that ends is on its way; and
 * reclaim's sleeps end with the disk's work.
 */
static struct {
    const char *name; /* of a lock that was seen; each word is atomic */
    bool lasts, waits;
} ranks[RANK_GUARD];

void lockcheck_waits(const struct lock_class *c)
{
    const struct task *t = current_task();

    if (!held_here() || !is_listed(c) || !t->proc || t->exiting)
        return;
    WRITE_ONCE(ranks[c->rank].name, c->name);
    WRITE_ONCE(ranks[c->rank].waits, true);
}

void lockcheck_lasts(void)
{
    struct held_locks *held = held_here();

    if (!held || current_task()->memalloc)
        return;
    for (unsigned i = 0; i < held->nr; i++)
        WRITE_ONCE(ranks[held->lock[i].class->rank].lasts, true);
}

int lockcheck_list(char *buf, size_t size)
{
    int len = 0;

    buf[0] = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(ranks); i++)
        if (READ_ONCE(ranks[i].lasts) && READ_ONCE(ranks[i].waits))
            len += snprintf(buf + len, size - (size_t)len, "%s\n",
                            READ_ONCE(ranks[i].name));
    return len;
}

const char *lockcheck_last(void)
{
    struct held_locks *held = held_here();

    return held && held->nr ? held->lock[held->nr - 1].class->name : "(none)";
}

#endif

void lock_order_wanted(const struct lock_class *c, int how)
{
    lockcheck_order(c, false);
    if (how == WAIT_PLAIN)
        lockcheck_waits(c);
}

void lock_order_taken(const struct lock_class *c)
{
    lockcheck_acquired(c, NULL);
}

void lock_order_released(const struct lock_class *c)
{
    lockcheck_released(c, NULL);
}
