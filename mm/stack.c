/* SPDX-License-Identifier: MIT */
/*
 * Stacks: areas that grow down to where they are touched.
 *
 * A gap is kept below a stack, so that a function with a big frame that runs
 * out of stack meets a fault, not somebody else's memory. It is asked for when
 * a place is looked for (mm/mmap.c) and when the stack grows; a mapping that
 * insists on its place (MAP_FIXED) may lie in it, and then the stack stops.
 */
#include <mm/commit.h>
#include <mm/fault.h>
#include <mm/vma.h>
#include <kernel/errno.h>
#include <kernel/current.h>

#define ROOM_LEAST (128ull << 20)
#define ROOM_MOST  (USER_END / 6 * 5)

/* As Linux: what grows down itself, and what nobody may touch (a guard page of
   the program's own), may be right below. */
static bool keeps_gap(const struct vma *below, u64 addr)
{
    return !below || (below->flags & VM_GROWSDOWN) ||
           !(below->flags & (VM_READ | VM_WRITE | VM_EXEC)) ||
           addr - below->end >= STACK_GAP;
}

/* mmap_lock for writing. 0 or -ENOMEM. An area that was moved up may have fewer
   indexes below it than addresses: there is no page before index 0. */
static int grow(struct vma *stack, const struct vma *below, u64 addr)
{
    struct mm *mm = stack->mm;
    u64 more = (stack->start - addr) >> PAGE_SHIFT;

    if (addr < MMAP_LOWEST || more > stack->pgoff || !keeps_gap(below, addr) ||
        stack->end - addr > current_limit(RLIMIT_STACK) ||
        mm_may_expand(mm, stack->flags, more))
        return -ENOMEM;
    vma_set_range(stack, addr, stack->end);
    return 0;
}

int fault_grow_stack(struct mm *mm, u64 addr)
{
    struct vma *next, *below;
    int ret = FAULT_NO_AREA;
    unsigned i;

    if (down_write_killable(&mm->mmap_lock))
        return FAULT_KILLED;
    i = vma_index(mm, addr);
    next = i < mm->nr_areas ? mm->areas[i] : NULL;
    below = i > 0 ? mm->areas[i - 1] : NULL;
    if (next && next->start <= addr)
        ret = FAULT_DONE; /* another thread was faster */
    else if (next && (next->flags & VM_GROWSDOWN) && !grow(next, below, addr))
        ret = FAULT_DONE;
    up_write(&mm->mmap_lock);
    return ret;
}

void mm_leave_stack_room(struct mm *mm, u64 limit)
{
    u64 room = min_u64(limit, ROOM_MOST) + STACK_GAP;

    mm->mmap_top = USER_END - max_u64(ROOM_LEAST, min_u64(room, ROOM_MOST));
}
