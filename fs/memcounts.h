/* SPDX-License-Identifier: MIT */
/* How much memory there is of what: fs/ only. */
#ifndef FS_MEMCOUNTS_H
#define FS_MEMCOUNTS_H

#include <mm/zone.h>

/* All in frames. */
struct mem_counts {
    u64 total, free, available;
    u64 present; /* in the direct map: with what the allocator never had */
    u64 anon, files, mapped, swap_cached;
    u64 active, inactive, locked;
    u64 writeback, slab, stacks, tables, bounce;
};

/* Looks at every frame, at none of them for long: nothing stands still
   meanwhile. May sleep. */
void mem_count(struct mem_counts *c);

/* The same without looking at frames, for those who ask often. */
struct space_counts {
    u64 locked, tables;
};
void space_count(struct space_counts *c); /* sums over all address spaces */
u64 lru_active(void);
u64 lru_inactive(void);

/* /sys/devices/system/node/node0/meminfo */
struct text;
struct text_file;
void node_show_meminfo(struct text *t, const struct text_file *tf, void *arg);
/* The same folder's vmstat. */
void node_show_vmstat(struct text *t, const struct text_file *tf, void *arg);

#endif
