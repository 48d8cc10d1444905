/* SPDX-License-Identifier: MIT */
/*
 * The load average (kernel/loadavg.h).
 *
 * Linux takes a sample every five seconds. No clock ticks here, so whoever is
 * about to change the number of runnable threads looks whether samples are
 * due: all that are have the number from before the change, as nothing changed
 * it in between. On an idle machine nobody looks, and nothing is lost.
 */
#include <kernel/loadavg.h>
#include <kernel/lock.h>
#include <kernel/task.h>
#include <mm/lockorder.h>

#define PERIOD (5 * NSEC_PER_SEC)
#define ONE    2048u /* fixed point */

/* ONE / e^(5 s / 1, 5, 15 min): what is left of the past after a period. */
static const u64 keep[3] = {1884, 2014, 2037};

static struct spinlock lock = SPINLOCK_INIT("load average", RANK_LOADAVG);
static u64 average[3];     /* times ONE; lock */
u64 loadavg_next = PERIOD; /* written with the lock held */

static u64 decay(u64 average, u64 kept, u64 now)
{
    u64 next = average * kept + now * (ONE - kept);

    if (now >= average)
        next += ONE - 1; /* or it would never get there */
    return next / ONE;
}

/* Long ago: the past is forgotten, and `runnable` all that there is. */
#define ALL_FORGOTTEN (2 * 60 * 60 * NSEC_PER_SEC)

void loadavg_sample(u64 now, unsigned runnable)
{
    if (!spin_trylock(&lock))
        return; /* somebody else does it */
    if (now > loadavg_next + ALL_FORGOTTEN)
        WRITE_ONCE(loadavg_next, now - ALL_FORGOTTEN);
    while (now >= loadavg_next) {
        for (unsigned i = 0; i < 3; i++)
            average[i] = decay(average[i], keep[i], runnable * ONE);
        WRITE_ONCE(loadavg_next, loadavg_next + PERIOD);
    }
    spin_unlock(&lock);
}

void loadavg_read(u64 load[3])
{
    u64 flags = irq_save(), now = now_ns();

    if (now >= READ_ONCE(loadavg_next))
        loadavg_sample(now, sched_runnable());
    spin_lock(&lock);
    for (unsigned i = 0; i < 3; i++) /* rounded, as Linux does */
        load[i] = (average[i] * 100 + ONE / 2) / ONE;
    spin_unlock(&lock);
    irq_restore(flags);
}
