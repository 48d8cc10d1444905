/* SPDX-License-Identifier: MIT */
/* mprotect: what may be done with areas. */
#include <mm/commit.h>
#include <mm/page.h>
#include <mm/pagetable.h>
#include <mm/vma.h>
#include <kernel/errno.h>
#include <kernel/x86/tlb.h>

/*
 * One entry under its area's new flags. A write bit is never given here: only
 * a write fault may, having asked who owns the page. pt_lock held.
 */
static void protect_entry(struct vma *vma, pte_t *p)
{
    pte_t e = pte_read(p);

    if (pte_present(e)) {
        /* The processor may be setting A and D: exchange, then rebuild. */
        e = pte_exchange(p, 0);
        pte_write(p, (e & (PTE_ADDR | PTE_A | PTE_D | PTE_ZERO)) |
                         vma_pte_flags(vma, e & PTE_W));
    } else if (pte_kind(e) == PTE_KIND_MIGRATE_RW && !(vma->flags & VM_WRITE)) {
        pte_write(p,
                  pte_special(PTE_KIND_MIGRATE_RO, pte_memory(e), pte_pfn(e)));
    }
}

static void protect_area(struct vma *vma, u32 flags)
{
    struct mm *mm = vma->mm;
    u64 va = vma->start;
    pte_t *p;

    if (vma->flags == flags)
        return;
    vma_set_flags(vma, flags);
    spin_lock(&mm->pt_lock);
    while ((p = pt_next(mm->pt.root, &va, vma->end))) {
        protect_entry(vma, p);
        va += PAGE_SIZE;
    }
    spin_unlock(&mm->pt_lock);
    tlb_flush_range(&mm->pt, vma->start, vma->end);
}

/* What an area's flags become. An area that is first made writable is counted
   from then on. */
static u32 new_flags(const struct vma *vma, u32 prot)
{
    u32 flags = (vma->flags & ~(u32)VM_ACCESS) | prot;

    if (vma_is_data(flags) && !(flags & VM_NORESERVE))
        flags |= VM_ACCOUNT;
    return flags;
}

/* May they all be so? Before anything is changed. */
static int check_areas(struct mm *mm, u64 start, u64 end, u32 prot)
{
    for (unsigned i = vma_index(mm, start);
         i < mm->nr_areas && mm->areas[i]->start < end; i++) {
        struct vma *vma = mm->areas[i];
        u64 from = max_u64(start, vma->start), to = min_u64(end, vma->end);

        if ((prot & VM_WRITE) && (vma->flags & VM_NOWRITE))
            return -EACCES;
        if ((new_flags(vma, prot) & ~vma->flags & VM_ACCOUNT) &&
            vm_enough_memory((to - from) >> PAGE_SHIFT))
            return -ENOMEM;
    }
    return 0;
}

static int protect_range(struct mm *mm, u64 start, u64 end, u32 prot)
{
    int err = check_areas(mm, start, end, prot);

    if (!err)
        err = vma_isolate_range(mm, start, end, false);
    if (err)
        return err;
    for (unsigned i = vma_index(mm, start);
         i < mm->nr_areas && mm->areas[i]->start < end; i++)
        protect_area(mm->areas[i], new_flags(mm->areas[i], prot));
    vma_merge_range(mm, start, end);
    return 0;
}

s64 mm_mprotect(struct mm *mm, u64 addr, u64 len, u32 prot)
{
    int err = 0;

    if ((addr & ~PAGE_MASK) || (prot & ~(u32)VM_ACCESS))
        return -EINVAL;
    if (!user_range_ok(addr, len))
        return -ENOMEM;
    if (!len)
        return 0;
    down_write(&mm->mmap_lock);
    err = protect_range(mm, addr, addr + PAGE_UP(len), prot);
    up_write(&mm->mmap_lock);
    return err;
}
