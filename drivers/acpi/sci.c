/* SPDX-License-Identifier: MIT */
/*
 * The system control interrupt: the one line by which ACPI hardware asks for
 * attention. The fixed power button and general purpose events share it.
 *
 * The line is level-triggered: what is not cleared here comes again at once.
 * Only events that somebody enabled are looked at, as status bits come on
 * whether or not they are wanted.
 */
#include <drivers/acpi/acpi.h>
#include <kernel/irq.h>
#include <kernel/lock.h>
#include <kernel/print.h>
#include <kernel/x86/io.h>
#include <mm/lockorder.h>

#define PM1_POWER_BUTTON (1u << 8) /* in PM1 status and enable */
#define MAX_GPES         32

static struct spinlock sci_lock = /* (irq) guards status/enable registers */
    SPINLOCK_INIT("sci", RANK_DEVICE);

/* Ports; written by sci_init, before the first interrupt. */
static u16 pm1_status, pm1_enable;
static u16 gpe_status, gpe_enables; /* the first of nr_gpes / 8 each */
static unsigned nr_gpes;

/* Each written once, before its event is enabled. */
static void (*gpe_handler[MAX_GPES])(void);

static void clear_all(void)
{
    outw(pm1_status, 0xffff); /* status bits are cleared by writing ones */
    outw(pm1_enable, PM1_POWER_BUTTON);
    for (unsigned i = 0; i < nr_gpes / 8; i++) {
        outb(gpe_enables + i, 0);
        outb(gpe_status + i, 0xff);
    }
}

/* Take the fixed events that are on. Lock held. */
static u16 take_pm1(void)
{
    u16 on = inw(pm1_status) & inw(pm1_enable);

    if (on)
        outw(pm1_status, on);
    return on;
}

/* Take the general purpose events that are on; bit n is event n. Lock held. */
static u32 take_gpes(void)
{
    u32 all = 0;

    for (unsigned i = 0; i < nr_gpes / 8; i++) {
        u8 on = inb(gpe_status + i) & inb(gpe_enables + i);

        if (on)
            outb(gpe_status + i, on);
        all |= (u32)on << (8 * i);
    }
    return all;
}

static void sci_interrupt(void *unused)
{
    u64 flags = spin_lock_irqsave(&sci_lock);
    u16 pm1 = take_pm1();
    u32 gpes = take_gpes();

    (void)unused;
    spin_unlock_irqrestore(&sci_lock, flags);
    if (pm1 & PM1_POWER_BUTTON)
        printk("acpi: power button\n");
    for (unsigned n = 0; n < nr_gpes; n++)
        if (gpes >> n & 1)
            gpe_handler[n]();
}

void gpe_enable(unsigned gpe, void (*fn)(void))
{
    u16 port = gpe_enables + gpe / 8;
    u64 flags;

    if (gpe >= nr_gpes) {
        printk("acpi: there is no event %u\n", gpe);
        return;
    }
    gpe_handler[gpe] = fn;
    flags = spin_lock_irqsave(&sci_lock);
    outb(port, inb(port) | 1u << gpe % 8);
    spin_unlock_irqrestore(&sci_lock, flags);
}

void sci_init(const struct acpi_fadt *fadt)
{
    pm1_status = fadt->pm1a_event;
    pm1_enable = fadt->pm1a_event + fadt->pm1_event_len / 2;
    if (fadt->gpe0) {
        nr_gpes = min_u64(fadt->gpe0_len / 2 * 8, MAX_GPES);
        gpe_status = fadt->gpe0;
        gpe_enables = fadt->gpe0 + fadt->gpe0_len / 2;
    }
    clear_all();
    /* Level, active high, as the MADT's override for it says on a PC. */
    irq_register(isa_irq_to_gsi(fadt->sci_irq), true, false, sci_interrupt,
                 NULL, "acpi");
}
