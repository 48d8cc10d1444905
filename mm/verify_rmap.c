/* SPDX-License-Identifier: MIT */
/*
 * mm_verify(): does the reverse map lead from each page back to each entry that
 * means it?
 *
 * An entry that is not found from its page can neither be paged out nor moved,
 * and a file that is cut leaves it readable. The way back has three parts: the
 * page names a family or a file; the area is on that one's list; and the area
 * shows the page's index at the address of the entry. All three are exact under
 * the locks that a walk holds: no concurrency makes them wrong.
 */
#include <mm/filemap.h>
#include <mm/rmap.h>
#include <mm/verify_private.h>
#include <mm/vma.h>

static bool is_family(const struct vma *vma, const struct page *page)
{
    if (page->use == PAGE_FILE)
        return vma->file && page->mapping == vma->file;
    return vma->anon && page->anon_vma == vma->anon;
}

void verify_rmap(struct verify *v, const struct vma *vma, u64 va,
                 const struct page *page)
{
    if (!vma || !page_is_user(page))
        return; /* a mistake already */
    if (!is_family(vma, page))
        verify_mistake(v,
                       "process %d: 0x%llx: frame 0x%llx (%s) belongs to "
                       "another %s",
                       vma->mm->pid, (unsigned long long)va,
                       (unsigned long long)page_to_pfn(page),
                       page_use_name(page),
                       page->use == PAGE_FILE ? "file" : "anon_vma");
    else if (vma_address(vma, page->index) != va)
        verify_mistake(v,
                       "process %d: 0x%llx: frame 0x%llx is looked for at "
                       "0x%llx (index 0x%llx, area from 0x%llx)",
                       vma->mm->pid, (unsigned long long)va,
                       (unsigned long long)page_to_pfn(page),
                       (unsigned long long)vma_address(vma, page->index),
                       (unsigned long long)page->index,
                       (unsigned long long)vma->pgoff);
}

static void area_mistake(struct verify *v, const struct vma *vma,
                         const char *what)
{
    verify_mistake(v, "process %d: the area at 0x%llx %s", vma->mm->pid,
                   (unsigned long long)vma->start, what);
}

/* Mark all that are on the list: a list is walked once for all its areas. */
static void mark_family(struct verify *v, struct anon_vma *a)
{
    struct vma *vma;

    mutex_lock(&a->lock);
    list_for_each_entry (vma, &a->vmas, anon_node) {
        if (vma->anon == a)
            vma->on_anon = v->walk;
        else
            area_mistake(v, vma, "is on the list of another anon_vma");
    }
    mutex_unlock(&a->lock);
}

static void mark_file(struct verify *v, struct mapping *m)
{
    struct vma *vma;

    mutex_lock(&m->areas_lock);
    list_for_each_entry (vma, &m->areas, file_node) {
        if (vma->file == m)
            vma->on_file = v->walk;
        else
            area_mistake(v, vma, "is on the list of another file");
    }
    mutex_unlock(&m->areas_lock);
}

static void verify_area(struct verify *v, struct vma *vma)
{
    if (vma->anon && vma->on_anon != v->walk)
        mark_family(v, vma->anon);
    if (vma->file && vma->on_file != v->walk)
        mark_file(v, vma->file);
    if (vma->anon && vma->on_anon != v->walk)
        area_mistake(v, vma, "is not on its anon_vma's list");
    if (vma->file && vma->on_file != v->walk)
        area_mistake(v, vma, "is not on its file's list");
    if (vma->pgoff + vma_pages(vma) < vma->pgoff)
        area_mistake(v, vma, "has indexes beyond the last number");
}

void verify_areas(struct verify *v, struct mm *mm)
{
    u64 end = 0;

    for (unsigned i = 0; i < mm->nr_areas; i++) {
        struct vma *vma = mm->areas[i];

        if (vma->mm != mm || vma->start < end || vma->end <= vma->start)
            area_mistake(v, vma, "is not where it belongs");
        end = vma->end;
        verify_area(v, vma);
    }
}
