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
/* Is this spinlock safe against the interrupts that also take it? */
void lockcheck_context(struct spinlock *l);
/* The name of the lock taken last; for messages. */
const char *lockcheck_last(void);

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

static inline void lockcheck_context(struct spinlock *l)
{
    (void)l;
}

static inline const char *lockcheck_last(void)
{
    return "(not recorded)";
}

#endif
#endif
