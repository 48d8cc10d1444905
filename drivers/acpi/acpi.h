/* SPDX-License-Identifier: MIT */
/*
 * ACPI, as little of it as memory hotplug and a power button need: no AML is
 * run.
 *
 *   acpi.c      the FADT; switching from legacy to ACPI mode
 *   sci.c       the system control interrupt and general purpose events
 *   power.c     power off
 *   mhpc.c      the memory hotplug controller's registers
 *   memhp.c     what to do when a DIMM comes, or is asked for
 *   dimm.c      a DIMM's sections, given to mm and taken back
 */
#ifndef DRIVERS_ACPI_H
#define DRIVERS_ACPI_H

#include <kernel/types.h>

/* Every table starts so. */
struct acpi_header {
    char signature[4];
    u32 length; /* of the whole table */
    u8 revision, checksum;
    char oem_id[6], oem_table_id[8];
    u32 oem_revision, creator_id, creator_revision;
} __attribute__((packed));

/* The fixed description table, as far as it is used here. */
struct acpi_fadt {
    struct acpi_header header;
    u32 facs, dsdt; /* physical addresses */
    u8 reserved0, profile;
    u16 sci_irq; /* an ISA interrupt number */
    u32 smi_cmd; /* I/O port; 0 = there is only ACPI mode */
    u8 acpi_enable, acpi_disable, s4bios, pstate_control;
    u32 pm1a_event, pm1b_event;     /* I/O ports from here on */
    u32 pm1a_control, pm1b_control; /* b: 0 if there is none */
    u32 pm2_control, pm_timer, gpe0, gpe1;
    u8 pm1_event_len, pm1_control_len, pm2_control_len, pm_timer_len;
    u8 gpe0_len; /* bytes: status, then as many of enable */
} __attribute__((packed));

/* False: the machine has no ACPI tables, or strange ones. */
bool acpi_init(void);

/* Clear and quieten everything, then listen to the SCI. Boot only. */
void sci_init(const struct acpi_fadt *fadt);
/*
 * Call fn, in interrupt context, for each event of this number from now on.
 * The event's status is cleared before fn is called: what fn makes somebody
 * look at cannot have changed unnoticed. Boot only.
 */
void gpe_enable(unsigned gpe, void (*fn)(void));

/* Make arch_power_off end in ACPI's S5. Boot only. */
void power_init(const struct acpi_fadt *fadt);

#endif
