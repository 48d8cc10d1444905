/* SPDX-License-Identifier: MIT */
/*
 * Segments and the task state: what is left of them in 64-bit mode. Each
 * processor has its own, as the TSS says which stack an interrupt from user
 * mode, a double fault and an NMI use.
 */
#include <kernel/x86/private.h>

struct tss {
    u32 reserved0;
    u64 rsp[3];
    u64 reserved1;
    u64 ist[7];
    u64 reserved2;
    u16 reserved3, io_map;
} __attribute__((packed));

struct descriptors {
    u64 gdt[7]; /* null, kernel code, data, user data, code, TSS (two) */
    struct tss tss __attribute__((aligned(16)));
};

static struct descriptors all[MAX_CPUS]; /* each its processor's own */

#define CODE64(dpl) (0x00af9a000000ffffull | (u64)(dpl) << 45)
#define DATA(dpl)   (0x00cf92000000ffffull | (u64)(dpl) << 45)

static void set_tss(struct descriptors *d)
{
    u64 base = (u64)&d->tss, limit = sizeof(d->tss) - 1;

    d->gdt[5] = limit | (base & 0xffffff) << 16 | 0x89ull << 40 |
                (base >> 24 & 0xff) << 56;
    d->gdt[6] = base >> 32;
    d->tss.io_map = sizeof(d->tss); /* no ports for users */
}

void gdt_load(struct cpu *c, u64 double_fault_stack, u64 nmi_stack)
{
    struct descriptors *d = &all[c->id];
    struct {
        u16 limit;
        u64 base;
    } __attribute__((packed)) ptr = {sizeof(d->gdt) - 1, (u64)d->gdt};

    c->arch = d;
    d->gdt[1] = CODE64(0);
    d->gdt[2] = DATA(0);
    d->gdt[3] = DATA(3);
    d->gdt[4] = CODE64(3);
    set_tss(d);
    d->tss.ist[IST_DOUBLE_FAULT - 1] = double_fault_stack;
    d->tss.ist[IST_NMI - 1] = nmi_stack;
    __asm__ volatile("lgdt %0\n\t"
                     "push %1\n\t"
                     "lea 1f(%%rip), %%rax\n\t"
                     "push %%rax\n\t"
                     "lretq\n"
                     "1:\tmov %2, %%ds\n\t"
                     "mov %2, %%es\n\t"
                     "mov %2, %%ss\n\t"
                     "ltr %w3"
                     :
                     : "m"(ptr), "i"(SEL_KERNEL_CODE), "r"(SEL_KERNEL_DATA),
                       "r"(SEL_TSS)
                     : "rax", "memory");
}

void gdt_set_kernel_stack(struct cpu *c, u64 top)
{
    struct descriptors *d = c->arch;

    d->tss.rsp[0] = top;
}
