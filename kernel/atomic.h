/* SPDX-License-Identifier: MIT */
/*
 * Atomic integers and bits, by the compiler's builtins: the same code for the
 * kernel and for the host build of mm/. Every operation that changes a value
 * is a full barrier; plain reads and sets order nothing.
 */
#ifndef KERNEL_ATOMIC_H
#define KERNEL_ATOMIC_H

#include <kernel/types.h>

typedef struct {
    int v;
} atomic_t;

typedef struct {
    s64 v;
} atomic64_t;

#define atomic_read(a)   __atomic_load_n(&(a)->v, __ATOMIC_RELAXED)
#define atomic_set(a, x) __atomic_store_n(&(a)->v, (x), __ATOMIC_RELAXED)

/* These return the new value. They work on atomic_t and atomic64_t. */
#define atomic_add(a, n) __atomic_add_fetch(&(a)->v, (n), __ATOMIC_SEQ_CST)
#define atomic_sub(a, n) __atomic_sub_fetch(&(a)->v, (n), __ATOMIC_SEQ_CST)
#define atomic_inc(a)    atomic_add(a, 1)
#define atomic_dec(a)    atomic_sub(a, 1)

/* Returns the old value. */
#define atomic_xchg(a, x) __atomic_exchange_n(&(a)->v, (x), __ATOMIC_SEQ_CST)

static inline bool atomic_dec_and_test(atomic_t *a)
{
    return atomic_dec(a) == 0;
}

/* Returns true if the value was `old` and is now `new`. */
static inline bool atomic_cmpxchg(atomic_t *a, int old, int new)
{
    return __atomic_compare_exchange_n(&a->v, &old, new, false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* Take one more, unless the value is 0 (the object is being freed). */
static inline bool atomic_inc_not_zero(atomic_t *a)
{
    int old = atomic_read(a);

    while (old != 0)
        if (__atomic_compare_exchange_n(&a->v, &old, old + 1, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return true;
    return false;
}

/* Bits of a u32: set and clear return whether the bit was set before. */
static inline bool bit_test(const u32 *word, unsigned bit)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE) >> bit & 1;
}

static inline bool bit_set(u32 *word, unsigned bit)
{
    return __atomic_fetch_or(word, 1u << bit, __ATOMIC_SEQ_CST) >> bit & 1;
}

static inline bool bit_clear(u32 *word, unsigned bit)
{
    return __atomic_fetch_and(word, ~(1u << bit), __ATOMIC_SEQ_CST) >> bit & 1;
}

#define memory_barrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)

#endif
