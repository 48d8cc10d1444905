/* SPDX-License-Identifier: MIT */
/*
 * From the pieces of page frames that a bio lists to the bus master's list.
 *
 * The drive reads and writes the pinned frames themselves. Only a frame above
 * 4 GiB, whose address has no room in an entry, goes through the channel's
 * bounce frames: a write is copied there before the command starts; a read is
 * copied from there, in the interrupt, into the *pinned frame*, wherever the
 * process's page tables point by then.
 *
 * Nothing is remembered about a bounced piece: the bounce frames are filled in
 * the order of the bio, so that a second walk over the same bytes finds each
 * piece where the first one put it.
 */
#include <drivers/ide/ide.h>
#include <kernel/string.h>
#include <kernel/x86/directmap.h>
#include <mm/stat.h>

#define PFN_4GIB  (1ull << (32 - PAGE_SHIFT))
#define PRD_BYTES 65536u /* an entry's greatest length, and its alignment */

/* A list that is being made. */
struct prd_list {
    struct prd *entry;
    unsigned nr;
    u32 bytes, bounced;
};

static bool needs_bounce(const struct bio_seg *seg)
{
    return seg->pfn >= PFN_4GIB;
}

/* Step over segments that are used up (or were empty). */
static void skip_ended(const struct bio *bio, struct bio_place *at)
{
    while (at->seg < bio->nr_segs && at->off == bio->segs[at->seg].len) {
        at->seg++;
        at->off = 0;
    }
}

/* The bytes that lie together at this place: at most `most`; 0 = the end. */
static u32 piece_at(const struct bio *bio, struct bio_place *at, u32 most)
{
    skip_ended(bio, at);
    if (at->seg == bio->nr_segs)
        return 0;
    return min_u64(bio->segs[at->seg].len - at->off, most);
}

void bio_advance(const struct bio *bio, struct bio_place *at, u32 bytes)
{
    while (bytes > 0) {
        u32 len = piece_at(bio, at, bytes);

        at->off += len;
        bytes -= len;
    }
    skip_ended(bio, at);
}

static u32 prd_bytes(const struct prd *e)
{
    return e->bytes ? e->bytes : PRD_BYTES;
}

/* A piece lies in one frame, so alone it cannot cross a 64 KiB line; joined to
   the entry before it might. */
static bool continues(const struct prd *e, u32 phys, u32 len)
{
    return e->phys + prd_bytes(e) == phys &&
           e->phys / PRD_BYTES == (phys + len - 1) / PRD_BYTES;
}

/* False: the list is full. */
static bool list_append(struct prd_list *l, u32 phys, u32 len)
{
    struct prd *last = l->nr > 0 ? &l->entry[l->nr - 1] : NULL;

    if (last && continues(last, phys, len)) {
        last->bytes = prd_bytes(last) + len; /* 64 KiB becomes 0 */
    } else {
        if (l->nr == PRD_ENTRIES)
            return false;
        l->entry[l->nr++] = (struct prd){.phys = phys, .bytes = len};
    }
    l->bytes += len;
    return true;
}

/* A drive moves whole sectors: take the odd end off again. */
static void list_cut(struct prd_list *l, u32 bytes)
{
    l->bytes -= bytes;
    while (bytes > 0) {
        struct prd *last = &l->entry[l->nr - 1];
        u32 cut = min_u64(prd_bytes(last), bytes);

        if (cut == prd_bytes(last))
            l->nr--;
        else
            last->bytes = prd_bytes(last) - cut;
        bytes -= cut;
    }
}

/* Append the piece at this place, or its bounced stand-in. Returns how much
   of it there was room for. */
static u32 append_piece(struct ide_channel *ch, struct prd_list *l,
                        const struct bio_seg *seg, u32 off, u32 len)
{
    u32 phys;

    if (needs_bounce(seg)) {
        len = min_u64(len, BOUNCE_SIZE - l->bounced);
        phys = virt_to_phys(ch->bounce) + l->bounced;
    } else {
        phys = (seg->pfn << PAGE_SHIFT) + seg->off + off;
    }
    if (len == 0 || !list_append(l, phys, len))
        return 0;
    if (needs_bounce(seg))
        l->bounced += len;
    return len;
}

/*
 * Make the list for the next command of this bio: from ch->at on, up to `most`
 * bytes, or as much as the list and the bounce frames hold. Returns the bytes,
 * whole sectors. There is always room for one: 512 entries for at most 256
 * pieces of 2 bytes.
 */
u32 prd_build(struct ide_channel *ch, const struct bio *bio, u32 most)
{
    struct prd_list l = {.entry = ch->prd};
    struct bio_place at = ch->at;
    u32 len;

    while ((len = piece_at(bio, &at, most - l.bytes)) > 0) {
        u32 got = append_piece(ch, &l, &bio->segs[at.seg], at.off, len);

        at.off += got;
        if (got < len)
            break;
    }
    list_cut(&l, l.bytes % SECTOR_SIZE);
    if (l.nr > 0)
        l.entry[l.nr - 1].flags = PRD_LAST;
    return l.bytes;
}

/* Copy the bounced pieces of the command that is out, one way or the other. */
static void bounce_copy(struct ide_channel *ch, const struct bio *bio, bool in)
{
    struct bio_place at = ch->at;
    u32 left = ch->bytes, used = 0;

    while (left > 0) {
        u32 len = piece_at(bio, &at, left);
        const struct bio_seg *seg = &bio->segs[at.seg];

        if (needs_bounce(seg)) {
            u8 *frame = (u8 *)pfn_to_virt(seg->pfn) + seg->off + at.off;
            u8 *bounce = ch->bounce + used;

            memcpy(in ? frame : bounce, in ? bounce : frame, len);
            used += len;
        }
        at.off += len;
        left -= len;
    }
    if (used > 0)
        stat_add(STAT_bounce_bytes, used);
}

void bounce_out(struct ide_channel *ch, const struct bio *bio)
{
    bounce_copy(ch, bio, false);
}

void bounce_in(struct ide_channel *ch, const struct bio *bio)
{
    bounce_copy(ch, bio, true);
}
