/* SPDX-License-Identifier: MIT */
/*
 * Find the IDE controller (QEMU's PIIX3) and its disks.
 *
 * Assumptions: one controller, in compatibility mode, so that its two
 * channels are at the ports and interrupts of the PC/AT; firmware has enabled
 * its decoding and set the drives' transfer modes.
 */
#include <drivers/ide/ide.h>
#include <drivers/pci.h>
#include <kernel/irq.h>
#include <kernel/print.h>
#include <kernel/x86/directmap.h>
#include <kernel/x86/io.h>
#include <mm/zone.h>

#define PCI_STORAGE 0x01
#define PCI_IDE     0x01
#define BMIBA       4 /* the bus masters' base address register */

/* Channel n has moved away from the PC/AT's ports. */
#define PROG_IF_NATIVE(n)  (1u << (2 * (n)))
#define PROG_IF_BUS_MASTER 0x80u

static struct ide_channel channels[2] = {
    {.name = "ide0", .base = 0x1f0, .control = 0x3f6, .irq = 14},
    {.name = "ide1", .base = 0x170, .control = 0x376, .irq = 15},
};

/*
 * All memory that I/O will ever need is taken now, below 4 GiB: a transfer
 * for reclaim must not wait for memory. A block of the buddy allocator is
 * aligned to its size, so the list does not cross 64 KiB, nor do the bounce
 * frames, whose pieces so fall together into few list entries.
 */
static bool take_memory(struct ide_channel *ch)
{
    struct page *prd = alloc_page(ALLOC_KERNEL | ALLOC_DMA32, PAGE_BOUNCE);
    struct page *bounce =
        alloc_pages(BOUNCE_ORDER, ALLOC_KERNEL | ALLOC_DMA32, PAGE_BOUNCE);

    if (!prd || !bounce) {
        if (prd)
            free_pages(prd, 0);
        if (bounce)
            free_pages(bounce, BOUNCE_ORDER);
        return false;
    }
    ch->prd = page_to_virt(prd);
    ch->bounce = page_to_virt(bounce);
    return true;
}

static void add_disk(struct ide_drive *d)
{
    d->dev.submit = ide_submit;
    d->dev.driver = d;
    blockdev_register(&d->dev);
    printk("%s: %llu sectors (%llu MiB), LBA%s\n", d->dev.name,
           (unsigned long long)d->dev.sectors,
           (unsigned long long)d->dev.sectors >> (20 - SECTOR_SHIFT),
           d->lba48 ? "48" : "28");
}

/* n: which channel; 0 is hda and hdb, 1 is hdc and hdd. */
static void start_channel(struct ide_channel *ch, unsigned n)
{
    for (unsigned unit = 0; unit < 2; unit++) {
        struct ide_drive *d = &ch->drives[unit];

        d->channel = ch;
        d->unit = unit;
        snprintf(d->dev.name, sizeof(d->dev.name), "hd%c",
                 (char)('a' + 2 * n + unit));
    }
    ide_identify(ch);
    if (!ch->drives[0].present && !ch->drives[1].present)
        return;
    if (!take_memory(ch)) {
        printk("%s: no memory below 4 GiB for its DMA list\n", ch->name);
        return;
    }
    ide_queue_init(ch);
    irq_register(isa_irq_to_gsi(ch->irq), false, false, ide_interrupt, ch,
                 "ide");
    for (unsigned unit = 0; unit < 2; unit++)
        if (ch->drives[unit].present)
            add_disk(&ch->drives[unit]);
}

void ide_init(void)
{
    const struct pci_dev *pci = pci_find(PCI_STORAGE, PCI_IDE);
    u16 bmiba = pci ? pci_io_bar(pci, BMIBA) & 0xfff0 : 0;

    if (!bmiba || !(pci->prog_if & PROG_IF_BUS_MASTER)) {
        printk("ide: no bus-master IDE controller\n");
        return;
    }
    pci_enable_master(pci);
    for (unsigned n = 0; n < 2; n++) {
        if (pci->prog_if & PROG_IF_NATIVE(n)) {
            printk("%s: in native mode, not used\n", channels[n].name);
            continue;
        }
        channels[n].bm = bmiba + 8 * n;
        start_channel(&channels[n], n);
    }
}
