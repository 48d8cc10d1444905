/* SPDX-License-Identifier: MIT */
/*
 * The areas of an address space: a sorted array of pointers.
 *
 * Finding one is a binary search; adding one moves pointers, which for the few
 * dozen areas of a usual process is cheaper than any tree. Whatever can fail
 * (memory) fails before anything is changed.
 */
#include <mm/commit.h>
#include <mm/filemap.h>
#include <mm/lockorder.h>
#include <mm/rmap.h>
#include <mm/slab.h>
#include <mm/vma.h>
#include <kernel/errno.h>
#include <kernel/print.h>
#include <kernel/string.h>

u64 vm_max_map_count = 65530;

static struct slab_cache vma_cache;

void vma_init(void)
{
    slab_cache_init(&vma_cache, "vma", sizeof(struct vma));
}

/* The area's pages come into the sums of its space, or leave them. */
static void account(struct vma *vma, s64 sign)
{
    u64 pages = (u64)(sign * (s64)vma_pages(vma));
    struct mm *mm = vma->mm;

    mm->total_vm += pages;
    mm->peak_vm = max_u64(mm->peak_vm, mm->total_vm);
    if (vma_is_data(vma->flags))
        mm->data_vm += pages;
    if (vma->flags & VM_LOCKED)
        mm->locked_vm += pages;
    if (vma->flags & VM_ACCOUNT)
        vm_commit((s64)pages);
}

void vma_set_flags(struct vma *vma, u32 flags)
{
    account(vma, -1);
    WRITE_ONCE(vma->flags, flags); /* reclaim reads it: see mm/mlock.c */
    account(vma, 1);
}

struct vma *vma_alloc(void)
{
    return slab_zalloc(&vma_cache, ALLOC_WAIT);
}

void vma_free(struct vma *vma)
{
    if (vma)
        slab_free(&vma_cache, vma);
}

void vma_start(struct vma *vma, struct mm *mm, u64 start, u64 end, u32 flags,
               struct mapping *file, u64 pgoff)
{
    vma->mm = mm;
    vma->start = start;
    vma->end = end;
    vma->flags = flags;
    vma->pgoff = file ? pgoff : start >> PAGE_SHIFT;
    vma->file = file;
    list_init(&vma->anon_node);
    account(vma, 1);
    if (file) {
        mapping_get(file);
        file_area_link(vma);
    }
}

struct vma *vma_create(struct mm *mm, u64 start, u64 end, u32 flags,
                       struct mapping *file, u64 pgoff)
{
    struct vma *vma = vma_alloc();

    if (vma)
        vma_start(vma, mm, start, end, flags, file, pgoff);
    return vma;
}

void vma_destroy(struct vma *vma)
{
    account(vma, -1);
    anon_vma_unlink(vma);
    if (vma->file) {
        file_area_unlink(vma);
        mapping_put(vma->file);
    }
    slab_free(&vma_cache, vma);
}

unsigned vma_index(struct mm *mm, u64 addr)
{
    unsigned low = 0, high = mm->nr_areas;

    while (low < high) {
        unsigned mid = (low + high) / 2;

        if (mm->areas[mid]->end > addr)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

struct vma *vma_find_next(struct mm *mm, u64 addr)
{
    unsigned i = vma_index(mm, addr);

    return i < mm->nr_areas ? mm->areas[i] : NULL;
}

struct vma *vma_find(struct mm *mm, u64 addr)
{
    struct vma *vma = vma_find_next(mm, addr);

    return vma && vma->start <= addr ? vma : NULL;
}

int vma_reserve(struct mm *mm, unsigned n)
{
    unsigned max = mm->max_areas ? mm->max_areas : 16;
    struct vma **bigger;

    if (mm->nr_areas + n <= mm->max_areas)
        return 0;
    while (max < mm->nr_areas + n)
        max *= 2;
    bigger = kmalloc(max * sizeof(*bigger), ALLOC_WAIT);
    if (!bigger)
        return -ENOMEM;
    if (mm->nr_areas)
        memcpy(bigger, mm->areas, mm->nr_areas * sizeof(*bigger));
    kfree(mm->areas);
    mm->areas = bigger;
    mm->max_areas = max;
    return 0;
}

void vma_insert(struct mm *mm, struct vma *vma)
{
    unsigned at = vma_index(mm, vma->start);

    ASSERT(mm->nr_areas < mm->max_areas);
    memmove(mm->areas + at + 1, mm->areas + at,
            (mm->nr_areas - at) * sizeof(*mm->areas));
    mm->areas[at] = vma;
    mm->nr_areas++;
}

void vma_remove(struct mm *mm, unsigned first, unsigned n)
{
    memmove(mm->areas + first, mm->areas + first + n,
            (mm->nr_areas - first - n) * sizeof(*mm->areas));
    mm->nr_areas -= n;
}

void vma_set_range(struct vma *vma, u64 start, u64 end)
{
    struct anon_vma *a = vma->anon;

    account(vma, -1);
    if (vma->file)
        mutex_lock(&vma->file->areas_lock);
    if (a)
        mutex_lock(&a->lock);
    /* pgoff belongs to start: a start that moves takes it along. */
    vma->pgoff += ((s64)start - (s64)vma->start) / (s64)PAGE_SIZE;
    vma->start = start;
    vma->end = end;
    if (a)
        mutex_unlock(&a->lock);
    if (vma->file)
        mutex_unlock(&vma->file->areas_lock);
    account(vma, 1);
}

/*
 * The new half joins the family before the old one shrinks: a reverse-map walk
 * in between finds an entry twice, never not at all (an entry that was changed
 * is not found the second time).
 */
int vma_split_at(struct mm *mm, u64 addr)
{
    struct vma *low = vma_find(mm, addr), *high;
    u64 pgoff;

    if (!low || low->start == addr)
        return 0;
    if (vma_reserve(mm, 1))
        return -ENOMEM;
    pgoff = low->pgoff + ((addr - low->start) >> PAGE_SHIFT);
    high = vma_create(mm, addr, low->end, low->flags, low->file, pgoff);
    if (!high)
        return -ENOMEM;
    high->pgoff = pgoff;
    high->name = low->name;
    if (low->anon)
        anon_vma_link(high, low->anon);
    vma_set_range(low, low->start, addr);
    vma_insert(mm, high);
    return 0;
}

int vma_isolate_range(struct mm *mm, u64 start, u64 end, bool hole_ok)
{
    u64 at = start;

    for (unsigned i = vma_index(mm, start); !hole_ok && at < end; i++) {
        if (i >= mm->nr_areas || mm->areas[i]->start > at)
            return -ENOMEM;
        at = mm->areas[i]->end;
    }
    if (vma_reserve(mm, 2) || vma_split_at(mm, start) || vma_split_at(mm, end))
        return -ENOMEM;
    return 0;
}

/* Would one area say the same as these two? One without a family may join the
   other's: it has no pages of its own. */
static bool continues(const struct vma *a, const struct vma *b)
{
    return a->end == b->start && a->flags == b->flags && a->file == b->file &&
           a->name == b->name && (!a->anon || !b->anon || a->anon == b->anon) &&
           a->pgoff + ((a->end - a->start) >> PAGE_SHIFT) == b->pgoff;
}

void vma_merge_range(struct mm *mm, u64 start, u64 end)
{
    unsigned i = vma_index(mm, start ? start - 1 : 0);

    while (i + 1 < mm->nr_areas && mm->areas[i]->start < end) {
        struct vma *a = mm->areas[i], *b = mm->areas[i + 1];

        if (!continues(a, b)) {
            i++;
            continue;
        }
        if (!a->anon && b->anon)
            anon_vma_link(a, b->anon);
        vma_set_range(a, a->start, b->end);
        vma_remove(mm, i + 1, 1);
        vma_destroy(b);
    }
}

/* The area at `at`, cut so that it lies within [at, end). */
static int cut_out(struct mm *mm, u64 at, u64 end)
{
    struct vma *vma = vma_find(mm, at);
    unsigned cuts;

    if (!vma)
        return -ENOMEM;
    cuts = (vma->start < at) + (end < vma->end);
    if (cuts && mm->nr_areas + cuts > vm_max_map_count)
        return -ENOMEM;
    return vma_reserve(mm, 2) || vma_split_at(mm, at) || vma_split_at(mm, end)
               ? -ENOMEM
               : 0;
}

int vma_for_range(struct mm *mm, u64 start, u64 end,
                  int (*fn)(struct vma *vma, void *arg), void *arg)
{
    u64 at = start;
    int err = 0;

    while (!err && at < end) {
        struct vma *vma;

        err = cut_out(mm, at, end);
        if (err)
            break;
        vma = vma_find(mm, at);
        at = vma->end;
        err = fn(vma, arg);
    }
    vma_merge_range(mm, start, end);
    return err;
}
