/* SPDX-License-Identifier: MIT */
/*
 * Which areas show a file: the reverse map of its pages. An area is on its
 * file's list from its making to its end; a child's comes after its parent's
 * (mm/rmap.h says why).
 */
#include <mm/filemap.h>
#include <mm/vma.h>

void file_area_link(struct vma *vma)
{
    struct mapping *m = vma->file;

    mutex_lock(&m->areas_lock);
    list_add_tail(&vma->file_node, &m->areas);
    m->writers += vma_writes_file(vma->flags);
    mutex_unlock(&m->areas_lock);
}

void file_area_unlink(struct vma *vma)
{
    struct mapping *m = vma->file;

    mutex_lock(&m->areas_lock);
    list_del(&vma->file_node);
    m->writers -= vma_writes_file(vma->flags);
    mutex_unlock(&m->areas_lock);
}

static void zap_area(struct vma *vma, u64 first, u64 end)
{
    u64 pages = (vma->end - vma->start) >> PAGE_SHIFT;
    u64 from = first > vma->pgoff ? first - vma->pgoff : 0;
    u64 to = end > vma->pgoff ? min_u64(end - vma->pgoff, pages) : 0;

    if (from < to)
        zap_range(vma->mm, vma->start + (from << PAGE_SHIFT),
                  vma->start + (to << PAGE_SHIFT));
}

/* The lock keeps the areas, and with them their page tables, which are only
   freed after the areas are gone. Private copies go too, as in Linux. */
void file_areas_zap(struct mapping *m, u64 first, u64 end)
{
    struct vma *vma;

    mutex_lock(&m->areas_lock);
    list_for_each_entry (vma, &m->areas, file_node)
        zap_area(vma, first, end);
    mutex_unlock(&m->areas_lock);
}
