/* SPDX-License-Identifier: MIT */
/*
 * Races, each forced: a test acts as the other thread while mm/ passes one of
 * its named points (kernel/testpoint.h). No chance, no delay.
 */
#include "standins.h"
#include "unit.h"
#include <string.h>
#include <mm/filemap.h>
#include <mm/swap.h>

#define RW (PROT_READ | PROT_WRITE)

/* What the other thread does, once, when `name` is passed. */
static struct {
    const char *name;
    void (*act)(void *arg);
    void *arg;
} at;

static void passes(const char *name)
{
    void (*act)(void *) = at.act;

    if (!at.name || strcmp(name, at.name))
        return;
    at.name = NULL;
    host_as_other(act, at.arg);
}

static void meanwhile(const char *name, void (*act)(void *arg), void *arg)
{
    at.name = name;
    at.act = act;
    at.arg = arg;
    host_at_point = passes;
}

/* The point was passed: else the test would show nothing. */
static void it_happened(void)
{
    assert_null(at.name);
}

struct two {
    struct mm *parent, *child;
    u64 a;
};

static void out_and_in(struct mm *mm, u64 a)
{
    u64 v;

    assert_int_equal(mm_madvise(mm, a, PAGE_SIZE, MADV_PAGEOUT), 0);
    assert_null(user_page(mm, a));
    assert_int_equal(user_read(mm, a, &v), 0);
}

/* The other owner goes; the page is kept, written to, paged out, read in. */
static void same_entry_other_page(void *arg)
{
    struct two *t = arg;

    mm_put_user(t->child);
    assert_int_equal(user_write(t->parent, t->a + 8, 2), 0);
    out_and_in(t->parent, t->a);
}

/* mm/fault.h: a copy that was decided on before must not be installed. */
static void a_copy_that_comes_too_late(void **state)
{
    struct two t = {.parent = process()};
    u64 v;

    (void)state;
    t.a = user_area(t.parent, 1);
    user_fill(t.parent, t.a, 1, 7);
    t.child = mm_fork(t.parent);
    assert_non_null(t.child);
    out_and_in(t.parent, t.a); /* the child owns it by a swap entry */
    meanwhile("fault.spare", same_entry_other_page, &t);
    assert_int_equal(user_write(t.parent, t.a, 1), 0);
    it_happened();
    assert_int_equal(user_read(t.parent, t.a, &v), 0);
    assert_int_equal(v, 1);
    assert_int_equal(user_read(t.parent, t.a + 8, &v), 0);
    assert_int_equal(v, 2);
    mm_put_user(t.parent);
}

struct cut_file {
    struct mapping *m;
    u64 size;
};

static void cut_it(void *arg)
{
    struct cut_file *c = arg;

    assert_int_equal(mapping_set_size(c->m, c->size), 0);
}

/* Nor is a private copy of a page that its file has given up. */
static void a_copy_of_what_was_cut(void **state)
{
    struct cut_file c = {mapping_create("test"), 0};
    struct mm *mm = process();
    u64 a, v = 7;

    (void)state;
    assert_int_equal(mapping_write(c.m, 0, &v, sizeof(v)), sizeof(v));
    a = (u64)mm_mmap(mm, 0, PAGE_SIZE, RW, MAP_PRIVATE, c.m, 0);
    meanwhile("file.found", cut_it, &c);
    assert_int_equal(user_write(mm, a, 8), FAULT_BUS);
    it_happened();
    assert_null(user_page(mm, a));
    mm_put_user(mm);
    mapping_put(c.m);
}

#define TEST(f) cmocka_unit_test_teardown(f, world_check)

int run_race_tests(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_copy_that_comes_too_late),
        TEST(a_copy_of_what_was_cut),
    };

    return cmocka_run_group_tests_name("races", tests, NULL, NULL);
}
