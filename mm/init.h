/* SPDX-License-Identifier: MIT */
/* What mm_boot calls, once each, in its order. */
#ifndef MM_INIT_H
#define MM_INIT_H

void page_init(void);
void mm_events_init(void);
void filemap_init(void);
void fault_init(void);
void commit_init(void);

#endif
