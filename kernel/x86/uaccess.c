/* SPDX-License-Identifier: MIT */
/*
 * The kernel's access to user memory.
 *
 * 1. Every range is checked to lie below USER_END before it is touched.
 * 2. Only between user_begin and user_end may the kernel touch user pages at
 *    all, where the processor has SMAP.
 * 3. A fault is mended by kernel/fault.c, or ends the copy (.extable).
 */
#include <kernel/errno.h>
#include <kernel/lock.h>
#include <kernel/poison.h>
#include <kernel/string.h>
#include <kernel/uaccess.h>
#include <kernel/x86/private.h>

u64 user_copy(void *dst, const void *src, u64 n);
u64 user_clear(void *dst, u64 n);
u64 user_cmpxchg(u32 *p, u32 old, u32 new, u32 *found);

static void user_begin(void)
{
    if (cpu_has_smap)
        __asm__ volatile("stac" : : : "memory", "cc");
}

static void user_end(void)
{
    if (cpu_has_smap)
        __asm__ volatile("clac" : : : "memory", "cc");
}

static bool range_ok(u64 addr, u64 n)
{
    return n <= USER_END && addr <= USER_END - n;
}

static int copy(void *dst, const void *src, u64 user, size_t n)
{
    u64 left;

    might_fault();
    if (!range_ok(user, n))
        return -EFAULT;
    user_begin();
    left = user_copy(dst, src, n);
    user_end();
    return left ? -EFAULT : 0;
}

int copy_from_user(void *dst, u64 user_src, size_t n)
{
    return copy(dst, (const void *)user_src, user_src, n);
}

int copy_to_user(u64 user_dst, const void *src, size_t n)
{
    poison_check(src, n);
    return copy((void *)user_dst, src, user_dst, n);
}

int clear_user(u64 user_dst, size_t n)
{
    u64 left;

    might_fault();
    if (!range_ok(user_dst, n))
        return -EFAULT;
    user_begin();
    left = user_clear((void *)user_dst, n);
    user_end();
    return left ? -EFAULT : 0;
}

/* A page at most at a time: what lies behind the string need not be there. */
s64 strncpy_from_user(char *dst, u64 user_src, size_t size)
{
    size_t done = 0;

    while (done < size) {
        u64 at = user_src + done;
        size_t n = min_u64(size - done, PAGE_SIZE - (at & ~PAGE_MASK));

        if (copy_from_user(dst + done, at, n))
            return -EFAULT;
        for (size_t i = 0; i < n; i++)
            if (!dst[done + i])
                return (s64)(done + i);
        done += n;
    }
    return -ENAMETOOLONG;
}

int user_cmpxchg_u32(u64 user_addr, u32 old, u32 new, u32 *found)
{
    u64 failed;

    might_fault();
    if (!range_ok(user_addr, 4) || (user_addr & 3))
        return -EFAULT;
    user_begin();
    failed = user_cmpxchg((u32 *)user_addr, old, new, found);
    user_end();
    return failed ? -EFAULT : 0;
}

int get_user_u32(u64 user_addr, u32 *value)
{
    return copy_from_user(value, user_addr, sizeof(*value));
}

int put_user_u32(u64 user_addr, u32 value)
{
    return copy_to_user(user_addr, &value, sizeof(value));
}
