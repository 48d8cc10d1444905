/* SPDX-License-Identifier: MIT */
/*
 * mprotect: what may be done with an area.
 */
#include <mm/commit.h>
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
    while ((p = pt_next_long(mm, &va, vma->end))) {
        protect_entry(vma, p);
        va += PAGE_SIZE;
    }
    spin_unlock(&mm->pt_lock);
    tlb_flush_range(&mm->pt, vma->start, vma->end);
}

/* Will a write be allowed that was not, and what does that take? */
static int may_become_writable(struct vma *vma, u32 *flags)
{
    const u32 counted = VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_NORESERVE;

    if (vma->flags & VM_NOWRITE)
        return -EACCES;
    if (vma->flags & (VM_WRITE | VM_SHARED))
        return 0;
    if (!mm_may_have_data(vma->mm, vma_pages(vma)))
        return -ENOMEM;
    if (vma->flags & counted)
        return 0;
    *flags |= VM_ACCOUNT;
    return vm_enough_memory(vma->mm, vma_pages(vma));
}

static int protect_one(struct vma *vma, void *arg)
{
    const u32 bits = VM_READ | VM_WRITE | VM_EXEC;
    u32 flags = (vma->flags & ~bits) | *(u32 *)arg;
    int err = 0;

    if (flags & VM_WRITE)
        err = may_become_writable(vma, &flags);
    if (!err)
        protect_area(vma, flags);
    return err;
}

/* mmap_lock for writing. PROT_GROWSDOWN: from the start of the stack on. */
static int protect_range(struct mm *mm, u64 addr, u64 end, u32 prot)
{
    u32 bits = prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
    struct vma *vma = vma_find(mm, addr);

    if (prot & PROT_GROWSDOWN) {
        if (!vma)
            return -ENOMEM;
        if (!(vma->flags & VM_GROWSDOWN))
            return -EINVAL;
        addr = vma->start;
    }
    return vma_for_range(mm, addr, end, protect_one, &bits);
}

s64 mm_mprotect(struct mm *mm, u64 addr, u64 len, u32 prot)
{
    const u32 all =
        PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM | PROT_GROWSDOWN;
    u64 end = addr + PAGE_UP(len);
    int err;

    if (addr & ~PAGE_MASK)
        return -EINVAL;
    if (!len)
        return 0;
    if (end <= addr)
        return -ENOMEM;
    if (prot & ~all)
        return -EINVAL;
    if (down_write_killable(&mm->mmap_lock))
        return -EINTR;
    err = protect_range(mm, addr, end, prot);
    up_write(&mm->mmap_lock);
    return err;
}
