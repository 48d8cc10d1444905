/* SPDX-License-Identifier: MIT */
/* PCI functions that were found at boot, and their configuration space. */
#ifndef DRIVERS_PCI_H
#define DRIVERS_PCI_H

#include <kernel/types.h>

struct pci_dev { /* fixed after pci_init */
    u8 bus, slot, fn;
    u8 class, subclass, prog_if;
    u16 vendor, device;
};

void pci_init(void); /* boot only: find everything there is */

/* The first function of this class, or NULL. */
const struct pci_dev *pci_find(u8 class, u8 subclass);

/* Configuration registers, whole dwords; reg is a multiple of 4. */
u32 pci_read(const struct pci_dev *d, u8 reg);
void pci_write(const struct pci_dev *d, u8 reg, u32 v);

/* The I/O port that base address register n names; 0 if it names none. */
u16 pci_io_bar(const struct pci_dev *d, unsigned n);
/* Let it decode its I/O ports and start DMA. */
void pci_enable_master(const struct pci_dev *d);

#endif
