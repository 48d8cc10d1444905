/* SPDX-License-Identifier: MIT */
/*
 * kswapd: reclaims in the background, so that few allocations have to.
 *
 * The allocator wakes it when free memory falls below the low mark; it works
 * until the high mark is reached again, or until it gets nowhere, and sleeps
 * without a timer until it is woken again. Kernel stacks that nobody needs are
 * its business, too.
 */
#include <mm/kstack.h>
#include <mm/lockorder.h>
#include <mm/reclaim.h>
#include <mm/swap.h>
#include <kernel/current.h>
#include <kernel/print.h>
#include <kernel/wait.h>

static struct waitq kswapd_waitq = WAITQ_INIT(kswapd_waitq);
static atomic_t wanted;

void kswapd_wake(void)
{
    if (!atomic_read(&wanted) && !atomic_xchg(&wanted, 1))
        wake_up_all(&kswapd_waitq);
}

/* A zone for the kernel's sake, or both because users find none of them good
   enough. False: all is well. */
static bool scan_once(unsigned priority, struct scan *sc)
{
    bool normal = zones_below_high(ALLOC_KERNEL);
    bool both = zones_below_high(ALLOC_USER);

    if (normal || both)
        reclaim_zone(ZONE_NORMAL, priority, sc);
    if (both)
        reclaim_zone(ZONE_MOVABLE, priority, sc);
    return normal || both;
}

/*
 * Progress begins again at the first priority. Without any at the last one,
 * it ends if nothing is being written that could still become free.
 */
static void balance(void)
{
    unsigned priority = RECLAIM_PRIORITY;
    u64 done = swap_writes_done();
    struct scan sc = {0};

    while (scan_once(priority, &sc)) {
        if (sc.freed > 0) {
            priority = RECLAIM_PRIORITY;
        } else {
            if (sc.writing > 0)
                swap_wait_for_write(done);
            if (priority-- == 0)
                return;
        }
        done = swap_writes_done();
        sc = (struct scan){0};
    }
}

static int kswapd(void *arg)
{
    (void)arg;
    set_memalloc(true); /* may use the reserve, never reclaims for itself */
    for (;;) {
        wait_event(&kswapd_waitq, atomic_read(&wanted));
        while (kstack_trim() > 0)
            ;
        balance();
        atomic_set(&wanted, 0);
    }
    return 0;
}

void kswapd_start(void)
{
    if (!kthread_run(kswapd, NULL, "kswapd"))
        panic_too_small("kswapd");
}
