/* SPDX-License-Identifier: MIT */
/* Areas, for the files of mm/ only: making, cutting and joining them. */
#ifndef MM_VMA_H
#define MM_VMA_H

#include <mm/mm.h>

#define MMAP_LOWEST 0x10000ull        /* as Linux: NULL pointers must fault */
#define STACK_GAP   (256 * PAGE_SIZE) /* kept free below a growing area */

void vma_init(void); /* boot */

/* Memory for an area, which is nothing yet: for vma_start, or vma_free. NULL:
   there is none. */
struct vma *vma_alloc(void);
void vma_free(struct vma *vma); /* takes NULL */
/* Make it an area, as vma_create does, which cannot fail any more. */
void vma_start(struct vma *vma, struct mm *mm, u64 start, u64 end, u32 flags,
               struct mapping *file, u64 pgoff);
/* A new area that is in no mm's array yet; takes a reference on file, whose
   reverse map knows it from now on. pgoff: page in the file (anonymous: it is
   computed). NULL: no memory. */
struct vma *vma_create(struct mm *mm, u64 start, u64 end, u32 flags,
                       struct mapping *file, u64 pgoff);
/* Leave the family, drop the file, free. Not in an array any more. */
void vma_destroy(struct vma *vma);

/* All below: mmap_lock for writing. */

/* Make room for n more areas, so that vma_insert cannot fail. How many there
   may be is not asked here. */
int vma_reserve(struct mm *mm, unsigned n);
void vma_insert(struct mm *mm, struct vma *vma);
/* Take areas [first, first + n) out of the array; does not free them. */
void vma_remove(struct mm *mm, unsigned first, unsigned n);
/* The index of the first area with end > addr; nr_areas if there is none. */
unsigned vma_index(struct mm *mm, u64 addr);
/* Cut areas so that none crosses addr. 0 or -ENOMEM. */
int vma_split_at(struct mm *mm, u64 addr);
/* Move an area's borders. The locks of the reverse map are taken. */
void vma_set_range(struct vma *vma, u64 start, u64 end);
/* Change what it is; the entries of its pages are the caller's affair. */
void vma_set_flags(struct vma *vma, u32 flags);
/* Cut areas so that [start, end) has areas of its own. 0, or -ENOMEM: no
   memory, or (hole_ok not set) a hole. */
int vma_isolate_range(struct mm *mm, u64 start, u64 end, bool hole_ok);
/*
 * Call fn for each area of [start, end), cut out of its neighbours, until it
 * returns an error or there is a hole (-ENOMEM): what comes before that is
 * done, as in Linux. Areas that then say the same are joined.
 */
int vma_for_range(struct mm *mm, u64 start, u64 end,
                  int (*fn)(struct vma *vma, void *arg), void *arg);
/* Unmap whatever is in the range. -ENOMEM: no room to cut, nothing is done. */
int vma_unmap_range(struct mm *mm, u64 start, u64 end);
/*
 * mm/mlock.c: fault in the areas of a range, for writing where that makes the
 * pages the process's own. No locks held; may sleep. 0; -ENOMEM: a hole, or an
 * area that nobody may access; -EFAULT: beyond a file's end, or the disk
 * failed; -EAGAIN: no memory; -EINTR: to be killed.
 */
int mm_populate(struct mm *mm, u64 addr, u64 len);
/* One page, until it is there for this access. */
enum fault_result mm_fault_in(struct mm *mm, u64 va, enum fault_access how);
/* Is nothing there? */
bool vma_range_free(struct mm *mm, u64 addr, u64 len);
/* A place for len bytes: an address or -errno. With MAP_FIXED there may be
   something else, which the caller unmaps. */
s64 vma_choose_place(struct mm *mm, u64 addr, u64 len, u32 map_flags);
/* Make one area of neighbours that continue each other, within [start, end]
   and at its borders. */
void vma_merge_range(struct mm *mm, u64 start, u64 end);

/* The page of the area's file that it shows at addr. */
static inline u64 vma_file_index(const struct vma *vma, u64 addr)
{
    return vma->pgoff + ((addr - vma->start) >> PAGE_SHIFT);
}

/* Does [addr, addr + len), rounded up to pages, lie in user space? */
static inline bool user_range_ok(u64 addr, u64 len)
{
    return len <= USER_END && addr <= USER_END - PAGE_UP(len);
}

static inline u64 vma_pages(const struct vma *vma)
{
    return (vma->end - vma->start) >> PAGE_SHIFT;
}

/* Where the area shows the page with this index; 0: nowhere. */
static inline u64 vma_address(const struct vma *vma, u64 index)
{
    if (index < vma->pgoff || index - vma->pgoff >= vma_pages(vma))
        return 0;
    return vma->start + ((index - vma->pgoff) << PAGE_SHIFT);
}

static inline bool vma_wants_pages(u32 flags)
{
    return (flags & (VM_LOCKED | VM_LOCKONFAULT)) == VM_LOCKED;
}

/* What RLIMIT_DATA is about. */
static inline bool vma_is_data(u32 flags)
{
    return (flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE;
}

/* May it be used to write to its file, now or after mprotect? */
static inline bool vma_writes_file(u32 flags)
{
    return (flags & (VM_SHARED | VM_NOWRITE)) == VM_SHARED;
}

/* Bits for a page-table entry of this area. */
static inline u64 vma_pte_flags(const struct vma *vma, bool writable)
{
    u64 flags = PTE_U | PTE_P;

    if (!(vma->flags & (VM_READ | VM_WRITE | VM_EXEC)))
        flags = PTE_U | PTE_NONE_PROT;
    if (writable && (vma->flags & VM_WRITE))
        flags |= PTE_W;
    if (!(vma->flags & VM_EXEC))
        flags |= PTE_NX;
    return flags;
}

/* mm/zap.c: empty the page table of [start, end): pages, swap entries. The
   caller holds mmap_lock, or has the area from its file's list. */
void zap_range(struct mm *mm, u64 start, u64 end);
/* A mapping of the page has gone: if it was the last, and no swap entry means
   the page, its slot is given back. A reference is held. */
void drop_from_cache(struct page *page);

#endif
