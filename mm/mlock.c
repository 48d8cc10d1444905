/* SPDX-License-Identifier: MIT */
/*
 * mlock: areas whose pages stay in memory.
 *
 * A page that any VM_LOCKED area shows is not for reclaim: whoever unmaps it
 * finds the area by the reverse map and lets go. It may be moved all the same,
 * when its memory leaves the machine: mlock promises that no fault reads a
 * disk, not where the page is.
 *
 * Everybody is root here: RLIMIT_MEMLOCK binds nobody.
 */
#include <mm/mm.h>
#include <mm/vma.h>
#include <kernel/errno.h>
#include <kernel/wait.h>

static enum fault_access access_of(const struct vma *vma)
{
    return (vma->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE ? FAULT_WRITE
                                                             : FAULT_READ;
}

/* What kind of fault makes the page at *va present? Goes on to the next area
   that may be accessed at all. */
static bool next_to_fault(struct mm *mm, u64 *va, u64 end,
                          enum fault_access *how)
{
    struct vma *vma;

    down_read(&mm->mmap_lock);
    vma = vma_find_next(mm, *va);
    while (vma && vma->start < end && !(vma->flags & VM_ACCESS)) {
        *va = vma->end;
        vma = vma_find_next(mm, *va);
    }
    if (vma) {
        *va = max_u64(*va, vma->start);
        *how = access_of(vma);
    }
    up_read(&mm->mmap_lock);
    return vma && *va < end;
}

void mm_populate(struct mm *mm, u64 addr, u64 len)
{
    enum fault_access how = FAULT_READ;

    for (u64 va = addr; next_to_fault(mm, &va, addr + len, &how);
         va += PAGE_SIZE)
        if (fatal_signal_pending() || mm_fault(mm, va, how) != FAULT_DONE)
            return; /* as Linux: the call succeeds all the same */
}

static const u32 lock_bits = VM_LOCKED | VM_LOCKONFAULT;

static void set_lock(struct vma *vma, u32 flags)
{
    vma_set_flags(vma, (vma->flags & ~lock_bits) | flags);
}

/* mmap_lock for writing. */
static int lock_range(struct mm *mm, u64 start, u64 end, u32 flags)
{
    int err = vma_isolate_range(mm, start, end, false);

    if (err)
        return err;
    for (unsigned i = vma_index(mm, start);
         i < mm->nr_areas && mm->areas[i]->start < end; i++)
        set_lock(mm->areas[i], flags);
    vma_merge_range(mm, start, end);
    return 0;
}

static s64 change_lock(struct mm *mm, u64 addr, u64 len, u32 flags)
{
    u64 start = PAGE_DOWN(addr);
    int err;

    len += addr - start;
    if (!user_range_ok(start, len))
        return -ENOMEM;
    if (!len)
        return 0;
    down_write(&mm->mmap_lock);
    err = lock_range(mm, start, start + PAGE_UP(len), flags);
    up_write(&mm->mmap_lock);
    if (!err && vma_wants_pages(flags))
        mm_populate(mm, start, PAGE_UP(len));
    return err;
}

s64 mm_mlock(struct mm *mm, u64 addr, u64 len, bool on_fault)
{
    return change_lock(mm, addr, len, on_fault ? lock_bits : (u32)VM_LOCKED);
}

s64 mm_munlock(struct mm *mm, u64 addr, u64 len)
{
    return change_lock(mm, addr, len, 0);
}

s64 mm_mlockall(struct mm *mm, bool current, u32 flags, u32 future_flags)
{
    down_write(&mm->mmap_lock);
    mm->def_flags = future_flags;
    for (unsigned i = 0; current && i < mm->nr_areas; i++)
        set_lock(mm->areas[i], flags);
    if (current)
        vma_merge_range(mm, 0, USER_END);
    up_write(&mm->mmap_lock);
    if (current && vma_wants_pages(flags))
        mm_populate(mm, 0, USER_END);
    return 0;
}
