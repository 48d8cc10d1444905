/* SPDX-License-Identifier: MIT */
/*
 * One command: the registers of the drive and of the bus master.
 *
 * Start:    stop the bus master, give it its list, clear its status; give
 *           the drive sector, count and command; start the bus master.
 * The end:  the bus master's interrupt bit, then the drive's status (which
 *           takes the interrupt back), then clear and stop the bus master:
 *           whatever the drive said, nothing stays armed.
 */
#include <drivers/ide/ide.h>
#include <kernel/print.h>
#include <kernel/x86/directmap.h>
#include <kernel/x86/io.h>
#include <mm/event.h>
#include <mm/page.h>

#define CMD_READ_DMA      0xc8
#define CMD_READ_DMA_EXT  0x25
#define CMD_WRITE_DMA     0xca
#define CMD_WRITE_DMA_EXT 0x35

#define DEVICE_LBA   0xe0         /* by sector number; two bits always set */
#define LBA28_END    (1ull << 28) /* the first sector it cannot name */
#define LBA28_SECTOR 256u         /* the most sectors of one command */
#define LBA48_SECTOR 65536u

/* Read the status until none of these bits is on. False: they stayed. */
bool ata_poll(const struct ide_channel *ch, u8 off, unsigned reads)
{
    while (reads-- > 0)
        if (!(inb(ch->control) & off))
            return true;
    return false;
}

/* The 400 ns that a drive has before its status counts: four reads. */
void ata_pause(const struct ide_channel *ch)
{
    for (int i = 0; i < 4; i++)
        inb(ch->control);
}

/* In the record of memory events: who transfers into or out of which frame. */
void command_event(const char *kind, struct ide_channel *ch)
{
    static const char *const op[] = {"read", "write", "flush"};
    const struct bio *bio = ch->at.bio;
    struct page *page = NULL;

    if (!mm_events_on)
        return;
    if (ch->at.seg < bio->nr_segs)
        page = pfn_to_page(bio->segs[ch->at.seg].pfn);
    mm_event_write(kind, page, "%s %s %llu %u", bio->dev->name, op[bio->op],
                   (unsigned long long)ch->lba, ch->bytes >> SECTOR_SHIFT);
}

static void bm_clear(const struct ide_channel *ch)
{
    u8 keep = inb(ch->bm + BM_STATUS) & BM_DRIVES_READY;

    outb(ch->bm + BM_STATUS, keep | BM_ERROR | BM_INTERRUPT);
}

static void bm_prepare(const struct ide_channel *ch, bool to_memory)
{
    outb(ch->bm + BM_COMMAND, 0);
    outl(ch->bm + BM_PRDT, virt_to_phys(ch->prd));
    bm_clear(ch);
    outb(ch->bm + BM_COMMAND, to_memory ? BM_TO_MEMORY : 0);
}

/* Make the drive the one that listens. False: the cable is not free. */
static bool select_drive(struct ide_channel *ch, u8 device)
{
    if (!ata_poll(ch, STATUS_BSY | STATUS_DRQ, POLL_READY))
        return false;
    outb(ch->base + ATA_DEVICE, device);
    if ((ch->selected ^ device) & 0x10)
        ata_pause(ch);
    ch->selected = device;
    return ata_poll(ch, STATUS_BSY | STATUS_DRQ, POLL_READY);
}

/* Sector and count, low bytes. A count of 0 stands for the most there is. */
static void load_low(const struct ide_channel *ch, u32 sectors)
{
    outb(ch->base + ATA_COUNT, sectors & 0xff);
    outb(ch->base + ATA_LBA_LOW, ch->lba & 0xff);
    outb(ch->base + ATA_LBA_MID, ch->lba >> 8 & 0xff);
    outb(ch->base + ATA_LBA_HIGH, ch->lba >> 16 & 0xff);
}

/* LBA48: each register is two deep, and the high bytes go first. */
static void load_high(const struct ide_channel *ch, u32 sectors)
{
    outb(ch->base + ATA_COUNT, sectors >> 8 & 0xff);
    outb(ch->base + ATA_LBA_LOW, ch->lba >> 24 & 0xff);
    outb(ch->base + ATA_LBA_MID, ch->lba >> 32 & 0xff);
    outb(ch->base + ATA_LBA_HIGH, ch->lba >> 40 & 0xff);
}

static bool start_flush(struct ide_channel *ch, const struct ide_drive *d)
{
    bm_prepare(ch, false); /* only for its interrupt bit */
    if (!select_drive(ch, DEVICE_LBA | d->unit << 4))
        return false;
    outb(ch->base + ATA_COMMAND, d->flush);
    return true;
}

static bool start_transfer(struct ide_channel *ch, const struct ide_drive *d,
                           bool read)
{
    u32 sectors = ch->bytes >> SECTOR_SHIFT;
    bool ext = ch->lba + sectors > LBA28_END || sectors > LBA28_SECTOR;
    u8 device = DEVICE_LBA | d->unit << 4;
    u8 direction = read ? BM_TO_MEMORY : 0;

    bm_prepare(ch, read);
    if (!select_drive(ch, ext ? device : device | (ch->lba >> 24 & 0x0f)))
        return false;
    if (ext)
        load_high(ch, sectors);
    load_low(ch, sectors);
    if (read)
        outb(ch->base + ATA_COMMAND, ext ? CMD_READ_DMA_EXT : CMD_READ_DMA);
    else
        outb(ch->base + ATA_COMMAND, ext ? CMD_WRITE_DMA_EXT : CMD_WRITE_DMA);
    outb(ch->bm + BM_COMMAND, direction | BM_START);
    return true;
}

/*
 * Start the next command, from ch->at on, as much as one command can do.
 * False: the drive does not take it, and has to be reset.
 */
bool command_start(struct ide_channel *ch)
{
    const struct bio *bio = ch->at.bio;
    const struct ide_drive *d = bio->dev->driver;
    u32 most = d->lba48 ? LBA48_SECTOR : LBA28_SECTOR;

    ch->lba = bio->sector + (bio->done >> SECTOR_SHIFT);
    ch->bytes = 0;
    if (bio->op != BIO_FLUSH)
        ch->bytes = prd_build(ch, most << SECTOR_SHIFT);
    if (bio->op == BIO_WRITE)
        bounce_out(ch);
    command_event("disk.start", ch);
    if (bio->op == BIO_FLUSH)
        return start_flush(ch, d);
    return start_transfer(ch, d, bio->op == BIO_READ);
}

/*
 * An interrupt came: has the command ended, and how? Edge-triggered lines
 * speak for nobody in particular, and a late one may come after a reset: only
 * the bus master's interrupt bit means us. An error of the disk shows in the
 * drive's status alone; a bus master that is still active means that the
 * drive moved less than the list holds.
 */
enum command_result command_result(struct ide_channel *ch)
{
    u8 bm = inb(ch->bm + BM_STATUS), ata;

    if (!(bm & BM_INTERRUPT))
        return COMMAND_RUNS;
    ata = inb(ch->base + ATA_STATUS);
    bm_clear(ch);
    if (ata & STATUS_BSY)
        return COMMAND_RUNS;
    outb(ch->bm + BM_COMMAND, 0);
    if (!(ata & (STATUS_ERR | STATUS_DF | STATUS_DRQ)) &&
        !(bm & (BM_ERROR | BM_ACTIVE)))
        return COMMAND_OK;
    printk("%s: status %02x, error %02x, bus master %02x\n", ch->name, ata,
           inb(ch->base + ATA_ERROR), bm);
    return COMMAND_FAILED;
}

/*
 * The command is overdue. Look at the drive before giving up: its interrupt may
 * be on its way, or lost; and where time jumps to the next timer of an idle
 * machine, the host's disk has had no time yet, and gets it here.
 */
enum command_result command_look(struct ide_channel *ch, unsigned reads)
{
    while (reads-- > 0)
        if (inb(ch->bm + BM_STATUS) & BM_INTERRUPT)
            break;
    return command_result(ch);
}

/*
 * Stop the bus master, which may take as long as the disk does: QEMU keeps the
 * processor in that very instruction until the request is answered. So the
 * answer may be there afterwards. COMMAND_RUNS: it is not, and the drives are
 * to be reset.
 */
enum command_result command_stop(struct ide_channel *ch)
{
    outb(ch->bm + BM_COMMAND, 0);
    return command_look(ch, POLL_RESET);
}

/* Reset both drives; the bus master is stopped. Afterwards no frame is written
   any more. */
enum command_result drives_reset(struct ide_channel *ch)
{
    bool alive;

    outb(ch->control, CONTROL_SRST | CONTROL_NIEN);
    ata_pause(ch); /* at least 5 us: twelve reads */
    ata_pause(ch);
    ata_pause(ch);
    outb(ch->control, CONTROL_NIEN);
    alive = ata_poll(ch, STATUS_BSY | STATUS_DRQ, POLL_RESET);
    ch->selected = 0; /* as a reset leaves it */
    inb(ch->base + ATA_STATUS);
    bm_clear(ch); /* an interrupt that is still on its way means nobody */
    outb(ch->control, 0);
    return alive ? COMMAND_LOST : COMMAND_DEAD;
}
