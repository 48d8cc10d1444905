/* SPDX-License-Identifier: MIT */
/*
 * Reclaim: two LRU lists a zone, kswapd, direct reclaim, the OOM killer.
 */
#ifndef MM_RECLAIM_H
#define MM_RECLAIM_H

#include <mm/mm.h>
#include <mm/page.h>
#include <mm/zone.h>

/* User pages of one zone by age. */
struct lru {
    struct spinlock lock; /* (irq) guards lists, counts, PG_LRU, PG_ACTIVE */
    struct list_head active, inactive; /* young pages at the front */
    u64 nr_active, nr_inactive;
};
extern struct lru lrus[NR_ZONES];

void lru_init(void);
void lru_add(struct page *p, bool active); /* not on a list; a ref is held */
/* A reference on a frame that was found by its number. False: it is not a user
   page on a list. The sections are held. Any context. */
bool lru_get(struct page *p);
/* Take it off for the caller, who gets a reference. False: not on a list. */
bool lru_isolate(struct page *p);
void lru_putback(struct page *p); /* and drop that reference */
void lru_del(struct page *p);     /* being freed; any context */
/* Take up to n of the oldest pages off a list of a zone, as lru_isolate does,
   and put them on `out`, linked by page->lru. How many. */
unsigned lru_take(enum zone_id zone, bool active, unsigned n,
                  struct list_head *out);
/* Make it the oldest inactive page, if it is one. Any context. */
void lru_rotate(struct page *p);
/* Make it the oldest inactive page, whatever it was. Any context. */
void lru_deactivate(struct page *p);
/* Seen in use: inactive pages become referenced, then active. */
void lru_mark_accessed(struct page *p);

/*
 * Free some frames for an allocation of this kind. Returns how many were
 * freed. Not to be called by a task that is reclaiming already.
 */
u64 reclaim_direct(enum alloc_flags how, unsigned order);
/*
 * Reclaim this page now (MADV_PAGEOUT): 0 = nobody maps it any more (it is
 * freed with the caller's reference, unless a pin or a disk error keeps the
 * frame in the swap cache); -EBUSY if it may not be unmapped, -EAGAIN if in
 * use, -ENOSPC if there is no swap, -EINTR. The caller holds one reference,
 * which it still has to drop; the page is isolated here. Waits for write-back.
 */
int reclaim_page(struct page *p);

/* One scan, for the files that reclaim. */
struct scan {
    bool desperate; /* take pages that were used lately, too */
    u64 freed;      /* pages that became free */
    u64 writing;    /* pages met, or put, under write-back */
};
/* Look at 1/2^priority of a zone's lists. May sleep. */
void reclaim_zone(enum zone_id zone, unsigned priority, struct scan *sc);
/* RANK_RECLAIM: for whoever may come to reclaim, and for it itself. */
extern const struct lock_class reclaim_class;
#define RECLAIM_PRIORITY 6 /* where to begin; at 0 all is looked at */

void kswapd_start(void);
void kswapd_wake(void); /* any context */

/*
 * mm/compact.c: make frames in a row of the normal zone's scattered ones.
 * False: too few are free, or sections come or go; nothing was done. May
 * sleep, for locks that reclaim takes too.
 */
bool compact_memory(void);

/* Nothing can be reclaimed: have a process killed, or wait for one that was.
   False if there is nobody to kill. May sleep. */
bool oom_kill(void);

#endif
