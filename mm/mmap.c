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
    u64 top = mm->mmap_top;

    for (unsigned i = mm->nr_areas; i > 0; i--) {
        struct vma *vma = mm->areas[i - 1];

        if (vma->end <= top && top - vma->end >= len)
            return top - len;
        if (vma->start < top)
            top = lowest_claim(vma);
    }
    return top >= MMAP_LOWEST + len ? top - len : 0;
}

bool vma_range_free(struct mm *mm, u64 addr, u64 len)
{
    struct vma *next = vma_find_next(mm, addr);

    return !next || next->start >= addr + len;
}

/* The same, and no growing area above keeps it for itself. */
static bool place_free(struct mm *mm, u64 addr, u64 len)
{
    struct vma *next = vma_find_next(mm, addr);

    return !next || lowest_claim(next) >= addr + len;
}

/* Tables of [start, end) that have nothing of the neighbours are empty now. */
static void free_tables(struct mm *mm, u64 start, u64 end, unsigned next)
{
    u64 from = next > 0 ? mm->areas[next - 1]->end : 0;
    u64 to = next < mm->nr_areas ? mm->areas[next]->start : USER_END;

    pt_free_range(mm, start, end, from, to);
}

/* A hole in the middle of one area makes two of it. */
static bool one_too_many(struct mm *mm, u64 start, u64 end)
{
    struct vma *vma = vma_find(mm, start);

    return vma && vma->start < start && end < vma->end &&
           mm->nr_areas >= vm_max_map_count;
}

int vma_unmap_range(struct mm *mm, u64 start, u64 end)
{
    unsigned first, last;
    bool far;

    if (one_too_many(mm, start, end) || vma_isolate_range(mm, start, end, true))
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
        free_tables(mm, start, end, first);
    return 0;
}

/* Pages of areas that lie in the range, and will be replaced; how many of them
   were promised. */
static u64 pages_within(struct mm *mm, u64 start, u64 end, u64 *promised)
{
    u64 all = 0;

    *promised = 0;
    for (unsigned i = vma_index(mm, start);
         i < mm->nr_areas && mm->areas[i]->start < end; i++) {
        struct vma *vma = mm->areas[i];
        u64 n =
            (min_u64(vma->end, end) - max_u64(vma->start, start)) >> PAGE_SHIFT;

        all += n;
        *promised += vma->flags & VM_ACCOUNT ? n : 0;
    }
    return all;
}

/* mmap_lock for writing. A new area in the place of whatever is there; what it
   asks for against the limits is what it has more than that. */
static int map_locked(struct mm *mm, u64 start, u64 end, u32 flags,
                      struct mapping *file, u64 file_page, const char *name)
{
    u64 promised, old = pages_within(mm, start, end, &promised);
    u64 pages = (end - start) >> PAGE_SHIFT;
    struct vma *vma;

    if (mm->nr_areas > vm_max_map_count ||
        mm_may_expand(mm, flags & ~(u32)VM_ACCOUNT, pages - old))
        return -ENOMEM;
    if ((flags & VM_ACCOUNT) && vm_enough_memory(mm, pages - promised))
        return -ENOMEM;
    vma = vma_alloc();
    if (!vma || vma_reserve(mm, 3) || /* two cuts, and this one */
        (old && vma_unmap_range(mm, start, end))) {
        vma_free(vma);
        return -ENOMEM;
    }
    vma_start(vma, mm, start, end, flags, file, file_page);
    vma->name = name;
    vma_insert(mm, vma);
    vma_merge_range(mm, start, end);
    return 0;
}

s64 vma_choose_place(struct mm *mm, u64 addr, u64 len, u32 map_flags)
{
    if (map_flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        if (len > USER_END || addr > USER_END - len)
            return -ENOMEM;
        if (addr & ~PAGE_MASK)
            return -EINVAL;
        if (addr < MMAP_LOWEST)
            return -EPERM;
        if ((map_flags & MAP_FIXED_NOREPLACE) && !vma_range_free(mm, addr, len))
            return -EEXIST;
        return (s64)addr;
    }
    addr = PAGE_UP(addr);
    if (addr && range_ok(addr, len) && place_free(mm, addr, len))
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
    flags |= vm_noreserve(map_flags & MAP_NORESERVE) ? VM_NORESERVE : 0;
    if (vma_is_data(flags) && !(flags & VM_NORESERVE))
        flags |= VM_ACCOUNT;
    return flags;
}

s64 mm_mmap(struct mm *mm, u64 addr, u64 len, u32 prot, u32 map_flags,
            struct mapping *file, u64 file_page)
{
    bool shared = map_flags & MAP_SHARED;
    u32 flags;
    s64 at;
    int err;

    if (len > USER_END)
        return -ENOMEM;
    len = PAGE_UP(len);
    /* The caller brings the object that a shared area is to show. */
    if (!len || shared == !!(map_flags & MAP_PRIVATE) || (shared && !file) ||
        (file && (map_flags & MAP_GROWSDOWN)))
        return -EINVAL;
    if (file_page + (len >> PAGE_SHIFT) < file_page)
        return -EOVERFLOW;
    if (down_write_killable(&mm->mmap_lock))
        return -EINTR;
    flags = flags_of(mm, prot, map_flags);
    at = vma_choose_place(mm, addr, len, map_flags);
    err = at > 0 && shared ? mapping_begin_area(file, &flags) : 0;
    if (at > 0 && !err) {
        err = map_locked(mm, (u64)at, (u64)at + len, flags, file, file_page,
                         NULL);
        if (shared)
            mapping_end_area(file, flags);
    }
    if (err)
        at = err;
    up_write(&mm->mmap_lock);
    if (at > 0 && ((map_flags & MAP_POPULATE) || vma_wants_pages(flags)))
        (void)mm_populate(mm, (u64)at, len); /* as Linux: mmap succeeds */
    return at;
}

int mm_map_fixed(struct mm *mm, u64 start, u64 end, u32 vm_flags,
                 struct mapping *file, u64 file_page, const char *name)
{
    int err;

    if (end <= start || ((start | end) & ~PAGE_MASK) ||
        !range_ok(start, end - start))
        return -EINVAL;
    if (down_write_killable(&mm->mmap_lock))
        return -EINTR;
    if (!(vm_flags & VM_SHARED) && (vm_flags & VM_WRITE))
        vm_flags |= VM_ACCOUNT;
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
    if (down_write_killable(&mm->mmap_lock))
        return -EINTR;
    err = vma_unmap_range(mm, addr, addr + PAGE_UP(len));
    up_write(&mm->mmap_lock);
    return err;
}

/* mmap_lock for writing. A page stays free before what comes next, and a gap
   if that is a stack. */
static int grow_heap(struct mm *mm, u64 old_end, u64 new_end)
{
    u32 flags = VM_READ | VM_WRITE | VM_ACCOUNT | mm->def_flags;
    struct vma *next = vma_find_next(mm, old_end);

    if (!range_ok(old_end, new_end - old_end) ||
        new_end - mm->brk_start > current_limit(RLIMIT_DATA) ||
        (next && lowest_claim(next) < new_end + PAGE_SIZE))
        return -ENOMEM;
    return map_locked(mm, old_end, new_end, flags, NULL, 0, "[heap]");
}

/* mmap_lock for writing. */
static int move_break(struct mm *mm, u64 new_brk)
{
    u64 old_end = PAGE_UP(mm->brk), new_end = PAGE_UP(new_brk);
    int err = 0;

    if (new_brk < mm->brk_start || new_brk >= USER_END)
        return -ENOMEM;
    if (new_end > old_end)
        err = grow_heap(mm, old_end, new_end);
    else if (new_end < old_end)
        err = vma_unmap_range(mm, new_end, old_end);
    if (!err)
        mm->brk = new_brk;
    return err;
}

s64 mm_brk(struct mm *mm, u64 new_brk)
{
    u64 old_end, brk;
    bool lock;

    if (down_write_killable(&mm->mmap_lock))
        return (s64)READ_ONCE(mm->brk);
    old_end = PAGE_UP(mm->brk);
    (void)move_break(mm, new_brk); /* the break says whether it did */
    brk = mm->brk;
    lock = vma_wants_pages(mm->def_flags);
    up_write(&mm->mmap_lock);
    if (lock && brk > old_end)
        (void)mm_populate(mm, old_end, PAGE_UP(brk) - old_end);
    return (s64)brk;
}
