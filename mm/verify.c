/* SPDX-License-Identifier: MIT */
/*
 * mm_verify(): every count, recomputed from what there is.
 *
 * Page tables, files, pins and the swap cache say how many references and
 * mappings each frame should have (page.seen_refs, seen_maps), and how many
 * entries mean each swap slot (slot.seen). Then each frame is compared with its
 * sum. And each entry of a page table is looked for from its page, as the
 * reverse map would (mm/verify_rmap.c).
 *
 * Nothing is stopped meanwhile: what a walk finds wrong may be another
 * processor half-way through a fault. mm/verify_walks.c walks again and again,
 * and decides what is told. The sections are held, so that no struct page goes
 * away; that lock also makes it one walk at a time, as the scratch fields are
 * shared.
 */
#include <mm/filemap.h>
#include <mm/gup.h>
#include <mm/mm.h>
#include <mm/pagetable.h>
#include <mm/removal_private.h>
#include <mm/swap.h>
#include <mm/vma.h>
#include <mm/verify_private.h>
#include <kernel/current.h>

static void for_each_frame(struct verify *v,
                           void (*fn)(struct verify *v, struct page *page))
{
    for (u32 nr = 0; nr < section_count(); nr++) {
        struct section *s = section_get(nr);

        for (unsigned i = 0; s && s->map && i < SECTION_FRAMES; i++)
            fn(v, &s->map[i]);
    }
}

/* ---- what there is ---- */

static void forget_frame(struct verify *v, struct page *page)
{
    (void)v;
    page->seen_maps = page->seen_refs = 0;
}

static void forget_slot(swp_t s, struct swap_slot *slot, void *arg)
{
    (void)s;
    (void)arg;
    slot->seen = 0;
}

/* Found so far in the mm at hand. */
struct found {
    u64 present, swapped;
};

/* The entry, the area that it is in (NULL: none), and its address. pt_lock and
   mmap_lock held, as below. */
struct seen_entry {
    struct mm *mm;
    const struct vma *vma;
    u64 va;
    pte_t pte;
};

static void see_present(struct verify *v, const struct seen_entry *e)
{
    struct page *page = pfn_to_page(pte_pfn(e->pte));

    if (!page) {
        verify_mistake(v, "process %d: 0x%llx maps frame 0x%llx, not there",
                       e->mm->pid, (unsigned long long)e->va,
                       (unsigned long long)pte_pfn(e->pte));
        return;
    }
    page->seen_maps++;
    page->seen_refs++;
    verify_rmap(v, e->vma, e->va, page);
}

static void see_swapped(struct verify *v, const struct seen_entry *e)
{
    struct page *cached;

    if (!swap_seen(swp_from_pte(e->pte), &cached))
        verify_mistake(v, "process %d: 0x%llx means an unused swap slot",
                       e->mm->pid, (unsigned long long)e->va);
    else if (cached && cached->anon_vma) /* read, and mapped at least once */
        verify_rmap(v, e->vma, e->va, cached);
}

static void see_migrating(struct verify *v, const struct seen_entry *e)
{
    struct page *page = pfn_to_page(pte_pfn(e->pte));

    v->migration++;
    if (!v->moving)
        verify_mistake(v, "process %d: 0x%llx is a migration entry", e->mm->pid,
                       (unsigned long long)e->va);
    if (page)
        verify_rmap(v, e->vma, e->va, page);
}

static void see_entry(struct verify *v, const struct seen_entry *e,
                      struct found *f)
{
    if (!e->vma)
        verify_mistake(v, "process %d: 0x%llx is in no area, and not empty",
                       e->mm->pid, (unsigned long long)e->va);
    if (pte_present(e->pte)) {
        if (e->pte & PTE_ZERO)
            return; /* never counted */
        f->present++;
        see_present(v, e);
    } else if (pte_is_swap(e->pte)) {
        f->swapped++;
        see_swapped(v, e);
    } else {
        see_migrating(v, e);
    }
}

static void see_entries(struct verify *v, struct mm *mm, struct found *f)
{
    struct seen_entry e = {.mm = mm};
    unsigned i = 0;
    pte_t *p;

    for (; (p = pt_next(mm->pt.root, &e.va, USER_END)); e.va += PAGE_SIZE) {
        while (i < mm->nr_areas && mm->areas[i]->end <= e.va)
            i++;
        e.vma = i < mm->nr_areas && mm->areas[i]->start <= e.va ? mm->areas[i]
                                                                : NULL;
        e.pte = pte_read(p);
        see_entry(v, &e, f);
    }
}

/* An mm's own sums are exact under its pt_lock. */
static void see_mm(struct verify *v, struct mm *mm)
{
    struct found f = {0};

    down_read(&mm->mmap_lock); /* keeps the areas and the tables */
    verify_areas(v, mm);
    spin_lock(&mm->pt_lock);
    see_entries(v, mm, &f);
    if (f.present != mm->rss || f.swapped != mm->swapped)
        verify_mistake(
            v,
            "process %d: %llu pages (says %llu), %llu swapped (says "
            "%llu)",
            mm->pid, (unsigned long long)f.present, (unsigned long long)mm->rss,
            (unsigned long long)f.swapped, (unsigned long long)mm->swapped);
    spin_unlock(&mm->pt_lock);
    up_read(&mm->mmap_lock);
}

/* Found so far in the file at hand. */
struct places {
    struct verify *v;
    u64 pages, swapped;
};

static bool see_place(struct mapping *m, u64 index, place_t *place, void *arg)
{
    struct places *found = arg;
    struct page *page;

    if (place_is_swap(*place)) {
        found->swapped++;
        if (!swap_seen(place_swp(*place), &page))
            verify_mistake(found->v, "page %llu of a file means an unused slot",
                           (unsigned long long)index);
        return true;
    }
    page = place_page(*place);
    found->pages++;
    page->seen_refs++;
    if (page->use != PAGE_FILE || page->mapping != m || page->index != index)
        verify_frame(found->v, page, "in a file that it does not know");
    return true;
}

/* An mmap that is just under way counts, too (mm/seal.c). */
static void check_writers(struct verify *v, struct mapping *m)
{
    unsigned found = 0;
    struct vma *vma;

    mutex_lock(&m->areas_lock);
    list_for_each_entry (vma, &m->areas, file_node)
        found += vma_writes_file(vma->flags);
    if (m->writers != found)
        verify_sum(v, "file %llu: %u areas may write, it says %u",
                   (unsigned long long)m->nr, found, m->writers);
    mutex_unlock(&m->areas_lock);
}

static void see_file(struct verify *v, struct mapping *m)
{
    struct places found = {.v = v};
    u64 index = 0;

    check_writers(v, m);
    mapping_walk(m, &index, see_place, &found);
    if (found.pages != m->nr_pages || found.swapped != m->nr_swapped)
        verify_sum(v,
                   "a file of %llu bytes: %llu pages (says %llu), %llu "
                   "swapped (says %llu)",
                   (unsigned long long)m->size, (unsigned long long)found.pages,
                   (unsigned long long)m->nr_pages,
                   (unsigned long long)found.swapped,
                   (unsigned long long)m->nr_swapped);
}

static void see_pin(struct page *page, void *arg)
{
    struct verify *v = arg;

    v->pins++;
    page->seen_refs++;
}

/* Swap lock held. The page tables were walked before. */
static void see_slot(swp_t s, struct swap_slot *slot, void *arg)
{
    struct verify *v = arg;

    v->slots++;
    if (slot->count != slot->seen)
        verify_sum(v, "swap slot 0x%llx: count %u, found %u",
                   (unsigned long long)s, slot->count, slot->seen);
    if (!slot->page)
        return;
    v->cached_slots++;
    slot->page->seen_refs++;
    if (!page_flag(slot->page, PG_SWAPCACHE) || slot->page->private != s)
        verify_frame(v, slot->page, "cached under a slot it does not know");
}

static void see_everything(struct verify *v)
{
    struct mapping *m = NULL;
    struct mm *mm = NULL;

    for_each_frame(v, forget_frame);
    swap_for_each_slot(forget_slot, NULL);
    while ((mm = mm_next(mm)))
        see_mm(v, mm);
    while ((m = mapping_next(m)))
        see_file(v, m);
    pins_for_each(see_pin, v);
    swap_for_each_slot(see_slot, v);
}

/* ---- what each frame says ---- */

/* A page that is being moved, and the frame it moves to, are off the lists and
   have one reference more: the mover's. */
static void check_user(struct verify *v, struct page *page)
{
    bool transit = v->moving && !page_flag(page, PG_LRU);

    *(page->use == PAGE_ANON ? &v->anon : &v->file) += 1;
    v->in_transit += transit;
    if ((u32)page_mapcount(page) != page->seen_maps)
        verify_frame(v, page, "wrong mapcount");
    else if ((u32)page_refs(page) != page->seen_refs + transit)
        verify_frame(v, page, "wrong refs");
    else if (!transit && !page_flag(page, PG_LRU))
        verify_frame(v, page, "not on an LRU list");
    if (page_flag(page, PG_SWAPCACHE))
        v->cached_pages++;
}

static void check_free(struct verify *v, struct page *page)
{
    if (page->use == PAGE_FREE)
        v->free_use[page->zone]++;
    if (page_refs(page) || page_mapcount(page) || page->seen_refs)
        verify_frame(v, page, "free, and in use");
    if (page_flag(page, PG_SWAPCACHE))
        verify_frame(v, page, "free, and in the swap cache");
}

static void check_frame(struct verify *v, struct page *page)
{
    if (page_flag(page, PG_LRU)) {
        v->on_lru[page->zone]++;
        if (!page_is_user(page))
            verify_frame(v, page, "on an LRU list");
    }
    switch (page->use) {
    case PAGE_ANON:
    case PAGE_FILE:
        check_user(v, page);
        break;
    case PAGE_FREE:
    case PAGE_ISOLATED:
        check_free(v, page);
        break;
    case PAGE_ZERO:
        if ((u32)page_refs(page) != 1 + page->seen_refs)
            verify_frame(v, page, "wrong refs: 1 is its own, others are pins");
        break;
    default:
        if (page->seen_refs)
            verify_frame(v, page, "the kernel's, and mapped or pinned");
    }
}

/* Who waits for the disk to write (reclaim, or a fault that needs memory) may
   hold pages for as long. */
static bool others_work(void)
{
    return sched_runnable() > 1 || swap_writing() > 0;
}

void verify_walk(struct verify *v)
{
    v->moving = removal_under_way();
    v->busy = others_work();
    see_everything(v);
    v->busy |= others_work();
    for_each_frame(v, check_frame);
    if (v->cached_slots != v->cached_pages)
        verify_sum(v, "%llu pages in the swap cache, %llu slots with one",
                   (unsigned long long)v->cached_pages,
                   (unsigned long long)v->cached_slots);
    verify_lists(v);
    v->free = total_free_frames();
}
