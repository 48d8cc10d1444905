/* SPDX-License-Identifier: MIT */
/*
 * mmap, munmap and brk: where areas are made and unmade.
 *
 * Everything that can fail is done before anything is changed: areas are cut
 * at both borders and room in the array is made first.
 */
#include <mm/commit.h>
#include <mm/filemap.h>
#include <mm/mm.h>
#include <mm/pagetable.h>
#include <mm/vma.h>
#include <kernel/current.h>
#include <kernel/errno.h>

#define MMAP_LOWEST 0x10000ull        /* as Linux: NULL pointers must fault */
#define STACK_ROOM  (64ull << 20)     /* below USER_END, for the stack */
#define STACK_GAP   (256 * PAGE_SIZE) /* kept free below a growing area */

static bool range_ok(u64 addr, u64 len)
{
    return addr >= MMAP_LOWEST && len <= USER_END && addr <= USER_END - len;
}

/* The first address that an area above a gap keeps for itself. */
static u64 lowest_claim(const struct vma *vma)
{
    if (!(vma->flags & VM_GROWSDOWN))
        return vma->start;
    return vma->start > STACK_GAP ? vma->start - STACK_GAP : 0;
}

/* A free range of len bytes, from the top down. 0: there is none. */
static u64 find_gap(struct mm *mm, u64 len)
{
    u64 top = USER_END - STACK_ROOM;

    for (unsigned i = mm->nr_areas; i > 0; i--) {
        struct vma *vma = mm->areas[i - 1];

        if (vma->end <= top && top - vma->end >= len)
            return top - len;
        if (vma->start < top)
            top = lowest_claim(vma);
    }
    return top >= MMAP_LOWEST + len ? top - len : 0;
}

static bool is_free(struct mm *mm, u64 addr, u64 len)
{
    struct vma *next = vma_find_next(mm, addr);

    return !next || next->start >= addr + len;
}

/* The tables between the neighbours of what was unmapped are empty now. */
static void free_tables_between(struct mm *mm, unsigned next)
{
    u64 from = next > 0 ? mm->areas[next - 1]->end : 0;
    u64 to = next < mm->nr_areas ? mm->areas[next]->start : USER_END;

    pt_free_range(mm, from, to);
}

int vma_unmap_range(struct mm *mm, u64 start, u64 end)
{
    unsigned first, last;
    bool far;

    if (vma_isolate_range(mm, start, end, true))
        return -ENOMEM;
    first = vma_index(mm, start);
    last = first;
    while (last < mm->nr_areas && mm->areas[last]->start < end) {
        struct vma *vma = mm->areas[last++];

        zap_range(mm, vma->start, vma->end);
        vma_destroy(vma);
    }
    far = last > first;
    vma_remove(mm, first, last - first);
    if (far)
        free_tables_between(mm, first);
    return 0;
}

/* mmap_lock for writing; the range is free. */
static int map_locked(struct mm *mm, u64 start, u64 end, u32 flags,
                      struct mapping *file, u64 file_page, const char *name)
{
    struct vma *vma;

    if (vma_reserve(mm, 1))
        return -ENOMEM;
    vma = vma_create(mm, start, end, flags, file, file_page);
    if (!vma)
        return -ENOMEM;
    vma->name = name;
    vma_insert(mm, vma);
    vma_merge_range(mm, start, end);
    return 0;
}

s64 vma_choose_place(struct mm *mm, u64 addr, u64 len, u32 map_flags)
{
    if (map_flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        if (addr & ~PAGE_MASK)
            return -EINVAL;
        if (!range_ok(addr, len))
            return addr < MMAP_LOWEST ? -EPERM : -ENOMEM;
        if (is_free(mm, addr, len))
            return (s64)addr;
        if (map_flags & MAP_FIXED_NOREPLACE)
            return -EEXIST;
        return vma_unmap_range(mm, addr, addr + len) ? -ENOMEM : (s64)addr;
    }
    addr = PAGE_UP(addr);
    if (addr && range_ok(addr, len) && is_free(mm, addr, len))
        return (s64)addr;
    addr = find_gap(mm, len);
    return addr ? (s64)addr : -ENOMEM;
}

/* What the user's words make of an area. mmap_lock. */
static u32 flags_of(const struct mm *mm, u32 prot, u32 map_flags)
{
    u32 flags = (prot & VM_ACCESS) | mm->def_flags;

    flags |= map_flags & MAP_SHARED ? VM_SHARED : 0;
    flags |= map_flags & MAP_GROWSDOWN ? VM_GROWSDOWN : 0;
    flags |= map_flags & MAP_LOCKED ? VM_LOCKED : 0;
    flags |= map_flags & MAP_NOWRITE ? VM_NOWRITE : 0;
    flags |= map_flags & MAP_NORESERVE ? VM_NORESERVE : 0;
    if (vma_is_data(flags) && !(flags & VM_NORESERVE))
        flags |= VM_ACCOUNT;
    return flags;
}

/* Pages of areas that lie in the range, and will be replaced. */
static u64 pages_within(struct mm *mm, u64 start, u64 end)
{
    u64 bytes = 0;

    for (unsigned i = vma_index(mm, start);
         i < mm->nr_areas && mm->areas[i]->start < end; i++)
        bytes += min_u64(mm->areas[i]->end, end) -
                 max_u64(mm->areas[i]->start, start);
    return bytes >> PAGE_SHIFT;
}

/* mmap_lock for writing. An address or -errno. */
static s64 mmap_locked(struct mm *mm, u64 addr, u64 len, u32 flags,
                       u32 map_flags, struct mapping *file, u64 file_page)
{
    u64 more = len >> PAGE_SHIFT;
    s64 at;

    if ((map_flags & MAP_FIXED) && user_range_ok(addr, len))
        more -= pages_within(mm, addr, addr + len);
    if (mm_may_expand(mm, flags, more))
        return -ENOMEM;
    at = vma_choose_place(mm, addr, len, map_flags);
    if (at > 0 &&
        map_locked(mm, (u64)at, (u64)at + len, flags, file, file_page, NULL))
        return -ENOMEM;
    return at;
}

s64 mm_mmap(struct mm *mm, u64 addr, u64 len, u32 prot, u32 map_flags,
            struct mapping *file, u64 file_page)
{
    bool shared = map_flags & MAP_SHARED;
    u32 flags;
    s64 at;

    if (len > USER_END)
        return -ENOMEM;
    len = PAGE_UP(len);
    /* The caller brings the object that a shared area is to show. */
    if (!len || shared == !!(map_flags & MAP_PRIVATE) || (shared && !file))
        return -EINVAL;
    down_write(&mm->mmap_lock);
    flags = flags_of(mm, prot, map_flags);
    at = mmap_locked(mm, addr, len, flags, map_flags, file, file_page);
    up_write(&mm->mmap_lock);
    if (at > 0 && ((map_flags & MAP_POPULATE) || vma_wants_pages(flags)))
        mm_populate(mm, (u64)at, len);
    return at;
}

int mm_map_fixed(struct mm *mm, u64 start, u64 end, u32 vm_flags,
                 struct mapping *file, u64 file_page, const char *name)
{
    int err;

    if (end <= start || ((start | end) & ~PAGE_MASK) ||
        !range_ok(start, end - start))
        return -EINVAL;
    down_write(&mm->mmap_lock);
    if (!(vm_flags & VM_SHARED) && (vm_flags & VM_WRITE))
        vm_flags |= VM_ACCOUNT;
    err = mm_may_expand(mm, vm_flags, (end - start) >> PAGE_SHIFT);
    if (!err && !is_free(mm, start, end - start))
        err = vma_unmap_range(mm, start, end);
    if (!err)
        err = map_locked(mm, start, end, vm_flags, file, file_page, name);
    up_write(&mm->mmap_lock);
    return err;
}

s64 mm_munmap(struct mm *mm, u64 addr, u64 len)
{
    int err;

    if ((addr & ~PAGE_MASK) || !len || len > USER_END ||
        addr > USER_END - PAGE_UP(len))
        return -EINVAL;
    down_write(&mm->mmap_lock);
    err = vma_unmap_range(mm, addr, addr + PAGE_UP(len));
    up_write(&mm->mmap_lock);
    return err;
}

/* mmap_lock for writing. */
static int grow_heap(struct mm *mm, u64 old_end, u64 new_end)
{
    u32 flags = VM_READ | VM_WRITE | VM_ACCOUNT | mm->def_flags;

    if (!range_ok(old_end, new_end - old_end) ||
        !is_free(mm, old_end, new_end - old_end + PAGE_SIZE) ||
        mm_may_expand(mm, flags, (new_end - old_end) >> PAGE_SHIFT))
        return -ENOMEM;
    return map_locked(mm, old_end, new_end, flags, NULL, 0, "[heap]");
}

s64 mm_brk(struct mm *mm, u64 new_brk)
{
    u64 old_end, new_end;
    bool lock;
    int err = 0;

    down_write(&mm->mmap_lock);
    old_end = PAGE_UP(mm->brk);
    new_end = PAGE_UP(new_brk);
    if (new_brk >= mm->brk_start && new_brk < USER_END) {
        if (new_end > old_end)
            err = grow_heap(mm, old_end, new_end);
        else if (new_end < old_end)
            err = vma_unmap_range(mm, new_end, old_end);
        if (!err)
            mm->brk = new_brk;
    }
    new_brk = mm->brk;
    lock = vma_wants_pages(mm->def_flags) && new_end > old_end && !err;
    up_write(&mm->mmap_lock);
    if (lock)
        mm_populate(mm, old_end, new_end - old_end);
    return (s64)new_brk;
}
