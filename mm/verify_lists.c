/* SPDX-License-Identifier: MIT */
/*
 * mm_verify(): the LRU lists and the allocator's free lists, each walked under
 * its lock, and compared with what the frames say of themselves.
 */
#include <mm/reclaim.h>
#include <mm/verify_private.h>

/* lru lock held. */
static void check_list(struct verify *v, struct list_head *list, bool active,
                       enum zone_id zone, u64 expected)
{
    struct page *page;
    u64 n = 0;

    list_for_each_entry (page, list, lru) {
        if (!page_flag(page, PG_LRU) || page->zone != zone ||
            page_flag(page, PG_ACTIVE) != active)
            verify_frame(v, page, "on an LRU list that it does not know of");
        if (n++ > expected)
            break; /* longer than it says, perhaps endless */
    }
    if (n != expected)
        verify_mistake(v, "zone %s: %llu %s pages (says %llu)",
                       zones[zone].name, (unsigned long long)n,
                       active ? "active" : "inactive",
                       (unsigned long long)expected);
}

static void check_lru(struct verify *v, enum zone_id zone)
{
    struct lru *l = &lrus[zone];
    u64 flags = spin_lock_irqsave(&l->lock), listed;

    check_list(v, &l->active, true, zone, l->nr_active);
    check_list(v, &l->inactive, false, zone, l->nr_inactive);
    listed = l->nr_active + l->nr_inactive;
    spin_unlock_irqrestore(&l->lock, flags);
    if (listed != v->on_lru[zone])
        verify_sum(v,
                   "zone %s: %llu frames say they are on LRU lists, "
                   "%llu are",
                   zones[zone].name, (unsigned long long)v->on_lru[zone],
                   (unsigned long long)listed);
}

/* Zone lock held. How many blocks. */
static u64 check_blocks(struct verify *v, struct zone *z, unsigned order)
{
    struct page *page;
    u64 n = 0;

    list_for_each_entry (page, &z->free[order], lru) {
        if (!page_flag(page, PG_BUDDY) || page->private != order ||
            page->use != PAGE_FREE || page_refs(page))
            verify_frame(v, page, "on a free list that it does not know of");
        if (n++ > z->free_blocks[order])
            break;
    }
    if (n != z->free_blocks[order])
        verify_mistake(v, "zone %s: %llu free blocks of order %u (says %llu)",
                       z->name, (unsigned long long)n, order,
                       (unsigned long long)z->free_blocks[order]);
    return n;
}

static void check_zone(struct verify *v, enum zone_id zone)
{
    struct zone *z = &zones[zone];
    u64 in_lists = 0, says, flags = spin_lock_irqsave(&z->lock);

    for (unsigned order = 0; order <= MAX_ORDER; order++)
        in_lists += check_blocks(v, z, order) << order;
    for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
        in_lists += READ_ONCE(z->pcp[cpu].count);
    says = zone_free(z);
    spin_unlock_irqrestore(&z->lock, flags);
    if (in_lists != says || v->free_use[zone] != says)
        verify_sum(v,
                   "zone %s: %llu frames on free lists, %llu say they "
                   "are free, and the zone says %llu",
                   z->name, (unsigned long long)in_lists,
                   (unsigned long long)v->free_use[zone],
                   (unsigned long long)says);
}

void verify_lists(struct verify *v)
{
    for (unsigned z = 0; z < NR_ZONES; z++) {
        check_lru(v, z);
        check_zone(v, z);
    }
}
