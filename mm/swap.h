/* SPDX-License-Identifier: MIT */
/*
 * Swap: slots on a disk, and the cache of pages that have one.
 *
 * A slot is in use while a swap entry in a page table means it (its count) or
 * a page is cached under it. The cache is a field of the slot, so that finding
 * the page of an entry is one look. A page in the cache holds its slot until
 * it is deleted from it: with count 0 and the page dirtied, the slot is free.
 */
#ifndef MM_SWAP_H
#define MM_SWAP_H

#include <kernel/block.h>
#include <mm/page.h>
#include <kernel/x86/pgtable.h>

#define MAX_SWAP_DEVICES 4
#define SWAP_SLOT_BAD    0xffff /* count of a slot that the disk failed */
#define SWAP_COUNT_MAX   0xfff0 /* fork fails rather than overflow */

struct swap_slot {
    struct page *page; /* cached page or NULL; swap lock */
    u16 count;         /* swap entries in page tables; swap lock */
};

/* A swap entry's place: device and slot, as kept in ptes and page->private. */
typedef u64 swp_t; /* device << 40 | slot */
static inline swp_t swp_make(unsigned dev, u64 slot)
{
    return (u64)dev << 40 | slot;
}
/* To and from a page-table entry; `memory` is the design's (mm/cow.h). */
pte_t pte_from_swp(swp_t s, unsigned memory);
swp_t swp_from_pte(pte_t e);

/* swapon(2), swapoff(2). Path is a block device's. May sleep long; swapoff
   brings everything back and can be interrupted (-EINTR: stays on);
   -ENOMEM if there is no room for it (stays on). */
int swap_on(struct blockdev *dev, int priority);
int swap_off(struct blockdev *dev);

/* Entries. swap_dup: one more entry in a page table means this slot (-ENOMEM
   at the limit); swap_free: one less; frees the slot if nobody caches it. */
int swap_dup(swp_t s);
void swap_free(swp_t s);

/* How many swap entries mean this page? It is in the swap cache and locked
   (or the caller only wants a hint). */
int page_swapcount(struct page *page);

/* The cached page with a reference, or NULL. */
struct page *swap_cache_get(swp_t s);
/* Give the locked anonymous page a slot and enter it in the cache (one
   reference). -ENOSPC: swap is full or off. */
int swap_cache_add(struct page *page);
/* Take the locked page out of the cache: it must be its only copy again, so
   it is set dirty; drops the cache's reference. The slot lives on while
   entries mean it: then the page must be clean and unmapped, and keeps
   nothing. */
void swap_cache_del(struct page *page);
/* If no entry means its slot, and it is not under write-back, give the slot
   back. Page locked. Returns whether it is out of the cache now. */
bool swap_try_free(struct page *page);

/*
 * The page of an entry, read from disk if need be: a reference, in *out, maybe
 * not yet up to date (wait for its lock). 0; -ENOMEM; -EIO: the slot is bad;
 * -EAGAIN: the entry is not valid any more. May sleep for memory only.
 */
int swap_read(swp_t s, struct page **out);

/* Start writing a locked, clean-in-tables, cached page out. PG_WRITEBACK is
   set until it ends; unlocks the page. On a disk error the page becomes dirty
   again, its slot is retired once unused. May sleep for a request slot. */
void swap_write(struct page *page);

bool swap_available(void);    /* some slot is free */
bool swap_mostly_full(void);  /* over half in use: give slots back early */
bool swap_going_off(swp_t s); /* its device is being swapped off */

struct swap_info { /* for /proc/swaps and sysinfo */
    char name[16];
    u64 slots, used, bad;
    int priority;
};
/* The n-th device in use; false if there is none. */
bool swap_info(unsigned n, struct swap_info *out);
void swap_totals(u64 *total, u64 *free);

/* For mm_verify: visit every slot in use. */
void swap_for_each_slot(void (*fn)(swp_t s, struct page *page, u16 count,
                                   void *arg),
                        void *arg);

#endif
