/* SPDX-License-Identifier: MIT */
/* The drivers' one door for kmain. */
#ifndef DRIVERS_DRIVERS_H
#define DRIVERS_DRIVERS_H

/*
 * Find and start every device: disks are registered (kernel/block.h), the
 * memory of DIMMs that were there at boot is online when it returns. Needs
 * the allocator, interrupts and kernel threads. May sleep.
 */
void drivers_init(void);

#endif
