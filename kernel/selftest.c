/* SPDX-License-Identifier: MIT */
/*
 * Checks that the kernel makes of itself: what no user program can see, and
 * no test on the host can have. They run on all processors there are, before
 * init, if "selftest=1" is on the command line.
 */
#include <kernel/boot.h>
#include <kernel/current.h>
#include <kernel/lock.h>
#include <kernel/print.h>
#include <kernel/selftest.h>
#include <kernel/string.h>
#include <kernel/time.h>
#include <kernel/wait.h>
#include <kernel/x86/directmap.h>
#include <kernel/x86/tlb.h>
#include <mm/kstack.h>
#include <mm/lockorder.h>
#include <mm/pagetable.h>
#include <mm/slab.h>
#include <mm/verify.h>
#include <mm/zone.h>

extern char text_start[], text_end[], rodata_end[], image_end[];

#define CHECK(cond)                                         \
    do {                                                    \
        if (!(cond))                                        \
            panic("selftest: %s: %s", current_test, #cond); \
    } while (0)

static const char *current_test; /* written by the testing thread only */

/* ---- threads, one or more for each processor ---- */

static struct completion all_done;
static atomic_t running;

static void begin_threads(int (*fn)(void *), unsigned n)
{
    completion_init(&all_done);
    atomic_set(&running, (int)n);
    for (unsigned i = 0; i < n; i++)
        CHECK(kthread_run(fn, NULL, "selftest"));
}

static int end_thread(void)
{
    if (atomic_dec_and_test(&running))
        complete(&all_done);
    return 0;
}

/* ---- the checks ---- */

/* Every block that is given out is its owner's alone, and comes back. */
static void frames(void)
{
    struct page *blocks[64];
    u64 before;

    zone_drain_pcp(&zones[ZONE_NORMAL]);
    before = total_free_frames();
    for (unsigned i = 0; i < ARRAY_SIZE(blocks); i++) {
        blocks[i] = alloc_pages(i % 4, ALLOC_KERNEL, PAGE_KERNEL);
        CHECK(blocks[i]);
        memset(page_to_virt(blocks[i]), (int)i, PAGE_SIZE << i % 4);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(blocks); i++) {
        u8 *first = page_to_virt(blocks[i]);

        CHECK(first[0] == i && first[(PAGE_SIZE << i % 4) - 1] == i);
        free_pages(blocks[i], i % 4);
    }
    CHECK(total_free_frames() == before);
}

static void objects(void)
{
    void *objects[100];

    for (unsigned i = 0; i < ARRAY_SIZE(objects); i++) {
        objects[i] = kzalloc(8 + i * 37, ALLOC_KERNEL);
        CHECK(objects[i] && ((u8 *)objects[i])[7 + i * 37] == 0);
        memset(objects[i], (int)i, 8 + i * 37);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(objects); i++) {
        CHECK(((u8 *)objects[i])[i * 37] == i);
        kfree(objects[i]);
    }
}

/* What is written is never run, and what is run is never written. */
static void rights(void)
{
    for (u64 va = (u64)text_start; va < (u64)image_end; va += PAGE_SIZE) {
        pte_t *p = pt_walk(kernel_root, va);
        pte_t e = p ? pte_read(p) : 0;

        if (!(e & PTE_P))
            continue; /* the boot stack's guard */
        CHECK(!(e & PTE_W) || (e & PTE_NX));
        CHECK(va >= (u64)rodata_end || !(e & PTE_W));
        CHECK(!(e & PTE_U));
    }
}

static void guards(void)
{
    u64 here = (u64)__builtin_frame_address(0);
    u64 bottom =
        ROUND_DOWN(here - KSTACK_BASE, KSTACK_SIZE + PAGE_SIZE) + KSTACK_BASE;
    pte_t *p = pt_walk(kernel_root, bottom);

    CHECK(kstack_is_guard(bottom));
    CHECK(!p || !(pte_read(p) & PTE_P));
}

/* A sum that only a lock can keep right. */
#define ADDITIONS 2000

static struct spinlock add_lock = SPINLOCK_INIT("selftest", RANK_CONSOLE);
static struct mutex add_mutex;
static u64 by_spinlock, by_mutex; /* each under its lock */

static int add(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < ADDITIONS; i++) {
        spin_lock(&add_lock);
        by_spinlock++;
        spin_unlock(&add_lock);
        mutex_lock(&add_mutex);
        by_mutex++;
        mutex_unlock(&add_mutex);
    }
    return end_thread();
}

static void locks(void)
{
    unsigned n = 2 * cpu_count();

    mutex_init(&add_mutex, "selftest", RANK_FILE);
    by_spinlock = by_mutex = 0;
    begin_threads(add, n);
    wait_for_completion(&all_done);
    CHECK(by_spinlock == n * ADDITIONS && by_mutex == n * ADDITIONS);
}

/* Two threads, each of which sleeps until the other has had its turn. */
static struct waitq turn_queue = WAITQ_INIT(turn_queue);
static atomic_t turn;

static int take_turns(void *arg)
{
    int me = atomic_dec(&turn) + 2; /* 1 and 0 */

    (void)arg;
    for (int i = me; i < 1000; i += 2) {
        wait_event(&turn_queue, atomic_read(&turn) == i);
        atomic_set(&turn, i + 1);
        wake_up_all(&turn_queue);
    }
    return end_thread();
}

static void sleeping(void)
{
    atomic_set(&turn, 0);
    begin_threads(take_turns, 2);
    while (atomic_read(&turn) != -2)
        yield();
    atomic_set(&turn, 0);
    wake_up_all(&turn_queue);
    wait_for_completion(&all_done);
    CHECK(atomic_read(&turn) == 1000);
}

/* Timers come in their order, and not before their time. */
static void timers(void)
{
    u64 start = now_ns();

    CHECK(sleep_until(start + 2 * NSEC_PER_MSEC, NULL) == 0);
    CHECK(now_ns() >= start + 2 * NSEC_PER_MSEC);
    CHECK(sleep_until(start, NULL) == 0); /* long past */
}

/*
 * An address that every processor has looked at is given another frame: after
 * the flush none of them may see the old one.
 */
static volatile u64 *window;
static u64 window_phase; /* 0: old frame, 1: flushed, 2: end */
static atomic_t readers_in, wrong;

static int read_window(void *arg)
{
    bool in = false;

    (void)arg;
    while (__atomic_load_n(&window_phase, __ATOMIC_ACQUIRE) < 2) {
        u64 phase = __atomic_load_n(&window_phase, __ATOMIC_ACQUIRE);
        u64 seen = *window;

        if (phase == 1 && seen != 2)
            atomic_inc(&wrong);
        if (!in)
            atomic_inc(&readers_in);
        in = true;
        yield();
    }
    return end_thread();
}

static void shootdown(void)
{
    u64 va = KSTACK_BASE + (KSTACK_MAX + 1) * (KSTACK_SIZE + PAGE_SIZE);
    struct page *old = alloc_page(ALLOC_KERNEL | ALLOC_ZERO, PAGE_KERNEL);
    struct page *new = alloc_page(ALLOC_KERNEL | ALLOC_ZERO, PAGE_KERNEL);
    pte_t *p = pt_walk_kernel_alloc(va);
    const u64 rights = PTE_P | PTE_W | PTE_NX;

    CHECK(old && new &&p);
    *(u64 *)page_to_virt(old) = 1;
    *(u64 *)page_to_virt(new) = 2;
    pte_write(p, pte_make(page_to_pfn(old), rights));
    window = (u64 *)va;
    begin_threads(read_window, cpu_count());
    while (atomic_read(&readers_in) < (int)cpu_count())
        yield();
    pte_write(p, pte_make(page_to_pfn(new), rights));
    tlb_flush_kernel(va, va + PAGE_SIZE);
    __atomic_store_n(&window_phase, 1, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < 100; i++)
        yield();
    __atomic_store_n(&window_phase, 2, __ATOMIC_RELEASE);
    wait_for_completion(&all_done);
    CHECK(atomic_read(&wrong) == 0);
    pte_write(p, 0);
    tlb_flush_kernel(va, va + PAGE_SIZE);
    put_page(old);
    put_page(new);
}

static void print_line(const char *line, void *arg)
{
    (void)arg;
    printk("selftest: %s\n", line);
}

static void counts(void)
{
    CHECK(mm_verify(print_line, NULL) == 0);
}

void selftest_if_asked(void)
{
    static const struct {
        const char *name;
        void (*fn)(void);
    } tests[] = {
        {"frames", frames}, {"objects", objects},     {"rights", rights},
        {"guards", guards}, {"locks", locks},         {"sleeping", sleeping},
        {"timers", timers}, {"shootdown", shootdown}, {"counts", counts},
    };

    if (!cmdline_u64("selftest", 0))
        return;
    for (unsigned i = 0; i < ARRAY_SIZE(tests); i++) {
        current_test = tests[i].name;
        tests[i].fn();
        printk("selftest: %s: ok\n", tests[i].name);
    }
    printk("selftest: %u passed on %u processors\n",
           (unsigned)ARRAY_SIZE(tests), cpu_count());
}
