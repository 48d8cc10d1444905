/* SPDX-License-Identifier: MIT */
/* Areas that move, are locked, advised on, limited and counted. */
#include "unit.h"
#include <stdlib.h>
#include <mm/commit.h>
#include <mm/filemap.h>
#include <mm/gup.h>
#include <mm/migrate.h>
#include <mm/page.h>
#include <mm/pagetable.h>
#include <mm/reclaim.h>

#define RW        (PROT_READ | PROT_WRITE)
#define ANON      (MAP_PRIVATE | MAP_ANONYMOUS)
#define MAYMOVE   1
#define FIXED     2
#define DONTUNMAP 4
#define FAR       0x10000000000ull
#define TABLE     (512 * PAGE_SIZE)

static void an_area_moves_with_its_pages(void **state)
{
    struct mm *p = process(), *c;
    u64 a = user_area(p, 700), b = FAR + 5 * PAGE_SIZE;
    struct page *page;

    (void)state;
    user_fill(p, a, 700, 7);
    mm_madvise(p, a, 100 * PAGE_SIZE, MADV_PAGEOUT);
    page = user_page(p, a + 200 * PAGE_SIZE);
    c = mm_fork(p);
    assert_int_equal(
        mm_mremap(p, a, 700 * PAGE_SIZE, 800 * PAGE_SIZE, MAYMOVE | FIXED, b),
        b);
    assert_null(user_page(p, a + 200 * PAGE_SIZE));
    assert_ptr_equal(user_page(p, b + 200 * PAGE_SIZE), page);
    user_check(p, b, 700, 7);
    user_fill(p, b, 800, 9);
    user_check(c, a, 700, 7);
    assert_int_equal(mm_munmap(p, b, 800 * PAGE_SIZE), 0);
    mm_put_user(p);
    mm_put_user(c);
}

/* The reverse map finds a page where it is now. */
static void a_moved_page_goes_out_and_moves_on(void **state)
{
    struct mm *p = process(), *c;
    u64 a = user_area(p, 8), b;
    struct page *page;

    (void)state;
    user_fill(p, a, 8, 7);
    c = mm_fork(p);
    b = (u64)mm_mremap(p, a + 2 * PAGE_SIZE, 4 * PAGE_SIZE, 4 * PAGE_SIZE,
                       MAYMOVE | FIXED, FAR);
    assert_int_equal(b, FAR);
    page = user_page(p, b + PAGE_SIZE);
    assert_int_equal(page_mapcount(page), 2);
    assert_true(lru_isolate(page));
    assert_int_equal(migrate_page(page, MOVE_NOW, NULL), 0);
    assert_ptr_equal(user_page(p, b + PAGE_SIZE),
                     user_page(c, a + 3 * PAGE_SIZE));
    mm_madvise(p, b, 4 * PAGE_SIZE, MADV_PAGEOUT);
    assert_null(user_page(p, b));
    assert_null(user_page(c, a + 2 * PAGE_SIZE));
    user_check(p, b, 4, 9);
    user_check(p, a, 2, 7);
    user_check(c, a, 8, 7);
    mm_put_user(p);
    mm_put_user(c);
}

static void sizes_change_in_place_or_not(void **state)
{
    struct mm *p = process();
    u64 a = (u64)mm_mmap(p, FAR, 4 * PAGE_SIZE, RW, ANON, NULL, 0), v;

    (void)state;
    assert_int_equal(a, FAR);
    user_fill(p, a, 4, 7);
    assert_int_equal(mm_mremap(p, a, 4 * PAGE_SIZE, 6 * PAGE_SIZE, 0, 0), a);
    user_fill(p, a + 4 * PAGE_SIZE, 2, 11);
    assert_int_equal(mm_mremap(p, a, 6 * PAGE_SIZE, 5 * PAGE_SIZE, 0, 0), a);
    user_check(p, a, 5, 7);
    assert_int_equal(user_read(p, a + 5 * PAGE_SIZE, &v), FAULT_NO_AREA);
    assert_int_equal(
        mm_mmap(p, a + 5 * PAGE_SIZE, PAGE_SIZE, RW, ANON, NULL, 0),
        a + 5 * PAGE_SIZE);
    /* One area now: the end of it can grow, its middle cannot. */
    assert_int_equal(mm_mremap(p, a, 5 * PAGE_SIZE, 9 * PAGE_SIZE, 0, 0),
                     -ENOMEM);
    assert_int_equal(mm_mremap(p, a, 9 * PAGE_SIZE, 10 * PAGE_SIZE, MAYMOVE, 0),
                     -EFAULT);
    assert_int_equal(mm_mremap(p, a, PAGE_SIZE, 0, MAYMOVE, 0), -EINVAL);
    assert_int_equal(mm_mremap(p, a, 0, PAGE_SIZE, MAYMOVE, 0), -EINVAL);
    assert_int_equal(mm_mremap(p, a, 2 * PAGE_SIZE, 2 * PAGE_SIZE,
                               MAYMOVE | FIXED, a + PAGE_SIZE),
                     -EINVAL);
    mm_put_user(p);
}

static void an_old_area_may_stay_empty(void **state)
{
    struct mm *p = process();
    u64 a = user_area(p, 4), b;

    (void)state;
    user_fill(p, a, 4, 7);
    b = (u64)mm_mremap(p, a, 4 * PAGE_SIZE, 4 * PAGE_SIZE, MAYMOVE | DONTUNMAP,
                       0);
    user_check(p, b, 4, 7);
    user_fill(p, a, 4, 20);
    mm_madvise(p, a, 4 * PAGE_SIZE, MADV_PAGEOUT);
    mm_madvise(p, b, 4 * PAGE_SIZE, MADV_PAGEOUT);
    user_check(p, a, 4, 20);
    user_check(p, b, 4, 7);
    mm_put_user(p);
}

static void a_shared_area_has_a_second_view(void **state)
{
    struct mm *p = process();
    struct mapping *m = mapping_create("test");
    u64 a, b;

    (void)state;
    assert_int_equal(mapping_set_size(m, 4 * PAGE_SIZE), 0);
    a = (u64)mm_mmap(p, 0, 4 * PAGE_SIZE, RW, MAP_SHARED, m, 0);
    user_fill(p, a, 4, 7);
    b = (u64)mm_mremap(p, a, 0, 4 * PAGE_SIZE, MAYMOVE, 0);
    assert_true((s64)b > 0 && b != a);
    user_check(p, b, 4, 7);
    mm_madvise(p, b, 4 * PAGE_SIZE, MADV_PAGEOUT);
    assert_int_equal(m->nr_swapped, 4);
    user_check(p, a, 4, 7);
    assert_int_equal(mm_madvise(p, a, PAGE_SIZE, MADV_REMOVE), 0);
    user_check(p, b, 1, 0);
    mapping_put(m);
    mm_put_user(p);
}

static void locked_pages_stay_but_move(void **state)
{
    struct mm *p = process();
    u64 a = user_area(p, 4);
    struct page *page;

    (void)state;
    assert_int_equal(mm_mlock(p, a, 3 * PAGE_SIZE, false), 0);
    assert_non_null(user_page(p, a + 2 * PAGE_SIZE)); /* faulted in */
    assert_int_equal(p->locked_vm, 3);
    user_fill(p, a, 4, 7);
    assert_int_equal(mm_madvise(p, a, 4 * PAGE_SIZE, MADV_PAGEOUT), -EINVAL);
    mm_madvise(p, a + 3 * PAGE_SIZE, PAGE_SIZE, MADV_PAGEOUT);
    page = user_page(p, a);
    assert_non_null(page);
    assert_null(user_page(p, a + 3 * PAGE_SIZE));
    assert_int_equal(mm_madvise(p, a, PAGE_SIZE, MADV_DONTNEED), -EINVAL);
    assert_true(lru_isolate(page));
    assert_int_equal(migrate_page(page, MOVE_NOW, NULL), 0);
    assert_int_equal(mm_munlock(p, a, 4 * PAGE_SIZE), 0);
    assert_int_equal(p->locked_vm, 0);
    mm_madvise(p, a, 4 * PAGE_SIZE, MADV_PAGEOUT);
    assert_null(user_page(p, a));
    user_check(p, a, 4, 7);
    mm_put_user(p);
}

static void tables_go_with_the_last_area(void **state)
{
    struct mm *p = process();
    u64 before = p->tables, a, b;

    (void)state;
    a = (u64)mm_mmap(p, FAR, 3 * TABLE, RW, ANON | MAP_FIXED, NULL, 0);
    b = (u64)mm_mmap(p, FAR + 3 * TABLE, PAGE_SIZE, RW, ANON | MAP_FIXED, NULL,
                     0);
    user_fill(p, a, 1, 1);
    user_fill(p, a + TABLE, 1, 1);
    user_fill(p, b, 1, 5);
    assert_int_equal(p->tables, before + 5); /* two upper ones, three */
    assert_int_equal(mm_munmap(p, a, 3 * TABLE), 0);
    assert_int_equal(p->tables, before + 3);
    user_check(p, b, 1, 5);
    assert_int_equal(mm_munmap(p, b, PAGE_SIZE), 0);
    assert_int_equal(p->tables, before);
    user_area(p, 1);
    mm_put_user(p);
}

static void limits_are_limits(void **state)
{
    struct mm *p = process();
    u64 a = user_area(p, 10);

    (void)state;
    assert_int_equal(p->total_vm, 10);
    assert_int_equal(p->data_vm, 10);
    host_limit[9] = 12 * PAGE_SIZE; /* RLIMIT_AS */
    assert_int_equal(mm_mmap(p, 0, 3 * PAGE_SIZE, RW, ANON, NULL, 0), -ENOMEM);
    assert_int_equal(
        mm_mmap(p, a, 3 * PAGE_SIZE, RW, ANON | MAP_FIXED, NULL, 0),
        a); /* it takes the place of as many */
    host_limit[9] = ~0ull;
    host_limit[2] = 10 * PAGE_SIZE; /* RLIMIT_DATA */
    assert_int_equal(mm_mmap(p, 0, PAGE_SIZE, RW, ANON, NULL, 0), -ENOMEM);
    assert_true(mm_mmap(p, 0, PAGE_SIZE, PROT_READ, ANON, NULL, 0) > 0);
    host_limit[2] = ~0ull;
    mm_put_user(p);
}

static void promises_are_counted(void **state)
{
    u64 before = vm_committed_pages(), room;
    struct mm *p = process(), *c;
    u64 a = user_area(p, 100);

    (void)state;
    assert_int_equal(vm_committed_pages(), before + 100);
    assert_int_equal(mm_mmap(p, 0, 1ull << 40, RW, ANON, NULL, 0), -ENOMEM);
    assert_true(mm_mmap(p, 0, 1ull << 40, RW, ANON | MAP_NORESERVE, NULL, 0) >
                0);
    vm_overcommit_mode = OVERCOMMIT_NEVER;
    room = vm_commit_limit() - vm_committed_pages();
    assert_int_equal(mm_mmap(p, 0, (room + 1) * PAGE_SIZE, RW, ANON, NULL, 0),
                     -ENOMEM);
    vm_overcommit_mode = OVERCOMMIT_GUESS;
    c = mm_fork(p);
    assert_int_equal(vm_committed_pages(), before + 200);
    mm_munmap(p, a, 50 * PAGE_SIZE);
    assert_int_equal(vm_committed_pages(), before + 150);
    mm_put_user(p);
    mm_put_user(c);
    assert_int_equal(vm_committed_pages(), before);
}

static void advice_about_a_child(void **state)
{
    struct mm *p = process(), *c;
    u64 a = user_area(p, 3), v;

    (void)state;
    user_fill(p, a, 3, 7);
    assert_int_equal(mm_madvise(p, a, PAGE_SIZE, MADV_WIPEONFORK), 0);
    assert_int_equal(mm_madvise(p, a + PAGE_SIZE, PAGE_SIZE, MADV_DONTFORK), 0);
    c = mm_fork(p);
    user_check(c, a, 1, 0);
    assert_int_equal(user_read(c, a + PAGE_SIZE, &v), FAULT_NO_AREA);
    user_check(c, a + 2 * PAGE_SIZE, 1, 9);
    user_check(p, a, 3, 7);
    mm_put_user(p);
    mm_put_user(c);
}

/* A growing area, made and filled here, then moved. */
static void grown_from(struct mm *p, u64 from, u64 to)
{
    const u64 len = 4 * PAGE_SIZE;

    assert_int_equal(
        mm_mmap(p, from, len, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, NULL, 0),
        from);
    user_fill(p, from, 4, 7);
    if (to != from)
        assert_int_equal(mm_mremap(p, from, len, len, MAYMOVE | FIXED, to), to);
}

/* Its first page keeps the index that it had below, of which there are 32
   lower ones: with the 33rd the reverse map would lose all of them. */
static void a_moved_area_grows_to_index_0(void **state)
{
    const u64 room = 32 * PAGE_SIZE, bottom = FAR - room;
    struct mm *p = process();

    (void)state;
    grown_from(p, room, FAR);
    assert_int_equal(user_write(p, bottom, 1), 0);
    assert_int_equal(user_write(p, bottom - PAGE_SIZE, 1), FAULT_NO_AREA);
    mm_madvise(p, bottom, room + 4 * PAGE_SIZE, MADV_PAGEOUT);
    assert_int_equal(p->rss, 0);
    user_check(p, bottom, 1, 1);
    user_check(p, FAR, 4, 7);
    mm_put_user(p);
}

static void indexes_end_where_numbers_do(void **state)
{
    struct mm *p = process();
    struct mapping *m = mapping_create("test");
    const u64 two = 2 * PAGE_SIZE, last = ~0ull;
    u64 a;

    (void)state;
    assert_int_equal(mm_mmap(p, 0, two, RW, MAP_PRIVATE, m, last - 1),
                     -EOVERFLOW);
    a = (u64)mm_mmap(p, 0, two, RW, MAP_PRIVATE, m, last - 2);
    assert_true((s64)a > 0);
    assert_int_equal(mm_mremap(p, a, two, two + PAGE_SIZE, MAYMOVE, 0),
                     -EINVAL);
    assert_int_equal(mm_mmap(p, 0, two, RW, MAP_PRIVATE | MAP_GROWSDOWN, m, 1),
                     -EINVAL);
    mapping_put(m);
    mm_put_user(p);
}

static void a_hint_leaves_the_gap(void **state)
{
    const u64 gap = 256 * PAGE_SIZE, page = PAGE_SIZE;
    struct mm *p = process();

    (void)state;
    grown_from(p, FAR, FAR);
    assert_int_not_equal(mm_mmap(p, FAR - page, page, RW, ANON, NULL, 0),
                         FAR - page);
    assert_int_not_equal(mm_mmap(p, FAR - gap, page, RW, ANON, NULL, 0),
                         FAR - gap);
    assert_int_equal(mm_mmap(p, FAR - gap - page, page, RW, ANON, NULL, 0),
                     FAR - gap - page);
    assert_int_equal(user_write(p, FAR - page, 1), FAULT_NO_AREA);
    assert_int_equal(mm_munmap(p, FAR - gap - page, page), 0);
    assert_int_equal(user_write(p, FAR - page, 1), 0);
    /* Who insists may have a place in it: then the stack stops. */
    assert_int_equal(mm_mmap(p, FAR - gap, page, RW, ANON | MAP_FIXED, NULL, 0),
                     FAR - gap);
    assert_int_equal(user_write(p, FAR - 2 * page, 1), FAULT_NO_AREA);
    mm_put_user(p);
}

int run_area_tests(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(an_area_moves_with_its_pages),
        TEST(a_moved_page_goes_out_and_moves_on),
        TEST(sizes_change_in_place_or_not),
        TEST(an_old_area_may_stay_empty),
        TEST(a_shared_area_has_a_second_view),
        TEST(locked_pages_stay_but_move),
        TEST(tables_go_with_the_last_area),
        TEST(limits_are_limits),
        TEST(promises_are_counted),
        TEST(advice_about_a_child),
        TEST(a_moved_area_grows_to_index_0),
        TEST(indexes_end_where_numbers_do),
        TEST(a_hint_leaves_the_gap),
    };

    return RUN_TESTS("areas", tests);
}
