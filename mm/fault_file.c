/* SPDX-License-Identifier: MIT */
/*
 * A fault in an area that shows a file: the file's own page, read-only in a
 * private area until it is written to, and then a copy.
 */
#include <mm/fault.h>
#include <mm/filemap.h>
#include <mm/rmap.h>
#include <mm/vma.h>

/* Map the file's page itself; takes over the caller's reference. */
static int map_file_page(struct fault *f, struct page *page)
{
    bool writable = f->how == FAULT_WRITE && (f->vma->flags & VM_SHARED);
    u64 flags = vma_pte_flags(f->vma, writable) | PTE_A;

    if (!fault_relock(f)) {
        put_page(page);
        return FAULT_DONE;
    }
    rmap_add_again(page);
    pte_write(f->pte, pte_make(page_to_pfn(page), flags));
    f->mm->rss++;
    spin_unlock(&f->mm->pt_lock);
    return FAULT_DONE;
}

int fault_file(struct fault *f)
{
    u64 index = f->vma->pgoff + ((f->addr - f->vma->start) >> PAGE_SHIFT);
    struct page *page;
    int ret;

    spin_unlock(&f->mm->pt_lock);
    if (index >= PAGE_UP(READ_ONCE(f->vma->file->size)) >> PAGE_SHIFT)
        return FAULT_BUS;
    page = mapping_page(f->vma->file, index, true);
    if (!page)
        return FAULT_NO_MEMORY;
    if (f->how != FAULT_WRITE || (f->vma->flags & VM_SHARED))
        return map_file_page(f, page);
    ret = fault_install_copy(f, page);
    put_page(page);
    return ret;
}
