/* SPDX-License-Identifier: MIT */
/*
 * struct page: what the kernel knows about one page frame.
 *
 * The counts, of which everything in hotcow is about:
 *
 *   refs     = one for each page-table entry that maps the page
 *            + one if it is in the swap cache, or a file's, in its place
 *            + one for each pin (get_user_pages)
 *            + one for whoever isolated it or holds it for a moment.
 *              At 0 the frame is free.
 *   mapcount = page-table entries that map it.
 *   swapcount= swap entries in page tables that mean it; kept with the slot
 *              (mm/swap.h), readable while the page is in the swap cache.
 *
 * An owner moves between mapcount and swapcount only under the page lock, and
 * the count that rises is raised first: whoever holds the lock never reads a
 * sum that is too low.
 */
#ifndef MM_PAGE_H
#define MM_PAGE_H

#include <kernel/atomic.h>
#include <kernel/list.h>
#include <kernel/print.h>

struct anon_vma;
struct mapping;

/* What a frame is used for: for people, for removal, for mm_verify(). */
enum page_use {
    PAGE_FREE,     /* in the buddy allocator or on a processor's list */
    PAGE_RESERVED, /* not the allocator's: firmware, kernel image, modules */
    PAGE_MEMMAP,   /* holds a section's own struct pages */
    PAGE_ANON,     /* private user memory */
    PAGE_FILE,     /* a page of a file in memory */
    PAGE_TABLE,    /* a page table */
    PAGE_SLAB,     /* kernel objects */
    PAGE_STACK,    /* a kernel stack */
    PAGE_KERNEL,   /* other kernel memory */
    PAGE_BOUNCE,   /* a disk's bounce buffers */
    PAGE_ISOLATED, /* free, and kept from the allocator for removal */
    PAGE_ZERO,     /* what unwritten memory reads: mapped without being
                      counted, but pinned like any other */
    PAGE_USES
};

enum page_flag {
    PG_LOCKED,     /* the page lock */
    PG_WAITERS,    /* somebody sleeps for this page: wake on change */
    PG_DIRTY,      /* contents differ from the swap slot's, or no slot */
    PG_REFERENCED, /* used since the LRU scan last came by */
    PG_ACTIVE,     /* on (or bound for) the active list */
    PG_LRU,        /* on an LRU list; changes under the lru lock */
    PG_SWAPCACHE,  /* in the swap cache; changes under page + swap lock */
    PG_WRITEBACK,  /* being written to swap: must not be freed or moved */
    PG_UPTODATE,   /* contents are valid; off while being read */
    PG_ERROR,      /* the read of its contents failed */
    PG_RECLAIM,    /* free it as soon as write-back ends */
    PG_EXCLUSIVE,  /* for designs that remember it in the page (mm/cow.h) */
    PG_BUDDY,      /* head of a free block; private = order; zone lock */
};

struct page {
    union {
        struct {
            u32 flags;     /* enum page_flag; atomic */
            atomic_t refs; /* see above; at 0 the frame is the allocator's */
        };
        u64 flags_and_refs; /* both at one moment: put_page */
    };
    atomic_t mapcount; /* see above; raised under pt_lock or page lock */
    u16 section_off;   /* frame's index in its section; fixed */
    u8 use;            /* enum page_use; written by the frame's owner */
    u8 zone;           /* enum zone_id; fixed while the section is online */
    u32 section;       /* section number; fixed */
    u32 lock_tid;      /* who holds the page lock; 0 = nobody */
    struct list_head lru; /* LRU list (lru lock) or free list (zone/pcp) */
    u64 private;          /* swap entry if PG_SWAPCACHE (page lock to
                                  change); order if PG_BUDDY; owner's else */
    union {
        struct anon_vma *anon_vma; /* PAGE_ANON: a counted reference, set at
                                      the first mapping, dropped when freed */
        struct mapping *mapping;   /* PAGE_FILE: whose it is, while it is in
                                      its place there; page lock */
    };
    u64 index;                /* PAGE_ANON: address >> 12 at first mapping;
                                  PAGE_FILE: page number in the file */
    u32 seen_maps, seen_refs; /* mm_verify()'s scratch; nobody else's */
};

static inline bool page_flag(const struct page *p, enum page_flag f)
{
    return bit_test(&p->flags, f);
}

static inline bool page_set(struct page *p, enum page_flag f)
{
    return bit_set(&p->flags, f);
}

static inline bool page_clear(struct page *p, enum page_flag f)
{
    return bit_clear(&p->flags, f);
}

/* References. get_page needs one already to stand on, as the kernel's frames
   are freed whatever their count is. For a frame that was found by its number
   there is lru_get (mm/reclaim.h). */
static inline int page_refs(const struct page *p)
{
    return atomic_read(&p->refs);
}

static inline int page_mapcount(const struct page *p)
{
    return atomic_read(&p->mapcount);
}

static inline void get_page(struct page *p)
{
    int refs = atomic_inc(&p->refs);

    ASSERT(refs > 1); /* somebody's reference was there to stand on */
}
/* Drop one; at 0 the frame is freed. Any context, interrupts included. If
   somebody waits for the page's references to drain, wakes them. */
void put_page(struct page *p);

/*
 * The page lock: what a page *is* (in the swap cache or not, under which
 * entry, being moved) changes only under it. Raw I/O does not take it. Held
 * across unmapping; by a mover that waits for pins; and while its contents are
 * read (PG_UPTODATE is off), whose completion unlocks. Never across a transfer
 * besides, but reclaim may wait for a place in the disk's queue with the rest
 * of a batch locked.
 */
void lock_page(struct page *p);         /* may sleep */
int lock_page_killable(struct page *p); /* 0, or -EINTR with no lock */
bool trylock_page(struct page *p);
void unlock_page(struct page *p); /* any context */
bool page_locked(const struct page *p);
/* The lock, which we hold, is to be released by an interrupt: from now on it
   is not this task's, for the lock order checker. */
void page_lock_handover(struct page *p);

/* Sleep (not holding the lock) until a flag is clear. A reference is held. */
void wait_on_page_flag(struct page *p, enum page_flag f);
int wait_on_page_flag_killable(struct page *p, enum page_flag f);
/* Wake whoever sleeps for this page: a flag was cleared, a reference fell. */
void wake_page(struct page *p);
/* The queue that sleepers for this page share with others. Set PG_WAITERS
   before looking, as put_page wakes only then. */
struct waitq *page_waitq(struct page *p);

/* Frame number <-> struct page: O(1), mm/section.c. The page of a frame that
   has none (not RAM, removed) is NULL. */
struct page *pfn_to_page(pfn_t pfn);
pfn_t page_to_pfn(const struct page *p);
void *page_to_virt(const struct page *p);
struct page *virt_to_page(const void *va);

/* User memory: it ages, goes to swap, and can be moved. */
static inline bool page_is_user(const struct page *p)
{
    return p->use == PAGE_ANON || p->use == PAGE_FILE;
}

const char *page_use_name(const struct page *p);
/* Describe a frame for people: every count and flag, without a newline. */
int page_describe(struct page *p, char *buf, size_t size);

#endif
