/* SPDX-License-Identifier: MIT */
/*
 * Device interrupts: the I/O APIC sends each line to the first processor, with
 * a vector of its own. The old controllers are masked for good.
 */
#include <kernel/irq.h>
#include <kernel/lock.h>
#include <kernel/print.h>
#include <kernel/x86/io.h>
#include <kernel/x86/private.h>
#include <mm/lockorder.h>

#define HANDLERS 4 /* that may share a line */

struct line {
    void (*fn[HANDLERS])(void *arg);
    void *arg[HANDLERS];
    unsigned nr; /* written last, under the lock; read by interrupts */
    u64 count;   /* written by the one processor that gets them */
    bool level;  /* as is this, by irq_register, before nr */
    const char *name;
};

static struct line lines[NR_GSI];
static struct spinlock lock = SPINLOCK_INIT("irq", RANK_DEVICE);
static volatile u32 *ioapic; /* [0] selects a register, [4] is it; lock */

#define ENTRY(gsi)   (0x10 + 2 * (gsi))
#define ENTRY_MASKED (1u << 16)
#define ENTRY_LEVEL  (1u << 15)
#define ENTRY_LOW    (1u << 13)

static void write_reg(u32 reg, u32 v)
{
    ioapic[0] = reg;
    ioapic[4] = v;
}

static u32 read_reg(u32 reg)
{
    ioapic[0] = reg;
    return ioapic[4];
}

void pic_mask(void)
{
    outb(0x21, 0xff);
    outb(0xa1, 0xff);
}

void ioapic_init(void)
{
    ioapic = mmio_map(madt.ioapic, PAGE_SIZE);
    if (!ioapic)
        panic_too_small("the I/O APIC's page table");
    for (u32 gsi = 0; gsi <= (read_reg(1) >> 16 & 0xff); gsi++)
        write_reg(ENTRY(gsi), ENTRY_MASKED);
}

unsigned isa_irq_to_gsi(unsigned irq)
{
    return irq < ARRAY_SIZE(madt.isa) ? madt.isa[irq].gsi : irq;
}

void irq_register(unsigned gsi, bool level, bool active_low,
                  void (*fn)(void *arg), void *arg, const char *name)
{
    struct line *l = &lines[gsi];
    u64 flags;

    ASSERT(gsi < NR_GSI && l->nr < HANDLERS);
    flags = spin_lock_irqsave(&lock);
    l->fn[l->nr] = fn;
    l->arg[l->nr] = arg;
    l->level = level;
    l->name = name;
    __atomic_store_n(&l->nr, l->nr + 1, __ATOMIC_RELEASE);
    write_reg(ENTRY(gsi) + 1, (u32)cpus[0].lapic_id << 24);
    write_reg(ENTRY(gsi), (VECTOR_IRQ + gsi) | (level ? ENTRY_LEVEL : 0) |
                              (active_low ? ENTRY_LOW : 0));
    spin_unlock_irqrestore(&lock, flags);
}

void irq_dispatch(unsigned gsi)
{
    struct line *l = &lines[gsi];
    unsigned n = __atomic_load_n(&l->nr, __ATOMIC_ACQUIRE);

    l->count++;
    for (unsigned i = 0; i < n; i++)
        l->fn[i](l->arg[i]);
}

bool irq_line(unsigned gsi, struct irq_facts *f)
{
    const struct line *l = &lines[gsi];

    if (gsi >= NR_GSI || !__atomic_load_n(&l->nr, __ATOMIC_ACQUIRE))
        return false;
    *f = (struct irq_facts){READ_ONCE(l->count), l->level, l->name};
    return true;
}

u64 irq_kind_count(unsigned cpu, enum irq_kind kind)
{
    return READ_ONCE(cpus[cpu].irqs[kind]);
}
