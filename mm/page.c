/* SPDX-License-Identifier: MIT */
/*
 * struct page: references, the page lock, and sleeping for a page.
 *
 * Sleepers share a small table of queues, found by the page's address. The
 * table is static: a waker may touch it when the page is long gone. Nobody is
 * woken who did not say, by PG_WAITERS, that somebody sleeps:
 *
 *   sleeper                          waker
 *   -------                          -----
 *   on the queue
 *   PG_WAITERS set                   the flag, or the reference, falls
 *   looks: not yet                   PG_WAITERS set? clear it, wake all
 *   sleeps
 *
 * Each step is a full barrier: either the sleeper sees the change, or the
 * waker sees PG_WAITERS.
 */
#include <mm/init.h>
#include <mm/lockorder.h>
#include <mm/page.h>
#include <mm/reclaim.h>
#include <mm/rmap.h>
#include <mm/swap.h>
#include <mm/zone.h>
#include <mm/event.h>
#include <kernel/current.h>
#include <kernel/print.h>
#include <kernel/testpoint.h>
#include <kernel/wait.h>

#define QUEUES 64

static struct waitq queues[QUEUES];
static const struct lock_class page_class = {"page", RANK_PAGE};

void page_init(void)
{
    for (unsigned i = 0; i < QUEUES; i++)
        waitq_init(&queues[i]);
}

struct waitq *page_waitq(struct page *p)
{
    u64 hash = (u64)p / sizeof(*p) * 0x9e3779b97f4a7c15ull;

    return &queues[hash >> 58];
}

void wake_page(struct page *p)
{
    struct waitq *q = page_waitq(p);

    if (page_flag(p, PG_WAITERS) && page_clear(p, PG_WAITERS))
        wake_up_all(q);
}

/* ---- references ---- */

/* The last reference is gone: nobody can find the page any more. */
static void free_page(struct page *p)
{
    ASSERT(page_mapcount(p) == 0 && !page_flag(p, PG_SWAPCACHE));
    ASSERT(!page_flag(p, PG_LOCKED) && !page_flag(p, PG_WRITEBACK));
    testpoint("page.free");
    lru_del(p);
    ASSERT(p->use != PAGE_FILE || !p->mapping);
    if (p->use == PAGE_ANON && p->anon_vma)
        anon_vma_put(p->anon_vma);
    p->anon_vma = NULL;
    free_pages(p, 0);
}

/* Lower the references, and say what the flags were at that very moment. */
static u32 drop_reference(struct page *p, int *left)
{
    u64 was =
        __atomic_fetch_sub(&p->flags_and_refs, 1ull << 32, __ATOMIC_SEQ_CST);

    *left = (int)(was >> 32) - 1;
    return (u32)was;
}

/*
 * As soon as the count is lowered, somebody else may lower it further, free the
 * page, and take its memory out of the machine, struct page and all. So whether
 * somebody sleeps is learnt by the same instruction, the queue is found by the
 * address alone, and PG_WAITERS is left for the next waker to clear.
 */
void put_page(struct page *p)
{
    int left;
    u32 flags = drop_reference(p, &left);

    ASSERT(left >= 0);
    if (left == 0)
        free_page(p);
    if (unlikely(flags & 1u << PG_WAITERS))
        wake_up_all(page_waitq(p));
}

/* ---- the page lock ---- */

static bool take_lock(struct page *p)
{
    if (page_set(p, PG_LOCKED))
        return false;
    p->lock_tid = (u32)current_tid();
    lock_order_taken(&page_class);
    mm_event("page.lock", p, "by=%s", current_comm());
    return true;
}

bool trylock_page(struct page *p)
{
    return !page_flag(p, PG_LOCKED) && take_lock(p);
}

/* A try that, if it fails, has said that somebody sleeps. */
static bool lock_or_announce(struct page *p)
{
    if (trylock_page(p))
        return true;
    page_set(p, PG_WAITERS);
    return trylock_page(p);
}

void lock_page(struct page *p)
{
    lock_order_wanted(&page_class, WAIT_PLAIN);
    if (!trylock_page(p))
        wait_event(page_waitq(p), lock_or_announce(p));
}

int lock_page_killable(struct page *p)
{
    lock_order_wanted(&page_class, WAIT_KILL);
    if (trylock_page(p))
        return 0;
    return wait_event_killable(page_waitq(p), lock_or_announce(p));
}

/*
 * As with put_page: from the moment that the lock is free, whoever has it next
 * may free the page. So that is the last touch, and clears PG_WAITERS, too.
 */
void unlock_page(struct page *p)
{
    const u32 both = 1u << PG_LOCKED | 1u << PG_WAITERS;
    struct waitq *q = page_waitq(p);
    u32 was;

    ASSERT(page_flag(p, PG_LOCKED));
    mm_event("page.unlock", p, "by=%s", current_comm());
    lock_order_released(&page_class);
    p->lock_tid = 0;
    was = __atomic_fetch_and(&p->flags, ~both, __ATOMIC_SEQ_CST);
    testpoint("page.unlocked");
    if (was & 1u << PG_WAITERS)
        wake_up_all(q);
}

bool page_locked(const struct page *p)
{
    return page_flag(p, PG_LOCKED);
}

void page_lock_handover(struct page *p)
{
    (void)p;
    lock_order_released(&page_class);
}

/* ---- sleeping for a flag ---- */

static bool flag_is_clear(struct page *p, enum page_flag f)
{
    if (!page_flag(p, f))
        return true;
    page_set(p, PG_WAITERS);
    return !page_flag(p, f);
}

void wait_on_page_flag(struct page *p, enum page_flag f)
{
    wait_event(page_waitq(p), flag_is_clear(p, f));
}

int wait_on_page_flag_killable(struct page *p, enum page_flag f)
{
    return wait_event_killable(page_waitq(p), flag_is_clear(p, f));
}

/* ---- for people ---- */

const char *page_use_name(const struct page *p)
{
    static const char *const names[PAGE_USES] = {
        [PAGE_FREE] = "free",         [PAGE_RESERVED] = "reserved",
        [PAGE_MEMMAP] = "memmap",     [PAGE_ANON] = "anon",
        [PAGE_FILE] = "file",         [PAGE_TABLE] = "table",
        [PAGE_SLAB] = "slab",         [PAGE_STACK] = "stack",
        [PAGE_KERNEL] = "kernel",     [PAGE_BOUNCE] = "bounce",
        [PAGE_ISOLATED] = "isolated", [PAGE_ZERO] = "zero",
    };

    return p->use < PAGE_USES ? names[p->use] : "unknown";
}

int page_describe(struct page *p, char *buf, size_t size)
{
    return snprintf(
        buf, size,
        "pfn=%llx use=%s refs=%d map=%d swap=%d cache=%d lock=%u dirty=%d "
        "wb=%d lru=%d",
        (unsigned long long)page_to_pfn(p), page_use_name(p), page_refs(p),
        page_mapcount(p), page_swapcount_hint(p), page_flag(p, PG_SWAPCACHE),
        page_flag(p, PG_LOCKED) ? p->lock_tid + !p->lock_tid : 0,
        page_flag(p, PG_DIRTY), page_flag(p, PG_WRITEBACK),
        page_flag(p, PG_LRU));
}
