/* SPDX-License-Identifier: MIT */
/*
 * The list of block devices, and the checks that every transfer passes, so
 * that no driver has to make them.
 */
#include <kernel/block.h>
#include <kernel/errno.h>
#include <kernel/string.h>
#include <kernel/time.h>
#include <kernel/wait.h>
#include <mm/lockorder.h>

/* Written at boot, by one processor, before anybody else looks. */
static struct list_head devices = LIST_INIT(devices);

void blockdev_register(struct blockdev *dev)
{
    spin_init(&dev->stats_lock, "disk statistics", RANK_DISK_STATS);
    list_add_tail(&dev->node, &devices);
}

struct blockdev *blockdev_find(const char *name)
{
    struct blockdev *dev;

    list_for_each_entry (dev, &devices, node) {
        if (strcmp(dev->name, name) == 0)
            return dev;
    }
    return NULL;
}

struct blockdev *blockdev_nth(unsigned n)
{
    struct blockdev *dev;

    list_for_each_entry (dev, &devices, node) {
        if (n-- == 0)
            return dev;
    }
    return NULL;
}

static bool seg_is_valid(const struct bio_seg *seg)
{
    return seg->len > 0 && seg->len <= PAGE_SIZE &&
           seg->off <= PAGE_SIZE - seg->len && (seg->off | seg->len) % 2 == 0;
}

/* Whole sectors, all of them on the device, in pieces that DMA can do. */
static bool bio_is_valid(const struct bio *bio)
{
    u64 bytes = 0;

    if (bio->op == BIO_FLUSH)
        return true;
    for (u32 i = 0; i < bio->nr_segs; i++) {
        if (!seg_is_valid(&bio->segs[i]))
            return false;
        bytes += bio->segs[i].len;
    }
    return bytes > 0 && bytes % SECTOR_SIZE == 0 &&
           bytes >> SECTOR_SHIFT <= bio->dev->sectors &&
           bio->sector <= bio->dev->sectors - (bytes >> SECTOR_SHIFT);
}

/* ---- statistics ---- */

static void count_begin(struct bio *bio)
{
    struct blockdev *dev = bio->dev;
    u64 flags = spin_lock_irqsave(&dev->stats_lock);

    bio->began = now_ns();
    if (dev->stats.in_flight++ == 0)
        dev->stats.busy_since = bio->began;
    spin_unlock_irqrestore(&dev->stats_lock, flags);
}

static void count_end(const struct bio *bio)
{
    struct blockdev *dev = bio->dev;
    u64 flags = spin_lock_irqsave(&dev->stats_lock), now = now_ns();
    struct block_stats *s = &dev->stats;

    s->bios[bio->op]++;
    s->sectors[bio->op] += bio->done >> SECTOR_SHIFT;
    s->ns[bio->op] += now - bio->began;
    if (--s->in_flight == 0)
        s->busy_ns += now - s->busy_since;
    spin_unlock_irqrestore(&dev->stats_lock, flags);
}

struct block_stats blockdev_stats(struct blockdev *dev)
{
    u64 flags = spin_lock_irqsave(&dev->stats_lock);
    struct block_stats s = dev->stats;

    if (s.in_flight)
        s.busy_ns += now_ns() - s.busy_since;
    spin_unlock_irqrestore(&dev->stats_lock, flags);
    return s;
}

/* ---- bios ---- */

void bio_end(struct bio *bio)
{
    count_end(bio);
    bio->end(bio);
}

void bio_submit(struct bio *bio)
{
    bio->error = 0;
    bio->done = 0;
    if (bio_is_valid(bio)) {
        count_begin(bio);
        bio->dev->submit(bio);
        return;
    }
    bio->error = -EIO;
    bio->end(bio);
}

static void wake_submitter(struct bio *bio)
{
    complete(bio->private);
}

int bio_submit_wait(struct bio *bio)
{
    struct completion done;

    completion_init(&done);
    bio->end = wake_submitter;
    bio->private = &done;
    bio_submit(bio);
    wait_for_completion(&done);
    return bio->error;
}

int blockdev_flush(struct blockdev *dev)
{
    struct bio bio = {.dev = dev, .op = BIO_FLUSH};

    return bio_submit_wait(&bio);
}
