/* SPDX-License-Identifier: MIT */
/*
 * mremap: areas that grow, shrink, or move with their pages.
 *
 * Entries move from one place in the page table to another; pages stay where
 * they are. The new area has the old one's pgoff, so that page->index finds a
 * page in either; it is in its family's list, and in its file's, behind the
 * old one. A reverse-map walk against a move of entries:
 *
 *   walk                            mremap
 *   ----                            ------
 *                                   the new area is on the list, empty
 *   old area: finds the entry, or
 *                                   pt_lock: entries to the new area
 *   new area: finds it there
 *
 * As in a fork, no entry is missed. No processor may use a translation by the
 * old address once pt_lock is released: whoever unmaps the page next flushes
 * the new address only.
 */
#include <mm/commit.h>
#include <mm/filemap.h>
#include <mm/pagetable.h>
#include <mm/rmap.h>
#include <mm/vma.h>
#include <kernel/errno.h>
#include <kernel/x86/tlb.h>

#define MREMAP_MAYMOVE   1
#define MREMAP_FIXED     2
#define MREMAP_DONTUNMAP 4

#define MOVE_BATCH 64

struct remap {
    struct mm *mm;
    u64 addr, old_len, new_len; /* pages' borders */
    u32 flags;
    u64 new_addr; /* with MREMAP_FIXED */
};

/* ---- entries ---- */

static bool next_used(struct mm *mm, u64 *va, u64 end)
{
    bool found;

    spin_lock(&mm->pt_lock);
    found = pt_next(mm->pt.root, va, end) != NULL;
    spin_unlock(&mm->pt_lock);
    return found;
}

/* Tables for the new place, wherever the old one has entries. */
static int prepare_tables(struct mm *mm, u64 from, u64 to, u64 len)
{
    u64 va = from;

    while (next_used(mm, &va, from + len)) {
        u64 there = to + (va - from);

        if (pt_prepare(mm, there))
            return -ENOMEM;
        /* The next one that another table will be needed for. */
        va = from + ((there | (PT_ENTRIES * PAGE_SIZE - 1)) + 1 - to);
    }
    return 0;
}

/* Up to a batch of entries of [*va, end); pt_lock held, so that the moment in
   which they are in neither place is nobody's business. */
static void move_batch(struct mm *mm, u64 *va, u64 end, s64 shift)
{
    struct {
        u64 va;
        pte_t entry;
    } moved[MOVE_BATCH];
    unsigned nr = 0;
    pte_t *p;

    while (nr < MOVE_BATCH && (p = pt_next(mm->pt.root, va, end))) {
        moved[nr].va = *va;
        moved[nr++].entry = pte_exchange(p, 0);
        *va += PAGE_SIZE;
    }
    if (nr == 0)
        return;
    tlb_flush_range(&mm->pt, moved[0].va, moved[nr - 1].va + PAGE_SIZE);
    while (nr-- > 0)
        pte_write(pt_walk(mm->pt.root, moved[nr].va + (u64)shift),
                  moved[nr].entry);
}

static void move_entries(struct mm *mm, u64 from, u64 to, u64 len)
{
    u64 va = from;
    bool more = true;

    while (more) {
        spin_lock(&mm->pt_lock);
        move_batch(mm, &va, from + len, (s64)(to - from));
        more = pt_next(mm->pt.root, &va, from + len) != NULL;
        spin_unlock(&mm->pt_lock);
    }
}

/* ---- areas ---- */

/* A copy of the area's part at r->addr, elsewhere. NULL: no memory. */
static struct vma *copy_area(struct remap *r, struct vma *old, u64 at)
{
    u64 pgoff = old->pgoff + ((r->addr - old->start) >> PAGE_SHIFT);
    struct vma *new =
        vma_create(r->mm, at, at + r->new_len, old->flags, old->file, pgoff);

    if (!new)
        return NULL;
    new->pgoff = pgoff;
    new->name = old->name;
    if (old->anon)
        anon_vma_link(new, old->anon);
    return new;
}

/* With the old part unmapped, or (DONTUNMAP) empty. */
static void leave_old(struct remap *r, struct vma *old)
{
    if (r->flags & MREMAP_DONTUNMAP)
        vma_set_flags(old, old->flags & ~(u32)(VM_LOCKED | VM_LOCKONFAULT));
    else if (r->old_len)
        (void)vma_unmap_range(r->mm, r->addr, r->addr + r->old_len);
}

/* `at` is free. */
static s64 move_to(struct remap *r, u64 at)
{
    struct mm *mm = r->mm;
    struct vma *old, *new;

    /* For the new one, and for cutting the old one: nothing fails later. */
    if (vma_reserve(mm, 5) ||
        (r->old_len &&
         vma_isolate_range(mm, r->addr, r->addr + r->old_len, false)) ||
        prepare_tables(mm, r->addr, at, r->old_len))
        return -ENOMEM;
    old = vma_find(mm, r->addr);
    new = copy_area(r, old, at);
    if (!new)
        return -ENOMEM;
    vma_insert(mm, new);
    move_entries(mm, r->addr, at, min_u64(r->old_len, r->new_len));
    leave_old(r, old);
    vma_merge_range(mm, at, at + r->new_len);
    return (s64)at;
}

/* ---- what is asked ---- */

static bool is_free(struct mm *mm, u64 start, u64 end)
{
    struct vma *next = vma_find_next(mm, start);

    return !next || next->start >= end;
}

static int may_grow(struct remap *r, const struct vma *vma, u64 pages)
{
    return mm_may_expand(r->mm, vma->flags, pages);
}

static s64 grow_in_place(struct remap *r, struct vma *vma)
{
    u64 end = r->addr + r->new_len;

    if (vma->end != r->addr + r->old_len || end > USER_END ||
        !is_free(r->mm, vma->end, end))
        return -ENOMEM;
    vma_set_range(vma, vma->start, end);
    vma_merge_range(r->mm, r->addr, end);
    return (s64)r->addr;
}

static s64 move_somewhere(struct remap *r)
{
    s64 at = vma_choose_place(r->mm, 0, r->new_len, 0);

    return at > 0 ? move_to(r, (u64)at) : at;
}

static s64 move_fixed(struct remap *r)
{
    if (vma_unmap_range(r->mm, r->new_addr, r->new_addr + r->new_len))
        return -ENOMEM;
    return move_to(r, r->new_addr);
}

/* The tail goes; what is left stays, or moves. */
static int cut_tail(struct remap *r)
{
    if (r->old_len <= r->new_len)
        return 0;
    if (vma_unmap_range(r->mm, r->addr + r->new_len, r->addr + r->old_len))
        return -ENOMEM;
    r->old_len = r->new_len;
    return 0;
}

static s64 remap_locked(struct remap *r)
{
    struct vma *vma = vma_find(r->mm, r->addr);
    s64 ret;

    if (!vma)
        return -EFAULT;
    if (!r->old_len && !(vma->flags & VM_SHARED))
        return -EINVAL; /* a private area has no second view */
    if (cut_tail(r))
        return -ENOMEM;
    vma = vma_find(r->mm, r->addr); /* cutting may have made it a new one */
    if (r->old_len > vma->end - r->addr)
        return -EFAULT;
    if (may_grow(r, vma,
                 (r->new_len - r->old_len +
                  (r->flags & MREMAP_DONTUNMAP ? r->old_len : 0)) >>
                     PAGE_SHIFT))
        return -ENOMEM;
    if (r->flags & MREMAP_FIXED)
        return move_fixed(r);
    if (r->flags & MREMAP_DONTUNMAP)
        return move_somewhere(r);
    if (r->old_len && r->new_len == r->old_len)
        return (s64)r->addr;
    ret = r->old_len ? grow_in_place(r, vma) : -ENOMEM;
    return ret == -ENOMEM && (r->flags & MREMAP_MAYMOVE) ? move_somewhere(r)
                                                         : ret;
}

static int check(const struct remap *r)
{
    u32 known = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
    bool may_move = r->flags & MREMAP_MAYMOVE;

    if ((r->addr & ~PAGE_MASK) || (r->flags & ~known) || !r->new_len)
        return -EINVAL;
    if ((r->flags & ~(u32)MREMAP_MAYMOVE) && !may_move)
        return -EINVAL;
    if ((r->flags & MREMAP_DONTUNMAP) && r->old_len != r->new_len)
        return -EINVAL;
    if (!(r->flags & MREMAP_FIXED))
        return r->new_len > USER_END ? -ENOMEM : 0;
    if ((r->new_addr & ~PAGE_MASK) || !user_range_ok(r->new_addr, r->new_len) ||
        !user_range_ok(r->addr, r->old_len))
        return -EINVAL;
    if (r->addr + r->old_len > r->new_addr &&
        r->new_addr + r->new_len > r->addr)
        return -EINVAL; /* they overlap */
    return 0;
}

s64 mm_mremap(struct mm *mm, u64 addr, u64 old_len, u64 new_len, u32 flags,
              u64 new_addr)
{
    struct remap r = {mm,    addr,    PAGE_UP(old_len), PAGE_UP(new_len),
                      flags, new_addr};
    bool lock = false;
    s64 ret = check(&r);

    if (ret)
        return ret;
    down_write(&mm->mmap_lock);
    ret = remap_locked(&r);
    if (ret > 0)
        lock = vma_wants_pages(vma_find(mm, (u64)ret)->flags);
    up_write(&mm->mmap_lock);
    if (lock && new_len > old_len)
        mm_populate(mm, (u64)ret, r.new_len);
    return ret;
}
