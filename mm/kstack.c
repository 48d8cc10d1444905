/* SPDX-License-Identifier: MIT */
/*
 * Kernel stacks, each with an unmapped page below it.
 *
 * The area is cut into slots of one guard page and one stack. A stack that is
 * freed stays mapped and is used again, most recent first: making one maps
 * frames that were not mapped before, which needs no flush, and what a shell
 * does all day is to make a task and end it. When many are free, as after a
 * storm of tasks, their frames are given back, many of them for one flush.
 */
#include <mm/kstack.h>
#include <mm/lockorder.h>
#include <mm/pagetable.h>
#include <mm/reclaim.h>
#include <mm/zone.h>
#include <kernel/x86/tlb.h>

#define SLOT  (KSTACK_SIZE + PAGE_SIZE)
#define SPARE 32u /* free stacks that are kept, whatever happens */
#define BATCH 32u /* that are given back at a time */

static struct spinlock lock = SPINLOCK_INIT("kstack", RANK_VMAP);
static void *free_stacks; /* chained by their first word; lock, as all here */
static unsigned nr_free;
static unsigned nr_slots;          /* that were ever used */
static u64 empty[KSTACK_MAX / 64]; /* bit per slot: its stack was given back */

void kstack_init(void)
{
    free_stacks = NULL;
    nr_free = nr_slots = 0;
}

/* A free stack, but leave so many. */
static void *pop(unsigned leave)
{
    u64 flags = spin_lock_irqsave(&lock);
    void **s = nr_free > leave ? free_stacks : NULL;

    if (s) {
        free_stacks = *s;
        nr_free--;
    }
    spin_unlock_irqrestore(&lock, flags);
    return s;
}

/* The lock is held. An empty slot, or nr_slots. */
static unsigned find_empty(void)
{
    for (unsigned i = 0; i * 64 < nr_slots; i++) {
        unsigned bit;

        if (!empty[i])
            continue;
        bit = (unsigned)__builtin_ctzll(empty[i]);
        empty[i] &= empty[i] - 1;
        return i * 64 + bit;
    }
    return nr_slots;
}

/* Where a stack may be mapped, or 0: there are too many. */
static u64 take_slot(void)
{
    u64 flags = spin_lock_irqsave(&lock), base = 0;
    unsigned slot = find_empty();

    if (slot < KSTACK_MAX)
        base = KSTACK_BASE + SLOT * slot + PAGE_SIZE;
    if (slot == nr_slots && base)
        nr_slots++;
    spin_unlock_irqrestore(&lock, flags);
    return base;
}

static void leave_slot(u64 base)
{
    u64 slot = (base - KSTACK_BASE) / SLOT;
    u64 flags = spin_lock_irqsave(&lock);

    empty[slot / 64] |= 1ull << slot % 64;
    spin_unlock_irqrestore(&lock, flags);
}

/* False: no memory. Some of it may be mapped then. */
static bool map_stack(u64 base)
{
    for (u64 va = base; va < base + KSTACK_SIZE; va += PAGE_SIZE) {
        pte_t *p = pt_walk_kernel_alloc(va);
        struct page *page = p ? alloc_page(ALLOC_WAIT, PAGE_STACK) : NULL;

        if (!page)
            return false;
        pte_write(p, pte_make(page_to_pfn(page),
                              PTE_P | PTE_W | PTE_G | PTE_NX | PTE_A | PTE_D));
    }
    return true;
}

/* What is mapped of it goes to the list, by page.lru. */
static void unmap_stack(u64 base, struct list_head *frames)
{
    for (u64 va = base; va < base + KSTACK_SIZE; va += PAGE_SIZE) {
        pte_t *p = pt_walk_kernel_alloc(va); /* its tables are there */
        pte_t old = p ? *p : 0;

        if (!(old & PTE_P))
            return;
        pte_write(p, 0);
        list_add(&pfn_to_page(pte_pfn(old))->lru, frames);
    }
}

/* Frames and slots may be used again only when no processor knows of the
   mapping any more. */
static u64 give_back(const u64 *bases, unsigned n)
{
    struct list_head frames = LIST_INIT(frames);
    struct page *page, *next;
    u64 freed = 0;

    for (unsigned i = 0; i < n; i++)
        unmap_stack(bases[i], &frames);
    tlb_flush_kernel(0, ~0ull);
    list_for_each_entry_safe (page, next, &frames, lru) {
        list_del(&page->lru);
        put_page(page);
        freed++;
    }
    for (unsigned i = 0; i < n; i++)
        leave_slot(bases[i]);
    return freed;
}

void *kstack_alloc(void)
{
    void *s = pop(0);
    u64 base;

    if (s)
        return s;
    base = take_slot();
    if (base && !map_stack(base)) {
        (void)give_back(&base, 1);
        base = 0;
    }
    return (void *)base;
}

void kstack_free(void *stack)
{
    u64 flags = spin_lock_irqsave(&lock);
    bool many;

    *(void **)stack = free_stacks;
    free_stacks = stack;
    many = ++nr_free > SPARE + BATCH;
    spin_unlock_irqrestore(&lock, flags);
    if (many)
        kswapd_wake();
}

u64 kstack_trim(void)
{
    u64 bases[BATCH];
    unsigned n = 0;

    while (n < BATCH && (bases[n] = (u64)pop(SPARE)))
        n++;
    return n ? give_back(bases, n) : 0;
}

bool kstack_is_guard(u64 va)
{
    return va >= KSTACK_BASE && va < KSTACK_BASE + SLOT * KSTACK_MAX &&
           (va - KSTACK_BASE) % SLOT < PAGE_SIZE;
}
