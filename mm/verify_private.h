/* SPDX-License-Identifier: MIT */
/* mm_verify's own: what one walk found. */
#ifndef MM_VERIFY_PRIVATE_H
#define MM_VERIFY_PRIVATE_H

#include <mm/zone.h>
#include <kernel/print.h>

#define VERIFY_LINES 32 /* mistakes that are described; all are counted */

struct verify {
    unsigned mistakes, nr_lines;
    bool moving; /* a removal is under way: pages may be in its hands */
    /* Totals, for the last line. */
    u64 anon, file, slots, pins, free, migration, in_transit;
    u64 cached_slots, cached_pages; /* slots with a page; PG_SWAPCACHE pages */
    u64 on_lru[NR_ZONES];           /* frames with PG_LRU */
    u64 free_use[NR_ZONES];         /* frames that say PAGE_FREE */
    char line[VERIFY_LINES][128];
};

/* Note a mistake. Any context: nothing is emitted before the walk is over. */
void verify_mistake(struct verify *v, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same, about a frame. */
void verify_frame(struct verify *v, const struct page *page, const char *what);

/* mm/verify_lists.c: LRU lists and free lists, after the frames. */
void verify_lists(struct verify *v);

#endif
