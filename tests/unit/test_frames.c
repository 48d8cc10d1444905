/* SPDX-License-Identifier: MIT */
/* Frames and sections: the allocator when blocks run out, when a section is
   kept from it, and when there is no memory in the middle of a fork. */
#include "unit.h"
#include <string.h>
#include <mm/removal.h>
#include <mm/section.h>
#include <mm/slab.h>
#include <mm/stat.h>
#include <mm/swap.h>
#include <mm/zone.h>

/* How many free blocks of each order the zones have: all of it, when every
   block that can be joined is joined. */
struct shape {
    u64 blocks[NR_ZONES][MAX_ORDER + 1];
};

static void look(struct shape *s)
{
    for (unsigned z = 0; z < NR_ZONES; z++) {
        zone_drain_pcp(&zones[z]);
        memcpy(s->blocks[z], zones[z].free_blocks, sizeof(s->blocks[z]));
    }
}

/* All blocks of one order, chained through `private`. */
static struct page *take_all(unsigned order, enum alloc_flags how)
{
    struct page *p, *chain = NULL;

    while ((p = alloc_pages(order, how, PAGE_KERNEL))) {
        p->private = (u64)chain;
        chain = p;
    }
    return chain;
}

/* Up to n of them go back; what is left of the chain. */
static struct page *give_back(struct page *chain, unsigned order, unsigned n)
{
    while (chain && n-- > 0) {
        struct page *next = (struct page *)chain->private;

        chain->private = 0;
        free_pages(chain, order);
        chain = next;
    }
    return chain;
}

static void blocks_run_out_and_merge_again(void **state)
{
    struct shape before, after;

    (void)state;
    look(&before);
    for (unsigned order = 0; order <= MAX_ORDER; order++) {
        struct page *chain = take_all(order, ALLOC_ATOMIC | ALLOC_MOVABLE);

        for (struct page *p = chain; p; p = (struct page *)p->private)
            assert_int_equal(p->section_off % (1u << order), 0);
        give_back(chain, order, ~0u);
        look(&after);
        assert_memory_equal(&after, &before, sizeof(before));
    }
}

static void isolated_frames_are_not_handed_out(void **state)
{
    struct page *chain = take_all(0, ALLOC_ATOMIC | ALLOC_MOVABLE);
    struct shape before, after;

    (void)state;
    /* Freed with the section isolated: kept, wherever they were. */
    section_isolate(DIMM_FIRST);
    assert_false(section_is_empty(DIMM_FIRST));
    give_back(chain, 0, ~0u);
    zone_drain_pcp(&zones[ZONE_MOVABLE]);
    assert_true(section_is_empty(DIMM_FIRST));
    chain = take_all(0, ALLOC_ATOMIC | ALLOC_MOVABLE);
    for (struct page *p = chain; p; p = (struct page *)p->private)
        assert_int_not_equal(p->section, DIMM_FIRST);
    give_back(chain, 0, ~0u);
    section_unisolate(DIMM_FIRST);
    look(&before);
    /* Free when it is isolated: the same. */
    section_isolate(DIMM_FIRST);
    assert_true(section_is_empty(DIMM_FIRST));
    section_unisolate(DIMM_FIRST);
    look(&after);
    assert_memory_equal(&after, &before, sizeof(before));
}

static void sections_come_once(void **state)
{
    u64 managed = total_frames();
    struct removal r;

    (void)state;
    assert_int_equal(section_online(DIMM_FIRST, ZONE_MOVABLE, 0), -EBUSY);
    assert_int_equal(section_online(SECTION_MAX, ZONE_MOVABLE, 0), -EINVAL);
    removal_defaults(&r, DIMM_FIRST + DIMM_COUNT, 1); /* nothing is there */
    assert_int_equal(memory_offline(&r), -EINVAL);
    removal_defaults(&r, DIMM_FIRST, DIMM_COUNT);
    assert_int_equal(memory_offline(&r), 0);
    assert_int_equal(memory_offline(&r), -EINVAL);
    assert_int_equal(zones[ZONE_MOVABLE].managed, 0);
    assert_int_equal(memory_online(DIMM_FIRST, DIMM_COUNT), 0);
    assert_int_equal(total_frames(), managed);
}

static void big_objects_are_whole_frames(void **state)
{
    struct shape before, after;

    (void)state;
    look(&before);
    for (size_t size = PAGE_SIZE; size <= 1u << 20; size = size * 3 / 2) {
        char *p = kzalloc(size, ALLOC_KERNEL);

        assert_non_null(p);
        assert_int_equal(p[0] | p[size - 1], 0);
        memset(p, 0xff, size);
        kfree(p);
    }
    look(&after);
    assert_memory_equal(&after, &before, sizeof(before));
    kfree(NULL);
}

/* Every allocation that a fork makes fails once, in its turn. */
static void fork_without_memory_undoes_all(void **state)
{
    struct mm *p = process(), *c = NULL;
    u64 a = user_area(p, 1100); /* three page tables */
    unsigned failed = 0;

    (void)state;
    assert_int_equal(swap_off(&host_disk), 0);
    for (unsigned i = 0; i < 1100; i += 50)
        user_fill(p, a + i * PAGE_SIZE, 1, i);
    host_fatal = true;
    assert_null(mm_fork(p));
    host_fatal = false;
    host_dying = true; /* a victim itself: nobody is killed for it */
    while (!c) {
        struct page *chain = take_all(0, ALLOC_MOVABLE | ALLOC_RESERVE);

        chain = give_back(chain, 0, failed);
        c = mm_fork(p);
        give_back(chain, 0, ~0u);
        assert_true(failed++ < 100);
    }
    host_dying = false;
    assert_true(failed > 3);
    for (unsigned i = 0; i < 1100; i += 50) {
        user_check(p, a + i * PAGE_SIZE, 1, i);
        user_check(c, a + i * PAGE_SIZE, 1, i);
    }
    assert_int_equal(swap_on(&host_disk, -1), 0);
    mm_put_user(c);
    mm_put_user(p);
}

/* ---- frames in a row ---- */

/*
 * Every other page of a process is free, and no two of them lie together: rows
 * are made, out of pages that move; nobody is killed, and nothing is lost.
 */
static void rows_are_made_of_scattered_frames(void **state)
{
    const enum alloc_flags how = ALLOC_KERNEL;
    u64 before = stat_read(STAT_compact_stall);
    struct mm *mm = process();
    u64 a = user_area(mm, 4000);
    struct page *chain;
    unsigned n = 0, rows = 0;

    (void)state;
    assert_int_equal(swap_off(&host_disk), 0);
    for (; total_free_frames() > 400; n++)
        user_fill(mm, a + n * PAGE_SIZE, 1, n);
    for (unsigned i = 0; i < n; i += 2)
        mm_madvise(mm, a + i * PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED);
    chain = take_all(2, how);
    for (struct page *p = chain; p; p = (struct page *)p->private)
        rows++;
    give_back(chain, 2, ~0u);
    assert_true(rows > 64 + 400 / 4);
    assert_true(stat_read(STAT_compact_stall) > before);
    for (unsigned i = 1; i < n; i += 2)
        user_check(mm, a + i * PAGE_SIZE, 1, i);
    assert_null(host_oom_victim);
    assert_int_equal(swap_on(&host_disk, -1), 0);
    mm_put_user(mm);
}

int run_frame_tests(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(blocks_run_out_and_merge_again),
        TEST(isolated_frames_are_not_handed_out),
        TEST(sections_come_once),
        TEST(big_objects_are_whole_frames),
        TEST(fork_without_memory_undoes_all),
        TEST(rows_are_made_of_scattered_frames),
    };

    return RUN_TESTS("frames", tests);
}
