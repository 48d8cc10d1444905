/* SPDX-License-Identifier: MIT */
/*
 * Kernel stacks, each with an unmapped page below it.
 *
 * The area is cut into slots of one guard page and one stack. A stack that is
 * freed stays mapped and is used again, most recent first: making one maps
 * frames that were not mapped before, which needs no flush, and unmapping is
 * never done.
 */
#include <mm/kstack.h>
#include <mm/lockorder.h>
#include <mm/pagetable.h>
#include <mm/zone.h>

#define SLOT (KSTACK_SIZE + PAGE_SIZE)

static struct spinlock lock = SPINLOCK_INIT("kstack", RANK_VMAP);
static void *free_stacks; /* chained by their first word; lock */
static unsigned nr_slots; /* that were ever mapped; lock */

void kstack_init(void)
{
    free_stacks = NULL;
    nr_slots = 0;
}

static void *pop(void)
{
    u64 flags = spin_lock_irqsave(&lock);
    void **s = free_stacks;

    if (s)
        free_stacks = *s;
    spin_unlock_irqrestore(&lock, flags);
    return s;
}

static u64 next_slot(void)
{
    u64 flags = spin_lock_irqsave(&lock), base = 0;

    if (nr_slots < KSTACK_MAX)
        base = KSTACK_BASE + SLOT * nr_slots++ + PAGE_SIZE;
    spin_unlock_irqrestore(&lock, flags);
    return base;
}

/* Pages that were mapped before memory ran out stay with their slot, which is
   then never used: it happens once, on a machine that is out of memory. */
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

void *kstack_alloc(void)
{
    void *s = pop();
    u64 base;

    if (s)
        return s;
    base = next_slot();
    return base && map_stack(base) ? (void *)base : NULL;
}

void kstack_free(void *stack)
{
    u64 flags = spin_lock_irqsave(&lock);

    *(void **)stack = free_stacks;
    free_stacks = stack;
    spin_unlock_irqrestore(&lock, flags);
}

bool kstack_is_guard(u64 va)
{
    return va >= KSTACK_BASE && va < KSTACK_BASE + SLOT * KSTACK_MAX &&
           (va - KSTACK_BASE) % SLOT < PAGE_SIZE;
}
