/* SPDX-License-Identifier: MIT */
/* DIMMs and the sections that they carry. */
#ifndef DRIVERS_ACPI_DIMM_H
#define DRIVERS_ACPI_DIMM_H

#include <kernel/types.h>

struct removal;

struct dimm {
    u64 base, size; /* physical addresses; size 0: mm does not have it */
    bool leaving;   /* its eject_thread has it: drivers/acpi/memhp.c */
};

/* Can mm use a DIMM there? */
bool dimm_fits(u64 base, u64 size);
/* Give it to mm. 0, or -errno with nothing of it left there. May sleep. */
int dimm_add(unsigned slot, struct dimm *d);
/*
 * Take it back from mm: 0, and nothing refers to it any more; or -errno with
 * everything as before, and the reason in r, which is filled in. May sleep
 * long.
 */
int dimm_take_back(struct dimm *d, struct removal *r);

#endif
