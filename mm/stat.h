/* SPDX-License-Identifier: MIT */
/* Counters: what happened since boot. /proc/vmstat shows them by name. */
#ifndef MM_STAT_H
#define MM_STAT_H

#include <kernel/atomic.h>

#define MM_STATS(X)                                               \
    X(pgfault)       /* page faults */                            \
    X(pgmajfault)    /* of those, needing the disk */             \
    X(anon_zeroed)   /* fresh anonymous pages */                  \
    X(cow_copy)      /* write faults that copied */               \
    X(cow_reuse)     /* write faults that kept the page */        \
    X(cow_fork_copy) /* pages copied at fork */                   \
    X(unmap_done)    /* pages taken out of all page tables */     \
    X(unmap_refused) /* unmaps that the design refused */         \
    X(pswpin)        /* pages read from swap */                   \
    X(swap_ra)       /* of these: before anybody asked */         \
    X(pswpout)       /* pages written to swap */                  \
    X(swap_read_errors)                                           \
    X(swap_write_errors)                                          \
    X(pgscan)     /* pages that reclaim looked at */              \
    X(pgsteal)    /* of those, freed */                           \
    X(allocstall) /* direct reclaims */                           \
    X(oom_kill)                                                   \
    X(compact_stall) /* sections emptied for frames in a row */   \
    X(pgmigrate_success)                                          \
    X(pgmigrate_fail)                                             \
    X(pgmigrate_bytes)                                            \
    X(fault_slept) /* faults that slept for a page being moved */ \
    X(fault_slept_ns)                                             \
    X(pin_slept) /* get_user_pages that slept for that */         \
    X(pin_slept_ns)                                               \
    X(pin_get)  /* pins taken */                                  \
    X(pin_put)  /* pins released */                               \
    X(raw_read) /* raw I/Os completed */                          \
    X(raw_write)                                                  \
    X(raw_bytes)                                                  \
    X(raw_errors)                                                 \
    X(bounce_bytes) /* of those, through bounce buffers */        \
    X(removal_passes)                                             \
    X(removal_done)                                               \
    X(removal_failed)                                             \
    X(tlb_shootdowns)

#define MM_STAT_ENUM(name) STAT_##name,
enum mm_stat { MM_STATS(MM_STAT_ENUM) NR_MM_STATS };
#undef MM_STAT_ENUM

/* Any context; no order with anything. */
extern atomic64_t mm_stats[NR_MM_STATS];
extern const char *const mm_stat_names[NR_MM_STATS];

static inline void stat_add(enum mm_stat s, u64 n)
{
    __atomic_fetch_add(&mm_stats[s].v, (s64)n, __ATOMIC_RELAXED);
}

static inline void stat_inc(enum mm_stat s)
{
    stat_add(s, 1);
}

static inline u64 stat_read(enum mm_stat s)
{
    return (u64)atomic_read(&mm_stats[s]);
}

#endif
