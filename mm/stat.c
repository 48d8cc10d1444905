/* SPDX-License-Identifier: MIT */
/* The counters of mm/stat.h and their names. */
#include <mm/stat.h>

atomic64_t mm_stats[NR_MM_STATS];

#define MM_STAT_NAME(name) #name,
const char *const mm_stat_names[NR_MM_STATS] = {MM_STATS(MM_STAT_NAME)};
