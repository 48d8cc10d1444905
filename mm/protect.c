/* SPDX-License-Identifier: MIT */
/*
 * mprotect, madvise and mincore: changing how areas are used, and asking.
 */
#include <mm/event.h>
#include <mm/page.h>
#include <mm/pagetable.h>
#include <mm/reclaim.h>
#include <mm/swap.h>
#include <mm/vma.h>
#include <kernel/errno.h>
#include <kernel/string.h>
#include <kernel/wait.h>
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
    vma->flags = flags;
    spin_lock(&mm->pt_lock);
    while ((p = pt_next(mm->pt.root, &va, vma->end))) {
        protect_entry(vma, p);
        va += PAGE_SIZE;
    }
    spin_unlock(&mm->pt_lock);
    tlb_flush_range(&mm->pt, vma->start, vma->end);
}

/* Cut [start, end) out of its neighbours. -ENOMEM: no memory, or a hole.
   mmap_lock for writing. */
static int isolate_range(struct mm *mm, u64 start, u64 end)
{
    u64 at = start;

    for (unsigned i = vma_index(mm, start); at < end; i++) {
        if (i >= mm->nr_areas || mm->areas[i]->start > at)
            return -ENOMEM;
        at = mm->areas[i]->end;
    }
    if (vma_reserve(mm, 2) || vma_split_at(mm, start) || vma_split_at(mm, end))
        return -ENOMEM;
    return 0;
}

static int check_range(u64 addr, u64 *len)
{
    if ((addr & ~PAGE_MASK))
        return -EINVAL;
    if (*len > USER_END || addr > USER_END - PAGE_UP(*len))
        return -ENOMEM;
    *len = PAGE_UP(*len);
    return 0;
}

s64 mm_mprotect(struct mm *mm, u64 addr, u64 len, u32 prot)
{
    const u32 bits = VM_READ | VM_WRITE | VM_EXEC;
    int err = check_range(addr, &len);

    if (err || !len || (prot & ~bits))
        return err ? err : (prot & ~bits ? -EINVAL : 0);
    down_write(&mm->mmap_lock);
    err = isolate_range(mm, addr, addr + len);
    if (!err) {
        for (unsigned i = vma_index(mm, addr);
             i < mm->nr_areas && mm->areas[i]->start < addr + len; i++)
            protect_area(mm->areas[i], (mm->areas[i]->flags & ~bits) | prot);
        vma_merge_range(mm, addr, addr + len);
    }
    up_write(&mm->mmap_lock);
    return err;
}

/* VM_DONTFORK on or off. mmap_lock for writing. */
static int advise_fork(struct mm *mm, u64 start, u64 end, bool dont)
{
    int err = isolate_range(mm, start, end);

    if (err)
        return err;
    for (unsigned i = vma_index(mm, start);
         i < mm->nr_areas && mm->areas[i]->start < end; i++) {
        mm->areas[i]->flags &= ~(u32)VM_DONTFORK;
        if (dont)
            mm->areas[i]->flags |= VM_DONTFORK;
    }
    vma_merge_range(mm, start, end);
    return 0;
}

/* The next page at or after *va, with a reference. */
static struct page *next_page(struct mm *mm, u64 *va, u64 end)
{
    struct page *page = NULL;
    pte_t *p;

    spin_lock(&mm->pt_lock);
    while (!page && (p = pt_next(mm->pt.root, va, end))) {
        pte_t e = pte_read(p);

        if (pte_present(e) && !(e & PTE_ZERO))
            page = pfn_to_page(pte_pfn(e));
        if (page)
            get_page(page);
        *va += PAGE_SIZE;
    }
    spin_unlock(&mm->pt_lock);
    return page;
}

/*
 * MADV_PAGEOUT: what cannot go (shared and in use, refused by the design)
 * stays, silently, as it is only advice. No lock is held over the disk.
 */
static void page_out(struct mm *mm, u64 start, u64 end)
{
    struct page *page;

    while (!fatal_signal_pending() && (page = next_page(mm, &start, end))) {
        int err = reclaim_page(page);

        mm_event("pageout", NULL, "addr=0x%llx result=%d",
                 (unsigned long long)(start - PAGE_SIZE), err);
        put_page(page);
    }
}

/* MADV_DONTNEED and FREE. A hole is told (-ENOMEM) after the rest was done.
   mmap_lock for reading. */
static int dont_need(struct mm *mm, u64 start, u64 end)
{
    u64 at = start;

    for (unsigned i = vma_index(mm, start);
         i < mm->nr_areas && mm->areas[i]->start < end; i++) {
        struct vma *vma = mm->areas[i];
        u64 from = max_u64(start, vma->start), to = min_u64(end, vma->end);

        if (from == at)
            at = to;
        zap_range(mm, from, to);
    }
    return at == end ? 0 : -ENOMEM;
}

s64 mm_madvise(struct mm *mm, u64 addr, u64 len, int advice)
{
    int err = check_range(addr, &len);
    bool dont = advice == MADV_DONTFORK;

    if (err)
        return -EINVAL;
    switch (advice) {
    case MADV_DONTNEED:
    case MADV_FREE:
        down_read(&mm->mmap_lock);
        err = dont_need(mm, addr, addr + len);
        up_read(&mm->mmap_lock);
        return err;
    case MADV_DONTFORK:
    case MADV_DOFORK:
        down_write(&mm->mmap_lock);
        err = advise_fork(mm, addr, addr + len, dont);
        up_write(&mm->mmap_lock);
        return err;
    case MADV_PAGEOUT:
        page_out(mm, addr, addr + len);
        return 0;
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_COLD:
        return 0; /* hints that need no answer */
    default:
        return -EINVAL;
    }
}

static bool resident(struct vma *vma, u64 va)
{
    pte_t *p = pt_walk(vma->mm->pt.root, va);
    struct page *page;
    bool in;

    if (!p || pte_none(pte_read(p)))
        return false;
    if (pte_present(pte_read(p)) || pte_is_migration(pte_read(p)))
        return true;
    page = swap_cache_get(swp_from_pte(pte_read(p)));
    in = page && page_flag(page, PG_UPTODATE);
    if (page)
        put_page(page);
    return in;
}

s64 mm_mincore(struct mm *mm, u64 addr, u64 len, u8 *vec)
{
    int err = check_range(addr, &len);

    if (err)
        return err;
    down_read(&mm->mmap_lock);
    for (u64 va = addr; !err && va < addr + len; va += PAGE_SIZE) {
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
