/* SPDX-License-Identifier: MIT */
/*
 * The lock order checker, as kernel/lock.c calls it. In a build without
 * CONFIG_DEBUG all of it is nothing.
 */
#ifndef KERNEL_LOCKCHECK_H
#define KERNEL_LOCKCHECK_H

#include <kernel/lock.h>

#ifdef CONFIG_DEBUG

/* May a lock of this class be taken now? Before waiting for it, so that a
   deadlock is reported rather than entered. `nested`: same rank is allowed. */
void lockcheck_order(const struct lock_class *c, bool nested);
/* It is held now / not any more. */
void lockcheck_acquired(const struct lock_class *c, const void *lock);
void lockcheck_released(const struct lock_class *c, const void *lock);
/* The current task is about to wait for one, and cannot be killed then. */
void lockcheck_waits(const struct lock_class *c);
/* The current task may sleep now for as long as some program likes. */
void lockcheck_lasts(void);
/* Is this spinlock safe against the interrupts that also take it? */
void lockcheck_context(struct spinlock *l);
/* The name of the lock taken last; for messages. */
const char *lockcheck_last(void);
/* Locks, a line each, that a program may hold up and of which those who wait
   cannot be killed: the length, less than size. */
int lockcheck_list(char *buf, size_t size);

#else

static inline void lockcheck_order(const struct lock_class *c, bool nested)
{
    (void)c;
    (void)nested;
}

static inline void lockcheck_acquired(const struct lock_class *c,
                                      const void *lock)
{
    (void)c;
    (void)lock;
}

static inline void lockcheck_released(const struct lock_class *c,
                                      const void *lock)
{
    (void)c;
    (void)lock;
}

static inline void lockcheck_waits(const struct lock_class *c)
{
    (void)c;
}

static inline void lockcheck_lasts(void)
{
}

static inline void lockcheck_context(struct spinlock *l)
{
    (void)l;
}

static inline const char *lockcheck_last(void)
{
    return "(not recorded)";
}

static inline int lockcheck_list(char *buf, size_t size)
{
    (void)buf;
    (void)size;
    return 0;
}

#endif
#endif
