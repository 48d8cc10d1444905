/* SPDX-License-Identifier: MIT */
/*
 * Raw I/O: one transfer between a disk and pinned user pages; fs/ only.
 */
#ifndef FS_RAWIO_H
#define FS_RAWIO_H

#include <kernel/block.h>
#include <mm/gup.h>

struct mm;

/* What one bio does of a request: as many pages as one frame has room to list
   as pins, and another as segments. No request needs frames in a row. */
#define RAW_PART_PAGES 256u
struct raw_part {
    struct bio bio;
    struct pin_set pins;
    struct raw_io *io;
    struct raw_part *next; /* what comes behind it in the request */
};

/* One request. From raw_start until done() it belongs to the disk. */
struct raw_io {
    struct bio bio; /* for done(): dev, op, sector, and of all parts together
                       error and done (bytes up to the first error) */
    struct raw_part first;
    atomic_t left; /* parts that have not ended, and raw_start */
    /* In an interrupt, or from raw_start; pins are gone. */
    void (*done)(struct raw_io *io);
    void *private;
};

/* As Linux asks of O_DIRECT: all multiples of 512. 0 or -EINVAL. */
int raw_check(const struct user_range *r, unsigned n, u64 pos);
/*
 * Pin the pieces and start. 0, or -EFAULT, -ENOMEM, -EINTR: then nothing was
 * started, and done is not called; it is the request's error if a part of it
 * had been started before. Within the device, and whole sectors; not nothing.
 * May sleep. Who can wait cuts a long transfer into pieces of RAW_MAX bytes, so
 * that few pages are pinned at a time.
 */
#define RAW_MAX (1u << 20)
int raw_start(struct raw_io *io, struct blockdev *dev, u64 pos,
              const struct user_range *r, unsigned n, bool write,
              const char *what);

#endif
