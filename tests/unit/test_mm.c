/* SPDX-License-Identifier: MIT */
/*
 * mm/ under one design, on the host: frames, faults, COW, swap, pins, removal.
 * What a design is to do is asked by its name here, as compare.py does: a test
 * may know the designs; the kernel may not.
 */
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <mm/cow.h>
#include <mm/filemap.h>
#include <mm/gup.h>
#include <mm/page.h>
#include <mm/removal.h>
#include <mm/section.h>
#include <mm/slab.h>
#include <mm/stat.h>
#include <mm/swap.h>
#include <mm/zone.h>

/* ---- frames and objects ---- */

static void frames_split_and_merge(void **state)
{
    u64 before = total_free_frames();
    struct page *p[64], *big;

    (void)state;
    for (unsigned i = 0; i < 64; i++)
        assert_non_null(p[i] = alloc_page(ALLOC_ATOMIC, PAGE_KERNEL));
    assert_int_equal(total_free_frames(), before - 64);
    for (unsigned i = 0; i < 64; i++)
        put_page(p[i]);
    zone_drain_pcp(&zones[ZONE_NORMAL]);
    assert_int_equal(total_free_frames(), before);
    big = alloc_pages(6, ALLOC_ATOMIC, PAGE_KERNEL);
    assert_non_null(big);
    assert_int_equal(page_to_pfn(big) % 64, 0);
    free_pages(big, 6);
    assert_int_equal(total_free_frames(), before);
}

static void frames_run_out_cleanly(void **state)
{
    struct page *first = NULL, *p;
    unsigned n = 0;

    (void)state;
    while ((p = alloc_page(ALLOC_ATOMIC, PAGE_KERNEL))) {
        p->private = (u64)first;
        first = p;
        n++;
    }
    assert_true(n > 500);
    for (; first; first = p) {
        p = (struct page *)first->private;
        put_page(first);
    }
}

static void objects_keep_their_contents(void **state)
{
    enum { N = 300 };
    unsigned char *p[N];

    (void)state;
    for (unsigned i = 0; i < N; i++) {
        p[i] = kmalloc(i * 17 + 1, ALLOC_KERNEL);
        assert_non_null(p[i]);
        memset(p[i], (int)i, i * 17 + 1);
    }
    for (unsigned i = 0; i < N; i++) {
        assert_int_equal(p[i][0], (unsigned char)i);
        assert_int_equal(p[i][i * 17], (unsigned char)i);
        kfree(p[i]);
    }
}

static void files_have_holes_and_ends(void **state)
{
    struct mapping *m = mapping_create("test");
    char buf[8] = "";

    (void)state;
    assert_int_equal(mapping_write(m, 3 * PAGE_SIZE - 2, "abcd", 4), 4);
    assert_int_equal(m->size, 3 * PAGE_SIZE + 2);
    assert_int_equal(mapping_read(m, 3 * PAGE_SIZE - 2, buf, 8), 4);
    assert_memory_equal(buf, "abcd", 4);
    assert_int_equal(mapping_read(m, PAGE_SIZE, buf, 4), 4);
    assert_memory_equal(buf, "\0\0\0\0", 4);
    assert_int_equal(mapping_set_size(m, 3 * PAGE_SIZE - 1), 0);
    assert_int_equal(mapping_set_size(m, 3 * PAGE_SIZE + 1), 0);
    assert_int_equal(mapping_read(m, 3 * PAGE_SIZE - 2, buf, 8), 3);
    assert_memory_equal(buf, "a\0\0", 3);
    mapping_put(m);
}

/* ---- faults and COW ---- */

static void reads_see_zeroes(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 4), value = 1;

    (void)state;
    assert_int_equal(user_read(mm, a, &value), 0);
    assert_int_equal(value, 0);
    assert_int_equal(mm->rss, 0); /* the zero page is not counted */
    assert_int_equal(user_write(mm, a, 7), 0);
    assert_int_equal(mm->rss, 1);
    assert_int_equal(user_read(mm, a - PAGE_SIZE, &value), FAULT_NO_AREA);
    mm_put_user(mm);
}

static void fork_shares_until_a_write(void **state)
{
    struct mm *p = process(), *c;
    u64 a = user_area(p, 40);

    (void)state;
    user_fill(p, a, 40, 100);
    c = mm_fork(p);
    assert_non_null(c);
    assert_ptr_equal(user_page(p, a), user_page(c, a));
    assert_int_equal(page_mapcount(user_page(p, a)), 2);
    user_fill(c, a, 10, 500);
    user_fill(p, a + 10 * PAGE_SIZE, 10, 600);
    user_check(p, a, 10, 100);
    user_check(c, a + 10 * PAGE_SIZE, 10, 110);
    user_check(c, a, 10, 500);
    mm_put_user(c);
    user_check(p, a + 20 * PAGE_SIZE, 20, 120);
    mm_put_user(p);
}

static void the_last_owner_keeps_the_page(void **state)
{
    struct mm *p = process(), *c;
    u64 a = user_area(p, 1);
    struct page *page;

    (void)state;
    user_fill(p, a, 1, 1);
    page = user_page(p, a);
    c = mm_fork(p);
    mm_put_user(c);
    user_fill(p, a, 1, 2);
    assert_ptr_equal(user_page(p, a), page);
    mm_put_user(p);
}

static void protection_is_kept(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 6), v;

    (void)state;
    user_fill(mm, a, 6, 1);
    assert_int_equal(mm_mprotect(mm, a, 2 * PAGE_SIZE, PROT_READ), 0);
    assert_int_equal(mm->nr_areas, 2);
    assert_int_equal(user_write(mm, a, 9), FAULT_NO_ACCESS);
    assert_int_equal(mm_mprotect(mm, a, PAGE_SIZE, 0), 0);
    assert_int_equal(user_read(mm, a, &v), FAULT_NO_ACCESS);
    assert_int_equal(mm_mprotect(mm, a, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE),
                     0);
    assert_int_equal(mm->nr_areas, 1);
    user_check(mm, a, 6, 1);
    assert_int_equal(mm_munmap(mm, a + 2 * PAGE_SIZE, PAGE_SIZE), 0);
    assert_int_equal(user_read(mm, a + 2 * PAGE_SIZE, &v), FAULT_NO_AREA);
    mm_put_user(mm);
}

/* ---- swap ---- */

static void pages_go_and_come_back(void **state)
{
    struct mm *mm = process(), *c;
    u64 a = user_area(mm, 100);

    (void)state;
    user_fill(mm, a, 100, 1000);
    mm_madvise(mm, a, 100 * PAGE_SIZE, MADV_PAGEOUT);
    assert_int_equal(mm->swapped, 100);
    assert_int_equal(mm->rss, 0);
    c = mm_fork(mm);
    user_fill(c, a, 50, 2000);
    user_check(mm, a, 100, 1000);
    user_check(c, a, 50, 2000);
    user_check(c, a + 50 * PAGE_SIZE, 50, 1050);
    mm_put_user(c);
    mm_put_user(mm);
}

static void more_than_memory_fits(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 3000);

    (void)state;
    user_fill(mm, a, 3000, 1);
    assert_true(mm->swapped > 0);
    user_check(mm, a, 3000, 1);
    mm_put_user(mm);
}

static void swapoff_brings_all_back(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 200);

    (void)state;
    user_fill(mm, a, 200, 5);
    mm_madvise(mm, a, 200 * PAGE_SIZE, MADV_PAGEOUT);
    host_signal = true;
    assert_int_equal(swap_off(&host_disk), -EINTR);
    host_signal = false;
    assert_int_equal(swap_off(&host_disk), 0);
    assert_int_equal(mm->swapped, 0);
    user_check(mm, a, 200, 5);
    assert_int_equal(swap_on(&host_disk, -1), 0);
    mm_put_user(mm);
}

static void disk_errors_hurt_one(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 20), v;

    (void)state;
    user_fill(mm, a, 20, 70);
    host_fail_writes = 5;
    mm_madvise(mm, a, 20 * PAGE_SIZE, MADV_PAGEOUT);
    host_fail_writes = 0;
    user_check(mm, a, 20, 70);
    mm_madvise(mm, a, 20 * PAGE_SIZE, MADV_PAGEOUT);
    mm_madvise(mm, a, 20 * PAGE_SIZE, MADV_PAGEOUT);
    host_fail_reads = 1;
    assert_int_equal(user_read(mm, a + 7 * PAGE_SIZE, &v), FAULT_BUS);
    user_check(mm, a, 7, 70);
    user_check(mm, a + 8 * PAGE_SIZE, 12, 78);
    mm_put_user(mm);
}

/* One fault reads its neighbours too; what the disk fails of those hurts nobody
   who asks again; and a process that ends leaves nothing behind. */
static void neighbours_are_read_ahead(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 32), v, ahead = stat_read(STAT_swap_ra);

    (void)state;
    user_fill(mm, a, 32, 90);
    mm_madvise(mm, a, 32 * PAGE_SIZE, MADV_PAGEOUT);
    mm_madvise(mm, a, 32 * PAGE_SIZE, MADV_PAGEOUT);
    assert_int_equal(user_read(mm, a + 15 * PAGE_SIZE, &v), FAULT_DONE);
    assert_in_range(stat_read(STAT_swap_ra) - ahead, 1, 7);
    vm_page_cluster = 5;
    host_fail_reads = 1; /* whose turn it is, the order of the disk decides */
    (void)user_read(mm, a + 31 * PAGE_SIZE, &v);
    while (host_disk_step())
        ;
    host_fail_reads = 0;
    user_check(mm, a, 32, 90);
    vm_page_cluster = 3;
    mm_madvise(mm, a, 32 * PAGE_SIZE, MADV_PAGEOUT);
    mm_madvise(mm, a, 32 * PAGE_SIZE, MADV_PAGEOUT);
    (void)user_read(mm, a + 15 * PAGE_SIZE, &v);
    mm_put_user(mm); /* while they are being read: world_check counts */
}

/* ---- the argument ---- */

static struct pin_set pins;

static struct page *start_read(struct mm *mm, u64 addr)
{
    struct user_range r = {addr, 512};

    assert_int_equal(pin_user_pages(&pins, mm, &r, 1, true, "raw read"), 0);
    return pins.pages[0];
}

/* The device writes, and lets go. */
static void end_read(struct page *page, u64 value)
{
    *(u64 *)page_to_virt(page) = value;
    unpin_user_pages(&pins, true);
}

/* 1 a read is in flight. 2 the page is reclaimed. 3 another byte is written.
   4 the data arrive: where? */
static void a_read_across_reclaim(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 1), v = 0, refused = stat_read(STAT_unmap_refused);
    struct page *page;

    (void)state;
    user_fill(mm, a, 1, 1);
    page = start_read(mm, a);
    mm_madvise(mm, a, PAGE_SIZE, MADV_PAGEOUT);
    assert_int_equal(user_page(mm, a) != NULL, design_is("ptepin"));
    assert_int_equal(stat_read(STAT_unmap_refused) > refused,
                     design_is("ptepin"));
    assert_int_equal(user_write(mm, a + 2048, 77), 0);
    assert_int_equal(user_page(mm, a) == page, !design_is("naive"));
    end_read(page, 4711);
    assert_int_equal(user_read(mm, a, &v), 0);
    assert_int_equal(v == 4711, !design_is("naive"));
    assert_int_equal(user_read(mm, a + 2048, &v), 0);
    assert_int_equal(v, 77);
    mm_put_user(mm);
}

/* ---- removal ---- */

static int offline(struct removal *r, u32 passes)
{
    removal_defaults(r, DIMM_FIRST, DIMM_COUNT);
    r->max_ns = 0;
    r->max_passes = passes;
    return memory_offline(r);
}

static void back_online(void)
{
    assert_int_equal(memory_online(DIMM_FIRST, DIMM_COUNT), 0);
}

static void touch_removed(void)
{
    volatile char *p = pfn_to_virt(section_pfn(DIMM_FIRST) + 100);

    *p = 1;
}

static void removed_memory_traps(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 300);
    struct removal r;
    int status;

    (void)state;
    user_fill(mm, a, 300, 3);
    assert_int_equal(user_page(mm, a)->zone, ZONE_MOVABLE);
    assert_int_equal(offline(&r, 10), 0);
    assert_true(r.moved >= 300);
    assert_null(pfn_to_page(section_pfn(DIMM_FIRST)));
    if (fork() == 0) {
        signal(SIGSEGV, SIG_DFL); /* ours, not the sanitizer's */
        touch_removed();
        _exit(0);
    }
    wait(&status);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    user_check(mm, a, 300, 3);
    back_online();
    mm_put_user(mm);
}

static bool unpin_once(void)
{
    if (!pins.pages)
        return false;
    end_read(pins.pages[0], 4711);
    return true;
}

static void removal_waits_for_a_pin(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 1), v;
    struct removal r;

    (void)state;
    user_fill(mm, a, 1, 1);
    start_read(mm, a);
    host_event = unpin_once;
    assert_int_equal(offline(&r, 10), 0);
    assert_int_equal(r.refused > 0, design_is("ptepin"));
    assert_int_equal(user_read(mm, a, &v), 0);
    assert_int_equal(v, 4711); /* what came while it waited has moved along */
    back_online();
    mm_put_user(mm);
}

static bool cancel(void)
{
    return removal_cancel();
}

static void removal_gives_up_and_puts_back(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 8);
    struct page *page;
    struct removal r;

    (void)state;
    user_fill(mm, a, 8, 40);
    page = start_read(mm, a + 3 * PAGE_SIZE);
    host_event = cancel;
    assert_int_equal(offline(&r, 10), -EINTR);
    host_event = NULL;
    assert_ptr_equal(user_page(mm, a + 3 * PAGE_SIZE), page);
    end_read(page, 43);
    user_check(mm, a, 8, 40);
    assert_int_equal(offline(&r, 10), 0); /* and can be repeated */
    user_check(mm, a, 8, 40);
    back_online();
    mm_put_user(mm);
}

static void kernel_memory_stays(void **state)
{
    struct removal r;

    (void)state;
    removal_defaults(&r, 0, 1);
    assert_int_equal(memory_offline(&r), -EBUSY);
    assert_int_equal(section_get(0)->state, SECTION_ONLINE);
}

/* ---- at random ---- */

static void one_step(struct mm **p, u64 a, u64 *model, unsigned pages)
{
    unsigned i = (unsigned)rand() % pages;
    struct removal r;

    switch (rand() % 16) {
    case 0:
        mm_madvise(*p, a, pages * PAGE_SIZE, MADV_PAGEOUT);
        break;
    case 1: {
        struct mm *c = mm_fork(*p);

        assert_non_null(c);
        mm_put_user(*p); /* the child goes on alone */
        *p = c;
        break;
    }
    case 2:
        if (offline(&r, 4) == 0)
            back_online();
        break;
    case 3:
        mm_madvise(*p, a + i * PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED);
        model[i] = 0;
        break;
    default:
        model[i] = (u64)rand();
        assert_int_equal(user_write(*p, a + i * PAGE_SIZE, model[i]), 0);
    }
}

static void random_steps_agree_with_a_model(void **state)
{
    enum { PAGES = 120, STEPS = 4000 };
    static u64 model[PAGES];
    const char *given = getenv("SEED");
    unsigned seed = given ? (unsigned)atoi(given) : (unsigned)getpid();
    struct mm *mm = process();
    u64 a = user_area(mm, PAGES), v;

    (void)state;
    printf("random steps: seed %u (SEED= repeats it)\n", seed);
    srand(seed);
    for (unsigned n = 0; n < STEPS; n++) {
        unsigned i = (unsigned)rand() % PAGES;

        one_step(&mm, a, model, PAGES);
        assert_int_equal(user_read(mm, a + i * PAGE_SIZE, &v), 0);
        assert_int_equal(v, model[i]);
    }
    mm_put_user(mm);
}

#define TEST(f) cmocka_unit_test_teardown(f, world_check)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(frames_split_and_merge),
        TEST(frames_run_out_cleanly),
        TEST(objects_keep_their_contents),
        TEST(files_have_holes_and_ends),
        TEST(reads_see_zeroes),
        TEST(fork_shares_until_a_write),
        TEST(the_last_owner_keeps_the_page),
        TEST(protection_is_kept),
        TEST(pages_go_and_come_back),
        TEST(more_than_memory_fits),
        TEST(swapoff_brings_all_back),
        TEST(disk_errors_hurt_one),
        TEST(neighbours_are_read_ahead),
        TEST(a_read_across_reclaim),
        TEST(removed_memory_traps),
        TEST(removal_waits_for_a_pin),
        TEST(removal_gives_up_and_puts_back),
        TEST(kernel_memory_stays),
        TEST(random_steps_agree_with_a_model),
    };

    return cmocka_run_group_tests_name(cow_design.name, tests, world_start,
                                       NULL) +
           run_frame_tests() + run_migrate_tests() + run_file_tests() +
           run_sections_tests() + run_area_tests() + run_remap_tests() +
           run_memcalls_tests() + run_batch_tests();
}
