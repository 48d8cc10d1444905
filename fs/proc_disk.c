/* SPDX-License-Identifier: MIT */
/*
 * What disks have done: /proc/diskstats and /sys/block/NAME/stat, for iostat
 * and vmstat -d. Bios are counted as they were asked for; how many the driver
 * then did in one command is not told ("merged" is 0).
 */
#include <fs/devices.h>
#include <fs/procfs.h>
#include <fs/text.h>
#include <kernel/block.h>
#include <kernel/time.h>

#define ULL(n) ((unsigned long long)(n))
#define MS(ns) ULL((ns) / NSEC_PER_MSEC)

static void add_transfers(struct text *t, const struct block_stats *s,
                          enum bio_op op)
{
    text_add(t, "%llu 0 %llu %llu ", ULL(s->bios[op]), ULL(s->sectors[op]),
             MS(s->ns[op]));
}

void disk_stats_add(struct text *t, struct blockdev *dev)
{
    struct block_stats s = blockdev_stats(dev);
    u64 all = 0;

    for (unsigned op = 0; op < NR_BIO_OPS; op++)
        all += s.ns[op];
    add_transfers(t, &s, BIO_READ);
    add_transfers(t, &s, BIO_WRITE);
    text_add(t, "%u %llu %llu", s.in_flight, MS(s.busy_ns), MS(all));
    text_add(t, " 0 0 0 0 %llu %llu\n", ULL(s.bios[BIO_FLUSH]),
             MS(s.ns[BIO_FLUSH]));
}

static void show_diskstats(struct text *t, const struct text_file *tf,
                           void *arg)
{
    struct blockdev *dev;

    (void)tf;
    (void)arg;
    for (unsigned i = 0; (dev = blockdev_nth(i)); i++) {
        text_add(t, "%4u %7u %s ", blkdev_major(dev), blkdev_minor(dev),
                 dev->name);
        disk_stats_add(t, dev);
    }
}

void proc_disk_init(void)
{
    static const struct text_file file = {.show = show_diskstats};

    text_create("/proc/diskstats", &file);
}
