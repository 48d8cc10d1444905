/* SPDX-License-Identifier: MIT */
/* mm_verify's own. */
#ifndef MM_VERIFY_PRIVATE_H
#define MM_VERIFY_PRIVATE_H

#include <mm/zone.h>
#include <kernel/print.h>

#define VERIFY_LINES 32 /* mistakes that are described; all are counted */
#define VERIFY_LINE  128

struct mm;
struct vma;

/* What one walk found. */
struct verify {
    u16 walk;          /* its number, not 0 */
    bool moving;       /* a removal is under way: pages may be in its hands */
    bool busy;         /* others run, or the disk writes: see verify_sum */
    unsigned wrong;    /* all that is */
    unsigned mistakes; /* of these, as in the walks before: mistakes */
    unsigned not_followed; /* not even among these: no room */
    unsigned unsure;       /* may be wrong, and may be somebody's */
    /* Totals, for the last line. */
    u64 anon, file, slots, pins, free, migration, in_transit;
    u64 cached_slots, cached_pages; /* slots with a page; PG_SWAPCACHE pages */
    u64 on_lru[NR_ZONES];           /* frames with PG_LRU */
    u64 free_use[NR_ZONES];         /* frames that say PAGE_FREE */
    char line[VERIFY_LINES][VERIFY_LINE]; /* of the mistakes */
};

/* mm/verify.c: one walk over everything. May sleep. */
void verify_walk(struct verify *v);

/* mm/verify_walks.c: something is wrong, in these words and with these figures,
   under the locks that make it exact. Any context: nothing is emitted before
   the walks are over. */
void verify_mistake(struct verify *v, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same of a sum that was gathered bit by bit: whoever is half-way through a
   fork or a fault makes it wrong for as long as that takes, so nobody can tell
   while others are at work. */
void verify_sum(struct verify *v, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same, about the sums of a frame. */
void verify_frame(struct verify *v, const struct page *page, const char *what);

/* mm/verify_rmap.c. Is the entry at va, which is in this area (or NULL), found
   from the page? mmap_lock and pt_lock held. */
void verify_rmap(struct verify *v, const struct vma *vma, u64 va,
                 const struct page *page);
/* Is each area on the lists that it names? mmap_lock held; may sleep. */
void verify_areas(struct verify *v, struct mm *mm);

/* mm/verify_lists.c: LRU lists and free lists, after the frames. */
void verify_lists(struct verify *v);

#endif
