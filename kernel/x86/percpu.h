/* SPDX-License-Identifier: MIT */
/*
 * What each processor has of its own. It is asked for so often that it is done
 * in place: %gs points at it.
 */
#ifndef KERNEL_X86_PERCPU_H
#define KERNEL_X86_PERCPU_H

#include <kernel/irq.h>
#include <kernel/types.h>

#define MAX_CPUS 16

struct pgtable;
struct task;

/* Per-processor data; %gs points at the own one in the kernel. */
struct cpu {
    struct cpu *self;
    struct task *current;
    u64 kernel_sp; /* the current task's stack top, for syscall entry */
    u64 user_sp;   /* scratch for syscall entry */
    unsigned id;   /* 0..n-1; also the bit in pgtable.cpus */
    u32 lapic_id;
    int preempt_count; /* > 0: spinlocks held; not preemptible */
    int irq_depth;     /* > 0: in a hardware interrupt's handler */
    bool need_resched; /* schedule at the next chance */
    struct task *idle;
    struct pgtable *loaded; /* the user page table in CR3; NULL = kernel's */
    void *arch;             /* kernel/x86's own: tss, gdt */
    u64 irqs[NR_IRQ_KINDS]; /* own to write: how many came, by enum irq_kind */
};
extern struct cpu cpus[MAX_CPUS];

/*
 * One field of the own struct cpu, by one instruction: right, for the moment
 * of that instruction, also in a task that is preempted and goes on elsewhere
 * just before or after. (Through this_cpu() it might get half of each.)
 */
#define cpu_read(field)                                     \
    ({                                                      \
        __typeof__(((struct cpu *)0)->field) v_;            \
        __asm__ volatile("mov %%gs:%c1, %0"                 \
                         : "=r"(v_)                         \
                         : "i"(offsetof(struct cpu, field)) \
                         : "memory");                       \
        v_;                                                 \
    })
#define cpu_add(field, n)                                       \
    __asm__ volatile("addl %1, %%gs:%c0"                        \
                     :                                          \
                     : "i"(offsetof(struct cpu, field)), "i"(n) \
                     : "memory", "cc")

/* Stable only while not preemptible. */
static inline struct cpu *this_cpu(void)
{
    return cpu_read(self);
}

#endif
