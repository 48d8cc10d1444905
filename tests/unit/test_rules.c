/* SPDX-License-Identifier: MIT */
/*
 * Rules that mm/'s headers state of one call, and that no race is needed to
 * see broken.
 */
#include "standins.h"
#include "unit.h"
#include <mm/gup.h>
#include <mm/migrate.h>
#include <mm/page.h>
#include <mm/pagetable.h>
#include <mm/reclaim.h>
#include <mm/rmap.h>
#include <mm/stat.h>
#include <mm/stat.h>
#include <mm/swap.h>
#include <mm/zone.h>
#include <kernel/x86/tlb.h>

#define RW (PROT_READ | PROT_WRITE)

static void out_and_in(struct mm *mm, u64 a)
{
    u64 v;

    assert_int_equal(mm_madvise(mm, a, PAGE_SIZE, MADV_PAGEOUT), 0);
    assert_null(user_page(mm, a));
    assert_int_equal(user_read(mm, a, &v), 0);
}

/* A process with one page that holds `value`. */
static struct mm *with_page(u64 *a, u64 value)
{
    struct mm *mm = process();

    *a = user_area(mm, 1);
    user_fill(mm, *a, 1, value);
    return mm;
}

/* ---- the swap cache ---- */

/* Unmapped, in the cache, clean, locked and isolated; we hold one reference. */
static struct page *cached_page(struct mm **mm, u64 *a)
{
    struct tlb_batch batch = {0};
    struct page *page;

    *mm = with_page(a, 7);
    out_and_in(*mm, *a);
    page = user_page(*mm, *a);
    assert_true(lru_isolate(page));
    assert_true(trylock_page(page));
    assert_int_equal(rmap_unmap(page, UNMAP_TO_SWAP, 1, false, &batch), 0);
    tlb_batch_flush(&batch);
    return page;
}

static void end_cached(struct mm *mm, u64 a, struct page *page)
{
    unlock_page(page);
    lru_putback(page);
    user_check(mm, a, 1, 7);
    mm_put_user(mm);
}

static void who_looked_it_up_keeps_it_cached(void **state)
{
    struct mm *mm;
    u64 a;
    struct page *page = cached_page(&mm, &a), *found;

    (void)state;
    found = swap_cache_get(page->private);
    assert_ptr_equal(found, page);
    assert_false(swap_cache_drop(page, 1));
    put_page(found);
    assert_true(swap_cache_drop(page, 1));
    end_cached(mm, a, page);
}

static void what_is_dirty_is_not_dropped(void **state)
{
    struct mm *mm;
    u64 a;
    struct page *page = cached_page(&mm, &a);

    (void)state;
    page_set(page, PG_DIRTY);
    assert_false(swap_cache_drop(page, 1));
    end_cached(mm, a, page);
}

/* The disk reads the frame: it stays, in the cache, where it is. */
static void write_back_keeps_the_page(void **state)
{
    struct mm *mm;
    u64 a;
    struct page *page = cached_page(&mm, &a);
    struct scan sc = {0};

    (void)state;
    page_set(page, PG_DIRTY);
    swap_write(page); /* unlocks; the disk has not answered */
    user_check(mm, a, 1, 7);
    lru_putback(page);
    assert_true(trylock_page(page));
    assert_false(swap_try_free(page));
    unlock_page(page);
    assert_true(lru_isolate(page));
    assert_int_equal(migrate_page(page, MOVE_NOW, NULL), -EAGAIN);
    lru_putback(page);
    page_set(page, PG_DIRTY);
    for (unsigned i = 0; i < 3; i++) /* nor is it written twice at once */
        reclaim_zone((enum zone_id)page->zone, 0, &sc);
    while (host_disk_step())
        ;
    user_check(mm, a, 1, 7);
    mm_put_user(mm);
}

/* Out of the cache memory has its only copy, although nobody wrote to it. */
static void a_page_without_a_slot_is_dirty(void **state)
{
    u64 a;
    struct mm *mm = with_page(&a, 7);
    struct page *page;

    (void)state;
    out_and_in(mm, a);
    page = user_page(mm, a);
    assert_false(page_flag(page, PG_DIRTY));
    assert_true(trylock_page(page));
    assert_true(swap_try_free(page));
    unlock_page(page);
    assert_true(page_flag(page, PG_DIRTY));
    out_and_in(mm, a);
    user_check(mm, a, 1, 7);
    mm_put_user(mm);
}

/* Slots of pages that have become writable again say nothing any more. */
static void a_full_swap_gets_slots_back(void **state)
{
    enum { PAGES = 2200 }; /* more than half of the slots */
    struct mm *mm = process();
    u64 a = user_area(mm, PAGES), v;

    (void)state;
    user_fill(mm, a, PAGES, 7);
    for (unsigned i = 0; i < 3 && !swap_mostly_full(); i++)
        (void)mm_madvise(mm, a, PAGES * PAGE_SIZE, MADV_PAGEOUT);
    assert_true(swap_mostly_full());
    assert_int_equal(user_read(mm, a, &v), 0);
    assert_false(page_flag(user_page(mm, a), PG_SWAPCACHE));
    mm_put_user(mm);
}

/* What may not be wanted pushes nothing out. */
static void nothing_goes_for_what_is_read_ahead(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 8), ahead, stalls;
    struct page *first = NULL, *p;

    (void)state;
    user_fill(mm, a, 8, 7);
    for (unsigned i = 0; i < 2; i++) /* out, and out of the cache */
        assert_int_equal(mm_madvise(mm, a, 8 * PAGE_SIZE, MADV_PAGEOUT), 0);
    for (; (p = alloc_page(ALLOC_ATOMIC | ALLOC_MOVABLE, PAGE_KERNEL));
         first = p)
        p->private = (u64)first;
    ahead = stat_read(STAT_swap_ra);
    stalls = stat_read(STAT_allocstall);
    swap_read_around(swp_from_pte(*pt_walk(mm->pt.root, a)));
    assert_int_equal(stat_read(STAT_swap_ra), ahead);
    assert_int_equal(stat_read(STAT_allocstall), stalls);
    for (; first; first = p) {
        p = (struct page *)first->private;
        put_page(first);
    }
    user_check(mm, a, 8, 7);
    mm_put_user(mm);
}

static u64 bad_slots(void)
{
    struct swap_info info;

    assert_true(swap_info(0, &info));
    return info.bad;
}

/* A slot that the disk failed is given to nobody else, even if the page that
   knew it has moved since. */
static void a_failed_slot_is_retired(void **state)
{
    u64 a, before = bad_slots();
    struct mm *mm = with_page(&a, 7);
    struct page *page;

    (void)state;
    host_fail_writes = 1000;
    (void)mm_madvise(mm, a, PAGE_SIZE, MADV_PAGEOUT);
    host_fail_writes = 0;
    user_check(mm, a, 1, 7);
    page = user_page(mm, a);
    assert_true(lru_isolate(page));
    assert_int_equal(migrate_page(page, MOVE_NOW, NULL), 0);
    user_check(mm, a, 1, 7);
    mm_put_user(mm);
    assert_int_equal(bad_slots(), before + 1);
}

/* While it sleeps for the disk, a signal comes that ends it. */
static bool is_killed(void)
{
    host_fatal = true;
    return false;
}

static void who_is_killed_reads_nothing_ahead(void **state)
{
    const unsigned many = 200; /* more than may be under way */
    struct mm *mm = process();
    u64 a = user_area(mm, many), before;

    (void)state;
    user_fill(mm, a, many, 70);
    mm_madvise(mm, a, many * PAGE_SIZE, MADV_PAGEOUT);
    before = stat_read(STAT_pswpin);
    host_event = is_killed;
    (void)mm_madvise(mm, a, many * PAGE_SIZE, MADV_WILLNEED);
    assert_true(host_fatal);
    assert_true(stat_read(STAT_pswpin) - before < many);
    host_event = NULL;
    host_fatal = false;
    user_check(mm, a, many, 70);
    mm_put_user(mm);
}

/* swapoff ends when the disk fails: it is told, and not asked for ever. */
static void a_failed_read_ends_swapoff(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 2);

    (void)state;
    user_fill(mm, a, 2, 70);
    mm_madvise(mm, a, 2 * PAGE_SIZE, MADV_PAGEOUT);
    host_fail_reads = 1000;
    assert_int_equal(swap_off(&host_disk), -EIO);
    host_fail_reads = 0;
    user_check(mm, a, 2, 70);
    mm_put_user(mm);
}

static void fork_rather_fails_than_loses_count(void **state)
{
    struct mm *mm;
    u64 a;
    struct page *page = cached_page(&mm, &a);
    swp_t slot = page->private;
    unsigned more = 0;

    (void)state;
    while (more < 70000 && swap_dup(slot) == 0)
        more++;
    assert_int_equal(swap_count(slot), SWAP_COUNT_MAX);
    unlock_page(page);
    assert_null(mm_fork(mm));
    while (more-- > 0)
        swap_free(slot);
    assert_true(trylock_page(page));
    end_cached(mm, a, page);
}

/* ---- the page lock ---- */

static struct page *locked;

static void unlock_it(void *page)
{
    unlock_page(page);
}

static bool somebody_unlocks(void)
{
    struct page *page = locked;

    locked = NULL;
    if (page)
        host_as_other(unlock_it, page);
    return page;
}

/* mm/wp.c: the counts are looked at under the page lock, and who wants it is
   woken. */
static void a_writer_waits_for_the_page_lock(void **state)
{
    u64 a;
    struct mm *mm = with_page(&a, 7), *child = mm_fork(mm);

    (void)state;
    locked = user_page(mm, a);
    page_set(locked, PG_LOCKED); /* another task's, in its list of locks */
    host_event = somebody_unlocks;
    user_fill(mm, a, 1, 8);
    assert_null(locked);
    user_check(child, a, 1, 7);
    mm_put_user(child);
    mm_put_user(mm);
}

/* ---- who may write ---- */

static void a_write_bit_is_not_mprotects_to_give(void **state)
{
    u64 a;
    struct mm *mm = with_page(&a, 7), *child = mm_fork(mm);

    (void)state;
    assert_int_equal(mm_mprotect(mm, a, PAGE_SIZE, PROT_READ), 0);
    assert_int_equal(mm_mprotect(mm, a, PAGE_SIZE, RW), 0);
    user_fill(mm, a, 1, 8);
    user_check(child, a, 1, 7);
    mm_put_user(child);
    mm_put_user(mm);
}

static void a_device_writes_to_no_shared_page(void **state)
{
    u64 a;
    struct mm *mm = with_page(&a, 7), *child = mm_fork(mm);
    struct user_range r = {a, 8};
    struct pin_set pins;

    (void)state;
    assert_int_equal(pin_user_pages(&pins, mm, &r, 1, true, "raw read"), 0);
    *(u64 *)page_to_virt(pins.pages[0]) = 8;
    unpin_user_pages(&pins, true);
    user_check(mm, a, 1, 8);
    user_check(child, a, 1, 7);
    mm_put_user(child);
    mm_put_user(mm);
}

int run_rule_tests(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(who_looked_it_up_keeps_it_cached),
        TEST(what_is_dirty_is_not_dropped),
        TEST(write_back_keeps_the_page),
        TEST(a_page_without_a_slot_is_dirty),
        TEST(a_full_swap_gets_slots_back),
        TEST(nothing_goes_for_what_is_read_ahead),
        TEST(a_failed_slot_is_retired),
        TEST(who_is_killed_reads_nothing_ahead),
        TEST(a_failed_read_ends_swapoff),
        TEST(fork_rather_fails_than_loses_count),
        TEST(a_writer_waits_for_the_page_lock),
        TEST(a_write_bit_is_not_mprotects_to_give),
        TEST(a_device_writes_to_no_shared_page),
    };

    return RUN_TESTS("rules", tests);
}
