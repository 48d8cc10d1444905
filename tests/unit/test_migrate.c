/* SPDX-License-Identifier: MIT */
/* One page that is moved, written out, or fought over, by direct calls. */
#include "unit.h"
#include <mm/filemap.h>
#include <mm/gup.h>
#include <mm/migrate.h>
#include <mm/page.h>
#include <mm/reclaim.h>
#include <mm/removal.h>
#include <mm/swap.h>
#include <mm/zone.h>

static struct pin_set pins;

static void pin(struct mm *mm, u64 addr)
{
    struct user_range r = {addr, 512};

    assert_int_equal(pin_user_pages(&pins, mm, &r, 1, true, "raw read"), 0);
}

/* A device writes and lets go, while somebody sleeps. */
static bool device_ends(void)
{
    if (!pins.pages)
        return false;
    *(u64 *)page_to_virt(pins.pages[0]) = 4711;
    unpin_user_pages(&pins, true);
    return true;
}

static void a_move_takes_all_owners_along(void **state)
{
    struct mm *p = process(), *c;
    u64 a = user_area(p, 1);
    struct page *old, *new;

    (void)state;
    user_fill(p, a, 1, 7);
    c = mm_fork(p);
    user_check(c, a, 1, 7);
    old = user_page(p, a);
    assert_true(lru_isolate(old));
    assert_int_equal(migrate_page(old, MOVE_NOW, NULL), 0);
    new = user_page(p, a);
    assert_ptr_not_equal(new, old);
    assert_ptr_equal(user_page(c, a), new);
    assert_int_equal(page_mapcount(new), 2);
    assert_int_equal(page_refs(old), 0);
    user_fill(c, a, 1, 8); /* still shared: a copy */
    user_check(p, a, 1, 7);
    mm_put_user(c);
    mm_put_user(p);
}

static void a_move_takes_the_swap_slot_along(void **state)
{
    struct mm *p = process(), *c;
    u64 a = user_area(p, 1);
    struct page *old;

    (void)state;
    user_fill(p, a, 1, 7);
    mm_madvise(p, a, PAGE_SIZE, MADV_PAGEOUT);
    c = mm_fork(p);
    user_check(p, a, 1, 7); /* present in p, a swap entry in c */
    old = user_page(p, a);
    assert_true(page_flag(old, PG_SWAPCACHE));
    zone_drain_pcp(&zones[old->zone]);
    assert_true(lru_isolate(old));
    assert_int_equal(migrate_page(old, MOVE_NOW, NULL), 0);
    user_check(c, a, 1, 7);
    assert_ptr_equal(user_page(c, a), user_page(p, a));
    user_fill(p, a, 1, 9);
    user_check(c, a, 1, 7);
    mm_put_user(c);
    mm_put_user(p);
}

static void a_pinned_page_does_not_move_now(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 1);
    struct page *page;

    (void)state;
    user_fill(mm, a, 1, 7);
    pin(mm, a);
    page = user_page(mm, a);
    assert_true(lru_isolate(page));
    assert_int_equal(migrate_page(page, MOVE_NOW, NULL), -EAGAIN);
    lru_putback(page);
    assert_ptr_equal(user_page(mm, a), page);
    assert_true(device_ends());
    user_check(mm, a, 1, 4711);
    mm_put_user(mm);
}

static void a_move_waits_or_is_refused(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 1);
    struct page *page;
    int err;

    (void)state;
    user_fill(mm, a, 1, 7);
    pin(mm, a);
    page = user_page(mm, a);
    assert_true(lru_isolate(page));
    host_event = device_ends;
    err = migrate_page(page, MOVE_WAIT, NULL);
    assert_true(err == 0 || err == -EBUSY);
    if (err) {
        lru_putback(page);
        device_ends();
    }
    assert_int_equal(user_page(mm, a) == page, err != 0);
    user_check(mm, a, 1, 4711);
    check_choice(UNMAPS_PINNED, err == 0);
    mm_put_user(mm);
}

/* ---- who waits for whom ---- */

static struct page *first_page;
static int its_refs;

/* Whoever sleeps holds no pin: what it sleeps for may be a mover's. */
static bool nobody_is_pinned(void)
{
    assert_int_equal(page_refs(first_page), its_refs);
    return false;
}

/* The first page is there, the others are in swap. */
static void pin_what_is_in_swap(struct mm *mm, u64 a, unsigned pages)
{
    struct user_range r = {a, pages * PAGE_SIZE};

    mm_madvise(mm, a + PAGE_SIZE, (pages - 1) * PAGE_SIZE, MADV_PAGEOUT);
    assert_null(user_page(mm, a + PAGE_SIZE));
    first_page = user_page(mm, a);
    its_refs = page_refs(first_page);
    host_event = nobody_is_pinned;
    assert_int_equal(pin_user_pages(&pins, mm, &r, 1, true, "raw read"), 0);
    host_event = NULL;
    assert_int_equal(pins.nr, pages);
    assert_int_equal(page_refs(first_page), its_refs + 1);
    unpin_user_pages(&pins, false);
}

static void who_holds_a_pin_does_not_sleep(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 40);

    (void)state;
    user_fill(mm, a, 40, 7);
    pin_what_is_in_swap(mm, a, 40);
    user_check(mm, a, 40, 7);
    mm_put_user(mm);
}

static void nor_for_a_page_of_a_file(void **state)
{
    struct mapping *m = mapping_create("pinned");
    struct mm *mm = process();
    s64 a;

    (void)state;
    assert_int_equal(mapping_set_size(m, 3 * PAGE_SIZE), 0);
    a = mm_mmap(mm, 0, 3 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, m, 0);
    assert_true(a > 0);
    user_fill(mm, (u64)a, 3, 7);
    pin_what_is_in_swap(mm, (u64)a, 3);
    user_check(mm, (u64)a, 3, 7);
    mm_put_user(mm);
    mapping_put(m);
}

/* The disk fails: that is told, however often we have to begin again. */
static void a_read_error_ends_a_pin(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 2);
    struct user_range r = {a, 2 * PAGE_SIZE};

    (void)state;
    user_fill(mm, a, 2, 7);
    mm_madvise(mm, a + PAGE_SIZE, PAGE_SIZE, MADV_PAGEOUT);
    host_fail_reads = 1000;
    assert_int_equal(pin_user_pages(&pins, mm, &r, 1, true, "raw read"),
                     -EFAULT);
    assert_int_equal(pins_of_page(user_page(mm, a), NULL, NULL), 0);
    host_fail_reads = 0;
    user_check(mm, a, 2, 7);
    mm_put_user(mm);
}

/* A pin that nobody lets go: the move is put off, its users go on. */
static void a_pin_that_stays_stops_no_user(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 1);
    struct page *page;
    struct removal r;
    int err;

    (void)state;
    user_fill(mm, a, 1, 7);
    pin(mm, a);
    page = user_page(mm, a);
    removal_defaults(&r, DIMM_FIRST, 1);
    assert_true(lru_isolate(page));
    host_event = host_time_passes;
    err = migrate_page(page, MOVE_WAIT, &r);
    assert_int_equal(err, design_is("ptepin") ? -EBUSY : -EAGAIN);
    lru_putback(page);
    assert_ptr_equal(user_page(mm, a), page);
    user_check(mm, a, 1, 7);
    device_ends();
    mm_put_user(mm);
}

/* ---- reclaim ---- */

/* Reclaim of a pinned page, by the call itself. */
static void reclaim_says_what_the_design_says(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 1);
    struct page *page;
    int err;

    (void)state;
    user_fill(mm, a, 1, 7);
    pin(mm, a);
    page = user_page(mm, a);
    get_page(page);
    err = reclaim_page(page);
    assert_true(err == 0 || err == -EBUSY);
    assert_int_equal(page_mapcount(page), err ? 1 : 0);
    put_page(page);
    user_check(mm, a, 1, 7); /* a read finds the same frame in any design */
    assert_ptr_equal(user_page(mm, a), page);
    device_ends();
    user_check(mm, a, 1, 4711);
    check_choice(UNMAPS_PINNED, err == 0);
    mm_put_user(mm);
}

/* The cache's own reference is no stranger's, in any design. */
static void a_page_that_came_back_is_kept(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 1);
    struct page *page;

    (void)state;
    user_fill(mm, a, 1, 7);
    mm_madvise(mm, a, PAGE_SIZE, MADV_PAGEOUT);
    user_check(mm, a, 1, 7);
    page = user_page(mm, a);
    assert_true(page_flag(page, PG_SWAPCACHE));
    user_fill(mm, a, 1, 8);
    check_choice(KEEPS_UNPINNED, user_page(mm, a) == page);
    mm_madvise(mm, a, PAGE_SIZE, MADV_PAGEOUT);
    user_check(mm, a, 1, 8); /* and not the slot's old contents */
    mm_put_user(mm);
}

/* It is not counted, but a processor remembers it all the same. */
static void the_zero_page_is_forgotten(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 1), v;

    (void)state;
    assert_int_equal(user_read(mm, a, &v), 0);
    mm_madvise(mm, a, PAGE_SIZE, MADV_DONTNEED);
    user_fill(mm, a, 1, 7);
    user_check(mm, a, 1, 7);
    mm_put_user(mm);
}

/* ---- while the disk writes ---- */

static struct mm *writer;
static u64 written_at;

static void write_again(void *arg)
{
    (void)arg;
    user_fill(writer, written_at, 1, 8);
}

/* At the first sleep, which is for the write: another thread comes. */
static bool another_thread(void)
{
    host_event = NULL;
    host_as_other(write_again, NULL);
    return true;
}

static void a_write_during_write_back_is_kept(void **state)
{
    u64 a;

    (void)state;
    writer = process();
    written_at = a = user_area(writer, 1);
    user_fill(writer, a, 1, 7);
    host_event = another_thread;
    mm_madvise(writer, a, PAGE_SIZE, MADV_PAGEOUT);
    assert_null(host_event); /* it did come */
    user_check(writer, a, 1, 8);
    mm_madvise(writer, a, PAGE_SIZE, MADV_PAGEOUT);
    assert_null(user_page(writer, a));
    user_check(writer, a, 1, 8);
    mm_put_user(writer);
}

/* ---- nothing is left ---- */

static void exit_of_victim(void *arg)
{
    mm_put_user(arg);
}

static bool victim_exits(void)
{
    struct mm *victim = host_oom_victim;

    host_oom_victim = NULL;
    if (victim)
        host_as_other(exit_of_victim, victim);
    return victim != NULL;
}

static void the_biggest_is_killed(void **state)
{
    struct mm *small = process(), *big = process();
    u64 s = user_area(small, 400), b = user_area(big, 4000);
    unsigned n = 0;

    (void)state;
    mm_set_owner(big, 11, "eleven");
    assert_int_equal(swap_off(&host_disk), 0);
    while (total_free_frames() > 300)
        user_fill(big, b + n++ * PAGE_SIZE, 1, 1);
    host_event = victim_exits;
    user_fill(small, s, 400, 50);
    user_check(small, s, 400, 50);
    assert_true(total_free_frames() > n / 2); /* big's are back */
    assert_int_equal(swap_on(&host_disk, -1), 0);
    mm_put_user(small);
}

int run_migrate_tests(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_move_takes_all_owners_along),
        TEST(a_move_takes_the_swap_slot_along),
        TEST(a_pinned_page_does_not_move_now),
        TEST(a_move_waits_or_is_refused),
        TEST(who_holds_a_pin_does_not_sleep),
        TEST(nor_for_a_page_of_a_file),
        TEST(a_read_error_ends_a_pin),
        TEST(a_pin_that_stays_stops_no_user),
        TEST(reclaim_says_what_the_design_says),
        TEST(a_page_that_came_back_is_kept),
        TEST(the_zero_page_is_forgotten),
        TEST(a_write_during_write_back_is_kept),
        TEST(the_biggest_is_killed),
    };

    return RUN_TESTS("one page", tests);
}
