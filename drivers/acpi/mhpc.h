/* SPDX-License-Identifier: MIT */
/* The registers of QEMU's ACPI memory hotplug controller. */
#ifndef DRIVERS_ACPI_MHPC_H
#define DRIVERS_ACPI_MHPC_H

#include <kernel/types.h>

#define MHPC_SLOTS 256 /* QEMU's limit; slots that are not there read 0 */

/* A slot's flags. */
#define SLOT_ENABLED 1u /* there is a DIMM */
#define SLOT_INSERT  2u /* it has just come */
#define SLOT_REMOVE  4u /* the host wants it back */

struct mhpc_slot {
    u64 base, size; /* physical addresses */
    u8 flags;
};

bool mhpc_present(void);
struct mhpc_slot mhpc_read(unsigned slot);
u8 mhpc_flags(unsigned slot);
/* SLOT_INSERT or SLOT_REMOVE, one of them: acknowledge it. */
void mhpc_clear(unsigned slot, u8 flag);
/* Give the DIMM up: when this returns, it is gone. */
void mhpc_eject(unsigned slot);
/* Report to the host, as ACPI's _OST does. */
void mhpc_ost(unsigned slot, u32 event, u32 status);

#endif
