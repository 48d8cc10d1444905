/* SPDX-License-Identifier: MIT */
/*
 * Block devices: what mm/swap and fs/ ask of a disk driver.
 *
 * A bio is one transfer between consecutive sectors and a list of pieces of
 * page frames. The submitter owns the bio and its segments until end() is
 * called; the frames must be pinned (have a reference) until then.
 */
#ifndef KERNEL_BLOCK_H
#define KERNEL_BLOCK_H

#include <kernel/list.h>
#include <kernel/lock.h>

#define SECTOR_SHIFT 9
#define SECTOR_SIZE  512u

enum bio_op { BIO_READ, BIO_WRITE, BIO_FLUSH, NR_BIO_OPS };

struct bio_seg {
    pfn_t pfn;
    u32 off; /* bytes into the frame; off and len are multiples of 2 */
    u32 len; /* bytes; off + len <= PAGE_SIZE */
};

struct bio {
    struct list_head node; /* the driver's, from submission until end() */
    struct blockdev *dev;
    enum bio_op op;
    u64 sector;           /* the first, on dev */
    struct bio_seg *segs; /* total length a multiple of SECTOR_SIZE */
    u32 nr_segs;
    /* It may be done in one command with others that lie before and behind it
       on the disk. Each still ends for itself, and alone if the command fails.
       Not for raw I/O, whose requests the disk sees as they were asked for. */
    bool may_join;
    /* Set by the driver before end(): */
    int error; /* 0 or -EIO */
    u64 done;  /* bytes that certainly were transferred */
    /*
     * Called once, in interrupt context (or from bio_submit itself when the
     * request is refused at once). May submit other bios.
     */
    void (*end)(struct bio *bio);
    void *private; /* the submitter's */
    u64 began;     /* bio_submit's: when, for the statistics */
};

/* What a disk has been asked for, for people; [enum bio_op]. */
struct block_stats {
    u64 bios[NR_BIO_OPS], sectors[NR_BIO_OPS]; /* that have ended; sectors that
                                                  came or went */
    u64 ns[NR_BIO_OPS]; /* from submission to end, all of them together */
    u64 busy_ns;        /* time with any of them under way */
    unsigned in_flight;
    u64 busy_since; /* in_flight > 0 */
};

struct blockdev {
    char name[16];         /* "hda" */
    u64 sectors;           /* capacity */
    struct list_head node; /* list of devices; written at boot only */
    void (*submit)(struct bio *bio);
    void *driver;               /* the driver's own */
    struct spinlock stats_lock; /* (irq) guards stats */
    struct block_stats stats;
};

/* Boot only. */
void blockdev_register(struct blockdev *dev);
/* NULL if there is none of that name. Devices stay for ever. */
struct blockdev *blockdev_find(const char *name);
/* The n-th device, or NULL. */
struct blockdev *blockdev_nth(unsigned n);

/*
 * Start a transfer; does not sleep, allocates nothing; any context. A range
 * outside the device ends at once with -EIO.
 */
void bio_submit(struct bio *bio);

/* For drivers: error and done are set; calls end(). No locks held. */
void bio_end(struct bio *bio);

/* As of now. Any context. */
struct block_stats blockdev_stats(struct blockdev *dev);

/* Submit and wait. Returns bio->error. May sleep; not interruptible. */
int bio_submit_wait(struct bio *bio);

/* What has been written becomes durable: 0 or -EIO. May sleep, as above. */
int blockdev_flush(struct blockdev *dev);

#endif
