/* SPDX-License-Identifier: MIT */
/*
 * The OOM killer: the last resort, when nothing can be reclaimed.
 *
 * The choice is Linux's: the process whose end would give back most pages,
 * where each point of oom_score_adj counts as a thousandth of all memory. The
 * table of the highest scores is printed, and the sentence that follows it.
 *
 * One victim at a time. Whoever comes while a victim is dying sleeps until it
 * has given its memory back (mm_put_user's end says so), or is killed itself.
 * The victim's own allocations fail or use the reserve: it never waits here.
 *
 * But it may wait for what a sleeper here has: a pipe's lock, its own mm. So
 * nobody sleeps here for ever: whose patience ends takes the victim's memory
 * (mm/oom_reap.c), and lets the next one be chosen if that was not enough.
 *
 *   oom_kill                        the chosen mm, perhaps exiting already
 *   --------                        --------------------------------------
 *   mm->oom_victim = true           rss = swapped = 0
 *   (barrier)                       (barrier)
 *   has it any memory?              mm->oom_victim?
 *
 * One of the two sees the other's: an mm that was emptied too early to tell
 * us is not waited for.
 */
#include <mm/event.h>
#include <mm/lockorder.h>
#include <mm/mm.h>
#include <mm/oom.h>
#include <mm/reclaim.h>
#include <mm/stat.h>
#include <mm/swap.h>
#include <kernel/current.h>
#include <kernel/print.h>
#include <kernel/time.h>
#include <kernel/wait.h>

#define SHOWN 5 /* rows of the table that is printed */

/* How long a victim may take to leave. It is better if it does so by itself:
   what it tells those who share a lock with it (kernel/robust.c) is in the
   memory that would be taken. */
#define PATIENCE NSEC_PER_SEC

u64 vm_panic_on_oom, vm_oom_kill_allocating_task;

static struct mutex oom_lock; /* guards victim */
static struct mm *victim;     /* with a reference; NULL: none is dying */
static struct waitq victim_waitq = WAITQ_INIT(victim_waitq);

/* One sleeper's. */
struct patience {
    struct timer timer;
    bool over; /* written once, by the timer */
};

/* The mms with the highest scores, highest first, each with a reference. */
struct ranking {
    struct mm *mm[SHOWN];
    s64 score[SHOWN];
    unsigned nr;
};

void oom_init(void)
{
    mutex_init(&oom_lock, "oom", RANK_OOM);
}

/* Pages that its end would give back. Read without pt_lock: a figure to
   compare by. */
static s64 mm_size(struct mm *mm)
{
    return (s64)(READ_ONCE(mm->rss) + READ_ONCE(mm->swapped) +
                 READ_ONCE(mm->tables));
}

static s64 all_memory(void)
{
    u64 swap, free;

    swap_totals(&swap, &free);
    return (s64)(total_frames() + swap);
}

/* What oom_score_adj adds: a thousandth of all memory for each point. */
static s64 mm_bonus(struct mm *mm)
{
    return READ_ONCE(mm->oom_score_adj) * all_memory() / 1000;
}

s64 oom_badness(struct mm *mm)
{
    if (READ_ONCE(mm->oom_score_adj) == OOM_SCORE_ADJ_MIN)
        return OOM_NEVER;
    return mm_size(mm) + mm_bonus(mm);
}

unsigned oom_score(struct mm *mm)
{
    s64 badness = mm->no_oom ? OOM_NEVER : oom_badness(mm);

    if (badness == OOM_NEVER)
        return 0;
    badness = (1000 + badness * 1000 / all_memory()) * 2 / 3;
    return badness > 0 ? (unsigned)badness : 0;
}

static bool has_memory(struct mm *mm)
{
    return READ_ONCE(mm->rss) + READ_ONCE(mm->swapped) > 0;
}

static void rank_one(struct ranking *r, struct mm *mm)
{
    s64 score = oom_badness(mm);
    unsigned at = r->nr;

    while (at > 0 && r->score[at - 1] < score)
        at--;
    if (at == SHOWN)
        return;
    if (r->nr == SHOWN)
        mm_put(r->mm[--r->nr]);
    for (unsigned i = r->nr++; i > at; i--) {
        r->mm[i] = r->mm[i - 1];
        r->score[i] = r->score[i - 1];
    }
    mm_get(mm);
    r->mm[at] = mm;
    r->score[at] = score;
}

/* Init is ranked only when it is asked for: nobody else is left. */
static void rank_all(struct ranking *r, bool no_oom)
{
    struct mm *mm = NULL;

    r->nr = 0;
    while ((mm = mm_next(mm)))
        if (mm->no_oom == no_oom && !mm->oom_victim && has_memory(mm) &&
            oom_badness(mm) != OOM_NEVER)
            rank_one(r, mm);
}

static void print_ranking(const struct ranking *r)
{
    u64 swap_total, swap_free;

    swap_totals(&swap_total, &swap_free);
    printk("out of memory: %llu of %llu frames free, %llu of %llu swap slots "
           "free, and nothing can be reclaimed\n",
           (unsigned long long)total_free_frames(),
           (unsigned long long)total_frames(), (unsigned long long)swap_free,
           (unsigned long long)swap_total);
    printk("    pid     pages   swapped    tables   adj     score  name\n");
    for (unsigned i = 0; i < r->nr; i++)
        printk("%7d %9llu %9llu %9llu %5d %9lld  %s\n", r->mm[i]->pid,
               (unsigned long long)READ_ONCE(r->mm[i]->rss),
               (unsigned long long)READ_ONCE(r->mm[i]->swapped),
               (unsigned long long)READ_ONCE(r->mm[i]->tables),
               r->mm[i]->oom_score_adj, (long long)r->score[i], r->mm[i]->comm);
}

/* oom_lock held. */
static void forget_victim(void)
{
    struct mm *mm = victim;

    WRITE_ONCE(victim, NULL);
    wake_up_all(&victim_waitq);
    mm_put(mm);
}

/* Why this one. */
static void print_choice(struct mm *mm)
{
    printk("out of memory: killing process %d (%s): of all that may be killed "
           "it scores highest: %lld pages would come back, %lld for its "
           "oom_score_adj of %d\n",
           mm->pid, mm->comm, (long long)mm_size(mm), (long long)mm_bonus(mm),
           READ_ONCE(mm->oom_score_adj));
}

/* oom_lock held. Who chose it has said why. */
static void kill(struct mm *mm)
{
    mm_get(mm);
    WRITE_ONCE(victim, mm);
    WRITE_ONCE(mm->oom_victim, true);
    memory_barrier(); /* see the top of the file */
    mm_event("oom.kill", NULL, "pid=%d", mm->pid);
    stat_inc(STAT_oom_kill);
    oom_kill_mm_users(mm); /* 0: it is exiting already, which will do */
    if (!has_memory(mm))
        forget_victim();
}

/* The one that asks, if the administrator wants it so: no list is walked. */
static bool kill_asker(void)
{
    struct mm *mm = current_mm();

    if (!READ_ONCE(vm_oom_kill_allocating_task) || !mm || mm->no_oom ||
        oom_badness(mm) == OOM_NEVER)
        return false;
    printk("out of memory: killing process %d (%s), which asked for more "
           "(oom_kill_allocating_task)\n",
           mm->pid, mm->comm);
    kill(mm);
    return true;
}

/* oom_lock held; no victim is dying. */
static bool choose_and_kill(void)
{
    struct ranking r;

    if (READ_ONCE(vm_panic_on_oom))
        panic("out of memory, and panic_on_oom is set");
    if (kill_asker())
        return true;
    rank_all(&r, false);
    if (r.nr == 0)
        rank_all(&r, true);
    if (r.nr > 0) {
        print_ranking(&r);
        print_choice(r.mm[0]);
        kill(r.mm[0]);
    }
    for (unsigned i = 0; i < r.nr; i++)
        mm_put(r.mm[i]);
    return r.nr > 0;
}

static void patience_ends(void *arg)
{
    struct patience *p = arg;

    WRITE_ONCE(p->over, true);
    wake_up_all(&victim_waitq);
}

/* `dying`, if it still is one: an identity here, not a structure to look
   into. */
static void take_by_force(struct mm *dying)
{
    bool taken;

    mutex_lock(&oom_lock);
    if (victim == dying) {
        taken = oom_reap(victim);
        printk("out of memory: process %d (%s) does not end: its memory %s\n",
               victim->pid, victim->comm,
               taken ? "is taken" : "is in use, others have to go");
        forget_victim();
    }
    mutex_unlock(&oom_lock);
}

static void wait_until_gone(struct mm *dying)
{
    struct patience p = {.over = false};
    int err;

    timer_init(&p.timer, patience_ends, &p);
    timer_arm(&p.timer, now_ns() + PATIENCE);
    err = wait_event_killable(&victim_waitq,
                              READ_ONCE(victim) != dying || READ_ONCE(p.over));
    (void)timer_cancel(&p.timer);
    if (!err)
        take_by_force(dying);
}

bool oom_kill(void)
{
    struct mm *dying;
    bool somebody = true;

    if (is_oom_victim() || fatal_signal_pending())
        return false; /* to die: its allocation fails, it lets go of all */
    mutex_lock(&oom_lock);
    if (!victim)
        somebody = choose_and_kill();
    dying = victim;
    mutex_unlock(&oom_lock);
    if (somebody && dying)
        wait_until_gone(dying);
    return somebody;
}

void oom_victim_gone(struct mm *mm)
{
    memory_barrier(); /* see the top of the file */
    if (!READ_ONCE(mm->oom_victim))
        return;
    mutex_lock(&oom_lock);
    if (victim == mm)
        forget_victim();
    mutex_unlock(&oom_lock);
}
