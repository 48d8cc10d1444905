/* SPDX-License-Identifier: MIT */
/*
 * get_user_pages: pins, and the register of them.
 *
 * A pin is taken under pt_lock, from an entry that allows the access; that is
 * also where a design looks at references before it takes an entry away. For
 * a device that writes to memory the entry must be writable: so the fault has
 * settled who owns the page before the pin is there.
 */
#include <mm/cow.h>
#include <mm/event.h>
#include <mm/gup.h>
#include <mm/lockorder.h>
#include <mm/mm.h>
#include <mm/page.h>
#include <mm/pagetable.h>
#include <mm/slab.h>
#include <mm/stat.h>
#include <mm/vma.h>
#include <kernel/current.h>
#include <kernel/errno.h>
#include <kernel/lock.h>
#include <kernel/testpoint.h>
#include <kernel/time.h>

static struct spinlock pins_lock = SPINLOCK_INIT("pins", RANK_PINS);
static struct list_head pins = LIST_INIT(pins); /* pins_lock */

/*
 * A pin is in the register from its first moment, under the pt_lock under
 * which it is taken. Whoever takes the entry away has pt_lock after us, and so
 * finds the pin there:
 *
 *   a raw read                     another thread
 *   ----------                     --------------
 *   lock pt
 *   entry present: reference,
 *   into the register
 *   unlock pt
 *                                  munmap: lock pt, the entry goes
 *                                  F_ADD_SEALS: nobody shows the file;
 *                                  it is pinned: EBUSY
 *   the next page of the buffer
 */
static void add_pin(struct pin_set *ps, struct page *page, u64 at, u64 len)
{
    get_page(page);
    ps->pages[ps->nr] = page;
    ps->offs[ps->nr] = at & ~PAGE_MASK;
    ps->lens[ps->nr] = len;
    __atomic_store_n(&ps->nr, ps->nr + 1, __ATOMIC_RELEASE);
}

/* One call of pin_user_pages. */
struct pinning {
    struct pin_set *ps;
    struct mm *mm;
    bool write;
    enum fault_access how; /* for the page that it has come to */
    u64 at, end;           /* where that is, and where its range ends */
};

/*
 * Pin the page there if it is present and may be used so; else p->how says
 * what to fault for: a design may want a reader to become sole owner, too.
 */
static struct page *pin_present(struct pinning *p, u64 len)
{
    struct mm *mm = p->mm;
    struct page *page = NULL;
    pte_t *pte, e;

    spin_lock(&mm->pt_lock);
    pte = pt_walk(mm->pt.root, PAGE_DOWN(p->at));
    e = pte ? pte_read(pte) : 0;
    if ((e & PTE_P) && (!p->write || (e & PTE_W))) {
        page = pfn_to_page(pte_pfn(e));
        if (!(e & (PTE_ZERO | PTE_W)) && cow_pin_must_unshare(page, p->write)) {
            p->how = FAULT_WRITE;
            page = NULL;
        }
    }
    if (page)
        add_pin(p->ps, page, p->at, len);
    spin_unlock(&mm->pt_lock);
    return page;
}

int gup_error(enum fault_result r)
{
    switch (r) {
    case FAULT_DONE:
        return 0;
    case FAULT_MIGRATING:
        return -EAGAIN;
    case FAULT_LOCKED:
        return -EDEADLK;
    case FAULT_NO_MEMORY:
        return -ENOMEM;
    case FAULT_KILLED:
        return -EINTR;
    default:
        return -EFAULT;
    }
}

/* One page. -EAGAIN: it is being moved. -EDEADLK: it is locked, and we may
   hold what whoever has locked it waits for. */
static int pin_page(struct pinning *p, u64 len)
{
    p->how = p->write ? FAULT_WRITE : FAULT_READ;
    for (;;) {
        struct page *page = pin_present(p, len);
        int err;

        if (page) {
            mm_event("pin", page, "addr=0x%llx write=%d",
                     (unsigned long long)PAGE_DOWN(p->at), p->write);
            testpoint("pin.next");
            return 0;
        }
        err = gup_error(mm_fault_no_wait_move(p->mm, p->at, p->how));
        if (err)
            return err;
    }
}

static u64 pages_of(const struct user_range *r)
{
    return (PAGE_UP(r->addr + r->len) - PAGE_DOWN(r->addr)) >> PAGE_SHIFT;
}

#define PIN_BYTES (sizeof(struct page *) + 2 * sizeof(u32)) /* in pin_set */

/* Check the ranges and make room for their pages. */
static int prepare(struct pin_set *ps, const struct user_range *r, unsigned n)
{
    u64 total = 0;
    char *room;

    for (unsigned i = 0; i < n; i++) {
        if (r[i].len > USER_END || r[i].addr > USER_END - r[i].len)
            return -EFAULT;
        if (r[i].len)
            total += pages_of(&r[i]);
    }
    if (total > (1u << 16))
        return -ENOMEM;
    room = kmalloc(max_u64(total, 1) * PIN_BYTES, ALLOC_WAIT);
    if (!room)
        return -ENOMEM;
    ps->pages = (struct page **)room;
    ps->offs = (u32 *)(room + total * sizeof(*ps->pages));
    ps->lens = ps->offs + total;
    return 0;
}

static int pin_range(struct pinning *p, const struct user_range *r)
{
    int err = 0;

    p->at = r->addr;
    p->end = r->addr + r->len;
    while (!err && p->at < p->end) {
        u64 len = min_u64(p->end, PAGE_DOWN(p->at) + PAGE_SIZE) - p->at;

        err = pin_page(p, len);
        if (!err)
            p->at += len;
    }
    return err;
}

/* Who looks through the register finds no page in it that we let go. */
static void let_go(struct pin_set *ps)
{
    u64 flags = spin_lock_irqsave(&pins_lock);
    unsigned n = ps->nr;

    ps->nr = 0;
    spin_unlock_irqrestore(&pins_lock, flags);
    while (n > 0)
        put_page(ps->pages[--n]);
}

static int pin_all(struct pinning *p, const struct user_range *r, unsigned n)
{
    int err = 0;

    for (unsigned i = 0; !err && i < n; i++)
        err = pin_range(p, &r[i]);
    return err;
}

/*
 * A page of the buffer is being moved, and the mover waits for pins to go:
 * we hold none now. Sleep until it is done.
 */
static int wait_for_move(struct mm *mm, u64 addr)
{
    u64 start = now_ns();
    int err;

    mm_event("pin.sleeps", NULL, "addr=0x%llx", (unsigned long long)addr);
    err = mm_wait_for_move(mm, addr);
    stat_inc(STAT_pin_slept);
    stat_add(STAT_pin_slept_ns, now_ns() - start);
    return err;
}

/*
 * Fault in the page that was locked, and behind it as many as we had to let go
 * of: so beginning again at most doubles the work.
 */
static int wait_for_pages(struct pinning *p, unsigned let_go_of)
{
    u64 va = PAGE_DOWN(p->at);
    u64 end = min_u64(p->end, va + (let_go_of + 1) * PAGE_SIZE);
    int err = 0;

    for (; !err && va < end; va += PAGE_SIZE)
        err = gup_error(mm_fault_in(p->mm, va, p->how));
    return err;
}

/* No pin is held while we sleep. 0: begin again. */
static int begin_again(struct pinning *p, int why)
{
    unsigned n = p->ps->nr;

    let_go(p->ps);
    if (why == -EAGAIN)
        return wait_for_move(p->mm, p->at);
    return wait_for_pages(p, n);
}

static void enter_register(struct pin_set *ps)
{
    u64 flags = spin_lock_irqsave(&pins_lock);

    list_add_tail(&ps->node, &pins);
    spin_unlock_irqrestore(&pins_lock, flags);
}

int pin_user_pages(struct pin_set *ps, struct mm *mm,
                   const struct user_range *ranges, unsigned nr_ranges,
                   bool write, const char *what)
{
    struct pinning p = {.ps = ps, .mm = mm, .write = write};
    int err, why;

    *ps =
        (struct pin_set){.pid = current_pid(), .what = what, .since = now_ns()};
    list_init(&ps->node);
    err = prepare(ps, ranges, nr_ranges);
    if (err)
        return err;
    enter_register(ps);
    do {
        err = why = pin_all(&p, ranges, nr_ranges);
        if (why == -EAGAIN || why == -EDEADLK)
            err = begin_again(&p, why);
    } while (why && !err);
    stat_add(STAT_pin_get, ps->nr);
    if (err)
        unpin_user_pages(ps, false);
    return err;
}

void unpin_user_pages(struct pin_set *ps, bool dirty)
{
    u64 flags;

    if (!ps->pages)
        return;
    flags = spin_lock_irqsave(&pins_lock);
    list_del(&ps->node);
    spin_unlock_irqrestore(&pins_lock, flags);
    stat_add(STAT_pin_put, ps->nr);
    for (unsigned i = 0; i < ps->nr; i++) {
        /* Written by a device: dirty, although no entry says so. */
        if (dirty)
            page_set(ps->pages[i], PG_DIRTY);
        mm_event("unpin", ps->pages[i], "dirty=%d", dirty);
        put_page(ps->pages[i]);
    }
    kfree(ps->pages);
    ps->pages = NULL;
    ps->nr = 0;
}

/* pins_lock held: what is there stays, more may come. */
static unsigned pins_in(const struct pin_set *ps)
{
    return __atomic_load_n(&ps->nr, __ATOMIC_ACQUIRE);
}

int pins_of_page(struct page *page,
                 void (*fn)(const struct pin_set *ps, void *arg), void *arg)
{
    struct pin_set *ps;
    int found = 0;
    u64 flags = spin_lock_irqsave(&pins_lock);

    list_for_each_entry (ps, &pins, node)
        for (unsigned i = 0, n = pins_in(ps); i < n; i++)
            if (ps->pages[i] == page) {
                found++;
                if (fn)
                    fn(ps, arg);
            }
    spin_unlock_irqrestore(&pins_lock, flags);
    return found;
}

void pins_for_each(void (*fn)(struct page *page, void *arg), void *arg)
{
    struct pin_set *ps;
    u64 flags = spin_lock_irqsave(&pins_lock);

    list_for_each_entry (ps, &pins, node)
        for (unsigned i = 0, n = pins_in(ps); i < n; i++)
            fn(ps->pages[i], arg);
    spin_unlock_irqrestore(&pins_lock, flags);
}
