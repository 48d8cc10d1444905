/* SPDX-License-Identifier: MIT */
/*
 * Device interrupts and the registers of devices in memory: what drivers ask
 * of the processor's code.
 */
#ifndef KERNEL_IRQ_H
#define KERNEL_IRQ_H

#include <kernel/types.h>

/*
 * Call fn(arg) in interrupt context (interrupts off) when global system
 * interrupt `gsi` comes, and unmask it. level/active_low as ACPI or PCI says.
 * ISA interrupt numbers go through the MADT's overrides: use isa_irq_to_gsi.
 * Several handlers may share a line.
 */
void irq_register(unsigned gsi, bool level, bool active_low,
                  void (*fn)(void *arg), void *arg);
unsigned isa_irq_to_gsi(unsigned irq);
/* How often did this line interrupt? All go to the first processor. False: no
   such line, or nobody listens. */
bool irq_count(unsigned gsi, u64 *count);
#define MAX_GSI 32

/* Map device registers (uncached) for ever; boot only. NULL: no memory. */
void *mmio_map(u64 phys, size_t size);

/* Stop / allow interrupts on this processor; returns the old state. */
u64 irq_save(void);
void irq_restore(u64 flags);
bool irqs_enabled(void);

#endif
