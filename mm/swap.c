/* SPDX-License-Identifier: MIT */
/*
 * Swap slots: which are free, and how many swap entries mean each.
 *
 * A slot is free when no entry means it and no page is cached under it. One
 * lock guards all devices: it is held for a few instructions at a time, and
 * never over a transfer.
 */
#include <mm/lockorder.h>
#include <mm/stat.h>
#include <mm/swap_private.h>
#include <kernel/errno.h>
#include <kernel/print.h>
#include <kernel/string.h>

struct spinlock swap_lock = SPINLOCK_INIT("swap", RANK_SWAP);
struct swap_device swap_devices[MAX_SWAP_DEVICES];
struct mutex swapon_lock;

void swap_init(void)
{
    mutex_init(&swapon_lock, "swapon", RANK_SWAPON);
}

pte_t pte_from_swp(swp_t s, unsigned memory)
{
    return pte_special(PTE_KIND_SWAP, memory, s);
}

swp_t swp_from_pte(pte_t e)
{
    /* Slot and device are neighbours in the entry, as they are in swp_t. */
    return e >> PAGE_SHIFT & ((1ull << 44) - 1);
}

struct swap_slot *swap_slot_of(swp_t s)
{
    struct swap_device *d = &swap_devices[swp_dev(s)];
    u64 nr = swp_slot(s);

    if (swp_dev(s) >= MAX_SWAP_DEVICES || d->state == SWAP_OFF ||
        nr >= d->nr_slots)
        return NULL;
    return &d->chunks[nr / SLOTS_PER_CHUNK].slots[nr % SLOTS_PER_CHUNK];
}

bool swap_slot_used(const struct swap_slot *slot)
{
    return slot->page || (slot->count && slot->count != SWAP_SLOT_BAD);
}

/* The best device with room: the highest priority, then the first. */
static struct swap_device *best_device(void)
{
    struct swap_device *best = NULL;

    for (unsigned i = 0; i < MAX_SWAP_DEVICES; i++) {
        struct swap_device *d = &swap_devices[i];

        if (d->state == SWAP_ON && d->free > 0 &&
            (!best || d->priority > best->priority))
            best = d;
    }
    return best;
}

/* The chunk has a free slot: the next one from where we left off. */
static unsigned chunk_take(struct swap_chunk *c)
{
    unsigned i = c->next;

    while (c->slots[i].count || c->slots[i].page)
        i = (i + 1) % SLOTS_PER_CHUNK;
    c->next = (i + 1) % SLOTS_PER_CHUNK;
    if (--c->free == 0)
        list_del(&c->node);
    return i;
}

bool swap_slot_take(swp_t *s)
{
    struct swap_device *d = best_device();
    struct swap_chunk *c;

    if (!d)
        return false;
    c = list_first(&d->open, struct swap_chunk, node);
    *s = swp_make(d - swap_devices,
                  (c - d->chunks) * SLOTS_PER_CHUNK + chunk_take(c));
    d->free--;
    d->used++;
    return true;
}

/*
 * A chunk that gets its first free slot goes to the end of the list: until its
 * turn comes, more of its slots become free, and it is filled in one sweep.
 */
static void slot_free(struct swap_device *d, struct swap_chunk *c)
{
    if (c->free++ == 0)
        list_add_tail(&c->node, &d->open);
    d->free++;
}

void swap_slot_settle(swp_t s)
{
    struct swap_device *d = &swap_devices[swp_dev(s)];
    struct swap_slot *slot = swap_slot_of(s);

    if (swap_slot_used(slot))
        return;
    d->used--;
    if (slot->failed) {
        slot->count = SWAP_SLOT_BAD;
        d->bad++;
        printk("swap: %s: slot %llu is not used any more\n", d->dev->name,
               (unsigned long long)swp_slot(s));
        return;
    }
    slot_free(d, &d->chunks[swp_slot(s) / SLOTS_PER_CHUNK]);
}

/* An entry in a page table keeps its slot in use, so that it is there. */
static struct swap_slot *slot_of_entry(swp_t s)
{
    struct swap_slot *slot = swap_slot_of(s);

    ASSERT(slot && swap_slot_used(slot));
    return slot;
}

int swap_dup(swp_t s)
{
    struct swap_slot *slot;
    int err = 0;
    u64 flags;

    flags = spin_lock_irqsave(&swap_lock);
    slot = slot_of_entry(s);
    if (slot->count >= SWAP_COUNT_MAX)
        err = -ENOMEM;
    else
        slot->count++;
    spin_unlock_irqrestore(&swap_lock, flags);
    return err;
}

void swap_free(swp_t s)
{
    struct swap_slot *slot;
    u64 flags;

    flags = spin_lock_irqsave(&swap_lock);
    slot = slot_of_entry(s);
    ASSERT(slot->count > 0);
    slot->count--;
    swap_slot_settle(s);
    spin_unlock_irqrestore(&swap_lock, flags);
}

unsigned swap_count(swp_t s)
{
    struct swap_slot *slot;
    unsigned n;
    u64 flags;

    flags = spin_lock_irqsave(&swap_lock);
    slot = swap_slot_of(s);
    n = slot ? slot->count : 0;
    spin_unlock_irqrestore(&swap_lock, flags);
    return n;
}

/* The next three are asked often and without the lock: the answer may be old
   by the time that it is used, whoever gives it. */
bool swap_available(void)
{
    for (unsigned i = 0; i < MAX_SWAP_DEVICES; i++)
        if (READ_ONCE(swap_devices[i].state) == SWAP_ON &&
            READ_ONCE(swap_devices[i].free) > 0)
            return true;
    return false;
}

void swap_totals(u64 *total, u64 *free)
{
    *total = *free = 0;
    for (unsigned i = 0; i < MAX_SWAP_DEVICES; i++) {
        struct swap_device *d = &swap_devices[i];

        if (READ_ONCE(d->state) == SWAP_OFF)
            continue;
        *total += READ_ONCE(d->free) + READ_ONCE(d->used);
        *free += READ_ONCE(d->free);
    }
}

bool swap_mostly_full(void)
{
    u64 total, free;

    swap_totals(&total, &free);
    return total > 0 && free < total / 2;
}

bool swap_going_off(swp_t s)
{
    return swp_dev(s) < MAX_SWAP_DEVICES &&
           READ_ONCE(swap_devices[swp_dev(s)].state) != SWAP_ON;
}

bool swap_info(unsigned n, struct swap_info *out)
{
    bool found = false;
    u64 flags;

    flags = spin_lock_irqsave(&swap_lock);
    for (unsigned i = 0; !found && i < MAX_SWAP_DEVICES; i++) {
        struct swap_device *d = &swap_devices[i];

        if (d->state == SWAP_OFF || n-- > 0)
            continue;
        str_copy(out->name, d->dev->name, sizeof(out->name));
        out->slots = d->free + d->used;
        out->used = d->used;
        out->bad = d->bad - 1; /* the header is no failure */
        out->priority = d->priority;
        found = true;
    }
    spin_unlock_irqrestore(&swap_lock, flags);
    return found;
}

static void visit_chunk(struct swap_device *d, u64 first,
                        void (*fn)(swp_t, struct swap_slot *, void *),
                        void *arg)
{
    unsigned dev = d - swap_devices;
    u64 flags;

    flags = spin_lock_irqsave(&swap_lock);
    for (u64 nr = first; nr < first + SLOTS_PER_CHUNK; nr++) {
        struct swap_slot *slot = swap_slot_of(swp_make(dev, nr));

        if (slot && swap_slot_used(slot))
            fn(swp_make(dev, nr), slot, arg);
    }
    spin_unlock_irqrestore(&swap_lock, flags);
}

void swap_for_each_slot(void (*fn)(swp_t s, struct swap_slot *slot, void *arg),
                        void *arg)
{
    for (unsigned i = 0; i < MAX_SWAP_DEVICES; i++) {
        struct swap_device *d = &swap_devices[i];

        for (u64 nr = 0; nr < READ_ONCE(d->nr_slots); nr += SLOTS_PER_CHUNK)
            visit_chunk(d, nr, fn, arg);
    }
}

bool swap_seen(swp_t s, struct page **cached)
{
    struct swap_slot *slot;
    bool used;
    u64 flags;

    flags = spin_lock_irqsave(&swap_lock);
    slot = swap_slot_of(s);
    used = slot && swap_slot_used(slot);
    if (used)
        slot->seen++;
    *cached = used ? slot->page : NULL;
    spin_unlock_irqrestore(&swap_lock, flags);
    return used;
}
