/* SPDX-License-Identifier: MIT */
/* How much memory has been promised; see mm/commit.h. */
#include <mm/commit.h>
#include <mm/swap.h>
#include <mm/vma.h>
#include <mm/zone.h>
#include <kernel/atomic.h>
#include <kernel/current.h>
#include <kernel/errno.h>

enum overcommit vm_overcommit_mode = OVERCOMMIT_GUESS;
u32 vm_overcommit_ratio = 50;

static atomic64_t committed; /* pages */

u64 vm_committed_pages(void)
{
    s64 pages = atomic_read(&committed);

    return pages > 0 ? (u64)pages : 0;
}

u64 vm_commit_limit(void)
{
    u64 swap, free;

    swap_totals(&swap, &free);
    return total_frames() * READ_ONCE(vm_overcommit_ratio) / 100 + swap;
}

void vm_commit(s64 pages)
{
    __atomic_fetch_add(&committed.v, pages, __ATOMIC_RELAXED);
}

int vm_enough_memory(u64 pages)
{
    u64 swap, free;

    switch (READ_ONCE(vm_overcommit_mode)) {
    case OVERCOMMIT_ALWAYS:
        return 0;
    case OVERCOMMIT_GUESS:
        swap_totals(&swap, &free);
        return pages > total_frames() + swap ? -ENOMEM : 0;
    default:
        return vm_committed_pages() + pages > vm_commit_limit() ? -ENOMEM : 0;
    }
}

int mm_may_expand(struct mm *mm, u32 vm_flags, u64 pages)
{
    if (mm->total_vm + pages > current_limit(LIMIT_AS) >> PAGE_SHIFT)
        return -ENOMEM;
    if (vma_is_data(vm_flags) &&
        mm->data_vm + pages > current_limit(LIMIT_DATA) >> PAGE_SHIFT)
        return -ENOMEM;
    return vm_flags & VM_ACCOUNT ? vm_enough_memory(pages) : 0;
}
