/* SPDX-License-Identifier: MIT */
/*
 * mremap: an area changes its size, or its place.
 *
 * A move takes page-table entries from one place to another, whatever they say
 * (a page, the zero page, a swap or a migration entry): no page is copied and
 * no count changes. The new area's pgoff belongs to its first entry, so that
 * page->index finds each page in its new place.
 *
 * A walk of the reverse map, or the emptying of a file that is cut, while
 * entries move: the new area is on their lists, at the end, before the first
 * entry moves, and each one moves under pt_lock.
 *
 *   walk                          move
 *   ----                          ----
 *                                 new area on the list, still empty
 *   old place: change the entry
 *                                 move it, changed; or
 *                                 (earlier) move it as it was
 *   new place: change it, if it is of the old kind
 *
 * No entry is missed, as each walk comes to the old place first. So a move can
 * never be undone: what may fail, the memory for tables, is got before it.
 */
#include <mm/commit.h>
#include <mm/mm.h>
#include <mm/pagetable.h>
#include <mm/rmap.h>
#include <mm/vma.h>
#include <kernel/errno.h>
#include <kernel/x86/tlb.h>

/* A request, its lengths in whole pages. */
struct remap {
    struct mm *mm;
    u64 addr, old_len, new_len;
    u64 flags, new_addr;
    bool locked; /* an area that mlock keeps in memory became longer */
};

/* From va on, how far one table holds the entries, here and there? */
static u64 end_of_step(u64 va, u64 end, u64 distance)
{
    u64 there = pt_table_end(va + distance) - distance;

    return min_u64(end, min_u64(pt_table_end(va), there));
}

static bool next_used(struct mm *mm, u64 *va, u64 end)
{
    bool found;

    spin_lock(&mm->pt_lock);
    found = pt_next_long(mm, va, end) != NULL;
    spin_unlock(&mm->pt_lock);
    return found;
}

/* Tables for all entries of [va, end) at their new place. Entries do not
   become more meanwhile: that would be a fault. */
static int prepare_tables(struct mm *mm, u64 va, u64 end, u64 distance)
{
    int err = 0;

    while (!err && next_used(mm, &va, end)) {
        err = pt_prepare(mm, va + distance);
        va = end_of_step(va, end, distance);
    }
    return err;
}

/*
 * What one table holds, in one go. The flush comes before pt_lock is let go:
 * whoever takes a page out of its new place flushes only that, and no
 * processor may then still write to the page by its old address.
 */
static void move_step(struct mm *mm, u64 va, u64 end, u64 distance)
{
    u64 at = va;
    bool present = false;
    pte_t *p;

    spin_lock(&mm->pt_lock);
    while ((p = pt_next(mm->pt.root, &at, end))) {
        pte_t e = pte_exchange(p, 0); /* with its A and D */

        present |= pte_present(e);
        pte_write(pt_walk(mm->pt.root, at + distance), e);
        at += PAGE_SIZE;
    }
    if (present)
        tlb_flush_range(&mm->pt, va, end);
    tlb_flush_deferred(&mm->pt); /* of swap entries, perhaps */
    spin_unlock(&mm->pt_lock);
}

static void move_entries(struct mm *mm, u64 va, u64 end, u64 distance)
{
    while (next_used(mm, &va, end)) {
        u64 next = end_of_step(va, end, distance);

        move_step(mm, va, next, distance);
        va = next;
    }
}

/* The area at the new place: not in the array yet, but known to the reverse
   map. An area without pages may go by its new address, to join others. */
static struct vma *area_at(struct remap *r, struct vma *old, u64 to)
{
    u64 pgoff = vma_file_index(old, r->addr);
    struct vma *vma =
        vma_create(r->mm, to, to + r->new_len, old->flags, old->file, pgoff);

    if (vma && old->anon) {
        vma->pgoff = pgoff;
        anon_vma_link(vma, old->anon);
    }
    return vma;
}

/* The old area is shown no more, or stays without its pages. */
static void leave(struct remap *r, struct vma *old)
{
    if (r->flags & MREMAP_DONTUNMAP)
        vma_set_flags(old, old->flags & ~(u32)(VM_LOCKED | VM_LOCKONFAULT));
    else if (r->old_len)
        (void)vma_unmap_range(r->mm, old->start, old->end); /* cannot fail */
}

/*
 * `to` is free. The old area is cut out first, to be taken away whole; room is
 * made for the two cuts, the new area, and the cuts that unmapping asks for.
 */
static s64 move_area(struct remap *r, u64 to)
{
    struct mm *mm = r->mm;
    u64 end = r->addr + r->old_len, distance = to - r->addr;
    struct vma *old, *vma;
    s64 ret = -ENOMEM;

    if (mm->nr_areas + 5 > vm_max_map_count || vma_reserve(mm, 3 + 2) ||
        vma_split_at(mm, r->addr) || vma_split_at(mm, end))
        goto out;
    old = vma_find(mm, r->addr);
    vma = area_at(r, old, to);
    if (!vma)
        goto out;
    if (prepare_tables(mm, r->addr, end, distance)) {
        vma_destroy(vma);
        goto out;
    }
    vma_insert(mm, vma);
    move_entries(mm, r->addr, end, distance);
    ret = (s64)to;
    leave(r, old);
    vma_merge_range(mm, to, to + r->new_len);
out:
    vma_merge_range(mm, r->addr, end);
    return ret;
}

/* May old_len bytes at addr become new_len? */
static int check_resize(struct remap *r, u64 old_len)
{
    struct vma *vma = vma_find(r->mm, r->addr);
    u64 kept = r->flags & MREMAP_DONTUNMAP ? 0 : old_len, more;
    u64 index;

    if (!vma || old_len > vma->end - r->addr)
        return -EFAULT;
    /* Length 0 means: show it once more. What is private cannot be. */
    if (!old_len && !(vma->flags & VM_SHARED))
        return -EINVAL;
    index = vma_file_index(vma, r->addr);
    if (index + (r->new_len >> PAGE_SHIFT) < index)
        return -EINVAL; /* its last pages would have indexes from 0 on */
    if (r->new_len > USER_END)
        return -ENOMEM;
    more = r->new_len > kept ? (r->new_len - kept) >> PAGE_SHIFT : 0;
    r->locked = more && vma_wants_pages(vma->flags);
    return mm_may_expand(r->mm, vma->flags, more);
}

static int cut_tail(struct remap *r)
{
    u64 from = r->addr + r->new_len, less = r->old_len - r->new_len;

    if (!less)
        return 0;
    if (less > USER_END || from > USER_END - less)
        return -EINVAL;
    r->old_len = r->new_len;
    return vma_unmap_range(r->mm, from, from + less);
}

static s64 choose_and_move(struct remap *r, u64 to, u32 map_flags)
{
    s64 at = vma_choose_place(r->mm, to, r->new_len, map_flags);

    if (at > 0 && !vma_range_free(r->mm, (u64)at, r->new_len) &&
        vma_unmap_range(r->mm, (u64)at, (u64)at + r->new_len))
        return -ENOMEM;
    return at < 0 ? at : move_area(r, (u64)at);
}

/* MREMAP_FIXED and MREMAP_DONTUNMAP: the caller says where to. */
static s64 move_to(struct remap *r)
{
    u64 to = r->new_addr;
    int err;

    if ((to & ~PAGE_MASK) || r->new_len > USER_END ||
        to > USER_END - r->new_len)
        return -EINVAL;
    if (r->addr + r->old_len > to && to + r->new_len > r->addr)
        return -EINVAL;
    err = check_resize(r, min_u64(r->old_len, r->new_len));
    if (!err && r->old_len > r->new_len)
        err = cut_tail(r);
    if (err)
        return err;
    return choose_and_move(r, to, r->flags & MREMAP_FIXED ? MAP_FIXED : 0);
}

/* The area ends where the range does, and nothing is behind it. */
static bool grows_in_place(struct remap *r)
{
    struct vma *vma = vma_find(r->mm, r->addr);
    u64 end = r->addr + r->old_len, more = r->new_len - r->old_len;

    if (vma->end != end || more > USER_END || end > USER_END - more ||
        !vma_range_free(r->mm, end, more))
        return false;
    vma_set_range(vma, vma->start, end + more);
    vma_merge_range(r->mm, r->addr, end + more);
    return true;
}

/* mmap_lock for writing. */
static s64 remap_locked(struct remap *r)
{
    int err;

    if (!vma_find(r->mm, r->addr))
        return -EFAULT;
    if (r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
        return move_to(r);
    err = r->old_len >= r->new_len ? cut_tail(r) : check_resize(r, r->old_len);
    if (err)
        return err;
    if (r->old_len == r->new_len)
        return (s64)r->addr;
    if (grows_in_place(r))
        return (s64)r->addr;
    return r->flags & MREMAP_MAYMOVE ? choose_and_move(r, 0, 0) : -ENOMEM;
}

static bool flags_ok(u64 flags, u64 old_len, u64 new_len)
{
    const u64 all = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;

    if ((flags & ~all) || (flags > MREMAP_MAYMOVE && !(flags & 1)))
        return false;
    return !(flags & MREMAP_DONTUNMAP) || old_len == new_len;
}

s64 mm_mremap(struct mm *mm, u64 addr, u64 old_len, u64 new_len, u64 flags,
              u64 new_addr)
{
    struct remap r = {
        .mm = mm,
        .addr = addr,
        .old_len = PAGE_UP(old_len),
        .new_len = PAGE_UP(new_len),
        .flags = flags,
        .new_addr = new_addr,
    };
    s64 ret;

    if (!flags_ok(flags, old_len, new_len) || (addr & ~PAGE_MASK) || !r.new_len)
        return -EINVAL;
    if (down_write_killable(&mm->mmap_lock))
        return -EINTR;
    ret = remap_locked(&r);
    up_write(&mm->mmap_lock);
    if (ret > 0 && r.locked) /* as Linux: whatever becomes of this */
        (void)mm_populate(mm, (u64)ret + r.old_len, r.new_len - r.old_len);
    return ret;
}
