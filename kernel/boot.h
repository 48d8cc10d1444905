/* SPDX-License-Identifier: MIT */
/* What the loader told us, in one form for both loaders. */
#ifndef KERNEL_BOOT_H
#define KERNEL_BOOT_H

#include <kernel/types.h>

#define BOOT_MAX_RANGES  32
#define BOOT_MAX_MODULES 8

struct boot_range {
    u64 start, end; /* physical addresses, end exclusive */
};

struct boot_info {
    const char *loader;
    const char *cmdline;                    /* arguments only, no path */
    struct boot_range ram[BOOT_MAX_RANGES]; /* usable RAM, ascending */
    unsigned nr_ram;
    struct boot_range modules[BOOT_MAX_MODULES];
    const char *module_args[BOOT_MAX_MODULES];
    unsigned nr_modules;
    struct boot_range kernel; /* image, bss included */
    /* Everything in `ram` that is taken: the image, modules, loader data. */
    struct boot_range reserved[BOOT_MAX_RANGES];
    unsigned nr_reserved;
};

extern struct boot_info boot_info; /* read-only after boot/ is done */

/* boot/ ends here: long mode, high addresses, one processor, interrupts off. */
void kmain(void) NORETURN;

/*
 * The value of `key=value` on the command line, copied to buf; "" for a bare
 * `key`. Returns false if it is not there.
 */
bool cmdline_get(const char *key, char *buf, size_t size);
u64 cmdline_u64(const char *key, u64 otherwise);

#endif
