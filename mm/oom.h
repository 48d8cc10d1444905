/* SPDX-License-Identifier: MIT */
/* The OOM killer, as the rest of mm/ sees it (oom_kill: mm/reclaim.h). */
#ifndef MM_OOM_H
#define MM_OOM_H

#include <kernel/types.h>

struct mm;

#define OOM_SCORE_ADJ_MIN (-1000)

#define OOM_SCORE_ADJ_MAX 1000
#define OOM_NEVER         ((s64)(1ull << 63)) /* it is not to be killed */

/* How much its death would help: pages, adjusted; the highest one dies. */
s64 oom_badness(struct mm *mm);
/* The same for people, as in /proc/PID/oom_score: 0 to about 1333. */
unsigned oom_score(struct mm *mm);

/* /proc/sys/vm: panic_on_oom (0: kill instead) and oom_kill_allocating_task (0:
   the one with the highest score). Written whole, read any time. */
extern u64 vm_panic_on_oom, vm_oom_kill_allocating_task;

void oom_init(void); /* boot */
/*
 * Take the private memory of an mm away from whoever is still in it, and is to
 * die. The caller has a reference; it may hold any locks that may be held for
 * an allocation. False: somebody changes its areas, nothing was taken.
 */
bool oom_reap(struct mm *mm);
/* This mm has given back all that it had: mm_put_user, at its end. May
   sleep; no locks held. */
void oom_victim_gone(struct mm *mm);

#endif
