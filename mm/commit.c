/* SPDX-License-Identifier: MIT */
/* How much memory has been promised; see mm/commit.h. */
#include <mm/commit.h>
#include <mm/init.h>
#include <mm/swap.h>
#include <mm/vma.h>
#include <mm/zone.h>
#include <kernel/atomic.h>
#include <kernel/current.h>
#include <kernel/errno.h>

#define PER_PAGE (PAGE_SIZE / 1024) /* KiB */

enum overcommit vm_overcommit_mode = OVERCOMMIT_GUESS;
u64 vm_overcommit_ratio = 50;
u64 vm_overcommit_kbytes;
u64 vm_user_reserve_kbytes, vm_admin_reserve_kbytes;

static atomic64_t committed; /* pages */

void commit_init(void)
{
    u64 some = total_free_frames() * PER_PAGE / 32;

    vm_user_reserve_kbytes = min_u64(some, 128 << 10);
    vm_admin_reserve_kbytes = min_u64(some, 8 << 10);
}

u64 vm_committed_pages(void)
{
    s64 pages = atomic_read(&committed);

    return pages > 0 ? (u64)pages : 0;
}

u64 vm_commit_limit(void)
{
    u64 kbytes = READ_ONCE(vm_overcommit_kbytes), swap, free;

    swap_totals(&swap, &free);
    if (kbytes)
        return kbytes / PER_PAGE + swap;
    return total_frames() * READ_ONCE(vm_overcommit_ratio) / 100 + swap;
}

void vm_commit(s64 pages)
{
    __atomic_fetch_add(&committed.v, pages, __ATOMIC_RELAXED);
}

/* One process may not take all: room is left for another one to end it. */
static u64 limit_for(struct mm *mm)
{
    u64 limit = vm_commit_limit(), reserve = 0;

    if (mm)
        reserve = min_u64(mm->total_vm / 32,
                          READ_ONCE(vm_user_reserve_kbytes) / PER_PAGE);
    return limit > reserve ? limit - reserve : 0;
}

int vm_enough_memory(struct mm *mm, u64 pages)
{
    u64 swap, free;

    switch (READ_ONCE(vm_overcommit_mode)) {
    case OVERCOMMIT_ALWAYS:
        return 0;
    case OVERCOMMIT_GUESS:
        swap_totals(&swap, &free);
        return pages > total_frames() + swap ? -ENOMEM : 0;
    default:
        return vm_committed_pages() + pages < limit_for(mm) ? 0 : -ENOMEM;
    }
}

bool mm_may_have_data(struct mm *mm, u64 pages)
{
    return mm->data_vm + pages <= current_limit(RLIMIT_DATA) >> PAGE_SHIFT;
}

int mm_may_expand(struct mm *mm, u32 vm_flags, u64 pages)
{
    if (mm->total_vm + pages > current_limit(RLIMIT_AS) >> PAGE_SHIFT)
        return -ENOMEM;
    if (vma_is_data(vm_flags) && !mm_may_have_data(mm, pages))
        return -ENOMEM;
    return vm_flags & VM_ACCOUNT ? vm_enough_memory(mm, pages) : 0;
}
