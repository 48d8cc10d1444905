/* SPDX-License-Identifier: MIT */
/*
 * The other processors: started one after the other, each waits for nobody.
 *
 * One that does not come in time is given up, and may come all the same, at
 * any later moment: so nothing that it uses until then is anybody else's. It
 * finds its stack by the number of its local APIC, and the page of the
 * trampoline and its mapping stay. Then one exchange decides, once for all:
 *
 *     who starts it                   the late processor
 *     time is over:                   in C, on its own stack:
 *     COMING -> GIVEN_UP, or          COMING -> HERE, or
 *     it is HERE: wait for it         it is GIVEN_UP: halts for good
 */
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/time.h>
#include <kernel/x86/directmap.h>
#include <kernel/x86/private.h>
#include <mm/kstack.h>

#define TRAMPOLINE 0x8000 /* below 1 MiB, which is reserved at boot */

extern char trampoline_start[], trampoline_end[], trampoline_args[];

enum arrival { COMING, HERE, GIVEN_UP };

/* One for each number of a local APIC; 32 bytes, as the trampoline knows. */
struct start {
    u64 stack; /* fixed before it is sent for, as is cpu */
    struct cpu *cpu;
    u32 arrival; /* enum arrival; changes once, by an atomic exchange */
    u64 unused;
};

_Static_assert(sizeof(struct start) == 32, "trampoline.S");

static struct start starts[256];

struct args { /* the same for all */
    u64 root;
    struct start *starts;
    void (*fn)(struct start *s);
};

static bool stopping; /* set once, by panic */

static void wait_ms(u64 ms)
{
    u64 until = now_ns() + ms * NSEC_PER_MSEC;

    while (now_ns() < until)
        cpu_relax();
}

static bool decide(struct start *s, enum arrival how)
{
    u32 was = COMING;

    return __atomic_compare_exchange_n(&s->arrival, &was, how, false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* The first C of another processor; kernel page table, interrupts off. */
static void cpu_main(struct start *s)
{
    struct cpu *c = s->cpu;

    while (!decide(s, HERE))
        __asm__ volatile("cli; hlt");      /* c is its successor's by now */
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

/* Call it up to twice, and wait each time. It counts itself as the last step
   of its start. */
static void send_for(u32 apic, unsigned id)
{
    lapic_send(apic, IPI_INIT);
    wait_ms(10);
    for (unsigned try = 0; try < 2 && cpu_count() == id; try++) {
        u64 until;

        lapic_send(apic, IPI_START | TRAMPOLINE >> PAGE_SHIFT);
        until = now_ns() + 200 * NSEC_PER_MSEC;
        while (cpu_count() == id && now_ns() < until)
            cpu_relax();
    }
}

/* False: it was given up, and may yet come. */
static bool start_cpu(unsigned id, u8 apic)
{
    struct cpu *c = &cpus[id];
    struct start *s = &starts[apic];

    c->self = c;
    c->id = id;
    c->lapic_id = apic;
    s->cpu = c;
    if (!lend_stacks(c, &s->stack))
        return true; /* nobody was sent for */
    send_for(apic, id);
    if (cpu_count() == id && decide(s, GIVEN_UP)) {
        printk("processor with APIC %u does not start\n", apic);
        return false;
    }
    while (cpu_count() == id)
        cpu_relax(); /* it is here, and nothing holds it up */
    return true;
}

static void prepare_trampoline(void)
{
    struct args *args =
        phys_to_virt(TRAMPOLINE + (u64)(trampoline_args - trampoline_start));

    memcpy(phys_to_virt(TRAMPOLINE), trampoline_start,
           (size_t)(trampoline_end - trampoline_start));
    *args = (struct args){paging_root(), starts, cpu_main};
}

void arch_start_cpus(void)
{
    unsigned next = 1;
    bool all = true;

    prepare_trampoline();
    for (unsigned i = 0; i < madt.nr_cpus; i++) {
        if (madt.lapic_ids[i] == cpus[0].lapic_id)
            continue;
        all &= start_cpu(next, madt.lapic_ids[i]);
        if (cpu_count() > next)
            next++;
    }
    if (madt.nr_too_many)
        printk("%u processors are not started: hotcow takes %u at most\n",
               madt.nr_too_many, MAX_CPUS);
    if (all)
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
