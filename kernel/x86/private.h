/* SPDX-License-Identifier: MIT */
/* Between the files of kernel/x86/. */
#ifndef KERNEL_X86_PRIVATE_H
#define KERNEL_X86_PRIVATE_H

#include <kernel/irq.h>
#include <kernel/x86/arch.h>
#include <kernel/x86/tsc.h>

#define SEL_KERNEL_CODE 0x08
#define SEL_KERNEL_DATA 0x10
#define SEL_USER_DATA   0x1b /* the order that sysret wants */
#define SEL_USER_CODE   0x23
#define SEL_TSS         0x28

#define IST_DOUBLE_FAULT 1
#define IST_NMI          2

#define VECTOR_IRQ      0x20 /* + global system interrupt */
#define NR_GSI          MAX_GSI
#define VECTOR_CLOCK    0xf0
#define VECTOR_KICK     0xf1
#define VECTOR_TLB      0xf2
#define VECTOR_SPURIOUS 0xff
#define VECTOR_SYSCALL  0x100

#define FLAG_AC (1ull << 18)

#define MSR_EFER           0xc0000080
#define MSR_STAR           0xc0000081
#define MSR_LSTAR          0xc0000082
#define MSR_FMASK          0xc0000084
#define MSR_FS_BASE        0xc0000100
#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102

static inline void wrmsr(u32 msr, u64 v)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32)));
}

static inline u64 rdmsr(u32 msr)
{
    u32 low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (u64)high << 32 | low;
}

static inline u64 read_cr4(void)
{
    u64 v;

    __asm__ volatile("mov %%cr4, %0" : "=r"(v));
    return v;
}

static inline void write_cr4(u64 v)
{
    __asm__ volatile("mov %0, %%cr4" : : "r"(v) : "memory");
}

static inline u64 read_cr3(void)
{
    u64 v;

    __asm__ volatile("mov %%cr3, %0" : "=r"(v));
    return v;
}

static inline void write_cr3(u64 v)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(v) : "memory");
}

/* gdt.c */
void gdt_load(struct cpu *c, u64 double_fault_stack, u64 nmi_stack);
void gdt_set_kernel_stack(struct cpu *c, u64 top);
/* traps.c */
void idt_init(void);
void idt_load(void);
/* cpu.c */
extern bool cpu_has_smap; /* read-only after boot; entry.S reads it too */
void cpu_enable_protection(void); /* WP, NX, PGE, SMEP, SMAP as there are */
void cpu_enable_syscalls(void);
/* paging.c */
u64 paging_root(void); /* the kernel's, physical */
void paging_forget_identity(void);
/* madt.c */
struct madt {
    u64 lapic, ioapic;
    u32 ioapic_gsi;
    u8 lapic_ids[MAX_CPUS];
    unsigned nr_cpus, nr_too_many; /* those that find no room above */
    struct {
        u32 gsi;
        bool level, low;
    } isa[16];
};
extern struct madt madt; /* read-only after arch_init */
void madt_read(void);
/* lapic.c */
void lapic_map(void);
void lapic_enable(void);
u32 lapic_id(void);
void lapic_eoi(void);
void lapic_send(u32 to, u32 command);
void lapic_timer_start(u32 count); /* 0 = stop */
u32 lapic_timer_left(void);
#define IPI_FIXED 0x4000
#define IPI_NMI   0x4400
#define IPI_INIT  0x4500
#define IPI_START 0x4600
/* irq.c */
/* Both 8259s. Before the local APIC stops listening to them, or an interrupt
   that they have asserted is taken later, and has no vector (seen in QEMU). */
void pic_mask(void);
void ioapic_init(void);
void irq_dispatch(unsigned gsi);
/* clock.c */
void rtc_init(void); /* before the clock is put to rest */
void clock_init(void);
u64 clock_tsc_hz(void); /* what now_ns counts in */
/* tlb.c */
void tlb_serve(void);
/* smp.c */
void smp_nmi(void);

#endif
