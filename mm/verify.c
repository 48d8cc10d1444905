/* SPDX-License-Identifier: MIT */
/*
 * mm_verify(): every count, recomputed from what there is.
 *
 * Page tables, files, pins and the swap cache say how many references and
 * mappings each frame should have (page.seen_refs, seen_maps), and how many
 * entries mean each swap slot (slot.seen). Then each frame is compared with its
 * sum.
 *
 * Nothing is stopped meanwhile. Another processor may be half-way through a
 * fault: so a walk that finds mistakes is done again, up to WALKS times, and
 * only what the last one finds is reported. What is wrong for good is wrong in
 * all of them. The sections are held, so that no struct page goes away; that
 * lock also makes it one walk at a time, as the scratch fields are shared.
 */
#include <mm/filemap.h>
#include <mm/gup.h>
#include <mm/mm.h>
#include <mm/pagetable.h>
#include <mm/removal_private.h>
#include <mm/swap.h>
#include <mm/verify.h>
#include <mm/vma.h>
#include <mm/verify_private.h>
#include <kernel/current.h>
#include <kernel/string.h>

#define WALKS 3

static struct verify walk; /* sections_hold */

void verify_mistake(struct verify *v, const char *fmt, ...)
{
    va_list ap;

    v->mistakes++;
    if (v->nr_lines == VERIFY_LINES)
        return;
    va_start(ap, fmt);
    vsnprintf(v->line[v->nr_lines++], sizeof(v->line[0]), fmt, ap);
    va_end(ap);
}

void verify_frame(struct verify *v, const struct page *page, const char *what)
{
    verify_mistake(v,
                   "frame 0x%llx (%s): %s; refs %d (found %u), mapcount %d "
                   "(found %u)",
                   (unsigned long long)page_to_pfn(page), page_use_name(page),
                   what, page_refs(page), page->seen_refs, page_mapcount(page),
                   page->seen_maps);
}

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

static void see_present(struct verify *v, struct mm *mm, u64 va, pte_t e)
{
    struct page *page = pfn_to_page(pte_pfn(e));

    if (!page) {
        verify_mistake(v, "process %d: 0x%llx maps frame 0x%llx, not there",
                       mm->pid, (unsigned long long)va,
                       (unsigned long long)pte_pfn(e));
        return;
    }
    page->seen_maps++;
    page->seen_refs++;
}

/* pt_lock held. */
static void see_entry(struct verify *v, struct mm *mm, u64 va, pte_t e,
                      struct found *f)
{
    if (pte_present(e)) {
        if (e & PTE_ZERO)
            return; /* never counted */
        f->present++;
        see_present(v, mm, va, e);
    } else if (pte_is_swap(e)) {
        f->swapped++;
        if (!swap_seen(swp_from_pte(e)))
            verify_mistake(v, "process %d: 0x%llx means an unused swap slot",
                           mm->pid, (unsigned long long)va);
    } else {
        v->migration++;
        if (!v->moving)
            verify_mistake(v, "process %d: 0x%llx is a migration entry",
                           mm->pid, (unsigned long long)va);
    }
}

/* An mm's own sums are exact under its pt_lock. */
static void see_mm(struct verify *v, struct mm *mm)
{
    struct found f = {0};
    u64 va = 0;
    pte_t *p;

    down_read(&mm->mmap_lock); /* keeps the tables */
    spin_lock(&mm->pt_lock);
    for (; (p = pt_next(mm->pt.root, &va, USER_END)); va += PAGE_SIZE)
        see_entry(v, mm, va, pte_read(p), &f);
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
        if (!swap_seen(place_swp(*place)))
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
        verify_mistake(v, "file %llu: %u areas may write, it says %u",
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
        verify_mistake(
            v,
            "a file of %llu bytes: %llu pages (says %llu), %llu "
            "swapped (says %llu)",
            (unsigned long long)m->size, (unsigned long long)found.pages,
            (unsigned long long)m->nr_pages, (unsigned long long)found.swapped,
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
        verify_mistake(v, "swap slot 0x%llx: count %u, found %u",
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
    default:
        if (page->seen_refs)
            verify_frame(v, page, "the kernel's, and mapped or pinned");
    }
}

static void walk_once(struct verify *v)
{
    memset(v, 0, sizeof(*v));
    v->moving = removal_under_way();
    see_everything(v);
    for_each_frame(v, check_frame);
    if (v->cached_slots != v->cached_pages)
        verify_mistake(v, "%llu pages in the swap cache, %llu slots with one",
                       (unsigned long long)v->cached_pages,
                       (unsigned long long)v->cached_slots);
    verify_lists(v);
    v->free = total_free_frames();
}

static void emit_all(struct verify *v,
                     void (*emit)(const char *line, void *arg), void *arg)
{
    char line[160];

    for (unsigned i = 0; i < v->nr_lines; i++)
        emit(v->line[i], arg);
    if (v->mistakes > v->nr_lines) {
        snprintf(line, sizeof(line), "and %u more", v->mistakes - v->nr_lines);
        emit(line, arg);
    }
    if (v->moving) {
        snprintf(line, sizeof(line),
                 "a removal is under way: %llu pages and %llu entries in its "
                 "hands",
                 (unsigned long long)v->in_transit,
                 (unsigned long long)v->migration);
        emit(line, arg);
    }
    snprintf(line, sizeof(line),
             "mm_verify: %u mistakes, %llu anon pages, %llu file pages, %llu "
             "swap slots, %llu pins, %llu free frames",
             v->mistakes, (unsigned long long)v->anon,
             (unsigned long long)v->file, (unsigned long long)v->slots,
             (unsigned long long)v->pins, (unsigned long long)v->free);
    emit(line, arg);
}

int mm_verify(void (*emit)(const char *line, void *arg), void *arg)
{
    int mistakes;

    sections_hold();
    for (unsigned i = 0; i < WALKS; i++) {
        walk_once(&walk);
        if (walk.mistakes == 0)
            break;
        yield(); /* to whoever was in the middle of something */
    }
    emit_all(&walk, emit, arg);
    mistakes = (int)walk.mistakes;
    sections_release();
    return mistakes;
}
