/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space, by the two ports of old: an address goes to
 * 0xCF8, the register it names is at 0xCFC. The pair is one shared resource,
 * so every access is address + data under one lock.
 *
 * The scan asks only buses that a bridge leads to: an access is a trap into
 * the hypervisor, and 256 buses are 8192 slots.
 */
#include <drivers/pci.h>
#include <kernel/lock.h>
#include <kernel/print.h>
#include <kernel/x86/io.h>
#include <mm/lockorder.h>

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define CONFIG_ENABLE  0x80000000u

/* Configuration registers. */
#define REG_ID      0x00 /* vendor, device */
#define REG_COMMAND 0x04 /* command; status above it is write-1-to-clear */
#define REG_CLASS   0x08 /* revision, interface, subclass, class */
#define REG_HEADER  0x0c /* byte 2: header type, bit 7 = many functions */
#define REG_BAR0    0x10
#define REG_BUSES   0x18 /* bridges: primary, secondary, subordinate bus */

#define COMMAND_IO     1u
#define COMMAND_MASTER 4u
#define BAR_IO         1u
#define NO_DEVICE      0xffffffffu

#define CLASS_BRIDGE     0x06
#define SUBCLASS_PCI_PCI 0x04

#define MAX_FUNCTIONS 64

static struct spinlock config_lock = /* guards both ports */
    SPINLOCK_INIT("pci", RANK_DEVICE);

/* Written by pci_init only. */
static struct pci_dev functions[MAX_FUNCTIONS];
static unsigned nr_functions;

static u32 config_address(const struct pci_dev *d, u8 reg)
{
    return CONFIG_ENABLE | (u32)d->bus << 16 | (u32)d->slot << 11 |
           (u32)d->fn << 8 | (reg & 0xfcu);
}

u32 pci_read(const struct pci_dev *d, u8 reg)
{
    u64 flags = spin_lock_irqsave(&config_lock);
    u32 v;

    outl(CONFIG_ADDRESS, config_address(d, reg));
    v = inl(CONFIG_DATA);
    spin_unlock_irqrestore(&config_lock, flags);
    return v;
}

void pci_write(const struct pci_dev *d, u8 reg, u32 v)
{
    u64 flags = spin_lock_irqsave(&config_lock);

    outl(CONFIG_ADDRESS, config_address(d, reg));
    outl(CONFIG_DATA, v);
    spin_unlock_irqrestore(&config_lock, flags);
}

u16 pci_io_bar(const struct pci_dev *d, unsigned n)
{
    u32 bar = pci_read(d, REG_BAR0 + 4 * n);

    return bar & BAR_IO ? bar & 0xfffc : 0;
}

void pci_enable_master(const struct pci_dev *d)
{
    /* Zeroes in the upper half: no status bit is cleared by the way. */
    u32 command = pci_read(d, REG_COMMAND) & 0xffff;

    pci_write(d, REG_COMMAND, command | COMMAND_IO | COMMAND_MASTER);
}

const struct pci_dev *pci_find(u8 class, u8 subclass)
{
    for (unsigned i = 0; i < nr_functions; i++)
        if (functions[i].class == class && functions[i].subclass == subclass)
            return &functions[i];
    return NULL;
}

static bool is_pci_bridge(const struct pci_dev *d)
{
    return d->class == CLASS_BRIDGE && d->subclass == SUBCLASS_PCI_PCI;
}

/* Enter the function, if it is there, in *d. */
static bool look_at(struct pci_dev *d)
{
    u32 id = pci_read(d, REG_ID), class;

    if (id == NO_DEVICE)
        return false;
    class = pci_read(d, REG_CLASS);
    d->vendor = id & 0xffff;
    d->device = id >> 16;
    d->class = class >> 24;
    d->subclass = class >> 16 & 0xff;
    d->prog_if = class >> 8 & 0xff;
    return true;
}

static void remember(const struct pci_dev *d)
{
    if (nr_functions == MAX_FUNCTIONS) {
        printk("pci: %u:%u.%u ignored: more than %u functions\n", d->bus,
               d->slot, d->fn, MAX_FUNCTIONS);
        return;
    }
    functions[nr_functions++] = *d;
}

/* All functions of a slot. A bridge makes its secondary bus known. */
static void scan_slot(u8 bus, u8 slot, u32 *known)
{
    unsigned nr = 1;

    for (unsigned fn = 0; fn < nr; fn++) {
        struct pci_dev d = {.bus = bus, .slot = slot, .fn = fn};

        if (!look_at(&d))
            continue;
        remember(&d);
        if (fn == 0 && (pci_read(&d, REG_HEADER) >> 16 & 0x80))
            nr = 8;
        if (is_pci_bridge(&d)) {
            u8 secondary = pci_read(&d, REG_BUSES) >> 8 & 0xff;

            bit_set(&known[secondary / 32], secondary % 32);
        }
    }
}

/*
 * One pass upwards is enough: firmware gives a bus behind a bridge a higher
 * number than the bridge's own. It also ends, whatever the registers say.
 */
void pci_init(void)
{
    u32 known[256 / 32] = {1};

    for (unsigned bus = 0; bus < 256; bus++)
        for (unsigned slot = 0; slot < 32; slot++)
            if (bit_test(&known[bus / 32], bus % 32))
                scan_slot(bus, slot, known);
}
