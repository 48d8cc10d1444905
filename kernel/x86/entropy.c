/* SPDX-License-Identifier: MIT */
/*
 * What the processor knows that nobody can foretell: RDRAND, and how many
 * cycles have passed.
 */
#include <kernel/x86/private.h>

#define CPUID_1_ECX_RDRAND (1u << 30)
#define RDRAND_TRIES       10 /* Intel's advice: more than that is a defect */

static bool has_rdrand(void)
{
    u32 a = 1, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return c & CPUID_1_ECX_RDRAND;
}

/* CPUID is slow (under a hypervisor, very): asked once. Two processors that
   ask at once find the same. */
u64 arch_entropy(void)
{
    static u8 known; /* 0: not asked, 1: no, 2: yes */
    u64 value = 0;
    bool ok = false;

    if (!READ_ONCE(known))
        WRITE_ONCE(known, has_rdrand() ? 2 : 1);
    for (int i = 0; READ_ONCE(known) == 2 && !ok && i < RDRAND_TRIES; i++)
        __asm__ volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(ok));
    return value ^ rdtsc();
}
