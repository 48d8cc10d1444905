/* SPDX-License-Identifier: MIT */
/*
 * The OOM reaper: a victim's memory is taken without its help.
 *
 * A victim gives its memory back when it exits, and it cannot exit while it
 * waits for a lock of somebody who waits for that very memory, nor is its
 * memory free while another process has a hold on its mm. What is private is
 * nobody's but the victim's, and that runs no user code any more: so its
 * entries may go at any time, as with MADV_DONTNEED.
 *
 * But where MADV_DONTNEED leaves zeroes, here nothing may be read, or the
 * victim's last system call would write those zeroes where others read them,
 * and nothing may be made again, or it would not be free:
 *
 *   fault, get_user_pages              reaper
 *   ---------------------              ------
 *   (pt_lock) reaped? no: an entry
 *                                      (pt_lock) reaped = true
 *                                      (pt_lock) takes all entries, that one,
 *                                      too
 *   (pt_lock) reaped? yes: SIGBUS, and
 *   EFAULT for whoever else looks
 *
 * A pin keeps its frame, as always. Whoever adds or removes areas or copies
 * entries (fork, mremap) has mmap_lock for writing, and so is not met here;
 * the last user empties the mm afterwards, and finds little.
 */
#include <mm/event.h>
#include <mm/mm_private.h>
#include <mm/oom.h>
#include <mm/vma.h>
#include <kernel/print.h>

bool oom_reap(struct mm *mm)
{
    /* Only tried for: who has it may wait for a lock of the caller's. */
    if (!down_read_trylock(&mm->mmap_lock))
        return false;
    spin_lock(&mm->pt_lock);
    mm->reaped = true;
    spin_unlock(&mm->pt_lock);
    for (unsigned i = 0; i < mm->nr_areas; i++)
        if (!(mm->areas[i]->flags & VM_SHARED))
            zap_range(mm, mm->areas[i]->start, mm->areas[i]->end);
    ASSERT(READ_ONCE(mm->swapped) == 0); /* they are all private */
    up_read(&mm->mmap_lock);
    mm_event("oom.reap", NULL, "pid=%d", mm->pid);
    return true;
}
