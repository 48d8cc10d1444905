/* SPDX-License-Identifier: MIT */
/* Sections and DIMMs that come and go: all of a request, or nothing. */
#include "unit.h"
#include <string.h>
#include <mm/gup.h>
#include <mm/page.h>
#include <mm/removal.h>
#include <mm/zone.h>

#define DIMM_BASE ((u64)DIMM_FIRST << SECTION_SHIFT)
#define DIMM_SIZE ((u64)DIMM_COUNT << SECTION_SHIFT)

static struct pin_set pins;

static int state_of(u32 nr)
{
    return section_get(nr)->state;
}

static int offline(u32 first, u32 count)
{
    struct removal r;

    removal_defaults(&r, first, count);
    return memory_offline(&r);
}

static int remove_dimm(struct removal *r)
{
    removal_defaults(r, DIMM_FIRST, DIMM_COUNT);
    return memory_remove_dimm(r);
}

static void add_dimm(void)
{
    assert_int_equal(memory_add_dimm(0, DIMM_BASE, DIMM_SIZE), 0);
}

/* A page of a new process, in the DIMM's first section, pinned. */
static struct mm *pinned_process(u64 *a)
{
    struct mm *mm = process();
    struct user_range r;
    bool other = state_of(DIMM_FIRST + 1) == SECTION_ONLINE;

    *a = user_area(mm, 1);
    if (other)
        assert_int_equal(offline(DIMM_FIRST + 1, 1), 0);
    user_fill(mm, *a, 1, 7);
    if (other)
        assert_int_equal(memory_online(DIMM_FIRST + 1, 1), 0);
    r = (struct user_range){*a, 512};
    assert_int_equal(pin_user_pages(&pins, mm, &r, 1, true, "raw read"), 0);
    assert_int_equal(pins.pages[0]->section, DIMM_FIRST);
    return mm;
}

static void all_sections_come_or_none(void **state)
{
    u64 frames;

    (void)state;
    assert_int_equal(offline(DIMM_FIRST, 1), 0);
    frames = total_frames();
    assert_int_equal(memory_online(DIMM_FIRST, DIMM_COUNT), -EBUSY);
    assert_int_equal(state_of(DIMM_FIRST), SECTION_OFFLINE);
    assert_int_equal(state_of(DIMM_FIRST + 1), SECTION_ONLINE);
    assert_int_equal(total_frames(), frames);
    assert_int_equal(memory_online(DIMM_FIRST, 1), 0);
}

static void a_dimm_leaves_with_sections_offline(void **state)
{
    struct removal r;

    (void)state;
    assert_int_equal(offline(DIMM_FIRST, 1), 0);
    assert_int_equal(remove_dimm(&r), 0);
    for (u32 nr = DIMM_FIRST; nr < DIMM_FIRST + DIMM_COUNT; nr++)
        assert_int_equal(state_of(nr), SECTION_ABSENT);
    assert_int_equal(memory_online(DIMM_FIRST, 1), -EBUSY);
    add_dimm();
}

static bool try_online_and_cancel(void)
{
    assert_int_equal(memory_online(DIMM_FIRST + 1, 1), -EBUSY);
    return removal_cancel();
}

static void online_while_it_leaves(void *arg)
{
    (void)arg;
    try_online_and_cancel();
}

static bool another_one_is_online(void)
{
    host_event = NULL;
    host_as_other(online_while_it_leaves, NULL);
    return true;
}

/* Refused in the middle: each section is what it was, and none came online
   behind the removal's back. */
static void a_dimm_that_stays_is_as_before(void **state)
{
    struct removal r;
    struct mm *mm;
    u32 offline_one = DIMM_FIRST + 1;
    u64 a;

    (void)state;
    assert_int_equal(offline(offline_one, 1), 0);
    mm = pinned_process(&a);
    host_event = another_one_is_online;
    assert_int_equal(remove_dimm(&r), -EINTR);
    assert_int_equal(state_of(DIMM_FIRST), SECTION_ONLINE);
    assert_int_equal(state_of(offline_one), SECTION_OFFLINE);
    unpin_user_pages(&pins, false);
    user_check(mm, a, 1, 7);
    assert_int_equal(memory_online(offline_one, 1), 0);
    mm_put_user(mm);
}

/* ---- one at a time ---- */

static void another_waits_in_vain(void *arg)
{
    struct removal r;

    (void)arg;
    host_event = host_time_passes;
    removal_defaults(&r, DIMM_FIRST + 1, 1);
    assert_int_equal(memory_offline(&r), -EBUSY);
    assert_string_equal(r.why, "another removal was under way");
    assert_int_equal(r.report, 0);
    host_signal = true;
    r.max_ns = 0;
    assert_int_equal(memory_offline(&r), -EINTR);
    host_signal = false;
    assert_int_equal(state_of(DIMM_FIRST + 1), SECTION_ONLINE);
    assert_int_equal(memory_online(DIMM_FIRST, 1), -EBUSY);
    host_event = NULL;
    assert_true(removal_cancel());
}

static bool another_removal_comes(void)
{
    host_as_other(another_waits_in_vain, NULL);
    return true;
}

/* To wait for the turn is within the limits, and a signal ends it. */
static void a_removal_waits_for_its_turn(void **state)
{
    struct removal r;
    struct mm *mm;
    u64 a;

    (void)state;
    mm = pinned_process(&a);
    removal_defaults(&r, pins.pages[0]->section, 1);
    assert_int_equal(r.first, DIMM_FIRST);
    r.max_ns = 0;
    r.max_stand_ns = 0;
    host_event = another_removal_comes;
    assert_int_equal(memory_offline(&r), -EINTR);
    unpin_user_pages(&pins, false);
    user_check(mm, a, 1, 7);
    mm_put_user(mm);
}

/* A DIMM that comes does not wait for the removal that lacks its memory. */
static void come_meanwhile(void *arg)
{
    (void)arg;
    assert_int_equal(memory_online(DIMM_FIRST + 1, 1), 0);
    unpin_user_pages(&pins, false);
}

static bool memory_comes(void)
{
    host_event = NULL;
    host_as_other(come_meanwhile, NULL);
    return true;
}

static void memory_comes_during_a_removal(void **state)
{
    struct mm *mm;
    u64 a;

    (void)state;
    assert_int_equal(offline(DIMM_FIRST + 1, 1), 0);
    mm = pinned_process(&a);
    host_event = memory_comes;
    assert_int_equal(offline(DIMM_FIRST, 1), 0);
    user_check(mm, a, 1, 7);
    assert_int_equal(memory_online(DIMM_FIRST, 1), 0);
    mm_put_user(mm);
}

static void a_dimm_may_come_offline(void **state)
{
    struct removal r;
    u64 frames = total_frames();

    (void)state;
    assert_int_equal(remove_dimm(&r), 0);
    memory_set_auto_online(false);
    add_dimm();
    assert_true(total_frames() < frames);
    assert_int_equal(state_of(DIMM_FIRST), SECTION_OFFLINE);
    assert_int_equal(memory_online(DIMM_FIRST, DIMM_COUNT), 0);
    assert_int_equal(total_frames(), frames);
    memory_set_auto_online(true);
}

int run_sections_tests(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(all_sections_come_or_none),
        TEST(a_dimm_leaves_with_sections_offline),
        TEST(a_dimm_that_stays_is_as_before),
        TEST(a_removal_waits_for_its_turn),
        TEST(memory_comes_during_a_removal),
        TEST(a_dimm_may_come_offline),
    };

    return RUN_TESTS("sections", tests);
}
