/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks, mutexes, read/write semaphores.
 *
 * A spinlock is one word. Its holder is not preempted: preempt_count rises
 * before the word is taken and falls after it is free, so the processor of
 * the holder is fixed, and owner_cpu is the holder.
 *
 * A mutex is a plain field under a spinlock (the guard) and a queue of
 * sleepers. Whoever releases one wakes under the guard. So the next owner, who
 * takes the guard too, may free the lock: the last owner does not touch it any
 * more. A read/write semaphore is one word and two queues.
 *
 * All of it works before there are tasks, on one processor: nothing is
 * contended then, and nothing is checked.
 */
#include <kernel/current.h>
#include <kernel/irq.h>
#include <kernel/lockcheck.h>
#include <kernel/print.h>
#include <kernel/task.h>
#include <kernel/wait.h>
#include <mm/lockorder.h>

/* ---- spinlocks ---- */

void spin_init(struct spinlock *l, const char *name, int rank)
{
    *l = (struct spinlock)SPINLOCK_INIT(name, rank);
}

/* The caller is not preemptible (as in all the static functions here). */
static bool spin_try(struct spinlock *l)
{
    if (__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE) != 0)
        return false;
    WRITE_ONCE(l->owner_cpu, cpu_read(id) + 1);
    return true;
}

static bool owner_is_me(const struct spinlock *l)
{
    return READ_ONCE(l->owner_cpu) == cpu_read(id) + 1;
}

/* Read until it looks free: the line stays shared while we wait. */
static void spin_wait(struct spinlock *l)
{
    if (owner_is_me(l))
        panic("lock \"%s\": wanted by the processor that holds it",
              l->class.name);
    while (READ_ONCE(l->locked))
        cpu_relax();
}

/* owner_cpu is cleared before the word: at no time does it name a processor
   that is not the holder. */
static void spin_release(struct spinlock *l)
{
    if (unlikely(!owner_is_me(l)))
        panic("lock \"%s\": released by another processor", l->class.name);
    lockcheck_released(&l->class, l);
    WRITE_ONCE(l->owner_cpu, 0);
    __atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
}

static void spin_lock_how(struct spinlock *l, bool nested)
{
    preempt_disable();
    lockcheck_order(&l->class, nested);
    lockcheck_context(l);
    while (!spin_try(l))
        spin_wait(l);
    lockcheck_acquired(&l->class, l);
}

void spin_lock(struct spinlock *l)
{
    spin_lock_how(l, false);
}

void spin_lock_nested(struct spinlock *l)
{
    spin_lock_how(l, true);
}

/* Cannot deadlock, so it may be tried out of order. */
bool spin_trylock(struct spinlock *l)
{
    preempt_disable();
    lockcheck_context(l);
    if (!spin_try(l)) {
        preempt_enable();
        return false;
    }
    lockcheck_acquired(&l->class, l);
    return true;
}

void spin_unlock(struct spinlock *l)
{
    spin_release(l);
    preempt_enable();
}

/* Interrupts come back on while it waits, if they were on: TLB shootdowns and
   disks do not wait for somebody else's lock. */
u64 spin_lock_irqsave(struct spinlock *l)
{
    u64 flags = irq_save();

    preempt_disable();
    lockcheck_order(&l->class, false);
    lockcheck_context(l);
    while (!spin_try(l)) {
        irq_restore(flags);
        spin_wait(l);
        irq_save();
    }
    lockcheck_acquired(&l->class, l);
    return flags;
}

/* Interrupts first: preempt_enable may have to schedule. */
void spin_unlock_irqrestore(struct spinlock *l, u64 flags)
{
    spin_release(l);
    irq_restore(flags);
    preempt_enable();
}

bool spin_is_mine(struct spinlock *l)
{
    bool mine;

    preempt_disable();
    mine = owner_is_me(l);
    preempt_enable();
    return mine;
}

void might_sleep(void)
{
    if (!current_task())
        return;
    if (unlikely(cpu_read(preempt_count) || in_interrupt()))
        panic("sleep with a spinlock held or in an interrupt; last lock: %s",
              lockcheck_last());
    if (unlikely(!irqs_enabled()))
        panic("sleep with interrupts off");
}

void might_wait(int how)
{
    might_sleep();
    if (how != WAIT_PLAIN)
        lockcheck_lasts();
}

void might_fault(void)
{
    might_sleep();
    lockcheck_lasts();
}

/* ---- mutexes ---- */

/* Stands for the booting processor, which has no task yet. */
static char boot_owner;

static struct task *lock_owner(void)
{
    struct task *t = current_task();

    return t ? t : (struct task *)&boot_owner;
}

void mutex_init(struct mutex *m, const char *name, int rank)
{
    spin_init(&m->guard, name, RANK_GUARD);
    m->owner = NULL;
    waitq_init(&m->waiters);
    m->class = (struct lock_class){name, rank};
}

static bool mutex_take(struct mutex *m)
{
    bool taken;

    spin_lock(&m->guard);
    taken = !m->owner;
    if (taken)
        m->owner = lock_owner();
    spin_unlock(&m->guard);
    return taken;
}

void mutex_lock(struct mutex *m)
{
    might_sleep();
    lockcheck_order(&m->class, false);
    lockcheck_waits(&m->class);
    if (!mutex_take(m)) {
        ASSERT(!mutex_is_mine(m));
        wait_event(&m->waiters, mutex_take(m));
    }
    lockcheck_acquired(&m->class, m);
}

/* A wake-up that was ours is somebody else's. */
static void pass_on_wakeup(struct mutex *m)
{
    spin_lock(&m->guard);
    if (!m->owner && waitq_busy(&m->waiters))
        wake_up_one(&m->waiters);
    spin_unlock(&m->guard);
}

int mutex_lock_killable(struct mutex *m)
{
    might_sleep();
    lockcheck_order(&m->class, false);
    if (!mutex_take(m)) {
        ASSERT(!mutex_is_mine(m));
        if (wait_event_killable(&m->waiters, mutex_take(m))) {
            pass_on_wakeup(m);
            return -EINTR;
        }
    }
    lockcheck_acquired(&m->class, m);
    return 0;
}

bool mutex_trylock(struct mutex *m)
{
    if (!mutex_take(m))
        return false;
    lockcheck_acquired(&m->class, m);
    return true;
}

/*
 * The one that is woken has to take the mutex like everybody else, and sleeps
 * again if somebody was faster. waitq_busy is exact here: a sleeper is on the
 * queue before it looks at `owner` under the guard, which we hold.
 */
void mutex_unlock(struct mutex *m)
{
    ASSERT(mutex_is_mine(m));
    lockcheck_released(&m->class, m);
    spin_lock(&m->guard);
    m->owner = NULL;
    if (waitq_busy(&m->waiters))
        wake_up_one(&m->waiters);
    spin_unlock(&m->guard);
}

/* Without the guard: nobody else can make it mine, or not mine. */
bool mutex_is_mine(struct mutex *m)
{
    return READ_ONCE(m->owner) == lock_owner();
}

/* ---- read/write semaphores ---- */

/*
 * All of a semaphore is in one word, so that taking a free one, and giving up
 * one that nobody waits for, is one instruction that others see whole.
 */
#define RW_READER  1ll /* for each that has it */
#define RW_READERS 0x7fffffffll
#define RW_WRITER  (1ll << 31) /* has it */
#define RW_WAITING (1ll << 32) /* for each writer that wants it */

void rwsem_init(struct rwsem *s, const char *name, int rank)
{
    atomic_set(&s->state, 0);
    waitq_init(&s->waiters);
    waitq_init(&s->writers);
    s->class = (struct lock_class){name, rank};
}

static bool change(struct rwsem *s, s64 *from, s64 to)
{
    return __atomic_compare_exchange_n(&s->state.v, from, to, false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* A writer that waits goes first, or a stream of readers would starve it. */
static bool take_read(struct rwsem *s)
{
    s64 was = atomic_read(&s->state);

    while (was < RW_WRITER)
        if (change(s, &was, was + RW_READER))
            return true;
    return false;
}

/*
 * For sleepers, who are on their queue by now. The barrier is one half of what
 * keeps them from being forgotten; the other is that whoever releases changes
 * the state before it looks at the queues: one of the two sees the other.
 */
static bool take_read_queued(struct rwsem *s)
{
    memory_barrier();
    return take_read(s);
}

void down_read(struct rwsem *s)
{
    might_sleep();
    lockcheck_order(&s->class, false);
    lockcheck_waits(&s->class);
    if (!take_read(s))
        wait_event(&s->waiters, take_read_queued(s));
    lockcheck_acquired(&s->class, s);
}

/* All readers are woken at once: no wake-up is lost with us. */
int down_read_killable(struct rwsem *s)
{
    might_sleep();
    lockcheck_order(&s->class, false);
    if (!take_read(s) && wait_event_killable(&s->waiters, take_read_queued(s)))
        return -EINTR;
    lockcheck_acquired(&s->class, s);
    return 0;
}

bool down_read_trylock(struct rwsem *s)
{
    if (!take_read(s))
        return false;
    lockcheck_acquired(&s->class, s);
    return true;
}

/* Readers wait for all writers, so the last reader has at most a writer to
   wake. */
void up_read(struct rwsem *s)
{
    s64 left;

    lockcheck_released(&s->class, s);
    left = atomic_sub(&s->state, RW_READER);
    ASSERT((left & RW_READERS) != RW_READERS);
    if (left >= RW_WAITING && (left & RW_READERS) == 0)
        wake_up_one(&s->writers);
}

/* `waiting`: RW_WAITING if the caller counts among those who wait, until it
   has it; else 0. */
static bool take_write(struct rwsem *s, s64 waiting)
{
    s64 was = atomic_read(&s->state);

    while ((was & (RW_WRITER | RW_READERS)) == 0)
        if (change(s, &was, was - waiting + RW_WRITER))
            return true;
    return false;
}

static bool take_write_queued(struct rwsem *s)
{
    memory_barrier(); /* see take_read_queued */
    return take_write(s, RW_WAITING);
}

void down_write(struct rwsem *s)
{
    might_sleep();
    lockcheck_order(&s->class, false);
    lockcheck_waits(&s->class);
    if (!take_write(s, 0)) {
        atomic_add(&s->state, RW_WAITING);
        wait_event(&s->writers, take_write_queued(s));
    }
    lockcheck_acquired(&s->class, s);
}

/* Not counted any more. A wake-up that was ours is the next writer's; without
   one, it was for us that readers were held off. */
static void stop_waiting(struct rwsem *s)
{
    s64 left = atomic_sub(&s->state, RW_WAITING);

    if (left >= RW_WAITING)
        wake_up_one(&s->writers);
    else if (left < RW_WRITER && waitq_busy(&s->waiters))
        wake_up_all(&s->waiters);
}

int down_write_killable(struct rwsem *s)
{
    might_sleep();
    lockcheck_order(&s->class, false);
    if (!take_write(s, 0)) {
        atomic_add(&s->state, RW_WAITING);
        if (wait_event_killable(&s->writers, take_write_queued(s))) {
            stop_waiting(s);
            return -EINTR;
        }
    }
    lockcheck_acquired(&s->class, s);
    return 0;
}

/*
 * With a writer counted, readers would only go back to sleep. That writer may
 * not be on its queue yet; then it has still to look, and finds the semaphore
 * free. It wakes the readers when it is done.
 */
void up_write(struct rwsem *s)
{
    s64 left;

    lockcheck_released(&s->class, s);
    left = atomic_sub(&s->state, RW_WRITER);
    ASSERT((left & (RW_WRITER | RW_READERS)) == 0);
    if (left >= RW_WAITING)
        wake_up_one(&s->writers);
    else if (waitq_busy(&s->waiters))
        wake_up_all(&s->waiters);
}
