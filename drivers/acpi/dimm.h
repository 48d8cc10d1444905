/* SPDX-License-Identifier: MIT */
/* DIMMs and the sections that they carry. */
#ifndef DRIVERS_ACPI_DIMM_H
#define DRIVERS_ACPI_DIMM_H

#include <kernel/types.h>

struct dimm {
    u64 base, size; /* physical addresses; size 0: nothing is known to mm */
    bool online;    /* mm has all its sections */
};

/* Can mm use a DIMM there? */
bool dimm_fits(u64 base, u64 size);
/* Give it to mm. 0 or -errno. May sleep. */
int dimm_add(unsigned slot, struct dimm *d);
/*
 * Take it back from mm, as far as mm has it: 0, and nothing refers to it any
 * more; or -errno with everything as before, and the reason in why. May sleep
 * long.
 */
int dimm_take_back(unsigned slot, struct dimm *d, char *why, size_t size);

#endif
