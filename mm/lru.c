/* SPDX-License-Identifier: MIT */
/*
 * The LRU lists: the user pages of a zone, by when they were last used.
 *
 * Each zone has two lists. New pages and pages seen in use are put at the
 * front of one; reclaim takes from its end. Whoever takes a page off (isolates
 * it) has it to itself as far as reclaim and removal are concerned, and holds
 * a reference for that time.
 *
 * A page may be freed while it is on a list:
 *
 *   put_page, last reference    isolate
 *   ------------------------    -------
 *   refs = 0
 *                               lock lru: on a list; get_listed says no:
 *                               leave it where it is
 *   lru_del: lock lru, unlink
 *
 * A frame that was found by its number may be anybody's, and become somebody
 * else's while it is looked at. What is on a list is a user page, and stays one
 * while the list's lock is held: so this is where such a frame gets a reference
 * from, and the only place.
 *
 * PG_LRU says "on a list"; it and, for pages on a list, PG_ACTIVE change under
 * the list's lock. A page that is isolated keeps PG_ACTIVE as a mark of where
 * it is to go back to, which whoever isolated it may change.
 */
#include <mm/lockorder.h>
#include <mm/reclaim.h>
#include <kernel/print.h>

struct lru lrus[NR_ZONES];

void lru_init(void)
{
    for (unsigned i = 0; i < NR_ZONES; i++) {
        spin_init(&lrus[i].lock, "lru", RANK_LRU);
        list_init(&lrus[i].active);
        list_init(&lrus[i].inactive);
    }
}

static struct lru *lru_of(const struct page *p)
{
    return &lrus[p->zone];
}

/* To the front of the list that PG_ACTIVE says. lru lock held. */
static void link_page(struct lru *l, struct page *p)
{
    bool active = page_flag(p, PG_ACTIVE);

    list_add(&p->lru, active ? &l->active : &l->inactive);
    *(active ? &l->nr_active : &l->nr_inactive) += 1;
    page_set(p, PG_LRU);
}

/* lru lock held; it is on a list. */
static void unlink_page(struct lru *l, struct page *p)
{
    list_del(&p->lru);
    *(page_flag(p, PG_ACTIVE) ? &l->nr_active : &l->nr_inactive) -= 1;
    page_clear(p, PG_LRU);
}

/* Removal may be waiting for a page to appear on a list. */
static void put_on_list(struct page *p)
{
    struct lru *l = lru_of(p);
    u64 flags = spin_lock_irqsave(&l->lock);

    ASSERT(!page_flag(p, PG_LRU));
    link_page(l, p);
    spin_unlock_irqrestore(&l->lock, flags);
    if (page_flag(p, PG_WAITERS))
        wake_page(p);
}

void lru_add(struct page *p, bool active)
{
    if (active)
        page_set(p, PG_ACTIVE);
    else
        page_clear(p, PG_ACTIVE);
    put_on_list(p);
}

void lru_putback(struct page *p)
{
    put_on_list(p);
    put_page(p);
}

/* A reference, unless the last one has just gone. lru lock held, on a list. */
static bool get_listed(struct page *p)
{
    return atomic_inc_not_zero(&p->refs);
}

bool lru_get(struct page *p)
{
    struct lru *l = lru_of(p);
    u64 flags = spin_lock_irqsave(&l->lock);
    bool ok = page_flag(p, PG_LRU) && get_listed(p);

    spin_unlock_irqrestore(&l->lock, flags);
    return ok;
}

bool lru_isolate(struct page *p)
{
    struct lru *l = lru_of(p);
    u64 flags = spin_lock_irqsave(&l->lock);
    bool ok = page_flag(p, PG_LRU) && get_listed(p);

    if (ok)
        unlink_page(l, p);
    spin_unlock_irqrestore(&l->lock, flags);
    return ok;
}

unsigned lru_take(enum zone_id zone, bool active, unsigned n,
                  struct list_head *out)
{
    struct lru *l = &lrus[zone];
    struct list_head *list = active ? &l->active : &l->inactive;
    unsigned taken = 0;
    u64 flags = spin_lock_irqsave(&l->lock);

    while (n-- > 0 && !list_empty(list)) {
        struct page *p = list_last(list, struct page, lru);

        if (!get_listed(p)) {
            list_move(&p->lru, list); /* lru_del is on its way */
            continue;
        }
        unlink_page(l, p);
        list_add_tail(&p->lru, out);
        taken++;
    }
    spin_unlock_irqrestore(&l->lock, flags);
    return taken;
}

void lru_del(struct page *p)
{
    struct lru *l = lru_of(p);
    u64 flags;

    if (!page_flag(p, PG_LRU))
        return; /* it has no reference: nobody can put it on one now */
    flags = spin_lock_irqsave(&l->lock);
    unlink_page(l, p);
    spin_unlock_irqrestore(&l->lock, flags);
}

void lru_rotate(struct page *p)
{
    struct lru *l = lru_of(p);
    u64 flags = spin_lock_irqsave(&l->lock);

    if (page_flag(p, PG_LRU) && !page_flag(p, PG_ACTIVE))
        list_move_tail(&p->lru, &l->inactive);
    spin_unlock_irqrestore(&l->lock, flags);
}

void lru_deactivate(struct page *p)
{
    struct lru *l = lru_of(p);
    u64 flags = spin_lock_irqsave(&l->lock);

    if (page_flag(p, PG_LRU)) {
        unlink_page(l, p);
        page_clear(p, PG_ACTIVE);
        page_clear(p, PG_REFERENCED);
        link_page(l, p);
        list_move_tail(&p->lru, &l->inactive);
    }
    spin_unlock_irqrestore(&l->lock, flags);
}

/* Once: referenced. Twice, and inactive: active. */
void lru_mark_accessed(struct page *p)
{
    struct lru *l = lru_of(p);
    u64 flags;

    if (!page_set(p, PG_REFERENCED) || page_flag(p, PG_ACTIVE))
        return;
    flags = spin_lock_irqsave(&l->lock);
    if (page_flag(p, PG_LRU) && !page_flag(p, PG_ACTIVE)) {
        unlink_page(l, p);
        page_set(p, PG_ACTIVE);
        page_clear(p, PG_REFERENCED);
        link_page(l, p);
    }
    spin_unlock_irqrestore(&l->lock, flags);
}
