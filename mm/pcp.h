/* SPDX-License-Identifier: MIT */
/* Between the buddy lists and the processors' short lists; mm/ only. */
#ifndef MM_PCP_H
#define MM_PCP_H

#include <mm/zone.h>

/* mm/pcp.c */
void pcp_init(struct zone *z);

/* mm/zone.c. Frames that move between the two kinds of lists stay counted in
   free_frames. */
unsigned zone_take_batch(struct zone *z, struct list_head *out, unsigned n);
void zone_free_block(struct zone *z, struct page *p, unsigned order);
/* A block for its user: not counted any more. low: below 4 GiB. */
struct page *zone_take_block(struct zone *z, unsigned order, bool low);

#endif
