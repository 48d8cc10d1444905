/* SPDX-License-Identifier: MIT */
/*
 * Swap and the disk: the pools of requests, and writing a page out.
 *
 * Memory is freed by writing pages, so writing a page must never wait for
 * memory: requests come from a pool that is there from the start. Reads have
 * a pool of their own, lest a flood of writes starve the faults.
 *
 * The page lock is not held while the disk writes. PG_WRITEBACK keeps the page
 * in the cache, and so its frame, without a reference of its own: the counts
 * that the designs compare know of the cache's reference only. The process
 * may fault the page back and write to it meanwhile: then it is dirty again,
 * and what reaches the slot does not matter.
 */
#include <mm/event.h>
#include <mm/lockorder.h>
#include <mm/reclaim.h>
#include <mm/stat.h>
#include <mm/swap_private.h>
#include <kernel/print.h>
#include <kernel/testpoint.h>
#include <kernel/wait.h>

#define REQUESTS 64

struct pool {
    struct spinlock lock;  /* (irq) guards all below */
    struct list_head free; /* struct swap_request */
    struct waitq waiters;  /* tasks that need one */
    unsigned nr_fresh;     /* requests[nr_fresh..] were never used */
    struct swap_request requests[REQUESTS];
};

#define POOL(p)                                                         \
    {                                                                   \
        .lock = SPINLOCK_INIT("swap requests", RANK_DISK),              \
        .free = LIST_INIT((p).free), .waiters = WAITQ_INIT((p).waiters) \
    }

static struct pool reads = POOL(reads), writes = POOL(writes);

static atomic_t writing;       /* writes under way */
static atomic64_t writes_done; /* that ended since boot */
static struct waitq write_ended = WAITQ_INIT(write_ended);

static struct swap_request *try_get(struct pool *p)
{
    struct swap_request *r = NULL;
    u64 flags = spin_lock_irqsave(&p->lock);

    if (!list_empty(&p->free)) {
        r = list_first(&p->free, struct swap_request, node);
        list_del(&r->node);
    } else if (p->nr_fresh < REQUESTS) {
        r = &p->requests[p->nr_fresh++];
    }
    spin_unlock_irqrestore(&p->lock, flags);
    return r;
}

static struct pool *pool_of(enum bio_op op)
{
    return op == BIO_READ ? &reads : &writes;
}

struct swap_request *swap_request_try(enum bio_op op)
{
    struct swap_request *r = try_get(pool_of(op));

    if (r)
        r->bio.op = op;
    return r;
}

struct swap_request *swap_request_get(enum bio_op op)
{
    struct swap_request *r = swap_request_try(op);

    if (!r)
        wait_event(&pool_of(op)->waiters, (r = swap_request_try(op)) != NULL);
    return r;
}

static bool read_can_start(void)
{
    u64 flags = spin_lock_irqsave(&reads.lock);
    bool room = !list_empty(&reads.free) || reads.nr_fresh < REQUESTS;

    spin_unlock_irqrestore(&reads.lock, flags);
    return room;
}

int swap_wait_for_room(void)
{
    return wait_event_killable(&reads.waiters, read_can_start());
}

void swap_request_put(struct swap_request *r)
{
    struct pool *p = pool_of(r->bio.op);
    u64 flags = spin_lock_irqsave(&p->lock);

    list_add(&r->node, &p->free);
    spin_unlock_irqrestore(&p->lock, flags);
    wake_up_all(&p->waiters); /* one alone might not take it after all */
}

/* The device is there as long as the slot is in use, which the page that is
   cached under it sees to. */
void swap_request_start(struct swap_request *r, struct page *page, swp_t s,
                        void (*end)(struct bio *bio))
{
    r->page = page;
    r->seg = (struct bio_seg){page_to_pfn(page), 0, PAGE_SIZE};
    r->bio.dev = swap_devices[swp_dev(s)].dev;
    r->bio.sector = swp_slot(s) * SECTORS_PER_SLOT;
    r->bio.segs = &r->seg;
    r->bio.nr_segs = 1;
    r->bio.may_join = true;
    r->bio.error = 0;
    r->bio.done = 0;
    r->bio.end = end;
    r->bio.private = r;
    bio_submit(&r->bio);
}

/* The first few errors are printed, then fewer and fewer. */
static void write_failed(struct page *page, struct bio *bio)
{
    u64 n;

    page_set(page, PG_ERROR); /* its slot is to be retired */
    page_set(page, PG_DIRTY); /* memory has the only copy */
    stat_inc(STAT_swap_write_errors);
    n = stat_read(STAT_swap_write_errors);
    if ((n & (n - 1)) == 0)
        printk("swap: %s: write error at sector %llu (%llu so far); the page "
               "stays in memory\n",
               bio->dev->name, (unsigned long long)bio->sector,
               (unsigned long long)n);
}

/*
 * In an interrupt. From the moment that PG_WRITEBACK is off, another processor
 * may free the page, and even its struct page may go (removal): hence the
 * reference, which is dropped after the last touch.
 */
static void write_end(struct bio *bio)
{
    struct swap_request *r = bio->private;
    struct page *page = r->page;

    get_page(page); /* the cache's keeps it until here */
    if (bio->error)
        write_failed(page, bio);
    mm_event("swap.out.end", page, "error=%d", bio->error);
    if (page_clear(page, PG_RECLAIM) && !bio->error)
        lru_rotate(page); /* the next scan frees it */
    page_clear(page, PG_WRITEBACK);
    wake_page(page);
    put_page(page);
    swap_request_put(r);
    atomic_dec(&writing);
    atomic_inc(&writes_done);
    wake_up_all(&write_ended);
}

void swap_write(struct page *page)
{
    swp_t s = page->private;

    ASSERT(page_locked(page) && page_flag(page, PG_SWAPCACHE) &&
           !page_flag(page, PG_WRITEBACK));
    stat_inc(STAT_pswpout);
    mm_event("swap.out", page, "slot=0x%llx", (unsigned long long)s);
    atomic_inc(&writing);
    page_set(page, PG_WRITEBACK);
    /* Only now: whoever writes from here on makes it dirty again. */
    page_clear(page, PG_DIRTY);
    unlock_page(page);
    testpoint("swap.unlocked");
    swap_request_start(swap_request_get(BIO_WRITE), page, s, write_end);
}

u64 swap_writes_done(void)
{
    return (u64)atomic_read(&writes_done);
}

u64 swap_writing(void)
{
    return (u64)atomic_read(&writing);
}

void swap_wait_for_write(u64 seen)
{
    (void)wait_event_killable(&write_ended, swap_writes_done() != seen ||
                                                atomic_read(&writing) == 0);
}
