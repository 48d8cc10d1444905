/* SPDX-License-Identifier: MIT */
/*
 * The other processors: started one after the other, each waits for nobody.
 */
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/time.h>
#include <kernel/x86/directmap.h>
#include <kernel/x86/private.h>
#include <mm/kstack.h>

#define TRAMPOLINE 0x8000 /* below 1 MiB, which is reserved at boot */

extern char trampoline_start[], trampoline_end[], trampoline_args[];

struct args {
    u64 root, stack;
    struct cpu *cpu;
    void (*fn)(struct cpu *c);
};

static bool stopping; /* set once, by panic */

static void wait_ms(u64 ms)
{
    u64 until = now_ns() + ms * NSEC_PER_MSEC;

    while (now_ns() < until)
        cpu_relax();
}

/* The first C of another processor; kernel page table, interrupts off. */
static void cpu_main(struct cpu *c)
{
    wrmsr(MSR_GS_BASE, (u64)c);            /* before the first lock */
    gdt_load(c, c->user_sp, c->kernel_sp); /* lent for the two stacks */
    idt_load();
    cpu_enable_protection();
    cpu_enable_syscalls();
    lapic_enable();
    sched_cpu_ready();
}

static bool lend_stacks(struct cpu *c, u64 *stack)
{
    void *s[3];

    for (unsigned i = 0; i < 3; i++) {
        s[i] = kstack_alloc();
        if (!s[i])
            return false;
    }
    *stack = (u64)s[0] + KSTACK_SIZE;
    c->user_sp = (u64)s[1] + KSTACK_SIZE;
    c->kernel_sp = (u64)s[2] + KSTACK_SIZE;
    return true;
}

static void start_cpu(unsigned id, u32 apic)
{
    struct cpu *c = &cpus[id];
    struct args *args =
        phys_to_virt(TRAMPOLINE + (u64)(trampoline_args - trampoline_start));
    u64 until;

    c->self = c;
    c->id = id;
    c->lapic_id = apic;
    if (!lend_stacks(c, &args->stack))
        return;
    args->root = paging_root();
    args->cpu = c;
    args->fn = cpu_main;
    lapic_send(apic, IPI_INIT);
    wait_ms(10);
    for (unsigned try = 0; try < 2 && cpu_count() == id; try++) {
        lapic_send(apic, IPI_START | TRAMPOLINE >> PAGE_SHIFT);
        until = now_ns() + 200 * NSEC_PER_MSEC;
        while (cpu_count() == id && now_ns() < until)
            cpu_relax();
    }
    if (cpu_count() == id)
        printk("processor with APIC %u does not start\n", apic);
}

void arch_start_cpus(void)
{
    unsigned next = 1;

    memcpy(phys_to_virt(TRAMPOLINE), trampoline_start,
           (size_t)(trampoline_end - trampoline_start));
    for (unsigned i = 0; i < madt.nr_cpus; i++) {
        if (madt.lapic_ids[i] == cpus[0].lapic_id)
            continue;
        start_cpu(next, madt.lapic_ids[i]);
        if (cpu_count() > next)
            next++;
    }
    if (madt.nr_too_many)
        printk("%u processors are not started: hotcow takes %u at most\n",
               madt.nr_too_many, MAX_CPUS);
    paging_forget_identity();
}

void arch_init(void)
{
    pic_mask();
    madt_read();
    lapic_map();
    lapic_enable();
    cpus[0].lapic_id = lapic_id();
    ioapic_init();
    clock_init();
    cpu_enable_syscalls();
}

void arch_kick_cpu(unsigned cpu)
{
    lapic_send(cpus[cpu].lapic_id, IPI_FIXED | VECTOR_KICK);
}

/* An NMI gets through whatever the others are doing. */
void arch_stop_others(void)
{
    WRITE_ONCE(stopping, true);
    if (cpu_count() < 2)
        return;
    for (unsigned i = 0; i < cpu_count(); i++)
        if (i != cpu_read(id))
            lapic_send(cpus[i].lapic_id, IPI_NMI);
}

void smp_nmi(void)
{
    while (READ_ONCE(stopping))
        __asm__ volatile("cli; hlt");
}
