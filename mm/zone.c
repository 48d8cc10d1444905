/* SPDX-License-Identifier: MIT */
/*
 * The buddy allocator: free blocks of 2^order frames, in lists by order.
 *
 * 1. A block is naturally aligned within its section, and never crosses it:
 *    its buddy is found by flipping one bit of its offset.
 * 2. The head of a free block has PG_BUDDY and its order in private; both are
 *    read and written under the zone lock only.
 * 3. free_frames counts what is in the lists here and in the processors' short
 *    lists (mm/pcp.c), but not what is isolated.
 *
 * Isolation: a section that is GOING keeps every frame that comes free. That
 * state is set under the zone lock, and looked at wherever a frame enters a
 * list: here under the zone lock, in mm/pcp.c under the short list's.
 */
#include <mm/lockorder.h>
#include <mm/pcp.h>
#include <mm/removal.h>
#include <mm/section.h>
#include <mm/zone.h>
#include <kernel/errno.h>
#include <kernel/print.h>

struct zone zones[NR_ZONES];

void zones_init(void)
{
    static const char *const names[NR_ZONES] = {"Normal", "Movable"};

    for (unsigned i = 0; i < NR_ZONES; i++) {
        struct zone *z = &zones[i];

        z->name = names[i];
        spin_init(&z->lock, "zone", RANK_ZONE);
        for (unsigned o = 0; o <= MAX_ORDER; o++)
            list_init(&z->free[o]);
        pcp_init(z);
    }
}

/* ---- the lists; zone lock held ---- */

static void list_block(struct zone *z, struct page *p, unsigned order)
{
    p->private = order;
    page_set(p, PG_BUDDY);
    list_add(&p->lru, &z->free[order]);
    z->free_blocks[order]++;
}

static void unlist_block(struct zone *z, struct page *p)
{
    unsigned order = p->private;

    list_del(&p->lru);
    page_clear(p, PG_BUDDY);
    p->private = 0;
    z->free_blocks[order]--;
}

/* The rest of a block that was too big goes back, halved and halved again. */
static void give_back_rest(struct zone *z, struct page *p, unsigned from,
                           unsigned order)
{
    while (from > order) {
        from--;
        list_block(z, p + (1u << from), from);
    }
}

static bool is_low(struct page *p)
{
    return page_to_pfn(p) < 1ull << (32 - PAGE_SHIFT);
}

/* A block of this order, or half a bigger one. NULL: there is none. */
static struct page *take_block(struct zone *z, unsigned order, bool low)
{
    for (unsigned o = order; o <= MAX_ORDER; o++) {
        struct page *p;

        list_for_each_entry (p, &z->free[o], lru) {
            if (low && !is_low(p))
                continue;
            unlist_block(z, p);
            give_back_rest(z, p, o, order);
            return p;
        }
    }
    return NULL;
}

/* Join the block with its buddy as often as that one is free. */
static void add_block(struct zone *z, struct page *p, unsigned order)
{
    while (order < MAX_ORDER) {
        unsigned off = p->section_off ^ (1u << order);
        struct page *buddy = p - p->section_off + off;

        if (!page_flag(buddy, PG_BUDDY) || buddy->private != order)
            break;
        unlist_block(z, buddy);
        p = off < p->section_off ? buddy : p;
        order++;
    }
    list_block(z, p, order);
}

static void keep_isolated(struct section *s, struct page *p, unsigned order)
{
    for (unsigned i = 0; i < 1u << order; i++)
        p[i].use = PAGE_ISOLATED;
    WRITE_ONCE(s->isolated_frames, s->isolated_frames + (1u << order));
}

/* ---- for mm/pcp.c ---- */

unsigned zone_take_batch(struct zone *z, struct list_head *out, unsigned n)
{
    unsigned got = 0;
    struct page *p;

    spin_lock(&z->lock);
    while (got < n && (p = take_block(z, 0, false))) {
        list_add_tail(&p->lru, out);
        got++;
    }
    spin_unlock(&z->lock);
    return got;
}

/* Into the lists, or, if its section is to go, out of them. Returns whether it
   was isolated. */
static bool free_locked(struct zone *z, struct page *p, unsigned order)
{
    struct section *s = section_get(p->section);

    if (s->state != SECTION_GOING) {
        add_block(z, p, order);
        return false;
    }
    keep_isolated(s, p, order);
    atomic_sub(&z->free_frames, 1 << order);
    return true;
}

void zone_free_block(struct zone *z, struct page *p, unsigned order)
{
    u64 flags = spin_lock_irqsave(&z->lock);
    bool isolated = free_locked(z, p, order);

    spin_unlock_irqrestore(&z->lock, flags);
    if (isolated)
        removal_frame_freed();
}

struct page *zone_take_block(struct zone *z, unsigned order, bool low)
{
    u64 flags = spin_lock_irqsave(&z->lock);
    struct page *p = take_block(z, order, low);

    spin_unlock_irqrestore(&z->lock, flags);
    if (p)
        atomic_sub(&z->free_frames, 1 << order);
    return p;
}

/* ---- memory comes and goes ---- */

/* The biggest block that is aligned at this frame and no longer than n. */
static unsigned order_at(pfn_t pfn, u64 n)
{
    unsigned order = 0;

    while (order < MAX_ORDER && !(pfn >> order & 1) && 2ull << order <= n)
        order++;
    return order;
}

void zone_add_frames(struct zone *z, pfn_t pfn, u64 n)
{
    u64 flags = spin_lock_irqsave(&z->lock);

    z->managed += n;
    atomic_add(&z->free_frames, (s64)n);
    while (n > 0) {
        unsigned order = order_at(pfn, n);
        struct page *p = pfn_to_page(pfn);

        for (unsigned i = 0; i < 1u << order; i++) {
            p[i].use = PAGE_FREE;
            atomic_set(&p[i].refs, 0);
        }
        add_block(z, p, order);
        pfn += 1ull << order;
        n -= 1ull << order;
    }
    spin_unlock_irqrestore(&z->lock, flags);
}

/*
 * Whoever frees a frame after the state is set keeps it isolated; whoever was
 * faster has put it into a list, which we empty: the buddy lists at once, the
 * short lists after that.
 */
void section_isolate(u32 nr)
{
    struct section *s = section_get(nr);
    struct zone *z = &zones[s->zone];
    u64 flags = spin_lock_irqsave(&z->lock);

    s->state = SECTION_GOING;
    for (unsigned i = 0; i < SECTION_FRAMES;) {
        struct page *p = &s->map[i];
        unsigned order = page_flag(p, PG_BUDDY) ? p->private : 0;

        if (page_flag(p, PG_BUDDY)) {
            unlist_block(z, p);
            keep_isolated(s, p, order);
            atomic_sub(&z->free_frames, 1 << order);
        }
        i += 1u << order;
    }
    spin_unlock_irqrestore(&z->lock, flags);
    zone_drain_pcp(z);
}

void section_unisolate(u32 nr)
{
    struct section *s = section_get(nr);
    struct zone *z = &zones[s->zone];
    u64 flags = spin_lock_irqsave(&z->lock);

    s->state = SECTION_ONLINE;
    atomic_add(&z->free_frames, s->isolated_frames);
    WRITE_ONCE(s->isolated_frames, 0);
    for (unsigned i = 0; i < SECTION_FRAMES; i++)
        if (s->map[i].use == PAGE_ISOLATED) {
            s->map[i].use = PAGE_FREE;
            add_block(z, &s->map[i], 0);
        }
    spin_unlock_irqrestore(&z->lock, flags);
}

void zone_add_isolated(u32 nr, unsigned own)
{
    struct section *s = section_get(nr);
    struct zone *z = &zones[s->zone];
    u64 flags = spin_lock_irqsave(&z->lock);

    s->state = SECTION_GOING;
    s->isolated_frames = 0;
    for (unsigned i = own; i < SECTION_FRAMES; i++) {
        atomic_set(&s->map[i].refs, 0);
        keep_isolated(s, &s->map[i], 0);
    }
    z->managed += s->isolated_frames;
    spin_unlock_irqrestore(&z->lock, flags);
}

void zone_forget_section(u32 nr)
{
    struct section *s = section_get(nr);
    struct zone *z = &zones[s->zone];
    u64 flags = spin_lock_irqsave(&z->lock);

    z->managed -= s->isolated_frames;
    s->isolated_frames = 0;
    s->state = SECTION_OFFLINE;
    s->map = NULL; /* from here on its frames have no struct pages */
    spin_unlock_irqrestore(&z->lock, flags);
}

/* ---- watermarks and figures ---- */

u64 zone_free(const struct zone *z)
{
    s64 n = atomic_read(&z->free_frames);

    return n > 0 ? (u64)n : 0;
}

static u64 wanted_free; /* zone_set_min_free; 0: nobody asked */

/* A zone's part of what is to be kept free goes by its size. */
static u64 share_of(const struct zone *z)
{
    u64 wanted = READ_ONCE(wanted_free), all = max_u64(total_frames(), 1);

    return wanted ? wanted * z->managed / all : z->managed / 128;
}

static void set_watermarks(struct zone *z, u64 floor)
{
    u64 share = share_of(z), flags = spin_lock_irqsave(&z->lock);

    z->wmark_min = z->managed ? max_u64(floor, share) : 0;
    z->wmark_low = z->wmark_min + z->wmark_min / 2;
    z->wmark_high = z->wmark_min * 2;
    spin_unlock_irqrestore(&z->lock, flags);
}

/* The floor of Normal is what reclaim and interrupts need to get on; Movable
   feeds users only. */
void zone_set_watermarks(void)
{
    set_watermarks(&zones[ZONE_NORMAL], 64);
    set_watermarks(&zones[ZONE_MOVABLE], 16);
}

int zone_set_min_free(u64 frames)
{
    if (frames > total_frames() / 2)
        return -EINVAL;
    WRITE_ONCE(wanted_free, frames);
    zone_set_watermarks();
    return 0;
}

u64 zone_min_free(void)
{
    u64 wanted = READ_ONCE(wanted_free);

    return wanted
               ? wanted
               : zones[ZONE_NORMAL].wmark_min + zones[ZONE_MOVABLE].wmark_min;
}

u64 total_free_frames(void)
{
    return zone_free(&zones[ZONE_NORMAL]) + zone_free(&zones[ZONE_MOVABLE]);
}

u64 total_frames(void)
{
    return READ_ONCE(zones[ZONE_NORMAL].managed) +
           READ_ONCE(zones[ZONE_MOVABLE].managed);
}

bool zones_below_low(enum alloc_flags how)
{
    const struct zone *n = &zones[ZONE_NORMAL], *m = &zones[ZONE_MOVABLE];

    return zone_free(n) < n->wmark_low &&
           (!(how & ALLOC_MOVABLE) || zone_free(m) < m->wmark_low);
}

bool zones_below_high(enum alloc_flags how)
{
    const struct zone *n = &zones[ZONE_NORMAL], *m = &zones[ZONE_MOVABLE];

    return zone_free(n) < n->wmark_high ||
           ((how & ALLOC_MOVABLE) && zone_free(m) < m->wmark_high);
}
