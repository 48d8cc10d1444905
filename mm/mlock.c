/* SPDX-License-Identifier: MIT */
/*
 * mlock: pages that stay in memory.
 *
 * VM_LOCKED is the area's. Reclaim asks for it where it takes an entry away
 * (mm/rmap.c), without mmap_lock, and this is enough:
 *
 *   mlock                         reclaim
 *   -----                         -------
 *   VM_LOCKED set
 *   fault each page in:           lock pt
 *     lock pt, is it there?       VM_LOCKED? leave it : take it away
 *     unlock pt                   unlock pt
 *
 * Whoever has pt_lock second sees what the first did: the page is brought
 * back, or it is left alone. A page may still be moved to another frame: a
 * memory module that leaves takes no excuse.
 *
 * RLIMIT_MEMLOCK binds nobody who is root, which here is everybody.
 */
#include <mm/mm.h>
#include <mm/pagetable.h>
#include <mm/vma.h>
#include <kernel/errno.h>
#include <kernel/wait.h>

#define LOCKED_FLAGS (VM_LOCKED | VM_LOCKONFAULT)

/* What is to be faulted in next: one area's part of the range. */
struct part {
    u64 start, end;
    u32 flags;
};

/* The part that begins at start. -ENOMEM: there is none. */
static int next_part(struct mm *mm, u64 start, u64 end, struct part *out)
{
    struct vma *vma;

    down_read(&mm->mmap_lock);
    vma = vma_find(mm, start);
    if (vma)
        *out = (struct part){start, min_u64(end, vma->end), vma->flags};
    up_read(&mm->mmap_lock);
    return vma ? 0 : -ENOMEM;
}

static bool is_there(struct mm *mm, u64 va, enum fault_access how)
{
    pte_t *p, e;

    spin_lock(&mm->pt_lock);
    p = pt_walk(mm->pt.root, va);
    e = p ? pte_read(p) : 0;
    spin_unlock(&mm->pt_lock);
    return (e & PTE_P) && (how != FAULT_WRITE || (e & PTE_W));
}

/* FAULT_DONE says that a process is to try again, which may fault again: only
   the entry says that the page is there. */
enum fault_result mm_fault_in(struct mm *mm, u64 va, enum fault_access how)
{
    enum fault_result r = FAULT_DONE;

    while (r == FAULT_DONE && !is_there(mm, va, how))
        r = fatal_signal_pending() ? FAULT_KILLED : mm_fault(mm, va, how);
    return r;
}

static int fault_error(enum fault_result r)
{
    switch (r) {
    case FAULT_DONE:
        return 0;
    case FAULT_NO_MEMORY:
        return -EAGAIN;
    case FAULT_BUS:
        return -EFAULT;
    case FAULT_KILLED:
        return -EINTR;
    default:
        return -ENOMEM;
    }
}

/* A private page that may be written to is written to now: a copy later would
   be a page that was not there. */
static enum fault_access access_for(u32 flags)
{
    if ((flags & (VM_WRITE | VM_SHARED)) == VM_WRITE)
        return FAULT_WRITE;
    return flags & (VM_READ | VM_WRITE) ? FAULT_READ : FAULT_EXEC;
}

static int populate_part(struct mm *mm, const struct part *p)
{
    int err = 0;

    if (p->flags & VM_LOCKONFAULT)
        return 0;
    if (!(p->flags & (VM_READ | VM_WRITE | VM_EXEC)))
        return -ENOMEM;
    for (u64 va = p->start; !err && va < p->end; va += PAGE_SIZE)
        err = fault_error(mm_fault_in(mm, va, access_for(p->flags)));
    return err;
}

int mm_populate(struct mm *mm, u64 addr, u64 len)
{
    struct part p = {.end = addr};
    u64 end = addr + len;
    int err = 0;

    while (!err && p.end < end) {
        err = next_part(mm, p.end, end, &p);
        if (!err)
            err = populate_part(mm, &p);
    }
    return err;
}

static int set_locked(struct vma *vma, void *arg)
{
    u32 flags = *(u32 *)arg;

    vma_set_flags(vma, (vma->flags & ~(u32)LOCKED_FLAGS) | flags);
    return 0;
}

/* Whole pages of [addr, addr + len). */
static int set_range(struct mm *mm, u64 *addr, u64 *len, u32 flags)
{
    u64 end;
    int err;

    *len = PAGE_UP(*len + (*addr & ~PAGE_MASK));
    *addr = PAGE_DOWN(*addr);
    end = *addr + *len;
    if (end < *addr)
        return -EINVAL;
    if (down_write_killable(&mm->mmap_lock))
        return -EINTR;
    err = vma_for_range(mm, *addr, end, set_locked, &flags);
    up_write(&mm->mmap_lock);
    return err;
}

s64 mm_mlock(struct mm *mm, u64 addr, u64 len, bool on_fault)
{
    int err = set_range(mm, &addr, &len, on_fault ? LOCKED_FLAGS : VM_LOCKED);

    if (!err)
        err = mm_populate(mm, addr, len);
    return err == -EFAULT ? -ENOMEM : err;
}

s64 mm_munlock(struct mm *mm, u64 addr, u64 len)
{
    return set_range(mm, &addr, &len, 0);
}

/* mmap_lock for writing. */
static void set_all(struct mm *mm, u32 flags)
{
    for (unsigned i = 0; i < mm->nr_areas; i++)
        set_locked(mm->areas[i], &flags);
    vma_merge_range(mm, 0, USER_END);
}

/* Of areas that cannot be faulted in, nobody is told. */
static void populate_all(struct mm *mm)
{
    struct vma *vma;
    u64 at = 0, end = 0;

    do {
        down_read(&mm->mmap_lock);
        vma = vma_find_next(mm, at);
        if (vma) {
            at = max_u64(at, vma->start);
            end = vma->end;
        }
        up_read(&mm->mmap_lock);
        if (vma)
            (void)mm_populate(mm, at, end - at);
        at = end;
    } while (vma && !fatal_signal_pending());
}

s64 mm_mlockall(struct mm *mm, u64 flags)
{
    u32 locked = flags & MCL_ONFAULT ? LOCKED_FLAGS : VM_LOCKED;

    if (!flags || flags == MCL_ONFAULT ||
        (flags & ~(u64)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)))
        return -EINVAL;
    if (down_write_killable(&mm->mmap_lock))
        return -EINTR;
    mm->def_flags = flags & MCL_FUTURE ? locked : 0;
    if (flags & MCL_CURRENT)
        set_all(mm, locked);
    up_write(&mm->mmap_lock);
    if (flags & MCL_CURRENT)
        populate_all(mm);
    return 0;
}

s64 mm_munlockall(struct mm *mm)
{
    if (down_write_killable(&mm->mmap_lock))
        return -EINTR;
    mm->def_flags = 0;
    set_all(mm, 0);
    up_write(&mm->mmap_lock);
    return 0;
}
