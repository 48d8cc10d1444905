/* SPDX-License-Identifier: MIT */
/* A DIMM's sections, given to mm and taken back, all of them or none. */
#include <drivers/acpi/dimm.h>
#include <mm/removal.h>

#define MEMORY_LIMIT ((u64)SECTION_MAX << SECTION_SHIFT)

bool dimm_fits(u64 base, u64 size)
{
    return size > 0 && base % SECTION_SIZE == 0 && size % SECTION_SIZE == 0 &&
           base <= MEMORY_LIMIT && size <= MEMORY_LIMIT - base;
}

int dimm_add(unsigned slot, struct dimm *d)
{
    int ret = memory_add_dimm(slot, d->base, d->size);

    if (ret != 0)
        d->size = 0;
    return ret;
}

int dimm_take_back(struct dimm *d, struct removal *r)
{
    int ret;

    removal_defaults(r, d->base >> SECTION_SHIFT, d->size >> SECTION_SHIFT);
    ret = d->size ? memory_remove_dimm(r) : 0;
    if (ret == 0)
        d->size = 0;
    return ret;
}
