/* SPDX-License-Identifier: MIT */
/*
 * What happens when a process has used so much processor time: setitimer(2)
 * with ITIMER_VIRTUAL and ITIMER_PROF, and RLIMIT_CPU.
 *
 * Linux looks at each tick of its clock. No clock ticks here: an ordinary timer
 * is set for the first moment at which the time could be up, which is if all
 * processors worked for this process from now on; then it looks how much was
 * used, and is set again for what is left. So a limit of an hour costs a few
 * dozen looks. While the process sleeps, it is looked at more and more seldom.
 */
#include <kernel/process_private.h>

/* How exact it is: Linux's tick is 4 ms. */
#define SHORTEST_WAIT NSEC_PER_MSEC
#define LONGEST_REST  (64 * NSEC_PER_MSEC)

#define MAX_SECONDS (1ull << 33) /* more never comes */

/* ---- tasks_lock held ---- */

static struct cpu_itimer *itimer_of(struct process *p, unsigned which)
{
    return &p->cpu_itimers[which == ITIMER_PROF];
}

static u64 time_of(const struct usage *used, unsigned which)
{
    return used->user_ns + (which == ITIMER_PROF ? used->system_ns : 0);
}

static void tell(struct process *p, int sig)
{
    struct siginfo_min info = {.signo = sig, .code = SI_KERNEL};

    spin_lock(&p->sig_lock);
    (void)signal_from_timer(p, 0, &info);
    spin_unlock(&p->sig_lock);
}

/* It has used `now`. What is left afterwards; TIME_NEVER: it is not armed. */
static u64 check_itimer(struct process *p, unsigned which, u64 now)
{
    struct cpu_itimer *t = itimer_of(p, which);

    if (t->when && now >= t->when) {
        if (t->interval)
            t->when += ((now - t->when) / t->interval + 1) * t->interval;
        else
            t->when = 0;
        tell(p, which == ITIMER_PROF ? SIGPROF : SIGVTALRM);
    }
    return t->when ? t->when - now : TIME_NEVER;
}

static u64 seconds(u64 limit)
{
    return min_u64(limit, MAX_SECONDS) * NSEC_PER_SEC;
}

/* From the soft limit on, a signal each second; at the hard one, the end. */
static u64 check_limit(struct process *p, u64 now)
{
    u64 *soft = &p->rlimits[RLIMIT_CPU][0];
    u64 hard = p->rlimits[RLIMIT_CPU][1];

    if (*soft == RLIM_INFINITY)
        return TIME_NEVER;
    if (now >= seconds(hard)) {
        tell(p, SIGKILL);
        return TIME_NEVER;
    }
    if (now >= seconds(*soft)) {
        *soft = now / NSEC_PER_SEC + 1;
        tell(p, SIGXCPU);
    }
    return min_u64(seconds(*soft), seconds(hard)) - now;
}

/* Nothing was used since the last look: it sleeps, and we rest longer. */
static u64 time_to_wait(struct process *p, u64 used, u64 left)
{
    u64 rest = SHORTEST_WAIT;

    if (used == p->cpu_seen)
        rest = min_u64(2 * p->cpu_rest, LONGEST_REST);
    p->cpu_seen = used;
    p->cpu_rest = max_u64(rest, SHORTEST_WAIT);
    return max_u64(left / cpu_count(), p->cpu_rest);
}

static bool is_watched(const struct process *p)
{
    return p->cpu_itimers[0].when || p->cpu_itimers[1].when ||
           p->rlimits[RLIMIT_CPU][0] != RLIM_INFINITY;
}

/* Who has ended is told nothing, and no timer is set for him. */
void cpu_timer_look(struct process *p)
{
    struct usage used;
    u64 all, left;

    if (p->nr_threads == 0 || !is_watched(p))
        return;
    used = process_usage_locked(p);
    all = time_of(&used, ITIMER_PROF);
    left = check_itimer(p, ITIMER_VIRTUAL, time_of(&used, ITIMER_VIRTUAL));
    left = min_u64(left, check_itimer(p, ITIMER_PROF, all));
    left = min_u64(left, check_limit(p, all));
    if (left != TIME_NEVER)
        timer_arm(&p->cpu_timer, now_ns() + time_to_wait(p, all, left));
}

/* ---- */

static void fired(void *process)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);

    cpu_timer_look(process);
    spin_unlock_irqrestore(&tasks_lock, flags);
}

void cpu_timer_init(struct process *p)
{
    timer_init(&p->cpu_timer, fired, p);
}

void cpu_timer_stop(struct process *p)
{
    (void)timer_cancel(&p->cpu_timer);
}

u64 cpu_itimer_left(struct process *p, unsigned which, u64 *interval)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct cpu_itimer *t = itimer_of(p, which);
    struct usage used = process_usage_locked(p);
    u64 now = time_of(&used, which), left = 0;

    if (t->when)
        left = t->when > now ? t->when - now : 1;
    *interval = t->interval;
    spin_unlock_irqrestore(&tasks_lock, flags);
    return left;
}

void cpu_itimer_set(struct process *p, unsigned which, u64 in, u64 interval)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct cpu_itimer *t = itimer_of(p, which);
    struct usage used = process_usage_locked(p);

    t->when = in ? time_of(&used, which) + in : 0;
    t->interval = interval;
    cpu_timer_look(p);
    spin_unlock_irqrestore(&tasks_lock, flags);
}
