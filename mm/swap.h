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
#include <kernel/lock.h>
#include <mm/page.h>
#include <kernel/x86/pgtable.h>

#define MAX_SWAP_DEVICES 4
#define SWAP_SLOT_BAD    0xffff /* count of a slot that the disk failed */
#define SWAP_COUNT_MAX   0xfff0 /* fork fails rather than overflow */

struct swap_slot {
    struct page *page; /* cached page or NULL; swap lock */
    u16 count;         /* swap entries in page tables; swap lock */
    u16 seen;          /* mm_verify()'s scratch; swap lock */
    bool failed;       /* the disk failed it: retire it once unused */
};

/* (irq) Guards slots and the swap cache. */
extern struct spinlock swap_lock;

/* A swap entry's place: device and slot, as kept in ptes and page->private. */
typedef u64 swp_t; /* device << 40 | slot */
static inline swp_t swp_make(unsigned dev, u64 slot)
{
    return (u64)dev << 40 | slot;
}
/* To and from a page-table entry; `memory` is the design's (mm/cow.h). */
pte_t pte_from_swp(swp_t s, unsigned memory);
swp_t swp_from_pte(pte_t e);

/* swapon(2), swapoff(2). Path is a block device's. May sleep long, for each
   other too (-EINTR: to be killed); swapoff brings everything back and can be
   interrupted (-EINTR: stays on); -ENOMEM if there is no room for it, -EIO if
   the disk cannot give it (stays on). */
int swap_on(struct blockdev *dev, int priority);
int swap_off(struct blockdev *dev);

/* Entries. swap_dup: one more entry in a page table means this slot (-ENOMEM
   at the limit); swap_free: one less; frees the slot if nobody caches it. */
int swap_dup(swp_t s);
void swap_free(swp_t s);
/* How many entries mean the slot, for people. Takes the swap lock. */
unsigned swap_count(swp_t s);

/* How many swap entries mean this page? It is in the swap cache and locked
   (or the caller only wants a hint). */
int page_swapcount(struct page *page);
/* The same for people (events, reports), from any context and under any lock:
   read without the swap lock, so that it may be a moment old. */
int page_swapcount_hint(struct page *page);

/* Describe an entry that means s, and the page that is cached under it, for
   people. No reference is taken. Returns the length, as snprintf. */
int swap_describe(swp_t s, char *buf, size_t size);

/* The cached page with a reference, or NULL. */
struct page *swap_cache_get(swp_t s);
/* Give the locked anonymous page a slot and enter it in the cache (one
   reference). -ENOSPC: swap is full or off. */
int swap_cache_add(struct page *page);
/* If no entry means its slot, and it is not under write-back, give the slot
   back. Page locked. Returns whether it is out of the cache now. */
bool swap_try_free(struct page *page);

/*
 * The same for a clean, unmapped, locked page that only the cache and `mine`
 * references of the caller hold: entries go on meaning the slot, and will read
 * it again. False: it is dirty, or somebody looked it up meanwhile.
 */
bool swap_cache_drop(struct page *page, int mine);
/* Put `new` in the place of `old` in the cache, if only the cache and `mine`
   references hold old. Both locked; new takes over the cache's reference. */
bool swap_cache_replace(struct page *old, struct page *new, int mine);
/*
 * The page cached under s if it is locked (or, if `written`, under
 * write-back), with PG_WAITERS set: for those who want to sleep until it is
 * not. Its address only, for page_waitq: whoever moves a page holds its lock
 * and waits for references to go, so that a sleeper with a reference would be
 * waited for by the one it waits for. (And to drop one would wake ourselves.)
 */
struct page *swap_cache_busy(swp_t s, bool written);
/* Sleep until the page cached under s, if any, is neither locked nor under
   write-back, holding no reference on it. 0 or -EINTR. */
int swap_wait_quiet(swp_t s);

/*
 * The page of an entry, read from disk if need be: a reference, in *out, maybe
 * not yet up to date (wait for its lock). 0; -ENOMEM; -EIO: the slot is bad;
 * -EAGAIN: the entry is not valid any more; -EBUSY: as many reads are under way
 * as can be, swap_wait_for_room first. May sleep for memory only.
 */
int swap_read(swp_t s, struct page **out);
/* Sleep until another read can be started. May sleep for the disk: hold nothing
   that others wait for. 0 or -EINTR: to be killed. */
int swap_wait_for_room(void);
/* Start reading what lies beside s on the device and is not in memory either.
   Only in frames that are free; may sleep for a place in the disk's queue: hold
   nothing that others wait for. */
void swap_read_around(swp_t s);
/* So many slots: 2 to the power of this (/proc/sys/vm/page-cluster; 0: only
   what is asked for). Written whole, read any time. */
extern u64 vm_page_cluster;

/* Start writing a locked, clean-in-tables, cached page out. PG_WRITEBACK is
   set until it ends; unlocks the page. On a disk error the page becomes dirty
   again, its slot is retired once unused. May sleep until the disk has ended
   another write: that needs no lock and no memory, so that other pages may be
   locked meanwhile; who wants those waits as long as for a page that is being
   written. */
void swap_write(struct page *page);

/* Writes that ended since boot; sleep until it is no longer `seen`, or no
   write is under way, or a fatal signal comes. */
u64 swap_writes_done(void);
/* Pages that are on their way out; pages in the swap cache. A moment ago. */
u64 swap_writing(void);
u64 swap_cached(void);
void swap_wait_for_write(u64 seen);

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

/* For mm_verify: visit every slot in use, under the swap lock. */
void swap_for_each_slot(void (*fn)(swp_t s, struct swap_slot *slot, void *arg),
                        void *arg);
/* One more entry that means s was seen. False: s is not in use. Else *cached is
   the page that is cached under it, without a reference, or NULL. */
bool swap_seen(swp_t s, struct page **cached);

void swap_init(void); /* boot */

#endif
