/* SPDX-License-Identifier: MIT */
/*
 * From the pieces of page frames that bios list to the bus master's list.
 *
 * The drive reads and writes the pinned frames themselves. Only a frame above
 * 4 GiB, whose address has no room in an entry, goes through the channel's
 * bounce frames: a write is copied there before the command starts; a read is
 * copied from there, in the interrupt, into the *pinned frame*, wherever the
 * process's page tables point by then.
 *
 * One command goes on from a bio to the one queued behind it, if both allow it
 * and that one goes on where this one ends on the disk.
 *
 * Nothing is remembered about a bounced piece: the bounce frames are filled in
 * the order of the bios, so that a second walk over the same bytes finds each
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

static u64 bio_bytes(const struct bio *bio)
{
    u64 bytes = 0;

    for (u32 i = 0; i < bio->nr_segs; i++)
        bytes += bio->segs[i].len;
    return bytes;
}

/* The bio behind this one, if one command can do both; or NULL. */
static struct bio *joined(const struct ide_channel *ch, struct bio *bio)
{
    struct bio *next = list_entry(bio->node.next, struct bio, node);

    if (ch->alone > 0 || !bio->may_join || bio->node.next == &ch->queue ||
        !next->may_join || next->dev != bio->dev || next->op != bio->op)
        return NULL;
    return next->sector == bio->sector + (bio_bytes(bio) >> SECTOR_SHIFT)
               ? next
               : NULL;
}

/* Step over segments that are used up (or were empty), into the next bio. */
static void skip_ended(const struct ide_channel *ch, struct bio_place *at)
{
    struct bio *next = at->bio;

    while (next) {
        while (at->seg < at->bio->nr_segs &&
               at->off == at->bio->segs[at->seg].len) {
            at->seg++;
            at->off = 0;
        }
        next = at->seg == at->bio->nr_segs ? joined(ch, at->bio) : NULL;
        if (next)
            *at = (struct bio_place){.bio = next};
    }
}

static const struct bio_seg *seg_at(const struct bio_place *at)
{
    return &at->bio->segs[at->seg];
}

/* The bytes that lie together at this place: at most `most`; 0 = the end. */
static u32 piece_at(const struct ide_channel *ch, struct bio_place *at,
                    u32 most)
{
    skip_ended(ch, at);
    if (at->seg == at->bio->nr_segs)
        return 0;
    return min_u64(seg_at(at)->len - at->off, most);
}

/* Of how many bios is the command that is out? */
unsigned prd_bios(const struct ide_channel *ch)
{
    struct bio_place at = ch->at;
    u32 left = ch->bytes;
    unsigned bios = 1;

    while (left > 0) {
        const struct bio *before = at.bio;
        u32 len = piece_at(ch, &at, left);

        bios += at.bio != before;
        at.off += len;
        left -= len;
    }
    return bios;
}

/* The command that is out did what it had to. */
void prd_advance(struct ide_channel *ch)
{
    u32 bytes = ch->bytes;

    while (bytes > 0) {
        u32 len = piece_at(ch, &ch->at, bytes);

        ch->at.bio->done += len;
        ch->at.off += len;
        bytes -= len;
    }
    skip_ended(ch, &ch->at);
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
 * Make the list for the next command: from ch->at on, up to `most`
 * bytes, or as much as the list and the bounce frames hold. Returns the bytes,
 * whole sectors. There is always room for one: 512 entries for at most 256
 * pieces of 2 bytes.
 */
u32 prd_build(struct ide_channel *ch, u32 most)
{
    struct prd_list l = {.entry = ch->prd};
    struct bio_place at = ch->at;
    u32 len;

    while ((len = piece_at(ch, &at, most - l.bytes)) > 0) {
        u32 got = append_piece(ch, &l, seg_at(&at), at.off, len);

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
static void bounce_copy(struct ide_channel *ch, bool in)
{
    struct bio_place at = ch->at;
    u32 left = ch->bytes, used = 0;

    while (left > 0) {
        u32 len = piece_at(ch, &at, left);
        const struct bio_seg *seg = seg_at(&at);

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

void bounce_out(struct ide_channel *ch)
{
    bounce_copy(ch, false);
}

void bounce_in(struct ide_channel *ch)
{
    bounce_copy(ch, true);
}
