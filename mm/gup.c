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
#include <kernel/current.h>
#include <kernel/errno.h>
#include <kernel/lock.h>
#include <kernel/string.h>
#include <kernel/time.h>

static struct spinlock pins_lock = SPINLOCK_INIT("pins", RANK_PINS);
static struct list_head pins = LIST_INIT(pins); /* pins_lock */

/*
 * Pin the page at addr if it is there and may be used so. *how: the access to
 * fault for if it is not; a design may want a reader to become sole owner too.
 */
static struct page *pin_present(struct mm *mm, u64 addr, bool write,
                                enum fault_access *how)
{
    struct page *page = NULL;
    pte_t *p, e;

    spin_lock(&mm->pt_lock);
    p = pt_walk(mm->pt.root, addr);
    e = p ? pte_read(p) : 0;
    if ((e & PTE_P) && (!write || (e & PTE_W))) {
        page = pfn_to_page(pte_pfn(e));
        if (!(e & (PTE_ZERO | PTE_W)) && cow_pin_must_unshare(page, write)) {
            *how = FAULT_WRITE;
            page = NULL;
        }
    }
    if (page)
        get_page(page);
    spin_unlock(&mm->pt_lock);
    return page;
}

static int fault_error(enum fault_result r)
{
    switch (r) {
    case FAULT_DONE:
        return 0;
    case FAULT_MIGRATING:
        return -EAGAIN;
    case FAULT_NO_MEMORY:
        return -ENOMEM;
    case FAULT_KILLED:
        return -EINTR;
    default:
        return -EFAULT;
    }
}

/* One page. -EAGAIN: it is being moved. */
static int pin_page(struct mm *mm, u64 addr, bool write, struct page **page)
{
    enum fault_access how = write ? FAULT_WRITE : FAULT_READ;
    int err;

    for (;;) {
        *page = pin_present(mm, addr, write, &how);
        if (*page) {
            mm_event("pin", *page, "addr=0x%llx write=%d",
                     (unsigned long long)addr, write);
            return 0;
        }
        err = fault_error(mm_fault_no_wait_move(mm, addr, how));
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

static int pin_range(struct pin_set *ps, struct mm *mm,
                     const struct user_range *r, bool write, u64 *stuck)
{
    u64 at = r->addr, end = r->addr + r->len;

    while (at < end) {
        u64 piece = min_u64(end, PAGE_DOWN(at) + PAGE_SIZE) - at;
        int err = pin_page(mm, PAGE_DOWN(at), write, &ps->pages[ps->nr]);

        if (err) {
            *stuck = at;
            return err;
        }
        ps->offs[ps->nr] = at & ~PAGE_MASK;
        ps->lens[ps->nr++] = piece;
        at += piece;
    }
    return 0;
}

static void let_go(struct pin_set *ps)
{
    while (ps->nr > 0)
        put_page(ps->pages[--ps->nr]);
}

static int pin_all(struct pin_set *ps, struct mm *mm,
                   const struct user_range *r, unsigned n, bool write,
                   u64 *stuck)
{
    int err = 0;

    for (unsigned i = 0; !err && i < n; i++)
        err = pin_range(ps, mm, &r[i], write, stuck);
    if (err)
        let_go(ps);
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

static void enter_register(struct pin_set *ps, const char *what)
{
    u64 flags;

    ps->pid = current_pid();
    ps->what = what;
    ps->since = now_ns();
    stat_add(STAT_pin_get, ps->nr);
    flags = spin_lock_irqsave(&pins_lock);
    list_add_tail(&ps->node, &pins);
    spin_unlock_irqrestore(&pins_lock, flags);
}

int pin_user_pages(struct pin_set *ps, struct mm *mm,
                   const struct user_range *ranges, unsigned nr_ranges,
                   bool write, const char *what)
{
    u64 stuck = 0;
    int err;

    *ps = (struct pin_set){0};
    list_init(&ps->node);
    err = prepare(ps, ranges, nr_ranges);
    if (err)
        return err;
    for (;;) {
        err = pin_all(ps, mm, ranges, nr_ranges, write, &stuck);
        if (err != -EAGAIN)
            break;
        err = wait_for_move(mm, stuck);
        if (err)
            break;
    }
    if (err) {
        kfree(ps->pages);
        ps->pages = NULL;
        return err;
    }
    enter_register(ps, what);
    return 0;
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

u64 mm_peek(struct mm *mm, u64 addr, void *buf, u64 len)
{
    u64 done = 0;

    while (done < len) {
        u64 at = addr + done;
        struct user_range r = {
            at, min_u64(len - done, PAGE_SIZE - (at & ~PAGE_MASK))};
        struct pin_set pins;

        if (pin_user_pages(&pins, mm, &r, 1, false, "peek"))
            break;
        memcpy((char *)buf + done,
               (char *)page_to_virt(pins.pages[0]) + pins.offs[0], r.len);
        unpin_user_pages(&pins, false);
        done += r.len;
    }
    return done;
}

int pins_of_page(struct page *page,
                 void (*fn)(const struct pin_set *ps, void *arg), void *arg)
{
    struct pin_set *ps;
    int found = 0;
    u64 flags = spin_lock_irqsave(&pins_lock);

    list_for_each_entry (ps, &pins, node)
        for (unsigned i = 0; i < ps->nr; i++)
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
        for (unsigned i = 0; i < ps->nr; i++)
            fn(ps->pages[i], arg);
    spin_unlock_irqrestore(&pins_lock, flags);
}
