/* SPDX-License-Identifier: MIT */
/*
 * Allocating and freeing frames: the processors' short lists, and what to do
 * when there is nothing.
 *
 * The short list of a processor is under a lock of its own, which others take
 * only to drain it: so that a section can be isolated without asking every
 * processor to stop.
 *
 *   free, on some processor          isolation
 *   -----------------------          ---------
 *   lock short list                  zone lock: section is GOING
 *   section GOING? no: add           lock each short list: drain it
 *   unlock
 *
 * A free that did not see GOING has its frame in the list before the drain
 * gets the list's lock.
 */
#include <mm/lockorder.h>
#include <mm/pcp.h>
#include <mm/reclaim.h>
#include <mm/section.h>
#include <kernel/current.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/wait.h>

#define TRIES  3 /* of reclaim without any progress, before OOM */
#define POISON 0xdb

void pcp_init(struct zone *z)
{
    for (unsigned i = 0; i < MAX_CPUS; i++) {
        spin_init(&z->pcp[i].lock, "pcp", RANK_PCP);
        list_init(&z->pcp[i].frames);
    }
}

/* ---- taking ---- */

static struct page *take_single(struct zone *z)
{
    struct pcp *c = &z->pcp[cpu_id()]; /* any one is right, ours is fast */
    u64 flags = spin_lock_irqsave(&c->lock);
    struct page *p = NULL;

    if (list_empty(&c->frames))
        c->count += zone_take_batch(z, &c->frames, PCP_BATCH);
    if (!list_empty(&c->frames)) {
        p = list_first(&c->frames, struct page, lru);
        list_del(&p->lru);
        c->count--;
        atomic_dec(&z->free_frames);
    }
    spin_unlock_irqrestore(&c->lock, flags);
    return p;
}

static struct page *take_from(struct zone *z, unsigned order,
                              enum alloc_flags how, u64 mark)
{
    if (zone_free(z) < mark + (1ull << order))
        return NULL;
    if (order == 0 && !(how & ALLOC_DMA32))
        return take_single(z);
    return zone_take_block(z, order, how & ALLOC_DMA32);
}

enum mark { MARK_LOW, MARK_MIN, MARK_ATOMIC, MARK_NONE };

static u64 mark_of(const struct zone *z, enum mark m)
{
    switch (m) {
    case MARK_LOW:
        return z->wmark_low;
    case MARK_MIN:
        return z->wmark_min;
    case MARK_ATOMIC:
        return z->wmark_min / 2;
    default:
        return 0;
    }
}

static struct page *take(unsigned order, enum alloc_flags how, enum mark m)
{
    struct zone *normal = &zones[ZONE_NORMAL];
    struct zone *movable = &zones[ZONE_MOVABLE];
    u64 mark = mark_of(normal, m);
    struct page *p = NULL;

    if (how & ALLOC_MOVABLE) {
        p = take_from(movable, order, how, mark_of(movable, m));
        /* What users may not take of Normal is the kernel's: it has nowhere
           else to go. A DIMM that is emptied into Normal stops there too. */
        mark += m == MARK_NONE ? 0 : normal->wmark_high;
    }
    return p ? p : take_from(normal, order, how, mark);
}

/* How deep may this caller reach? */
static enum mark lowest_mark(enum alloc_flags how)
{
    if ((how & ALLOC_RESERVE) || is_memalloc() || is_oom_victim())
        return MARK_NONE;
    return how & ALLOC_WAIT ? MARK_MIN : MARK_ATOMIC;
}

/* Not out of memory: only no frames in a row. Nobody has to die for that. */
static bool only_scattered(unsigned order, enum alloc_flags how)
{
    const struct zone *normal = &zones[ZONE_NORMAL];

    return order > 0 && zone_free(normal) > mark_of(normal, lowest_mark(how));
}

/* Frames in a row of what is free already. NULL: reclaim may do better. */
static struct page *make_row(unsigned order, enum alloc_flags how)
{
    struct page *p;

    if (!only_scattered(order, how))
        return NULL;
    zone_drain_pcp(&zones[ZONE_NORMAL]); /* others' lists */
    p = take(order, how, lowest_mark(how));
    if (!p && compact_memory())
        p = take(order, how, lowest_mark(how));
    return p;
}

/*
 * Nothing above the mark: reclaim, and as the last resort have somebody
 * killed. A task that is to die does not wait for memory: NULL lets it get on
 * with dying.
 */
static struct page *take_with_effort(unsigned order, enum alloc_flags how)
{
    unsigned tries = 0;
    struct page *p;

    might_sleep();
    for (;;) {
        u64 freed;

        p = make_row(order, how);
        if (p)
            return p;
        freed = reclaim_direct(how, order);
        p = take(order, how, lowest_mark(how));
        if (p)
            return p;
        zone_drain_pcp(&zones[ZONE_NORMAL]); /* others' lists, for blocks */
        p = take(order, how, lowest_mark(how));
        if (p || fatal_signal_pending())
            return p;
        if (freed > 0 && order == 0)
            tries = 0;
        else if (++tries < TRIES)
            continue;
        else if ((how & ALLOC_NO_OOM) || order > 3 ||
                 only_scattered(order, how) || !oom_kill())
            return NULL;
        else
            tries = 0;
    }
}

static void prepare(struct page *p, unsigned order, enum alloc_flags how,
                    enum page_use use)
{
    for (unsigned i = 0; i < 1u << order; i++) {
        ASSERT(p[i].use == PAGE_FREE && page_refs(&p[i]) == 0);
        __atomic_store_n(&p[i].flags, 0, __ATOMIC_RELAXED);
        p[i].use = use;
        p[i].private = 0;
        p[i].anon_vma = NULL;
        list_init(&p[i].lru);
    }
    if (how & ALLOC_ZERO)
        memset(page_to_virt(p), 0, PAGE_SIZE << order);
    atomic_set(&p->refs, 1);
}

/* While it reclaims, a task's own allocations do not. */
void might_reclaim(enum alloc_flags how)
{
    if ((how & ALLOC_WAIT) && !is_memalloc())
        lock_order_wanted(&reclaim_class, WAIT_KILL);
}

struct page *alloc_pages(unsigned order, enum alloc_flags how,
                         enum page_use use)
{
    struct page *p;

    might_reclaim(how);
    p = take(order, how, MARK_LOW);
    if (!p) {
        kswapd_wake();
        p = take(order, how, lowest_mark(how));
    }
    if (!p && (how & ALLOC_WAIT) && !is_memalloc())
        p = take_with_effort(order, how);
    if (p)
        prepare(p, order, how, use);
    return p;
}

/* ---- giving back ---- */

static void poison(struct page *p)
{
#ifdef CONFIG_DEBUG
    memset(page_to_virt(p), POISON, 64);
#else
    (void)p;
#endif
}

/* Half of a list that is full goes back. The list's lock is held. */
static void trim(struct zone *z, struct pcp *c, unsigned keep)
{
    while (c->count > keep) {
        struct page *p = list_last(&c->frames, struct page, lru);

        list_del(&p->lru);
        c->count--;
        zone_free_block(z, p, 0);
    }
}

/* Into this processor's short list, unless its section is to go. */
static bool free_single(struct zone *z, struct page *p)
{
    struct pcp *c = &z->pcp[cpu_id()];
    u64 flags = spin_lock_irqsave(&c->lock);
    bool going = READ_ONCE(section_get(p->section)->state) == SECTION_GOING;

    if (!going) {
        list_add(&p->lru, &c->frames);
        if (++c->count > PCP_MAX)
            trim(z, c, PCP_MAX / 2);
    }
    spin_unlock_irqrestore(&c->lock, flags);
    return !going;
}

void free_pages(struct page *p, unsigned order)
{
    struct zone *z = &zones[p->zone];

    ASSERT(p->use != PAGE_FREE && page_refs(p) <= 1);
    poison(p);
    atomic_set(&p->refs, 0);
    for (unsigned i = 0; i < 1u << order; i++)
        p[i].use = PAGE_FREE;
    atomic_add(&z->free_frames, 1 << order);
    if (order > 0 || !free_single(z, p))
        zone_free_block(z, p, order);
}

void zone_drain_pcp(struct zone *z)
{
    for (unsigned i = 0; i < MAX_CPUS; i++) {
        struct pcp *c = &z->pcp[i];
        u64 flags = spin_lock_irqsave(&c->lock);

        trim(z, c, 0);
        spin_unlock_irqrestore(&c->lock, flags);
    }
}
