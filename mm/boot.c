/* SPDX-License-Identifier: MIT */
/* The order in which mm/ comes to life. */
#include <mm/filemap.h>
#include <mm/init.h>
#include <mm/kstack.h>
#include <mm/mm_private.h>
#include <mm/oom.h>
#include <mm/reclaim.h>
#include <mm/removal.h>
#include <mm/rmap.h>
#include <mm/section.h>
#include <mm/slab.h>
#include <mm/swap.h>

void mm_boot(void)
{
    page_init();
    mm_events_init();
    zones_init();
    lru_init();
    sections_boot(); /* from here on there are frames */
    slab_init();
    kstack_init();
    rmap_init();
    filemap_init();
    mm_init();
    commit_init();
    swap_init();
    oom_init();
    removal_init();
    fault_init();
}

void mm_start_threads(void)
{
    kswapd_start();
}
