/* SPDX-License-Identifier: MIT */
/*
 * Walking page tables: from the root down, 512 entries a level.
 *
 * A table of a user address space is freed when no area is left in its span
 * (munmap, with mmap_lock for writing), or with its mm. It is unlinked under
 * pt_lock: so a table that was reached stays as long as that is held.
 */
#include <mm/mm.h>
#include <mm/pagetable.h>
#include <mm/slab.h>
#include <mm/zone.h>
#include <kernel/errno.h>
#include <kernel/print.h>
#include <kernel/x86/directmap.h>
#include <kernel/x86/tlb.h>

pte_t *kernel_root; /* written once, at boot */

static pte_t *table_of(pte_t e)
{
    return phys_to_virt(e & PTE_ADDR);
}

pte_t *pt_walk(pte_t *root, u64 va)
{
    pte_t *table = root;

    for (unsigned level = PT_LEVELS; level > 1; level--) {
        pte_t e = pte_read(&table[pt_index(va, level)]);

        if (!(e & PTE_P) || (e & PTE_PS))
            return NULL;
        table = table_of(e);
    }
    return &table[pt_index(va, 1)];
}

/* The upper entry for va that has no table yet, or NULL if none is missing. */
static pte_t *first_missing(pte_t *root, u64 va)
{
    pte_t *table = root;

    for (unsigned level = PT_LEVELS; level > 1; level--) {
        pte_t *p = &table[pt_index(va, level)];

        if (!(pte_read(p) & PTE_P))
            return p;
        table = table_of(pte_read(p));
    }
    return NULL;
}

static struct page *new_table(void)
{
    return alloc_page(ALLOC_WAIT | ALLOC_ZERO, PAGE_TABLE);
}

/*
 * Memory is got without the spinlock; another thread may link a table there
 * meanwhile:
 *
 *   thread 1                        thread 2
 *   lock; missing; unlock           lock; missing; unlock
 *   allocate                        allocate
 *   lock; still missing: link       lock; not missing any more: free ours
 */
int pt_prepare(struct mm *mm, u64 va)
{
    for (;;) {
        struct page *page;
        pte_t *p;

        spin_lock(&mm->pt_lock);
        p = first_missing(mm->pt.root, va);
        spin_unlock(&mm->pt_lock);
        if (!p)
            return 0;
        page = new_table();
        if (!page)
            return -ENOMEM;
        spin_lock(&mm->pt_lock);
        if (!(pte_read(p) & PTE_P)) {
            pte_write(p, pte_make(page_to_pfn(page), PTE_P | PTE_W | PTE_U));
            mm->tables++;
            list_add(&page->lru, &mm->table_list);
            page = NULL;
        }
        spin_unlock(&mm->pt_lock);
        if (page)
            put_page(page);
    }
}

/* Kernel addresses. Two processors may want the same table: one of them links
   its own, the other frees it. Tables stay for ever. */
pte_t *pt_walk_kernel_alloc(u64 va)
{
    pte_t *p;

    while ((p = first_missing(kernel_root, va))) {
        struct page *page = new_table();

        pte_t none = 0;

        if (!page)
            return NULL;
        if (!__atomic_compare_exchange_n(
                p, &none, pte_make(page_to_pfn(page), PTE_P | PTE_W), false,
                __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            put_page(page);
    }
    return pt_walk(kernel_root, va);
}

/* How much address space one entry of this level covers. */
static u64 span(unsigned level)
{
    return PAGE_SIZE << (9 * (level - 1));
}

/*
 * Descend as far as there are tables. Returns the lowest table's entry, or
 * NULL, with *level the level at which nothing is.
 */
static pte_t *descend(pte_t *root, u64 va, unsigned *level)
{
    pte_t *table = root;

    for (*level = PT_LEVELS; *level > 1; --*level) {
        pte_t e = pte_read(&table[pt_index(va, *level)]);

        if (!(e & PTE_P))
            return NULL;
        table = table_of(e);
    }
    return &table[pt_index(va, 1)];
}

pte_t *pt_next(pte_t *root, u64 *va, u64 end)
{
    while (*va < end) {
        unsigned level;
        pte_t *p = descend(root, *va, &level);

        if (!p) { /* skip all that the missing table would cover */
            *va = (*va | (span(level) - 1)) + 1;
            continue;
        }
        do {
            if (!pte_none(pte_read(p)))
                return p;
            p++;
            *va += PAGE_SIZE;
        } while (*va < end && pt_index(*va, 1) != 0);
    }
    return NULL;
}

pte_t *pt_next_long(struct mm *mm, u64 *va, u64 end)
{
    while (*va < end) {
        pte_t *p;

        if (pt_index(*va, 1) == 0) {
            spin_unlock(&mm->pt_lock);
            spin_lock(&mm->pt_lock);
        }
        p = pt_next(mm->pt.root, va, min_u64(end, pt_table_end(*va)));
        if (p)
            return p;
    }
    return NULL;
}

struct unlink {
    struct mm *mm;
    u64 start, end; /* what was unmapped: other tables have not changed */
    u64 from, to;   /* nothing is mapped in there */
    struct list_head gone;
};

/* Unlink the empty tables below this one, which covers `base` on, and collect
   their pages. pt_lock held. */
static void unlink_tables(struct unlink *u, pte_t *table, unsigned level,
                          u64 base)
{
    u64 step = span(level), limit = min_u64(u->end, base + step * PT_ENTRIES);

    for (u64 at = max_u64(base, ROUND_DOWN(u->start, step)); at < limit;
         at += step) {
        pte_t *p = &table[pt_index(at, level)];

        if (!(pte_read(p) & PTE_P))
            continue;
        if (level > 2)
            unlink_tables(u, table_of(pte_read(p)), level - 1, at);
        if (at < u->from || at + step > u->to)
            continue; /* somebody else's are in it too */
        list_move(&virt_to_page(table_of(pte_read(p)))->lru, &u->gone);
        pte_write(p, 0);
        u->mm->tables--;
    }
}

static void free_tables(struct list_head *tables)
{
    struct page *page, *tmp;

    list_for_each_entry_safe (page, tmp, tables, lru) {
        list_del(&page->lru);
        put_page(page);
    }
}

/*
 * A processor may still walk through a table that was unlinked, as it keeps
 * upper entries, too: the frames are let go after the flush.
 */
void pt_free_range(struct mm *mm, u64 start, u64 end, u64 from, u64 to)
{
    struct unlink u = {mm, start, end, from, to, LIST_INIT(u.gone)};

    if (ROUND_UP(from, span(2)) + span(2) > to)
        return; /* not one whole table */
    spin_lock(&mm->pt_lock);
    unlink_tables(&u, mm->pt.root, PT_LEVELS, 0);
    spin_unlock(&mm->pt_lock);
    if (list_empty(&u.gone))
        return;
    tlb_flush_all(&mm->pt);
    free_tables(&u.gone);
}

/* Nobody uses the mm any more. Its tables are found by their list: looking for
   them through 512 entries each would be most of what an exit costs. */
void pt_destroy(struct mm *mm)
{
    ASSERT(READ_ONCE(mm->pt.cpus) == 0);
    free_tables(&mm->table_list);
    mm->pt.root = NULL;
}
