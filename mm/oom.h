/* SPDX-License-Identifier: MIT */
/* The OOM killer, as the rest of mm/ sees it (oom_kill: mm/reclaim.h). */
#ifndef MM_OOM_H
#define MM_OOM_H

#include <kernel/types.h>

struct mm;

#define OOM_SCORE_ADJ_MIN (-1000)

/* How much its death would help: pages, adjusted. 0: it is never killed. */
u64 oom_badness(struct mm *mm);

void oom_init(void); /* boot */
/* This mm has given back all that it had: mm_put_user, at its end. May
   sleep; no locks held. */
void oom_victim_gone(struct mm *mm);

#endif
