/* SPDX-License-Identifier: MIT */
/* Files in memory: shared, swapped, moved and cut. */
#include "unit.h"
#include <stdlib.h>
#include <mm/filemap.h>
#include <mm/gup.h>
#include <mm/migrate.h>
#include <mm/reclaim.h>
#include <mm/swap.h>
#include <mm/zone.h>

#define RW (PROT_READ | PROT_WRITE)

static struct pin_set pins;

static struct mapping *file_of(unsigned pages)
{
    struct mapping *m = mapping_create("test");

    assert_non_null(m);
    assert_int_equal(mapping_set_size(m, pages * PAGE_SIZE), 0);
    return m;
}

static u64 show(struct mm *mm, struct mapping *m, u32 flags)
{
    s64 a = mm_mmap(mm, 0, m->size, RW, flags, m, 0);

    assert_true(a > 0);
    return (u64)a;
}

static u64 word(struct mapping *m, u64 index)
{
    u64 v = 0;

    assert_int_equal(mapping_read(m, index * PAGE_SIZE, &v, sizeof(v)), 8);
    return v;
}

static bool device_ends(void)
{
    if (!pins.pages)
        return false;
    *(u64 *)page_to_virt(pins.pages[0]) = 4711;
    unpin_user_pages(&pins, true);
    return true;
}

static void two_processes_and_a_reader_see_one_page(void **state)
{
    struct mapping *m = file_of(3);
    struct mm *p = process(), *q = process(), *c;
    u64 a = show(p, m, MAP_SHARED), b = show(q, m, MAP_SHARED);

    (void)state;
    user_fill(p, a, 3, 7);
    user_check(q, b, 3, 7);
    mm_madvise(p, a, 3 * PAGE_SIZE, MADV_PAGEOUT);
    assert_null(user_page(p, a));
    assert_null(user_page(q, b)); /* out of both */
    assert_int_equal(m->nr_swapped, 3);
    assert_int_equal(word(m, 0), 7);
    user_check(q, b, 3, 7);
    user_fill(q, b, 3, 8);
    c = mm_fork(q);
    user_fill(c, b, 1, 9);
    user_check(p, a, 1, 9);
    assert_int_equal(m->nr_swapped, 0);
    mm_put_user(c);
    mm_put_user(p);
    mm_put_user(q);
    assert_int_equal(word(m, 0), 9);
    mapping_put(m);
}

static void a_private_area_copies(void **state)
{
    struct mapping *m = file_of(2);
    struct mm *p = process();
    u64 a, v = 5;

    (void)state;
    assert_int_equal(mapping_write(m, 0, &v, 8), 8);
    a = show(p, m, MAP_PRIVATE);
    user_check(p, a, 1, 5);
    mm_madvise(p, a, PAGE_SIZE, MADV_PAGEOUT); /* the file's page goes */
    assert_int_equal(m->nr_swapped, 1);
    user_fill(p, a, 1, 6);
    assert_int_equal(word(m, 0), 5);
    mm_madvise(p, a, PAGE_SIZE, MADV_PAGEOUT); /* the copy goes */
    user_check(p, a, 1, 6);
    mapping_put(m);
    mm_put_user(p);
}

static void more_than_memory_fits(void **state)
{
    enum { PAGES = 4000 };
    struct mapping *m = file_of(PAGES);
    struct mm *p = process();
    u64 a = show(p, m, MAP_SHARED);

    (void)state;
    user_fill(p, a, PAGES, 3);
    assert_true(m->nr_swapped > 0);
    user_check(p, a, PAGES, 3);
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(word(m, i), 3 + i);
    mapping_put(m);
    mm_put_user(p);
}

static void swapoff_brings_files_back(void **state)
{
    struct mapping *m = file_of(5);
    struct mm *p = process();
    u64 a = show(p, m, MAP_SHARED);

    (void)state;
    user_fill(p, a, 5, 3);
    mm_madvise(p, a, 5 * PAGE_SIZE, MADV_PAGEOUT);
    mm_put_user(p); /* nobody shows it */
    assert_int_equal(m->nr_swapped, 5);
    assert_int_equal(swap_off(&host_disk), 0);
    assert_int_equal(m->nr_swapped, 0);
    assert_int_equal(word(m, 4), 7);
    assert_int_equal(swap_on(&host_disk, -1), 0);
    mapping_put(m);
}

static void a_disk_error_hurts_who_looks(void **state)
{
    struct mapping *m = file_of(1);
    struct mm *p = process();
    u64 a = show(p, m, MAP_SHARED), v;

    (void)state;
    user_fill(p, a, 1, 3);
    mm_madvise(p, a, PAGE_SIZE, MADV_PAGEOUT);
    host_fail_reads = 1;
    assert_int_equal(user_read(p, a, &v), FAULT_BUS);
    host_fail_reads = 1;
    assert_int_equal(mapping_read(m, 0, &v, 8), -EIO);
    assert_int_equal(word(m, 0), 3); /* the disk is well again */
    mapping_put(m);
    mm_put_user(p);
}

static void a_move_keeps_all_views(void **state)
{
    struct mapping *m = file_of(1);
    struct mm *p = process(), *q = process();
    u64 a = show(p, m, MAP_SHARED), b = show(q, m, MAP_PRIVATE);
    struct page *old;

    (void)state;
    user_fill(p, a, 1, 7);
    user_check(q, b, 1, 7);
    old = user_page(p, a);
    assert_true(lru_isolate(old));
    assert_int_equal(migrate_page(old, MOVE_NOW, NULL), 0);
    assert_int_equal(page_refs(old), 0);
    assert_ptr_equal(user_page(p, a), user_page(q, b));
    user_fill(p, a, 1, 8);
    user_check(q, b, 1, 8);
    assert_int_equal(word(m, 0), 8);
    mm_put_user(p);
    mm_put_user(q);
    mapping_put(m);
}

/* What the designs say of a pinned page holds for a file's page too. */
static void a_pinned_page_moves_or_not(void **state)
{
    struct mapping *m = file_of(1);
    struct mm *p = process();
    u64 a = show(p, m, MAP_SHARED);
    struct user_range r = {a, 512};
    struct page *page;
    bool unmapped;
    int err;

    (void)state;
    user_fill(p, a, 1, 7);
    assert_int_equal(pin_user_pages(&pins, p, &r, 1, true, "raw read"), 0);
    mm_madvise(p, a, PAGE_SIZE, MADV_PAGEOUT);
    page = pins.pages[0];
    unmapped = page_mapcount(page) == 0;
    assert_int_equal(m->nr_swapped, 0); /* never: somebody refers to it */
    user_fill(p, a, 1, 8);
    assert_ptr_equal(user_page(p, a), page); /* and nobody copied it */
    assert_true(lru_isolate(page));
    host_event = device_ends;
    err = migrate_page(page, MOVE_WAIT, NULL);
    assert_int_equal(err, unmapped ? 0 : -EBUSY);
    if (err) {
        lru_putback(page);
        device_ends();
    }
    user_check(p, a, 1, 4711);
    check_choice(UNMAPS_PINNED, unmapped);
    mm_put_user(p);
    mapping_put(m);
}

static void what_is_cut_is_gone(void **state)
{
    struct mapping *m = file_of(4);
    struct mm *p = process(), *q = process();
    u64 a = show(p, m, MAP_SHARED), b = show(q, m, MAP_PRIVATE), v;

    (void)state;
    user_fill(p, a, 4, 7);
    user_fill(q, b + PAGE_SIZE, 3, 70); /* copies */
    mm_madvise(p, a + 2 * PAGE_SIZE, PAGE_SIZE, MADV_PAGEOUT);
    assert_int_equal(mapping_set_size(m, PAGE_SIZE + 8), 0);
    user_check(p, a, 1, 7);
    assert_int_equal(user_read(p, a + 2 * PAGE_SIZE, &v), FAULT_BUS);
    assert_int_equal(user_write(p, a + 3 * PAGE_SIZE, 1), FAULT_BUS);
    assert_int_equal(user_read(q, b + 2 * PAGE_SIZE, &v), FAULT_BUS);
    assert_int_equal(mapping_set_size(m, 4 * PAGE_SIZE), 0);
    user_check(p, a + 2 * PAGE_SIZE, 1, 0); /* zeroes, not what was there */
    user_check(p, a + PAGE_SIZE, 1, 8);
    assert_int_equal(mapping_punch(m, 0, PAGE_SIZE), 0);
    user_check(p, a, 1, 0);
    mm_put_user(p);
    mm_put_user(q);
    mapping_put(m);
}

static void a_page_in_swap_is_cut(void **state)
{
    struct mapping *m = file_of(2);
    struct mm *p = process();
    u64 a = show(p, m, MAP_SHARED), v;

    (void)state;
    user_fill(p, a, 2, 7);
    mm_madvise(p, a, 2 * PAGE_SIZE, MADV_PAGEOUT);
    assert_int_equal(m->nr_swapped, 2);
    assert_int_equal(mapping_set_size(m, 0), 0);
    assert_int_equal(m->nr_swapped, 0);
    assert_int_equal(user_read(p, a, &v), FAULT_BUS);
    mm_put_user(p);
    mapping_put(m);
}

/* ---- at random ---- */

#define PAGES 60

struct views {
    struct mapping *m;
    struct mm *p, *q;
    u64 a, b;
    u64 model[PAGES];
};

static void at_random(struct views *w, unsigned i)
{
    switch (rand() % 12) {
    case 0:
        mm_madvise(w->p, w->a, PAGES * PAGE_SIZE, MADV_PAGEOUT);
        break;
    case 1: {
        struct mm *c = mm_fork(w->q);

        assert_non_null(c);
        mm_put_user(w->q);
        w->q = c;
        break;
    }
    case 2:
        if (rand() % 4)
            break;
        assert_int_equal(swap_off(&host_disk), 0);
        assert_int_equal(swap_on(&host_disk, -1), 0);
        break;
    case 3:
        assert_int_equal(mapping_set_size(w->m, i * PAGE_SIZE), 0);
        assert_int_equal(mapping_set_size(w->m, PAGES * PAGE_SIZE), 0);
        for (unsigned k = i; k < PAGES; k++)
            w->model[k] = 0;
        break;
    case 4: {
        struct page *page = user_page(w->q, w->b + i * PAGE_SIZE);

        if (page && lru_isolate(page) &&
            migrate_page(page, MOVE_NOW, NULL) != 0)
            lru_putback(page);
        break;
    }
    case 5:
        w->model[i] = (u64)rand();
        assert_int_equal(mapping_write(w->m, i * PAGE_SIZE, &w->model[i], 8),
                         8);
        break;
    default:
        w->model[i] = (u64)rand();
        assert_int_equal(user_write(w->p, w->a + i * PAGE_SIZE, w->model[i]),
                         0);
    }
}

static void random_steps_agree_with_a_model(void **state)
{
    static struct views w;
    u64 v;

    (void)state;
    w.m = file_of(PAGES);
    w.p = process();
    w.q = process();
    w.a = show(w.p, w.m, MAP_SHARED);
    w.b = show(w.q, w.m, MAP_SHARED);
    for (unsigned n = 0; n < 4000; n++) { /* the seed is test_mm.c's */
        unsigned i = (unsigned)rand() % PAGES;

        at_random(&w, i);
        i = (unsigned)rand() % PAGES;
        assert_int_equal(user_read(w.q, w.b + i * PAGE_SIZE, &v), 0);
        assert_int_equal(v, w.model[i]);
        assert_int_equal(word(w.m, i), w.model[i]);
    }
    mm_put_user(w.p);
    mm_put_user(w.q);
    mapping_put(w.m);
}

int run_file_tests(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(two_processes_and_a_reader_see_one_page),
        TEST(a_private_area_copies),
        TEST(more_than_memory_fits),
        TEST(swapoff_brings_files_back),
        TEST(a_disk_error_hurts_who_looks),
        TEST(a_move_keeps_all_views),
        TEST(a_pinned_page_moves_or_not),
        TEST(what_is_cut_is_gone),
        TEST(a_page_in_swap_is_cut),
        TEST(random_steps_agree_with_a_model),
    };

    return RUN_TESTS("files", tests);
}
