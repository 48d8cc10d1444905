/* SPDX-License-Identifier: MIT */
/* The local APIC: each processor's interrupts to and from others; its timer. */
#include <kernel/irq.h>
#include <kernel/print.h>
#include <kernel/x86/private.h>

#define REG_ID       0x20
#define REG_EOI      0xb0
#define REG_SPURIOUS 0xf0
#define REG_ICR_LOW  0x300
#define REG_ICR_HIGH 0x310
#define REG_TIMER    0x320
#define REG_LINT0    0x350
#define REG_LINT1    0x360
#define REG_COUNT    0x380
#define REG_LEFT     0x390
#define REG_DIVIDE   0x3e0

#define MASKED      0x10000
#define SEND_BUSY   0x1000
#define DIVIDE_BY_1 0xb

static volatile u32 *regs; /* the same address on every processor */

static u32 get(unsigned reg)
{
    return regs[reg / 4];
}

static void set(unsigned reg, u32 v)
{
    regs[reg / 4] = v;
}

void lapic_map(void)
{
    regs = mmio_map(madt.lapic, PAGE_SIZE);
    if (!regs)
        panic_too_small("the local APIC's page table");
}

/* LINT0 is where the old interrupt controller would come in: masked. */
void lapic_enable(void)
{
    set(REG_SPURIOUS, 0x100 | VECTOR_SPURIOUS);
    set(REG_LINT0, MASKED);
    set(REG_LINT1, MASKED);
    set(REG_DIVIDE, DIVIDE_BY_1);
    set(REG_TIMER, VECTOR_CLOCK);
    set(REG_COUNT, 0);
}

u32 lapic_id(void)
{
    return get(REG_ID) >> 24;
}

void lapic_eoi(void)
{
    set(REG_EOI, 0);
}

/* Interrupts off, or the two writes might be torn apart. */
void lapic_send(u32 to, u32 command)
{
    u64 flags = irq_save();

    while (get(REG_ICR_LOW) & SEND_BUSY)
        cpu_relax();
    set(REG_ICR_HIGH, to << 24);
    set(REG_ICR_LOW, command);
    irq_restore(flags);
}

void lapic_timer_start(u32 count)
{
    set(REG_COUNT, count);
}

u32 lapic_timer_left(void)
{
    return get(REG_LEFT);
}
