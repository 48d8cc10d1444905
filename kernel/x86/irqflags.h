/* SPDX-License-Identifier: MIT */
/* Whether this processor takes interrupts: a bit of its flags. */
#ifndef KERNEL_X86_IRQFLAGS_H
#define KERNEL_X86_IRQFLAGS_H

#include <kernel/types.h>

#define FLAG_IF (1ull << 9)

/* Off; returns the old flags, for irq_restore. */
static inline u64 irq_save(void)
{
    u64 flags;

    __asm__ volatile("pushfq; pop %0; cli" : "=r"(flags) : : "memory");
    return flags;
}

/* Off, whatever they were. */
static inline void irq_disable(void)
{
    __asm__ volatile("cli" : : : "memory");
}

/* On, whatever they were. */
static inline void irq_enable(void)
{
    __asm__ volatile("sti" : : : "memory");
}

static inline void irq_restore(u64 flags)
{
    if (flags & FLAG_IF)
        irq_enable();
}

static inline bool irqs_enabled(void)
{
    u64 flags;

    __asm__ volatile("pushfq; pop %0" : "=r"(flags));
    return flags & FLAG_IF;
}

#endif
