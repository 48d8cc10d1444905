/* SPDX-License-Identifier: MIT */
/*
 * Reclaim: two LRU lists a zone, kswapd, direct reclaim, the OOM killer.
 */
#ifndef MM_RECLAIM_H
#define MM_RECLAIM_H

#include <mm/mm.h>
#include <mm/page.h>
#include <mm/zone.h>

/* Anonymous pages of one zone by age. */
struct lru {
    struct spinlock lock; /* (irq) guards lists, counts, PG_LRU, PG_ACTIVE */
    struct list_head active, inactive; /* young pages at the front */
    u64 nr_active, nr_inactive;
};
extern struct lru lrus[NR_ZONES];

void lru_init(void);
void lru_add(struct page *p, bool active); /* not on a list; a ref is held */
/* Take it off for the caller, who gets a reference. False: not on a list. */
bool lru_isolate(struct page *p);
void lru_putback(struct page *p); /* and drop that reference */
void lru_del(struct page *p);     /* being freed; any context */
/* Seen in use: inactive pages become referenced, then active. */
void lru_mark_accessed(struct page *p);

/*
 * Free some frames for an allocation of this kind. Returns how many were
 * freed. Not to be called by a task that is reclaiming already.
 */
u64 reclaim_direct(enum alloc_flags how, unsigned order);
/* Reclaim this page now (MADV_PAGEOUT): 0 = it left memory or is on its way,
   -EBUSY if it may not be unmapped, -EAGAIN if in use. Waits for write-back. */
int reclaim_page(struct page *p);
void kswapd_start(void);
void kswapd_wake(void); /* any context */

/* Nothing can be reclaimed: have a process killed, or wait for one that was.
   False if there is nobody to kill. May sleep. */
bool oom_kill(void);

#endif
