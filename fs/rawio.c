/* SPDX-License-Identifier: MIT */
/*
 * Raw I/O: pin the user's pages, name them to the disk, and go.
 *
 * The pins are let go in the interrupt that ends the transfer: the process may
 * have unmapped the buffer or have ended by then. Nothing here takes the page
 * lock: who owns a page, and where it is mapped, is not raw I/O's business.
 */
#include <fs/rawio.h>
#include <kernel/current.h>
#include <kernel/errno.h>
#include <mm/event.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/stat.h>

int raw_check(const struct user_range *r, unsigned n, u64 pos)
{
    u64 all = pos;

    for (unsigned i = 0; i < n; i++)
        all |= r[i].addr | r[i].len;
    return all % SECTOR_SIZE ? -EINVAL : 0;
}

static void raw_end(struct bio *bio)
{
    struct raw_io *io = bio->private;

    mm_event("raw.done", io->pins.pages[0], "sector=%llu bytes=%llu error=%d",
             (unsigned long long)bio->sector, (unsigned long long)bio->done,
             bio->error);
    stat_inc(io->write ? STAT_raw_write : STAT_raw_read);
    stat_add(STAT_raw_bytes, bio->done);
    if (bio->error)
        stat_inc(STAT_raw_errors);
    unpin_user_pages(&io->pins, !io->write);
    kfree(bio->segs);
    io->done(io);
}

static void fill_segments(struct raw_io *io, struct bio_seg *segs)
{
    struct pin_set *ps = &io->pins;

    for (unsigned i = 0; i < ps->nr; i++)
        segs[i] = (struct bio_seg){page_to_pfn(ps->pages[i]), ps->offs[i],
                                   ps->lens[i]};
    io->bio.segs = segs;
    io->bio.nr_segs = ps->nr;
}

int raw_start(struct raw_io *io, struct blockdev *dev, u64 pos,
              const struct user_range *r, unsigned n, bool write,
              const char *what)
{
    struct bio_seg *segs;
    int err = pin_user_pages(&io->pins, current_mm(), r, n, !write, what);

    if (err)
        return err;
    segs = kmalloc(io->pins.nr * sizeof(*segs), ALLOC_KERNEL);
    if (!segs) {
        unpin_user_pages(&io->pins, false);
        return -ENOMEM;
    }
    io->write = write;
    io->bytes = 0;
    for (unsigned i = 0; i < n; i++)
        io->bytes += r[i].len;
    io->bio = (struct bio){.dev = dev,
                           .op = write ? BIO_WRITE : BIO_READ,
                           .sector = pos >> SECTOR_SHIFT,
                           .end = raw_end,
                           .private = io};
    fill_segments(io, segs);
    mm_event("raw.start", io->pins.pages[0], "sector=%llu bytes=%llu write=%d",
             (unsigned long long)io->bio.sector, (unsigned long long)io->bytes,
             write);
    bio_submit(&io->bio);
    return 0;
}
