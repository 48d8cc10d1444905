/* SPDX-License-Identifier: MIT */
/*
 * Zones and the buddy allocator: physical page frames.
 *
 * NORMAL is boot memory, for the kernel and for users. MOVABLE is every
 * DIMM: only pages that can be moved away again (user pages) live there.
 */
#ifndef MM_ZONE_H
#define MM_ZONE_H

#include <mm/page.h>
#include <kernel/current.h>
#include <kernel/lock.h>

enum zone_id { ZONE_NORMAL, ZONE_MOVABLE, NR_ZONES };

#define MAX_ORDER 9 /* the greatest block: 2^9 frames, one section */

/* How the caller may be treated. */
enum alloc_flags {
    ALLOC_ATOMIC = 0,  /* must not sleep */
    ALLOC_WAIT = 1,    /* may sleep and reclaim */
    ALLOC_MOVABLE = 2, /* a user page: MOVABLE first, then NORMAL */
    ALLOC_ZERO = 4,    /* filled with zeroes */
    ALLOC_RESERVE = 8, /* may use the last reserve (reclaim, victims) */
    ALLOC_NO_OOM = 16, /* rather NULL than kill somebody */
    ALLOC_DMA32 = 32,  /* below 4 GiB (for NORMAL) */
    ALLOC_KERNEL = ALLOC_WAIT,
    ALLOC_USER = ALLOC_WAIT | ALLOC_MOVABLE,
};

#define PCP_BATCH 16 /* frames that a short list gets at once */
#define PCP_MAX   64 /* and how many it keeps */

/* Each processor's short list of single frames: most allocations and frees
   touch only this, without the zone lock. */
struct pcp {
    struct spinlock lock; /* (irq) guards all; others take it to drain */
    struct list_head frames;
    unsigned count;
};

struct zone {
    const char *name;
    struct spinlock lock; /* (irq) guards free lists, counts, isolation */
    struct list_head free[MAX_ORDER + 1];
    u64 free_blocks[MAX_ORDER + 1];
    atomic64_t free_frames; /* in buddy lists and pcp lists */
    u64 managed;            /* frames that the allocator owns, lock */
    u64 wmark_min, wmark_low, wmark_high; /* frames; lock to change */
    struct pcp pcp[MAX_CPUS];
};

extern struct zone zones[NR_ZONES];

/*
 * A block of 2^order frames with one reference on its first; `use` says what
 * for. NULL if there is none. With ALLOC_WAIT it may sleep, reclaim, and as
 * the last resort have a process killed; a task that is itself to die gets
 * NULL rather than waiting.
 */
struct page *alloc_pages(unsigned order, enum alloc_flags how,
                         enum page_use use);
/* An allocation with these flags may begin here: nothing is held that reclaim
   wants (mm/lockorder.h). For allocators that may have what they need. */
void might_reclaim(enum alloc_flags how);
/* Free a block by its order: refs must be 1 or 0. Any context. */
void free_pages(struct page *p, unsigned order);

static inline struct page *alloc_page(enum alloc_flags how, enum page_use use)
{
    return alloc_pages(0, how, use);
}

void zones_init(void);
/* Give all processors' short lists back to the buddy lists. */
void zone_drain_pcp(struct zone *z);
u64 zone_free(const struct zone *z);
/* Recompute watermarks after memory came or went. */
void zone_set_watermarks(void);
/* Keep so many frames free over all zones; 0: as many as seem good. -EINVAL:
   more than half of what there is. What is asked for is kept when memory comes
   or goes. */
int zone_set_min_free(u64 frames);
u64 zone_min_free(void);
/* Frames free / managed over all zones. */
u64 total_free_frames(void);
u64 total_frames(void);
/* Hand a range to the allocator / mark it not its own (boot and online). */
void zone_add_frames(struct zone *z, pfn_t pfn, u64 n);

/* Below the mark, as seen by this kind of allocation? For reclaim. */
bool zones_below_low(enum alloc_flags how);
bool zones_below_high(enum alloc_flags how);

#endif
