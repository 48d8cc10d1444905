/* SPDX-License-Identifier: MIT */
/* Who looks at pages: what is shown, and what looking leaves as it was. */
#include "unit.h"
#include <string.h>
#include <mm/page.h>
#include <mm/pagetable.h>
#include <mm/reclaim.h>
#include <mm/removal.h>
#include <mm/zone.h>

/* A frame that is not a user page is freed whatever its count says: nobody who
   found it by its number may count himself there. */
static void only_listed_pages_are_taken_by_number(void **state)
{
    struct page *kernel = alloc_page(ALLOC_ATOMIC, PAGE_KERNEL);
    struct mm *mm = process();
    u64 a = user_area(mm, 1);
    struct page *page, *table;

    (void)state;
    user_fill(mm, a, 1, 7);
    page = user_page(mm, a);
    table = virt_to_page(pt_walk(mm->pt.root, a));
    assert_false(lru_get(kernel));
    assert_false(lru_get(table));
    assert_true(lru_get(page));
    assert_int_equal(page_refs(page), 2);
    put_page(page);
    assert_true(lru_isolate(page));
    assert_false(lru_get(page));
    lru_putback(page);
    mm_put_user(mm);
    put_page(kernel);
    assert_false(lru_get(kernel));
    assert_false(lru_get(page));
}

static void shows(struct mm *mm, u64 addr, const char *words)
{
    char line[400];

    mm_describe_address(mm, addr, line, sizeof(line));
    if (!strstr(line, words))
        fail_msg("\"%s\" does not say \"%s\"", line, words);
}

static void check_first_line(const char *line, void *arg)
{
    const char **words = arg;

    if (*words && !strstr(line, *words))
        fail_msg("\"%s\" does not say \"%s\"", line, *words);
    *words = NULL;
}

/* By its address and by its frame, a page has the references that it has. */
static void who_looks_is_not_shown(void **state)
{
    const char *words = " refs=2 map=1 swap=1 cache=1 ";
    struct mm *p = process(), *c;
    u64 a = user_area(p, 2), v;

    (void)state;
    shows(p, a, "pte=none");
    user_fill(p, a, 1, 7);
    shows(p, a, "pte=present writable=1 dirty=1 ");
    shows(p, a, " refs=1 map=1 swap=0 cache=0 ");
    mm_madvise(p, a, PAGE_SIZE, MADV_PAGEOUT);
    shows(p, a, "pte=swap ");
    shows(p, a, " cached=0");
    c = mm_fork(p);
    user_check(p, a, 1, 7);
    shows(p, a, words);
    shows(c, a, "pte=swap ");
    shows(c, a, words);
    page_holders(user_page(p, a), check_first_line, &words);
    assert_int_equal(page_refs(user_page(p, a)), 2);
    assert_int_equal(user_read(p, a + PAGE_SIZE, &v), 0);
    shows(p, a + PAGE_SIZE, " refs=1 map=0 ");
    mm_put_user(p);
    mm_put_user(c);
}

int run_look_tests(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(only_listed_pages_are_taken_by_number),
        TEST(who_looks_is_not_shown),
    };

    return RUN_TESTS("looks", tests);
}
