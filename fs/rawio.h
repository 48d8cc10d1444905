/* SPDX-License-Identifier: MIT */
/*
 * Raw I/O: one transfer between a disk and pinned user pages; fs/ only.
 */
#ifndef FS_RAWIO_H
#define FS_RAWIO_H

#include <kernel/block.h>
#include <mm/gup.h>

struct mm;

/* One request. From raw_start until done() it belongs to the disk. */
struct raw_io {
    struct bio bio;
    struct pin_set pins;
    u64 bytes;
    bool write;                      /* to the disk */
    void (*done)(struct raw_io *io); /* in an interrupt; pins are gone */
    void *private;
};

/* As Linux asks of O_DIRECT: all multiples of 512. 0 or -EINVAL. */
int raw_check(const struct user_range *r, unsigned n, u64 pos);
/*
 * Pin the pieces and start. 0, or -EFAULT, -ENOMEM, -EINTR: then nothing was
 * started, and done is not called. Within the device, and whole sectors. May
 * sleep. Who can wait cuts a long transfer into pieces of RAW_MAX bytes, so
 * that few pages are pinned at a time.
 */
#define RAW_MAX (1u << 20)
int raw_start(struct raw_io *io, struct blockdev *dev, u64 pos,
              const struct user_range *r, unsigned n, bool write,
              const char *what);

#endif
