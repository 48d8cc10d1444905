/* SPDX-License-Identifier: MIT */
/*
 * madvise: what a process says about the use that it will make of memory.
 *
 * Where the advice is about contents (DONTNEED, REMOVE, WIPEONFORK, DONTFORK)
 * it is obeyed; where it is about time (WILLNEED, COLD, PAGEOUT) it is acted
 * on as well as can be, and nothing fails. MADV_FREE lets the kernel choose a
 * moment to drop the pages; ours is at once.
 */
#include <mm/event.h>
#include <mm/filemap.h>
#include <mm/page.h>
#include <mm/pagetable.h>
#include <mm/reclaim.h>
#include <mm/swap.h>
#include <mm/vma.h>
#include <kernel/errno.h>
#include <kernel/wait.h>

/* ---- flags of areas ---- */

static u32 flags_after(u32 flags, int advice)
{
    switch (advice) {
    case MADV_DONTFORK:
        return flags | VM_DONTFORK;
    case MADV_DOFORK:
        return flags & ~(u32)VM_DONTFORK;
    case MADV_WIPEONFORK:
        return flags | VM_WIPEONFORK;
    default:
        return flags & ~(u32)VM_WIPEONFORK;
    }
}

/* mmap_lock for writing. Holes are told after the rest was done. */
static int set_flags(struct mm *mm, u64 start, u64 end, int advice)
{
    u64 at = start;

    if (vma_isolate_range(mm, start, end, true))
        return -ENOMEM;
    for (unsigned i = vma_index(mm, start);
         i < mm->nr_areas && mm->areas[i]->start < end; i++) {
        struct vma *vma = mm->areas[i];

        if (advice == MADV_WIPEONFORK && (vma->file || vma->flags & VM_SHARED))
            return -EINVAL;
        if (vma->start == at)
            at = vma->end;
        vma_set_flags(vma, flags_after(vma->flags, advice));
    }
    vma_merge_range(mm, start, end);
    return at == end ? 0 : -ENOMEM;
}

/* ---- pages of areas ---- */

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
 * What cannot go (shared and in use, locked, refused by the design) stays,
 * silently, as it is only advice. No lock is held over the disk.
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

/* To the inactive list, as not used lately. */
static void cool_down(struct mm *mm, u64 start, u64 end)
{
    struct page *page;

    while (!fatal_signal_pending() && (page = next_page(mm, &start, end))) {
        page_clear(page, PG_REFERENCED);
        if (lru_isolate(page)) {
            page_clear(page, PG_ACTIVE);
            lru_putback(page);
        }
        put_page(page);
    }
}

/* The next swap entry's slot, or false. */
static bool next_slot(struct mm *mm, u64 *va, u64 end, swp_t *s)
{
    bool found = false;
    pte_t *p;

    spin_lock(&mm->pt_lock);
    while (!found && (p = pt_next(mm->pt.root, va, end))) {
        pte_t e = pte_read(p);

        found = !pte_present(e) && pte_is_swap(e);
        if (found)
            *s = swp_from_pte(e);
        *va += PAGE_SIZE;
    }
    spin_unlock(&mm->pt_lock);
    return found;
}

/* Start reading what is in swap; nobody waits for it here. */
static void read_ahead(struct mm *mm, u64 start, u64 end)
{
    struct page *page;
    swp_t s;

    while (!fatal_signal_pending() && next_slot(mm, &start, end, &s))
        if (swap_read(s, &page) == 0)
            put_page(page);
}

/* The tables stay while somebody walks them. */
static int for_pages(struct mm *mm, u64 start, u64 end,
                     void (*fn)(struct mm *mm, u64 start, u64 end))
{
    u64 at = start;

    while (at < end) {
        struct vma *vma;
        u64 from, to;

        down_read(&mm->mmap_lock);
        vma = vma_find_next(mm, at);
        from = vma ? max_u64(at, vma->start) : end;
        to = vma ? min_u64(end, vma->end) : end;
        up_read(&mm->mmap_lock);
        if (from > at)
            return -ENOMEM;
        fn(mm, from, to);
        at = to;
    }
    return 0;
}

static int fault_in(struct mm *mm, u64 start, u64 end, enum fault_access how)
{
    for (u64 va = start; va < end; va += PAGE_SIZE) {
        if (fatal_signal_pending())
            return -EINTR;
        switch (mm_fault(mm, va, how)) {
        case FAULT_DONE:
            break;
        case FAULT_NO_AREA:
        case FAULT_NO_MEMORY:
            return -ENOMEM;
        case FAULT_NO_ACCESS:
            return -EINVAL;
        default:
            return -EFAULT;
        }
    }
    return 0;
}

/* ---- contents ---- */

/* May the contents of this area be dropped like that? */
static bool may_drop(const struct vma *vma, int advice)
{
    if (vma->flags & VM_LOCKED)
        return false;
    return advice != MADV_FREE || (!vma->file && !(vma->flags & VM_SHARED));
}

/* mmap_lock for reading. */
static int drop_pages(struct mm *mm, u64 start, u64 end, int advice)
{
    u64 at = start;

    for (unsigned i = vma_index(mm, start);
         i < mm->nr_areas && mm->areas[i]->start < end; i++) {
        struct vma *vma = mm->areas[i];
        u64 from = max_u64(start, vma->start), to = min_u64(end, vma->end);

        if (!may_drop(vma, advice))
            return -EINVAL;
        if (from == at)
            at = to;
        zap_range(mm, from, to);
    }
    return at == end ? 0 : -ENOMEM;
}

/* The file behind *at and its bytes [*from, *to), with a reference. */
static struct mapping *file_behind(struct mm *mm, u64 *at, u64 end, u64 *from,
                                   u64 *to, int *err)
{
    struct mapping *m = NULL;
    struct vma *vma;

    down_read(&mm->mmap_lock);
    vma = vma_find(mm, *at);
    *err = !vma ? -ENOMEM : (vma->flags & VM_LOCKED) ? -EINVAL : 0;
    if (!*err && (!vma->file || !(vma->flags & VM_SHARED)))
        *err = -EINVAL;
    if (!*err && !(vma->flags & VM_WRITE))
        *err = -EACCES;
    if (!*err) {
        m = vma->file;
        mapping_get(m);
        *from = vma_file_index(vma, *at) << PAGE_SHIFT;
        *to = *from + (min_u64(end, vma->end) - *at);
        *at = min_u64(end, vma->end);
    }
    up_read(&mm->mmap_lock);
    return m;
}

/* MADV_REMOVE: a hole in the file itself. */
static int remove_pages(struct mm *mm, u64 start, u64 end)
{
    u64 at = start, from, to;
    int err = 0;

    while (!err && at < end) {
        struct mapping *m = file_behind(mm, &at, end, &from, &to, &err);

        if (!m)
            break;
        err = mapping_punch(m, from, to);
        mapping_put(m);
    }
    return err;
}

static s64 advise(struct mm *mm, u64 start, u64 end, int advice)
{
    s64 err;

    switch (advice) {
    case MADV_DONTNEED:
    case MADV_FREE:
        down_read(&mm->mmap_lock);
        err = drop_pages(mm, start, end, advice);
        up_read(&mm->mmap_lock);
        return err;
    case MADV_REMOVE:
        return remove_pages(mm, start, end);
    case MADV_DONTFORK:
    case MADV_DOFORK:
    case MADV_WIPEONFORK:
    case MADV_KEEPONFORK:
        down_write(&mm->mmap_lock);
        err = set_flags(mm, start, end, advice);
        up_write(&mm->mmap_lock);
        return err;
    case MADV_PAGEOUT:
        return for_pages(mm, start, end, page_out);
    case MADV_COLD:
        return for_pages(mm, start, end, cool_down);
    case MADV_WILLNEED:
        return for_pages(mm, start, end, read_ahead);
    case MADV_POPULATE_READ:
        return fault_in(mm, start, end, FAULT_READ);
    case MADV_POPULATE_WRITE:
        return fault_in(mm, start, end, FAULT_WRITE);
    default: /* hints that need no answer */
        return 0;
    }
}

static bool known(int advice)
{
    switch (advice) {
    case MADV_NORMAL ... MADV_DONTNEED:
    case MADV_FREE ... MADV_DOFORK:
    case MADV_DONTDUMP ... MADV_KEEPONFORK:
    case MADV_COLD ... MADV_POPULATE_WRITE:
        return true;
    default:
        return false; /* huge pages and merging: there are none */
    }
}

s64 mm_madvise(struct mm *mm, u64 addr, u64 len, int advice)
{
    if (!known(advice) || (addr & ~PAGE_MASK) || PAGE_UP(len) < len ||
        addr + PAGE_UP(len) < addr)
        return -EINVAL;
    if (!user_range_ok(addr, len))
        return -ENOMEM;
    return len ? advise(mm, addr, addr + PAGE_UP(len), advice) : 0;
}
