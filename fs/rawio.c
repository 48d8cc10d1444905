/* SPDX-License-Identifier: MIT */
/*
 * Raw I/O: pin the user's pages, name them to the disk, and go.
 *
 * A request is done in parts, each with as many pages as one frame has room to
 * list: memory that is free but scattered is enough. A part is started before
 * the next one is pinned, as whoever sleeps for a page must not hold pins that
 * no device is about to let go (mm/gup.h).
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

/* ---- the end ---- */

/* All parts have ended. What comes behind an error does not count. */
static void sum_up(struct raw_io *io)
{
    for (const struct raw_part *p = &io->first; p; p = p->next) {
        io->bio.done += p->bio.done;
        if (p->bio.error) {
            io->bio.error = p->bio.error;
            return;
        }
    }
}

static void finish(struct raw_io *io)
{
    struct raw_part *p, *next;

    sum_up(io);
    stat_inc(io->bio.op == BIO_WRITE ? STAT_raw_write : STAT_raw_read);
    if (io->bio.error)
        stat_inc(STAT_raw_errors);
    for (p = io->first.next; p; p = next) {
        next = p->next;
        kfree(p);
    }
    io->done(io);
}

static void put_io(struct raw_io *io)
{
    if (atomic_dec_and_test(&io->left))
        finish(io);
}

static void part_end(struct bio *bio)
{
    struct raw_part *p = bio->private;

    mm_event("raw.done", p->pins.pages[0], "sector=%llu bytes=%llu error=%d",
             (unsigned long long)bio->sector, (unsigned long long)bio->done,
             bio->error);
    stat_add(STAT_raw_bytes, bio->done);
    unpin_user_pages(&p->pins, bio->op == BIO_READ);
    kfree(bio->segs);
    put_io(p->io);
}

/* ---- the start ---- */

/* The pieces of a request that are in no part yet. */
struct rest {
    const struct user_range *r;
    unsigned n;
    u64 off; /* into the first */
    u64 sector;
};

/* The pieces of the next part; how many. */
static unsigned cut_part(struct rest *rest, struct user_range *out)
{
    u64 room = RAW_PART_PAGES;
    unsigned k = 0;

    while (rest->n && room > 0) {
        u64 at = rest->r->addr + rest->off, left = rest->r->len - rest->off;
        u64 len = min_u64(left, room * PAGE_SIZE - (at & ~PAGE_MASK));

        if (len) {
            room -= (PAGE_UP(at + len) - PAGE_DOWN(at)) >> PAGE_SHIFT;
            out[k++] = (struct user_range){at, len};
        }
        rest->off += len;
        if (len == left) {
            rest->r++;
            rest->n--;
            rest->off = 0;
        }
    }
    return k;
}

static u64 fill_segments(struct raw_part *p, struct bio_seg *segs)
{
    struct pin_set *ps = &p->pins;
    u64 bytes = 0;

    for (unsigned i = 0; i < ps->nr; i++) {
        segs[i] = (struct bio_seg){page_to_pfn(ps->pages[i]), ps->offs[i],
                                   ps->lens[i]};
        bytes += ps->lens[i];
    }
    p->bio.segs = segs;
    p->bio.nr_segs = ps->nr;
    return bytes;
}

/* The k pieces; *sector goes behind them. */
static int start_part(struct raw_io *io, struct raw_part *p, u64 *sector,
                      const struct user_range *pieces, unsigned k,
                      const char *what)
{
    bool write = io->bio.op == BIO_WRITE;
    struct bio_seg *segs;
    u64 bytes;
    int err;

    *p = (struct raw_part){.io = io};
    err = pin_user_pages(&p->pins, current_mm(), pieces, k, !write, what);
    if (err)
        return err;
    segs = kmalloc(p->pins.nr * sizeof(*segs), ALLOC_KERNEL);
    if (!segs) {
        unpin_user_pages(&p->pins, false);
        return -ENOMEM;
    }
    p->bio = (struct bio){.dev = io->bio.dev,
                          .op = io->bio.op,
                          .sector = *sector,
                          .end = part_end,
                          .private = p};
    bytes = fill_segments(p, segs);
    *sector += bytes >> SECTOR_SHIFT;
    mm_event("raw.start", p->pins.pages[0], "sector=%llu bytes=%llu write=%d",
             (unsigned long long)p->bio.sector, (unsigned long long)bytes,
             write);
    atomic_inc(&io->left);
    bio_submit(&p->bio);
    return 0;
}

/* All parts, until one cannot be started. *any: one was. */
static int start_parts(struct raw_io *io, struct rest *rest,
                       struct user_range *pieces, const char *what, bool *any)
{
    struct raw_part *p = &io->first, *last = NULL;
    unsigned k;
    int err;

    while ((k = cut_part(rest, pieces))) {
        if (last)
            p = kmalloc(sizeof(*p), ALLOC_KERNEL);
        if (!p)
            return -ENOMEM;
        err = start_part(io, p, &rest->sector, pieces, k, what);
        if (err) {
            if (last)
                kfree(p);
            return err;
        }
        *any = true;
        if (last)
            last->next = p; /* nobody looks before raw_start has ended */
        last = p;
    }
    return 0;
}

int raw_start(struct raw_io *io, struct blockdev *dev, u64 pos,
              const struct user_range *r, unsigned n, bool write,
              const char *what)
{
    struct rest rest = {.r = r, .n = n, .sector = pos >> SECTOR_SHIFT};
    struct user_range *pieces =
        kmalloc(min_u64(n, RAW_PART_PAGES) * sizeof(*pieces), ALLOC_KERNEL);
    bool any = false;
    int err;

    if (!pieces)
        return -ENOMEM;
    io->bio = (struct bio){
        .dev = dev, .op = write ? BIO_WRITE : BIO_READ, .sector = rest.sector};
    atomic_set(&io->left, 1);
    err = start_parts(io, &rest, pieces, what, &any);
    kfree(pieces);
    if (!any)
        return err;
    io->bio.error = err;
    put_io(io);
    return 0;
}
