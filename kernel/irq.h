/* SPDX-License-Identifier: MIT */
/*
 * Device interrupts and the registers of devices in memory: what drivers ask
 * of the processor's code.
 */
#ifndef KERNEL_IRQ_H
#define KERNEL_IRQ_H

#include <kernel/types.h>
#include <kernel/x86/irqflags.h>

/* Interrupts that are no device's: each processor has its own. */
enum irq_kind { IRQ_CLOCK, IRQ_KICK, IRQ_TLB, IRQ_SPURIOUS, NR_IRQ_KINDS };
u64 irq_kind_count(unsigned cpu, enum irq_kind kind);

/*
 * Call fn(arg) in interrupt context (interrupts off) when global system
 * interrupt `gsi` comes, and unmask it. level/active_low as ACPI or PCI says.
 * ISA interrupt numbers go through the MADT's overrides: use isa_irq_to_gsi.
 * Several handlers may share a line; it is called by the name that the last
 * one gave, which stays.
 */
void irq_register(unsigned gsi, bool level, bool active_low,
                  void (*fn)(void *arg), void *arg, const char *name);
unsigned isa_irq_to_gsi(unsigned irq);
/* How often did this line interrupt? All go to the first processor. False: no
   such line, or nobody listens. */
struct irq_facts {
    u64 count;
    bool level;
    const char *name;
};
bool irq_line(unsigned gsi, struct irq_facts *f);
#define MAX_GSI 32

/* Map device registers (uncached) for ever; boot only. NULL: no memory. */
void *mmio_map(u64 phys, size_t size);

#endif
