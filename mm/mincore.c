/* SPDX-License-Identifier: MIT */
/* mincore and msync: questions about a range of areas. */
#include <mm/filemap.h>
#include <mm/page.h>
#include <mm/pagetable.h>
#include <mm/swap.h>
#include <mm/vma.h>
#include <kernel/errno.h>

static bool slot_resident(swp_t s)
{
    struct page *page = swap_cache_get(s);
    bool in = page && page_flag(page, PG_UPTODATE);

    if (page)
        put_page(page);
    return in;
}

/* pt_lock held. A page of a file may be in memory without an entry. */
static bool resident(struct vma *vma, u64 va)
{
    pte_t *p = pt_walk(vma->mm->pt.root, va);
    pte_t e = p ? pte_read(p) : 0;

    if (pte_none(e))
        return vma->file &&
               mapping_resident(vma->file, vma_file_index(vma, va));
    if (pte_present(e) || pte_is_migration(e))
        return true;
    return slot_resident(swp_from_pte(e));
}

s64 mm_mincore(struct mm *mm, u64 addr, u64 len, u8 *vec)
{
    int err = 0;

    if (addr & ~PAGE_MASK)
        return -EINVAL;
    if (!user_range_ok(addr, len))
        return -ENOMEM;
    down_read(&mm->mmap_lock);
    for (u64 va = addr; !err && va < addr + PAGE_UP(len); va += PAGE_SIZE) {
        struct vma *vma = vma_find(mm, va);

        if (!vma) {
            err = -ENOMEM;
            break;
        }
        spin_lock(&mm->pt_lock);
        vec[(va - addr) >> PAGE_SHIFT] = resident(vma, va);
        spin_unlock(&mm->pt_lock);
    }
    up_read(&mm->mmap_lock);
    return err;
}

/* mmap_lock held. A hole is told of after the areas behind it were asked. */
static int check_areas(struct mm *mm, u64 start, u64 end, u64 flags)
{
    int hole = 0;

    while (start < end) {
        struct vma *vma = vma_find_next(mm, start);

        if (!vma)
            return -ENOMEM;
        if (start < vma->start)
            hole = -ENOMEM;
        if (vma->start < end && (flags & MS_INVALIDATE) &&
            (vma->flags & VM_LOCKED))
            return -EBUSY;
        start = vma->end;
    }
    return hole;
}

s64 mm_msync(struct mm *mm, u64 addr, u64 len, u64 flags)
{
    u64 end = addr + PAGE_UP(len);
    int err;

    if ((flags & ~(u64)(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) ||
        (addr & ~PAGE_MASK) || ((flags & MS_ASYNC) && (flags & MS_SYNC)))
        return -EINVAL;
    if (end < addr)
        return -ENOMEM;
    down_read(&mm->mmap_lock);
    err = check_areas(mm, addr, end, flags);
    up_read(&mm->mmap_lock);
    return err;
}
