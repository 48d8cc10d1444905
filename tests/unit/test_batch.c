/* SPDX-License-Identifier: MIT */
/*
 * Pages on their way out, before the one flush for all of them: what is done
 * to their places meanwhile is seen by both processors (tests/unit/tlb.c),
 * one of which may still have the old translation.
 */
#include "standins.h"
#include "unit.h"
#include <mm/filemap.h>
#include <mm/reclaim.h>
#include <mm/rmap.h>
#include <mm/swap.h>
#include <kernel/x86/tlb.h>

#define RW (PROT_READ | PROT_WRITE)

struct way_out {
    struct page *page;
    struct tlb_batch tlb;
};

/* As reclaim does it, up to the flush. Both processors know the page. */
static void begin(struct way_out *w, struct mm *mm, u64 a)
{
    bool anon;

    *w = (struct way_out){.page = user_page(mm, a)};
    anon = w->page->use == PAGE_ANON;
    assert_true(lru_isolate(w->page));
    assert_true(trylock_page(w->page));
    if (anon)
        assert_int_equal(swap_cache_add(w->page), 0);
    assert_int_equal(rmap_unmap(w->page, anon ? UNMAP_TO_SWAP : UNMAP_TO_FILE,
                                1, false, &w->tlb),
                     0);
    assert_null(user_page(mm, a));
    page_lock_handover(w->page); /* what comes next other tasks do */
}

static void end(struct way_out *w)
{
    tlb_batch_flush(&w->tlb);
    (void)swap_try_free(w->page);
    unlock_page(w->page);
    lru_putback(w->page);
}

/* The area goes on behind the page, so that its table stays. */
static struct mm *with_page(u64 *a)
{
    struct mm *mm = process();

    *a = user_area(mm, 2);
    user_fill(mm, *a, 1, 7);
    user_check(mm, *a, 1, 7);
    return mm;
}

static void a_new_page_in_its_place_is_seen(void **state)
{
    struct way_out w;
    u64 a;
    struct mm *mm = with_page(&a);

    (void)state;
    begin(&w, mm, a);
    assert_int_equal(mm_munmap(mm, a, PAGE_SIZE), 0);
    assert_int_equal(mm_mmap(mm, a, PAGE_SIZE, RW,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0),
                     a);
    user_fill(mm, a, 1, 8);
    user_check(mm, a, 1, 8);
    end(&w);
    user_check(mm, a, 1, 8);
    mm_put_user(mm);
}

/* Until the flush the parent can write to the page that the child has, too. */
static void a_child_sees_nothing_of_later_writes(void **state)
{
    struct way_out w;
    u64 a;
    struct mm *mm = with_page(&a), *child;

    (void)state;
    begin(&w, mm, a);
    child = mm_fork(mm);
    assert_int_equal(host_tlb_find(0, mm->pt.root, a), 0);
    end(&w);
    user_fill(mm, a, 1, 8);
    user_check(child, a, 1, 7);
    mm_put_user(child);
    mm_put_user(mm);
}

/* The old address stays mapped, and is empty. */
static void its_old_address_is_left(void **state)
{
    const u32 how = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
    u64 a, to = 0x10000000000ull;
    struct mm *mm = with_page(&a);
    struct way_out w;

    (void)state;
    begin(&w, mm, a);
    assert_int_equal(mm_mremap(mm, a, PAGE_SIZE, PAGE_SIZE, how, to), to);
    user_check(mm, a, 1, 0);
    end(&w);
    user_check(mm, to, 1, 7);
    mm_put_user(mm);
}

static struct way_out *on_its_way; /* what reclaim has locked */

static void end_it(void *w)
{
    end(w);
}

static bool reclaim_goes_on(void)
{
    struct way_out *w = on_its_way;

    on_its_way = NULL;
    if (w)
        host_as_other(end_it, w);
    return w;
}

/* A file's page leaves no entry behind: a writer who wants a private copy waits
   for the page lock, and so for the flush. */
static void a_private_copy_comes_after_the_flush(void **state)
{
    struct mapping *m = mapping_create("test");
    struct mm *mm = process();
    struct way_out w;
    u64 a, v = 7;

    (void)state;
    assert_int_equal(mapping_write(m, 0, &v, sizeof(v)), sizeof(v));
    a = (u64)mm_mmap(mm, 0, PAGE_SIZE, RW, MAP_PRIVATE, m, 0);
    user_check(mm, a, 1, 7);
    begin(&w, mm, a);
    on_its_way = &w;
    host_event = reclaim_goes_on;
    user_fill(mm, a, 1, 8);
    assert_null(on_its_way);
    user_check(mm, a, 1, 8);
    mm_put_user(mm);
    mapping_put(m);
}

static bool nobody_knows(struct mm *mm, u64 a)
{
    return !host_tlb_find(0, mm->pt.root, a) &&
           !host_tlb_find(1, mm->pt.root, a);
}

static void reclaim_flushes_what_it_unmaps(void **state)
{
    enum { PAGES = 100 };
    struct mm *mm = process();
    u64 a = user_area(mm, PAGES);
    struct scan sc = {0};
    unsigned gone = 0;

    (void)state;
    user_fill(mm, a, PAGES, 7);
    user_check(mm, a, PAGES, 7);
    for (unsigned round = 0; round < 4; round++) { /* until they are old */
        reclaim_zone(ZONE_MOVABLE, 0, &sc);
        reclaim_zone(ZONE_NORMAL, 0, &sc);
    }
    for (unsigned i = 0; i < PAGES; i++) {
        u64 at = a + i * PAGE_SIZE;

        assert_true(user_page(mm, at) || nobody_knows(mm, at));
        gone += !user_page(mm, at);
    }
    assert_true(gone > 32); /* more than one batch */
    while (host_disk_step())
        ; /* what is still being written is given up later than by us */
    user_check(mm, a, PAGES, 7);
    mm_put_user(mm);
}

int run_batch_tests(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_new_page_in_its_place_is_seen),
        TEST(a_child_sees_nothing_of_later_writes),
        TEST(its_old_address_is_left),
        TEST(a_private_copy_comes_after_the_flush),
        TEST(reclaim_flushes_what_it_unmaps),
    };

    return RUN_TESTS("batch", tests);
}
