/* SPDX-License-Identifier: MIT */
/* The integer types and the few macros that every file needs. */
#ifndef KERNEL_TYPES_H
#define KERNEL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/* A page frame number: a physical address divided by PAGE_SIZE. */
typedef u64 pfn_t;

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ul
#define PAGE_MASK  (~(PAGE_SIZE - 1))

#define PAGE_DOWN(x) ((u64)(x)&PAGE_MASK)
#define PAGE_UP(x)   (((u64)(x) + PAGE_SIZE - 1) & PAGE_MASK)

#define ARRAY_SIZE(a)    (sizeof(a) / sizeof((a)[0]))
#define ROUND_DOWN(x, n) ((x) / (n) * (n))
#define ROUND_UP(x, n)   ((((x) + (n)-1) / (n)) * (n))
#define container_of(p, type, member) \
    ((type *)((char *)(p)-offsetof(type, member)))

static inline u64 min_u64(u64 a, u64 b)
{
    return a < b ? a : b;
}

static inline u64 max_u64(u64 a, u64 b)
{
    return a > b ? a : b;
}

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN               __attribute__((noreturn))
#define MUST_CHECK             __attribute__((warn_unused_result))
/* The rare part of a function that is called often: what it needs (registers,
   stack) is not to be paid for by the usual case. */
#define NOINLINE __attribute__((noinline))

/* The compiler must really load (or store) now, once, and whole. */
#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#endif
