/* SPDX-License-Identifier: MIT */
/* A victim that cannot exit: its memory is taken from it. */
#include "unit.h"
#include <mm/filemap.h>
#include <mm/gup.h>
#include <mm/oom.h>
#include <mm/page.h>
#include <mm/reclaim.h>
#include <mm/swap.h>
#include <mm/zone.h>

#define RW (PROT_READ | PROT_WRITE)

static void a_victim_is_reaped(void **state)
{
    struct mapping *m = mapping_create("test");
    struct mm *mm = process(), *child;
    u64 a = user_area(mm, 20), v, shared;
    struct user_range r = {a + 19 * PAGE_SIZE, 512};
    struct pin_set pins;

    (void)state;
    assert_int_equal(mapping_set_size(m, 3 * PAGE_SIZE), 0);
    shared = (u64)mm_mmap(mm, 0, 3 * PAGE_SIZE, RW, MAP_SHARED, m, 0);
    user_fill(mm, a, 20, 1);
    user_fill(mm, shared, 3, 50);
    child = mm_fork(mm);
    mm_madvise(mm, a, 10 * PAGE_SIZE, MADV_PAGEOUT);
    assert_int_equal(pin_user_pages(&pins, mm, &r, 1, true, "raw read"), 0);

    assert_true(oom_reap(mm));
    assert_int_equal(mm->rss, 3);
    assert_int_equal(mm->swapped, 0);
    /* There are no zeroes in its place, for nobody. */
    assert_int_equal(user_read(mm, a, &v), FAULT_BUS);
    assert_int_equal(user_write(mm, a + 5 * PAGE_SIZE, 1), FAULT_BUS);
    assert_int_equal(mm_peek(mm, a, &v, sizeof(v)), 0);
    /* What is not its own stays; so do frames that a device writes to. */
    user_check(mm, shared, 3, 50);
    user_check(child, a, 20, 1);
    *(u64 *)page_to_virt(pins.pages[0]) = 4711;
    unpin_user_pages(&pins, true);
    mm_put_user(mm);
    mm_put_user(child);
    mapping_put(m);
}

static void areas_that_change_are_let_alone(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 5);

    (void)state;
    user_fill(mm, a, 5, 1);
    down_write(&mm->mmap_lock);
    assert_false(oom_reap(mm));
    up_write(&mm->mmap_lock);
    user_check(mm, a, 5, 1);
    mm_put_user(mm);
}

/* Patience ends, as nothing else happens. */
static bool time_passes(void)
{
    return host_time_passes();
}

/*
 * The only process takes all memory, and is chosen in the middle of a fault:
 * there is memory for that page when it comes back, but no place.
 */
static void what_was_taken_does_not_come_back(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 4000);
    unsigned n = 0;

    (void)state;
    assert_int_equal(swap_off(&host_disk), 0);
    host_event = time_passes;
    while (user_write(mm, a + n * PAGE_SIZE, 1) == 0)
        n++;
    assert_true(n > 1000);
    assert_int_equal(mm->rss, 0);
    assert_int_equal(user_write(mm, a, 1), FAULT_BUS);
    host_oom_victim = NULL;
    assert_int_equal(swap_on(&host_disk, -1), 0);
    mm_put_user(mm);
}

static void two_that_do_not_exit(void **state)
{
    struct mm *one = process(), *two = process();

    (void)state;
    user_fill(one, user_area(one, 300), 300, 1);
    user_fill(two, user_area(two, 200), 200, 1);
    host_event = time_passes;
    assert_true(oom_kill());
    assert_ptr_equal(host_oom_victim, one);
    assert_int_equal(one->rss, 0);
    assert_int_equal(two->rss, 200);
    assert_true(oom_kill());
    assert_ptr_equal(host_oom_victim, two);
    assert_false(oom_kill()); /* nobody is left */
    host_oom_victim = NULL;
    mm_put_user(one);
    mm_put_user(two);
}

int run_oom_tests(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_victim_is_reaped),
        TEST(areas_that_change_are_let_alone),
        TEST(what_was_taken_does_not_come_back),
        TEST(two_that_do_not_exit),
    };

    return RUN_TESTS("oom", tests);
}
