/* SPDX-License-Identifier: MIT */
/*
 * How much memory has been promised: Linux's overcommit policy and limits.
 *
 * An area that may one day need a frame of its own for each page (private and
 * writable, VM_ACCOUNT) is counted as long as it is there; so is anonymous
 * shared memory. A request is checked before it is counted: two at once may
 * both pass and overshoot by the smaller of them, which mode 2 users can live
 * with, and nobody else looks.
 */
#ifndef MM_COMMIT_H
#define MM_COMMIT_H

#include <mm/mm.h>

enum overcommit {
    OVERCOMMIT_GUESS,  /* refuse what could never be: more than there is */
    OVERCOMMIT_ALWAYS, /* refuse nothing */
    OVERCOMMIT_NEVER,  /* refuse what goes beyond vm_commit_limit() */
};

/* /proc/sys/vm/overcommit_memory and _ratio: written whole, read any time. */
extern enum overcommit vm_overcommit_mode;
extern u64 vm_overcommit_ratio;     /* percent of RAM, in mode 2 */
extern u64 vm_overcommit_kbytes;    /* if not 0, instead of the ratio */
extern u64 vm_user_reserve_kbytes;  /* kept from a single process, in mode 2 */
extern u64 vm_admin_reserve_kbytes; /* kept from all but root: from nobody */

/* MAP_NORESERVE and SHM_NORESERVE are obeyed, but not in mode 2. */
static inline bool vm_noreserve(bool asked)
{
    return asked && READ_ONCE(vm_overcommit_mode) != OVERCOMMIT_NEVER;
}

u64 vm_committed_pages(void);
u64 vm_commit_limit(void); /* pages: swap, and the ratio of RAM */

/* May so many more be promised to the mm (NULL: to an object)? 0 or -ENOMEM.
   mmap_lock, if there is an mm. */
int vm_enough_memory(struct mm *mm, u64 pages);
void vm_commit(s64 pages); /* count them, or (negative) no more */

/* May the space get an area of so many pages with these flags: by its limits
   (RLIMIT_AS, RLIMIT_DATA) and by the policy? mmap_lock. 0 or -ENOMEM. */
int mm_may_expand(struct mm *mm, u32 vm_flags, u64 pages);
/* Only RLIMIT_DATA: may it have so many more private pages to write to? */
bool mm_may_have_data(struct mm *mm, u64 pages);

#endif
