/* SPDX-License-Identifier: MIT */
/*
 * Mistakes on purpose: panic_test=WORD on the command line makes one, so that
 * a test can see that it is found, and what is said. The debug build finds
 * all of them; without CONFIG_DEBUG those of locks and of freed objects go by.
 */
#include <kernel/boot.h>
#include <kernel/current.h>
#include <kernel/lock.h>
#include <kernel/lockcheck.h>
#include <kernel/poison.h>
#include <kernel/print.h>
#include <kernel/process.h>
#include <kernel/selftest.h>
#include <kernel/string.h>
#include <kernel/time.h>
#include <kernel/uaccess.h>
#include <kernel/wait.h>
#include <kernel/x86/directmap.h>
#include <mm/lockorder.h>
#include <mm/page.h>
#include <mm/slab.h>
#include <mm/zone.h>

extern char text_start[];

static struct spinlock outer = SPINLOCK_INIT("outer", RANK_TASKS);
static struct spinlock inner = SPINLOCK_INIT("inner", RANK_SIGNAL);

/* A frame that is nowhere, through the direct map. */
static void touch_nothing(void)
{
    *(volatile char *)phys_to_virt(1ull << 40) = 1;
}

static void write_text(void)
{
    *(volatile char *)text_start = 0;
}

static void lock_backwards(void)
{
    u64 flags = spin_lock_irqsave(&inner);

    spin_lock(&outer);
    spin_unlock(&outer);
    spin_unlock_irqrestore(&inner, flags);
}

static void sleep_with_lock(void)
{
    spin_lock(&inner);
    sleep_until(now_ns() + NSEC_PER_MSEC, NULL);
    spin_unlock(&inner);
}

static void take_outer(void *arg)
{
    spin_lock(&outer);
    spin_unlock(&outer);
    complete(arg);
}

/* By a timer's interrupt, and then where that could come in between. */
static void lock_against_interrupt(void)
{
    struct completion done;
    struct timer t;

    completion_init(&done);
    timer_init(&t, take_outer, &done);
    timer_arm(&t, now_ns() + NSEC_PER_MSEC);
    wait_for_completion(&done);
    take_outer(&done);
}

/* ---- of what the checker knows besides the order of waiting ---- */

static void plant(struct mutex *m, int rank)
{
    mutex_init(m, "planted", rank);
    mutex_lock(m);
}

/* The page lock was not waited for: it counts all the same. */
static void lock_below_page(void)
{
    struct page *p = alloc_page(ALLOC_KERNEL, PAGE_KERNEL);
    struct mutex m;

    if (p && trylock_page(p))
        plant(&m, RANK_INODE);
}

/* There is memory enough, and nothing to be reclaimed for it. */
static void allocate_below_reclaim(void)
{
    struct mutex m;

    plant(&m, RANK_ANON);
    kfree(kmalloc(16, ALLOC_KERNEL));
}

/* As a program's thread would: one holds the lock and waits for a program, the
   other waits for the lock and for nothing else. */
static void wait_unkillably(void)
{
    static struct process some;
    struct waitq q;
    struct mutex m;
    char list[128];

    waitq_init(&q);
    current_task()->proc = &some;
    plant(&m, RANK_SHM);
    (void)wait_event_killable(&q, true);
    mutex_unlock(&m);
    current_task()->proc = NULL;
    lockcheck_list(list, sizeof(list));
    panic("not killable: %s", list);
}

static void free_twice(void)
{
    void *p = kzalloc(64, ALLOC_KERNEL);

    kfree(p);
    kfree(p);
}

/* Down to the guard page, and into it: the double fault has its own stack. */
static u64 __attribute__((noinline)) deeper(u64 n)
{
    volatile u8 room[256];
    u64 below;

    room[n % sizeof(room)] = (u8)n;
    below = n ? deeper(n - 1) : 0;
    return below + room[n % sizeof(room)];
}

static void overflow_stack(void)
{
    (void)deeper(1u << 20);
}

static void __attribute__((noinline)) send_part(void)
{
    struct {
        u32 nr;
        u64 words[15];
    } sent;

    sent.nr = 1;
    (void)copy_to_user(PAGE_SIZE, &sent, sizeof(sent));
}

/* A structure of which only a part is written (POISON=1). */
static void send_unwritten(void)
{
    poison_stack();
    send_part();
}

void panic_if_asked(void)
{
    static const struct {
        const char *name;
        void (*fn)(void);
    } mistakes[] = {
        {"frame", touch_nothing},          {"text", write_text},
        {"order", lock_backwards},         {"sleep", sleep_with_lock},
        {"irq", lock_against_interrupt},   {"twice", free_twice},
        {"stack", overflow_stack},         {"page", lock_below_page},
        {"alloc", allocate_below_reclaim}, {"kill", wait_unkillably},
        {"leak", send_unwritten},
    };
    char word[8];

    if (!cmdline_get("panic_test", word, sizeof(word)))
        return;
    for (unsigned i = 0; i < ARRAY_SIZE(mistakes); i++)
        if (!strcmp(word, mistakes[i].name))
            mistakes[i].fn();
    panic("asked for by panic_test=%s", word);
}
