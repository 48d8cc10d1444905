/* SPDX-License-Identifier: MIT */
/*
 * The reverse map: who maps this page, and how it is taken away from them.
 *
 * What a walk stands on:
 *  1. the page lock keeps page->anon_vma or page->mapping, and what it is;
 *  2. the page's reference keeps the anon_vma, even when its last area goes;
 *     a mapping waits for the page lock before it goes;
 *  3. the lock of either keeps the areas, their mms, and their addresses;
 *  4. each mm's pt_lock keeps the one entry that is looked at.
 *
 * fork against a walk: the child's area is put on the list, at its end, before
 * fork copies entries, and each copy is made under both pt_locks.
 *
 *   walk                         fork
 *   ----                         ----
 *                                child's area on the list, still empty
 *   parent's entry: change it
 *                                copy the changed entry, or
 *                                (earlier) the entry before the change
 *   child's entry: change it, if it is of the old kind
 *
 * Either way no entry of the old kind is left behind.
 */
#include <mm/cow.h>
#include <mm/event.h>
#include <mm/filemap.h>
#include <mm/mm.h>
#include <mm/pagetable.h>
#include <mm/rmap.h>
#include <mm/slab.h>
#include <mm/stat.h>
#include <mm/swap.h>
#include <mm/vma.h>
#include <mm/lockorder.h>
#include <kernel/errno.h>
#include <kernel/print.h>
#include <kernel/testpoint.h>
#include <kernel/x86/tlb.h>

static struct slab_cache anon_vma_cache;

void rmap_init(void)
{
    slab_cache_init(&anon_vma_cache, "anon_vma", sizeof(struct anon_vma));
}

void anon_vma_put(struct anon_vma *a)
{
    if (atomic_dec_and_test(&a->refs))
        slab_free(&anon_vma_cache, a);
}

/*
 * Two threads may fault in the same fresh area at once. pt_lock decides; the
 * list of the family that wins is still unknown to others, so that it may be
 * filled without its lock.
 */
int anon_vma_prepare(struct vma *vma)
{
    struct anon_vma *a;
    bool won;

    if (READ_ONCE(vma->anon))
        return 0;
    a = slab_alloc(&anon_vma_cache, ALLOC_WAIT);
    if (!a)
        return -ENOMEM;
    mutex_init(&a->lock, "anon_vma", RANK_ANON);
    list_init(&a->vmas);
    atomic_set(&a->refs, 1);

    spin_lock(&vma->mm->pt_lock);
    won = !vma->anon;
    if (won) {
        list_add_tail(&vma->anon_node, &a->vmas);
        WRITE_ONCE(vma->anon, a);
    }
    spin_unlock(&vma->mm->pt_lock);
    if (!won)
        anon_vma_put(a);
    return 0;
}

void anon_vma_link(struct vma *vma, struct anon_vma *family)
{
    mutex_lock(&family->lock);
    atomic_inc(&family->refs);
    vma->anon = family;
    list_add_tail(&vma->anon_node, &family->vmas);
    mutex_unlock(&family->lock);
}

void anon_vma_unlink(struct vma *vma)
{
    struct anon_vma *a = vma->anon;

    if (!a)
        return;
    mutex_lock(&a->lock);
    list_del(&vma->anon_node);
    vma->anon = NULL;
    mutex_unlock(&a->lock);
    anon_vma_put(a);
}

/*
 * The first mapping names the family. Only one task can be mapping a page that
 * has none: it is either fresh, or locked (swap-in).
 */
void rmap_add_anon(struct page *page, struct vma *vma, u64 addr)
{
    if (!page->anon_vma) {
        atomic_inc(&vma->anon->refs);
        page->index = vma->pgoff + ((addr - vma->start) >> PAGE_SHIFT);
        page->anon_vma = vma->anon;
    }
    atomic_inc(&page->mapcount);
}

/* Does this entry say `want` about the page? */
static bool entry_is(struct page *page, pte_t e, enum rmap_want want)
{
    switch (want) {
    case RMAP_PRESENT:
        return pte_present(e) && pte_pfn(e) == page_to_pfn(page);
    case RMAP_SWAP:
        return !pte_none(e) && pte_is_swap(e) &&
               swp_from_pte(e) == page->private;
    case RMAP_MIGRATION:
        return !pte_none(e) && pte_is_migration(e) &&
               pte_pfn(e) == page_to_pfn(page);
    }
    return false;
}

static bool walk_one(struct page *page, enum rmap_want want, struct vma *vma,
                     bool (*fn)(struct page *, struct rmap_entry *, void *),
                     void *arg)
{
    struct rmap_entry e = {.vma = vma, .addr = vma_address(vma, page->index)};
    bool go_on = true;

    if (!e.addr)
        return true;

    spin_lock(&vma->mm->pt_lock);
    e.pte = pt_walk(vma->mm->pt.root, e.addr);
    if (e.pte && entry_is(page, pte_read(e.pte), want))
        go_on = fn(page, &e, arg);
    spin_unlock(&vma->mm->pt_lock);
    return go_on;
}

static void walk_anon(struct page *page, enum rmap_want want,
                      bool (*fn)(struct page *, struct rmap_entry *, void *),
                      void *arg)
{
    struct anon_vma *a = page->anon_vma;
    struct vma *vma;

    if (!a)
        return; /* read from swap, and never mapped yet */
    mutex_lock(&a->lock);
    list_for_each_entry (vma, &a->vmas, anon_node)
        if (!walk_one(page, want, vma, fn, arg))
            break;
    mutex_unlock(&a->lock);
}

static void walk_file(struct page *page, enum rmap_want want,
                      bool (*fn)(struct page *, struct rmap_entry *, void *),
                      void *arg)
{
    struct mapping *m = page->mapping;
    struct vma *vma;

    if (!m)
        return; /* cut off, or in the swap cache: nobody finds it here */
    mutex_lock(&m->areas_lock);
    list_for_each_entry (vma, &m->areas, file_node)
        if (!walk_one(page, want, vma, fn, arg))
            break;
    mutex_unlock(&m->areas_lock);
}

void rmap_walk(struct page *page, enum rmap_want want,
               bool (*fn)(struct page *page, struct rmap_entry *e, void *arg),
               void *arg)
{
    ASSERT(page_locked(page));
    if (page->use == PAGE_FILE)
        walk_file(page, want, fn, arg);
    else
        walk_anon(page, want, fn, arg);
}

struct unmap {
    enum unmap_to to;
    int mine;
    bool check_accessed;
    struct tlb_batch *batch; /* NULL: flush at once */
    int error;
};

/*
 * The dirty bit is the page's from here on: a processor that still has the
 * translation writes through it only if the bit was set; else it looks at the
 * entry again, to set it, and faults.
 */
static void take_entry_away(struct page *page, struct unmap *u,
                            struct rmap_entry *e, pte_t instead)
{
    struct pgtable *pt = &e->vma->mm->pt;

    if (pte_exchange(e->pte, instead) & PTE_D)
        page_set(page, PG_DIRTY);
    if (u->batch)
        tlb_batch_add(u->batch, pt);
    else
        tlb_flush_range(pt, e->addr, e->addr + PAGE_SIZE);
}

/* One owner moves from mapcount to swapcount: up before down. */
static int entry_to_swap(struct page *page, struct unmap *u,
                         struct rmap_entry *e)
{
    pte_t instead = pte_from_swp(page->private, cow_remember(page));

    if (swap_dup(page->private))
        return -EBUSY;
    take_entry_away(page, u, e, instead);
    e->vma->mm->swapped++;
    testpoint("unmap.between_counts");
    return 0;
}

/* The file's place says where the page is. */
static int entry_to_nothing(struct page *page, struct unmap *u,
                            struct rmap_entry *e)
{
    take_entry_away(page, u, e, 0);
    return 0;
}

static int entry_to_migration(struct page *page, struct unmap *u,
                              struct rmap_entry *e)
{
    pte_t old = pte_read(e->pte);
    enum pte_kind kind =
        old & PTE_W ? PTE_KIND_MIGRATE_RW : PTE_KIND_MIGRATE_RO;
    pte_t instead = pte_special(kind, cow_remember(page), page_to_pfn(page));

    take_entry_away(page, u, e, instead);
    return 0;
}

static bool unmap_one(struct page *page, struct rmap_entry *e, void *arg)
{
    struct unmap *u = arg;

    if (u->to != UNMAP_TO_MIGRATION && (READ_ONCE(e->vma->flags) & VM_LOCKED))
        u->error = -EPERM; /* see mm/mlock.c */
    else if (u->check_accessed && (pte_read(e->pte) & PTE_A))
        u->error = -EAGAIN;
    else if (!cow_may_unmap(page, u->mine))
        u->error = -EBUSY;
    else if (u->to == UNMAP_TO_SWAP)
        u->error = entry_to_swap(page, u, e);
    else if (u->to == UNMAP_TO_FILE)
        u->error = entry_to_nothing(page, u, e);
    else
        u->error = entry_to_migration(page, u, e);
    if (u->error)
        return false;
    e->vma->mm->rss--;
    rmap_remove(page);
    put_page(page); /* the entry's; the caller has its own */
    return true;
}

int rmap_unmap(struct page *page, enum unmap_to to, int mine,
               bool check_accessed, struct tlb_batch *batch)
{
    static const char *const names[] = {"swap", "file", "migration"};
    struct unmap u = {to, mine + page_in_file(page), check_accessed, batch, 0};

    rmap_walk(page, RMAP_PRESENT, unmap_one, &u);
    if (u.error == -EBUSY) {
        stat_inc(STAT_unmap_refused);
        mm_event("unmap.refused", page, "mine=%d", mine);
    } else if (!u.error && page_mapcount(page) > 0) {
        u.error = -EAGAIN; /* an unmapper has not come to lower it yet */
    } else if (!u.error) {
        stat_inc(STAT_unmap_done);
        mm_event("unmap.done", page, "to=%s", names[to]);
    }
    return u.error;
}

/*
 * A migration entry becomes a page-table entry again. The dirty bit is in the
 * page by now; the accessed bit is set, as somebody probably waits for it.
 */
static bool restore_one(struct page *old, struct rmap_entry *e, void *arg)
{
    struct page *new = arg;
    bool writable = pte_kind(pte_read(e->pte)) == PTE_KIND_MIGRATE_RW;

    (void)old;
    get_page(new);
    if (new->use == PAGE_FILE)
        rmap_add_again(new);
    else
        rmap_add_anon(new, e->vma, e->addr);
    e->vma->mm->rss++;
    pte_write(e->pte, pte_make(page_to_pfn(new),
                               vma_pte_flags(e->vma, writable) | PTE_A));
    return true;
}

void rmap_restore(struct page *old, struct page *new)
{
    rmap_walk(old, RMAP_MIGRATION, restore_one, new);
}

static bool clear_accessed_one(struct page *page, struct rmap_entry *e,
                               void *arg)
{
    int *used = arg;

    (void)page;
    /* No flush: a translation that is still cached only makes the page look
       younger or older than it is. */
    if (pte_read(e->pte) & PTE_A) {
        pte_clear_bits(e->pte, PTE_A);
        ++*used;
    }
    return true;
}

int rmap_test_clear_accessed(struct page *page)
{
    int used = 0;

    rmap_walk(page, RMAP_PRESENT, clear_accessed_one, &used);
    return used;
}
