/* SPDX-License-Identifier: MIT */
/*
 * Swap devices and their slots, for the files of swap only.
 *
 * A device's slots lie in chunks, a page of struct swap_slot each. A chunk
 * with free slots is on its device's list `open`; slots are given out from the
 * first of them, upwards, until it is full. So pages that go out one after
 * another lie on the disk one after another, and finding a slot costs a look
 * at each slot of a chunk at most, on average far less.
 */
#ifndef MM_SWAP_PRIVATE_H
#define MM_SWAP_PRIVATE_H

#include <mm/swap.h>
#include <mm/zone.h>

#define SLOTS_PER_CHUNK (PAGE_SIZE / sizeof(struct swap_slot))
/* The array of chunks is one kmalloc. */
#define SWAP_MAX_CHUNKS  ((1ul << 21) / sizeof(struct swap_chunk))
#define SECTORS_PER_SLOT (PAGE_SIZE / SECTOR_SIZE)

enum swap_state {
    SWAP_OFF,
    SWAP_ON,
    SWAP_GOING, /* being swapped off: no slot is given out */
};

/* All fields: swap lock. */
struct swap_chunk {
    struct swap_slot *slots; /* fixed */
    struct list_head node;   /* on swap_device.open, if free > 0 */
    u16 free;                /* slots neither used nor bad */
    u16 next;                /* where to look for the next one */
};

/* All fields: swap lock; dev, name, nr_* are fixed while it is not off. */
struct swap_device {
    struct blockdev *dev;
    enum swap_state state;
    int priority; /* higher first */
    u64 nr_slots; /* slot 0, the header, included */
    u64 nr_chunks;
    struct swap_chunk *chunks;
    struct list_head open; /* chunks with free slots, in order of use */
    u64 free, used, bad;   /* slots; the header counts as bad */
};

extern struct swap_device swap_devices[MAX_SWAP_DEVICES];
/* (irq) Slots that page_swapcount_hint found are not freed meanwhile. */
extern struct spinlock swap_hint_lock;
extern struct mutex swapon_lock; /* one swapon or swapoff at a time */

static inline unsigned swp_dev(swp_t s)
{
    return s >> 40;
}

static inline u64 swp_slot(swp_t s)
{
    return s & ((1ull << 40) - 1);
}

/* All four with the swap lock held. */
/* NULL: no such device or slot. */
struct swap_slot *swap_slot_of(swp_t s);
bool swap_slot_used(const struct swap_slot *slot);
/* A free slot; the caller makes it used at once. False: there is none. */
bool swap_slot_take(swp_t *s);
/* A count or the cached page went away: if both have, the slot is free. */
void swap_slot_settle(swp_t s);

/* mm/swapon.c: the device in swap_devices, or NULL. swapon lock held. */
struct swap_device *swap_find(struct blockdev *dev);
/* Free a device's chunks. It is off, or was never on. */
void swap_free_chunks(struct swap_device *d);

/* mm/swap_cache.c: enter a page that is about to be read. The reference and
   the lock on page are the caller's. 0; -EAGAIN: no entry means s; -EEXIST:
   another page is there. */
int swap_cache_enter(struct page *page, swp_t s);
/* mm/swap_cache.c: some entry means s, and no page is in the cache for it. */
bool swap_missing(swp_t s);
/* mm/swap_read.c: swap_read with the caller's own kind of allocation, which
   sleeps for the disk rather than say -EBUSY. */
int swap_read_how(swp_t s, enum alloc_flags how, struct page **out);

/*
 * Requests to the disk come from fixed pools: writing a page out must never
 * need memory. mm/swap_io.c.
 */
struct swap_request {
    struct list_head node; /* on its pool's free list, pool lock */
    struct bio bio;
    struct bio_seg seg;
    struct page *page;
};
/* Take a request for a transfer in this direction. May sleep for one: that is,
   until the disk has ended a transfer, and for nothing else. */
struct swap_request *swap_request_get(enum bio_op op);
/* Take one if one is free, or NULL. */
struct swap_request *swap_request_try(enum bio_op op);
void swap_request_put(struct swap_request *r); /* any context */
/* Start it: one page to or from slot s. */
void swap_request_start(struct swap_request *r, struct page *page, swp_t s,
                        void (*end)(struct bio *bio));

#endif
