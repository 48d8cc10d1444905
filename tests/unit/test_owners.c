/* SPDX-License-Identifier: MIT */
/* Who is an owner, and who is not: a pin is none, a swap entry is one. */
#include "unit.h"
#include <mm/gup.h>
#include <mm/page.h>

/* A device reads from the page: one owner, and a pin that a copy could not
   harm. */
static void a_write_to_a_page_that_a_device_reads(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 1);
    struct user_range r = {a, 512};
    static struct pin_set pins;
    struct page *page;

    (void)state;
    user_fill(mm, a, 1, 1);
    assert_int_equal(pin_user_pages(&pins, mm, &r, 1, false, "raw write"), 0);
    page = pins.pages[0];
    mm_put_user(mm_fork(mm));
    user_fill(mm, a, 1, 2);
    unpin_user_pages(&pins, false);
    user_check(mm, a, 1, 2);
    check_word(cow_design.copies_only_when_needed, user_page(mm, a) == page,
               "a page with one owner is not copied");
    check_choice(KEEPS_PINNED, user_page(mm, a) == page);
    mm_put_user(mm);
}

/* An owner by a swap entry is one: a design that forgets it lets the child
   read what the parent writes. */
static void an_owner_by_swap_entry_is_one(void **state)
{
    struct mm *p = process(), *c;
    u64 a = user_area(p, 1), v = 0;

    (void)state;
    user_fill(p, a, 1, 1);
    c = mm_fork(p);
    mm_madvise(p, a, PAGE_SIZE, MADV_PAGEOUT);
    user_check(p, a, 1, 1); /* present in p, a swap entry in c */
    user_fill(p, a, 1, 2);
    assert_int_equal(user_read(c, a, &v), 0);
    check_word(cow_design.keeps_apart, v == 1,
               "no process reads what another one wrote");
    user_check(p, a, 1, 2);
    mm_put_user(c);
    mm_put_user(p);
}

int run_owner_tests(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_write_to_a_page_that_a_device_reads),
        TEST(an_owner_by_swap_entry_is_one),
    };

    return RUN_TESTS("owners", tests);
}
