/* SPDX-License-Identifier: MIT */
/*
 * Locks: spinlocks for a few instructions, mutexes and read/write semaphores
 * for whatever may sleep.
 *
 * Every lock has a name and a rank. The ranks stand, once, in
 * mm/lockorder.h: a task may only take a lock whose rank is higher than that
 * of every lock that it holds (spin_lock_nested is the one exception: a second
 * lock of the same rank, in an order that the caller must have a rule for).
 * A debug build keeps the list of locks that each task holds (and each
 * processor, in interrupts) and panics at the first wrong order, with both
 * names.
 */
#ifndef KERNEL_LOCK_H
#define KERNEL_LOCK_H

#include <kernel/atomic.h>
#include <kernel/list.h>

struct task;

struct lock_class {
    const char *name;
    int rank; /* enum lock_rank, mm/lockorder.h */
};

/*
 * A spinlock. Its holder is not preempted and must not sleep. A lock that an
 * interrupt handler takes must be taken by everybody with the irqsave form.
 * A processor that spins in spin_lock keeps its interrupts as they were, so
 * that it answers TLB shootdowns.
 */
struct spinlock {
    u32 locked;    /* 1 = held */
    u16 owner_cpu; /* 1 + the holder's processor; 0 = nobody's (yet) */
    u16 contexts;  /* how it has been taken; debug build only */
    struct lock_class class;
};

#define SPINLOCK_INIT(name, rank) \
    {                             \
        0, 0, 0,                  \
        {                         \
            (name), (rank)        \
        }                         \
    }

void spin_init(struct spinlock *l, const char *name, int rank);
void spin_lock(struct spinlock *l);
void spin_lock_nested(struct spinlock *l);
bool spin_trylock(struct spinlock *l);
void spin_unlock(struct spinlock *l);
/* Also turn interrupts off on this processor; returns what they were. */
u64 spin_lock_irqsave(struct spinlock *l);
void spin_unlock_irqrestore(struct spinlock *l, u64 flags);
/* Does this processor hold it? For ASSERTs; exact in every build. */
bool spin_is_mine(struct spinlock *l);

/* Sleepers on a lock or a condition; see kernel/wait.h. */
struct waitq {
    struct spinlock lock; /* guards sleepers */
    struct list_head sleepers;
};

/* A sleeping lock with an owner. Must not be taken in an interrupt. */
struct mutex {
    struct spinlock guard; /* guards owner */
    struct task *owner;    /* NULL = free */
    struct waitq waiters;
    struct lock_class class;
};

void mutex_init(struct mutex *m, const char *name, int rank);
void mutex_lock(struct mutex *m);
/*
 * 0, or -EINTR: not taken, as the task is to die. For every lock under which
 * its holder may touch user memory or wait for memory: whom the OOM killer
 * chose is not to wait for somebody who waits for it.
 */
int mutex_lock_killable(struct mutex *m) MUST_CHECK;
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_is_mine(struct mutex *m);

/*
 * Many readers or one writer; a waiting writer holds new readers off. Whoever
 * releases it may wake others afterwards: each user has a reference of its own
 * on what the semaphore is part of.
 */
struct rwsem {
    atomic64_t state;     /* readers and writers: kernel/lock.c */
    struct waitq waiters; /* readers */
    struct waitq writers;
    struct lock_class class;
};

void rwsem_init(struct rwsem *s, const char *name, int rank);
void down_read(struct rwsem *s);
int down_read_killable(struct rwsem *s) MUST_CHECK; /* 0 or -EINTR, as above */
bool down_read_trylock(struct rwsem *s);
void up_read(struct rwsem *s);
void down_write(struct rwsem *s);
int down_write_killable(struct rwsem *s) MUST_CHECK; /* 0 or -EINTR */
void up_write(struct rwsem *s);

/*
 * For what is not one of the above (the page lock is a bit, an allocation no
 * lock at all), tell the order checker: it is about to be waited for, if need
 * be; it is held now, also after a mere try; not any more. No-ops in a build
 * without it.
 */
void lock_order_wanted(const struct lock_class *c, int how); /* WAIT_* */
void lock_order_taken(const struct lock_class *c);
void lock_order_released(const struct lock_class *c);

/*
 * Call before anything that may sleep: panics if a spinlock is held or
 * interrupts are off.
 */
void might_sleep(void);
/* The same, before a sleep that is how (WAIT_*), and before user memory is
   touched: how long either takes may be a program's choice. */
void might_wait(int how);
void might_fault(void);

#endif
