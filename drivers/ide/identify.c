/* SPDX-License-Identifier: MIT */
/*
 * IDENTIFY: is there a drive, is it a disk, what can it do?
 *
 * It is asked by polling, with the channel's interrupt off: nIEN belongs to
 * the channel, not to the drive, so it is switched in one place that every
 * way out passes. An early return with it set would silence the other drive
 * for ever.
 */
#include <drivers/ide/ide.h>
#include <kernel/print.h>
#include <kernel/x86/io.h>

#define CMD_IDENTIFY    0xec
#define CMD_FLUSH       0xe7
#define CMD_FLUSH_EXT   0xea
#define IDENTIFY_WORDS  256
#define SIGNATURE_ATAPI 0xeb14 /* LBA high, mid after a refused IDENTIFY */

/* Words of the answer. */
#define ID_ABILITIES  49  /* bit 8: DMA, bit 9: LBA */
#define ID_SECTORS28  60  /* 2 words */
#define ID_COMMANDS   83  /* valid if bits 15..14 are 01 */
#define ID_SECTORS48  100 /* 4 words */
#define ABILITY_DMA   (1u << 8)
#define ABILITY_LBA   (1u << 9)
#define HAS_LBA48     (1u << 10)
#define HAS_FLUSH     (1u << 12)
#define HAS_FLUSH_EXT (1u << 13)

static u64 id_number(const u16 *id, unsigned word, unsigned words)
{
    u64 v = 0;

    while (words-- > 0)
        v = v << 16 | id[word + words];
    return v;
}

/* Fill in the drive from its answer. False: we cannot drive it. */
static bool understand(struct ide_drive *d, const u16 *id)
{
    u16 commands = id[ID_COMMANDS];

    if ((id[ID_ABILITIES] & (ABILITY_DMA | ABILITY_LBA)) !=
        (ABILITY_DMA | ABILITY_LBA)) {
        printk("%s: no DMA or no LBA, not used\n", d->dev.name);
        return false;
    }
    if (commands >> 14 != 1)
        commands = 0;
    d->lba48 = commands & HAS_LBA48;
    if (d->lba48)
        d->dev.sectors = id_number(id, ID_SECTORS48, 4) & ((1ull << 48) - 1);
    else
        d->dev.sectors = id_number(id, ID_SECTORS28, 2) & ((1ull << 28) - 1);
    if (d->lba48 && (commands & HAS_FLUSH_EXT))
        d->flush = CMD_FLUSH_EXT;
    else if (commands & HAS_FLUSH)
        d->flush = CMD_FLUSH;
    return d->dev.sectors > 0;
}

static bool is_atapi(const struct ide_channel *ch)
{
    u16 signature = inb(ch->base + ATA_LBA_MID);

    signature |= (u16)inb(ch->base + ATA_LBA_HIGH) << 8;
    return signature == SIGNATURE_ATAPI;
}

/* Ask for the answer's 256 words. False: nobody there, or not a disk. */
static bool ask(struct ide_drive *d, u16 *id)
{
    struct ide_channel *ch = d->channel;
    u8 status;

    ch->selected = 0xa0 | d->unit << 4;
    outb(ch->base + ATA_DEVICE, ch->selected);
    ata_pause(ch);
    status = inb(ch->control);
    if (status == 0xff || status == 0)
        return false; /* a floating bus, or a missing slave */
    if (!ata_poll(ch, STATUS_BSY, POLL_IDENTIFY))
        return false;
    outb(ch->base + ATA_COMMAND, CMD_IDENTIFY);
    ata_pause(ch);
    if (!ata_poll(ch, STATUS_BSY, POLL_IDENTIFY))
        return false;
    status = inb(ch->base + ATA_STATUS);
    if ((status & (STATUS_ERR | STATUS_DF)) || !(status & STATUS_DRQ)) {
        if (is_atapi(ch))
            printk("%s: a CD drive, not used\n", d->dev.name);
        return false;
    }
    insw(ch->base + ATA_DATA, id, IDENTIFY_WORDS);
    return true;
}

void ide_identify(struct ide_channel *ch)
{
    static u16 id[IDENTIFY_WORDS]; /* boot only, so one will do */

    outb(ch->control, CONTROL_NIEN);
    for (unsigned unit = 0; unit < 2; unit++) {
        struct ide_drive *d = &ch->drives[unit];

        d->present = ask(d, id) && understand(d, id);
    }
    /* Take back what the drives may still want to say, then listen. */
    inb(ch->base + ATA_STATUS);
    outb(ch->bm + BM_COMMAND, 0);
    outb(ch->bm + BM_STATUS,
         (inb(ch->bm + BM_STATUS) & BM_DRIVES_READY) | BM_ERROR | BM_INTERRUPT);
    outb(ch->control, 0);
}
