/* SPDX-License-Identifier: MIT */
/*
 * IDE disks behind a bus master: what the files of this folder share.
 *
 *   ide.c       finds the controller, makes channels, registers disks
 *   identify.c  asks each drive what it is
 *   queue.c     requests: submitted, queued, ended; interrupts and time-outs
 *   command.c   one command: the registers of the drive and the bus master
 *   prd.c       one command: from pieces of page frames to a DMA list
 *
 * A channel is a cable: two drives, one set of registers, one command at a
 * time. Both channels work in parallel.
 */
#ifndef DRIVERS_IDE_H
#define DRIVERS_IDE_H

#include <kernel/block.h>
#include <kernel/lock.h>
#include <kernel/time.h>

/* Drive registers, from ide_channel.base. */
#define ATA_DATA     0
#define ATA_ERROR    1
#define ATA_COUNT    2
#define ATA_LBA_LOW  3
#define ATA_LBA_MID  4
#define ATA_LBA_HIGH 5
#define ATA_DEVICE   6
#define ATA_STATUS   7 /* reading it takes the interrupt back */
#define ATA_COMMAND  7

#define STATUS_ERR 0x01
#define STATUS_DRQ 0x08
#define STATUS_DF  0x20 /* drive fault */
#define STATUS_BSY 0x80

/* The control register (ide_channel.control); reads: the status, and the
   interrupt stays. It is the channel's: both drives obey it. */
#define CONTROL_NIEN 0x02 /* no interrupts */
#define CONTROL_SRST 0x04 /* reset both drives */

/* Bus master registers, from ide_channel.bm. */
#define BM_COMMAND 0
#define BM_STATUS  2
#define BM_PRDT    4

#define BM_START        0x01
#define BM_TO_MEMORY    0x08
#define BM_ACTIVE       0x01
#define BM_ERROR        0x02 /* write 1 to clear */
#define BM_INTERRUPT    0x04 /* write 1 to clear */
#define BM_DRIVES_READY 0x60 /* firmware's notes; written back as they are */

/*
 * How many reads of a status register we give a drive. A read takes about a
 * microsecond, so these are bounds, not waits by a clock: a drive that is
 * well answers at the first read.
 */
#define POLL_READY    10000
#define POLL_IDENTIFY 100000
#define POLL_OVERDUE  100000
#define POLL_RESET    1000000

/* An entry of the bus master's list: two bytes' alignment, and no entry
   crosses a 64 KiB line. */
struct prd {
    u32 phys;
    u16 bytes; /* 0 = 64 KiB */
    u16 flags;
};

#define PRD_LAST    0x8000
#define PRD_ENTRIES (PAGE_SIZE / sizeof(struct prd))

/* Frames that a PRD cannot name go through this much memory that it can. */
#define BOUNCE_ORDER 4
#define BOUNCE_SIZE  (PAGE_SIZE << BOUNCE_ORDER)

struct ide_channel;

struct ide_drive { /* fixed after ide_init */
    struct blockdev dev;
    struct ide_channel *channel;
    u8 unit; /* 0 = master, 1 = slave */
    bool present;
    bool lba48;
    u8 flush; /* its command to flush its cache, 0 = it has none */
};

/* A place in the memory of the bios that are queued. */
struct bio_place {
    struct bio *bio;
    u32 seg, off;
};

enum channel_state {
    CHANNEL_IDLE,
    CHANNEL_BUSY,    /* a command for the first bios of the queue is out */
    CHANNEL_REFUSED, /* the drive does not take it: the timer's handler comes */
    CHANNEL_RESET,   /* the timer's handler has the registers to itself */
};

struct ide_channel {
    /* Fixed after ide_init. */
    const char *name;
    u16 base, control, bm; /* I/O ports */
    unsigned irq;
    struct ide_drive drives[2];
    struct prd *prd;
    u8 *bounce;

    struct spinlock lock;   /* (irq) guards all below, *prd, *bounce, and the
                               registers unless state is CHANNEL_RESET */
    struct list_head queue; /* bios; the first are being worked on */
    enum channel_state state;
    bool dead;           /* it did not come back from a reset: set once */
    u8 selected;         /* the ATA_DEVICE value the cable has */
    unsigned alone;      /* so many bios are to be tried one by one */
    unsigned failures;   /* of the command that is out: see TRIES */
    struct bio_place at; /* where the command that is out begins */
    u64 lba;             /* of the command that is out */
    u32 bytes;           /* what it transfers */
    u64 deadline;        /* when it is overdue */
    struct timer timer;  /* armed while BUSY or REFUSED, maybe a bit longer */
};

/* ide.c */
void ide_init(void);

/* identify.c: what is on the cable? Boot only; its interrupt is off. */
void ide_identify(struct ide_channel *ch);

/* queue.c */
void ide_queue_init(struct ide_channel *ch);
void ide_submit(struct bio *bio);
void ide_interrupt(void *channel);

/* prd.c; the channel's lock is held. */
u32 prd_build(struct ide_channel *ch, u32 most);
void bounce_out(struct ide_channel *ch);
void bounce_in(struct ide_channel *ch);
void prd_advance(struct ide_channel *ch);
unsigned prd_bios(const struct ide_channel *ch);

enum command_result {
    COMMAND_RUNS,
    COMMAND_OK,
    COMMAND_FAILED,
    COMMAND_LOST, /* it was not answered, and a reset took it back */
    COMMAND_DEAD, /* nor do the drives come back from the reset */
};

/* command.c; the channel's lock is held. But the second look, the stop and the
   reset take long: they are called without it, in state CHANNEL_RESET. */
bool command_start(struct ide_channel *ch);
enum command_result command_result(struct ide_channel *ch);
enum command_result command_look(struct ide_channel *ch, unsigned reads);
enum command_result command_stop(struct ide_channel *ch);
enum command_result drives_reset(struct ide_channel *ch);
void command_event(const char *kind, struct ide_channel *ch);
bool ata_poll(const struct ide_channel *ch, u8 off, unsigned reads);
void ata_pause(const struct ide_channel *ch);

#endif
