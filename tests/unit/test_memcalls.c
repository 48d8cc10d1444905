/* SPDX-License-Identifier: MIT */
/* mlock, madvise, mincore, and what is promised: memory calls by themselves. */
#include "unit.h"
#include <mm/commit.h>
#include <mm/filemap.h>
#include <mm/migrate.h>
#include <mm/oom.h>
#include <mm/page.h>
#include <mm/reclaim.h>
#include <mm/swap.h>
#include <mm/zone.h>
#include <kernel/current.h>

#define RW    (PROT_READ | PROT_WRITE)
#define ANON  (MAP_PRIVATE | MAP_ANONYMOUS)
#define PLACE 0x10000000000ull

static u64 pages(u64 n)
{
    return n * PAGE_SIZE;
}

static u64 map_at(struct mm *mm, u64 addr, u64 n, u32 prot, u32 flags)
{
    s64 at = mm_mmap(mm, addr, pages(n), prot, flags, NULL, 0);

    assert_true(at > 0);
    return (u64)at;
}

/* ---- mlock ---- */

static void locked_pages_stay(void **state)
{
    struct mm *mm = process(), *other = process(), *c;
    u64 a = user_area(mm, 300), b = user_area(other, 3000);

    (void)state;
    user_fill(mm, a, 300, 1);
    mm_madvise(mm, a, pages(200), MADV_PAGEOUT);
    assert_int_equal(mm_mlock(mm, a, pages(300), false), 0);
    assert_int_equal(mm->rss, 300); /* brought back */
    assert_int_equal(mm->locked_vm, 300);
    user_fill(other, b, 3000, 1); /* more than memory has */
    assert_int_equal(mm->rss, 300);
    assert_int_equal(mm_madvise(mm, a, pages(300), MADV_PAGEOUT), -EINVAL);
    assert_int_equal(mm_madvise(mm, a, pages(300), MADV_DONTNEED), -EINVAL);
    c = mm_fork(mm);
    assert_int_equal(c->locked_vm, 0);
    mm_put_user(c);
    assert_int_equal(mm_munlock(mm, a, pages(300)), 0);
    assert_int_equal(mm_madvise(mm, a, pages(300), MADV_PAGEOUT), 0);
    assert_int_equal(mm->rss, 0);
    user_check(mm, a, 300, 1);
    mm_put_user(other);
    mm_put_user(mm);
}

static void locked_pages_move(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 1);
    struct page *old;

    (void)state;
    assert_int_equal(mm_mlock(mm, a, PAGE_SIZE, false), 0);
    user_fill(mm, a, 1, 7);
    old = user_page(mm, a);
    assert_true(lru_isolate(old));
    assert_int_equal(migrate_page(old, MOVE_NOW, NULL), 0);
    assert_ptr_not_equal(user_page(mm, a), old);
    user_check(mm, a, 1, 7);
    mm_put_user(mm);
}

static void locked_files_stay(void **state)
{
    struct mapping *m = mapping_create("test");
    struct mm *mm = process(), *other = process();
    u64 a, b;

    (void)state;
    assert_int_equal(mapping_set_size(m, pages(20)), 0);
    a = (u64)mm_mmap(mm, 0, pages(20), RW, MAP_SHARED | MAP_LOCKED, m, 0);
    b = (u64)mm_mmap(other, 0, pages(20), RW, MAP_SHARED, m, 0);
    assert_int_equal(mm->rss, 20);
    user_fill(mm, a, 20, 9);
    user_check(other, b, 20, 9);
    mm_madvise(other, b, pages(20), MADV_PAGEOUT);
    assert_int_equal(mm->rss, 20);
    mm_put_user(mm);
    mm_madvise(other, b, pages(20), MADV_PAGEOUT);
    assert_int_equal(other->rss, 0);
    user_check(other, b, 20, 9);
    mm_put_user(other);
    mapping_put(m);
}

static void locks_are_cut_and_joined(void **state)
{
    struct mm *mm = process();
    u64 a = map_at(mm, PLACE, 10, RW, ANON), b;

    (void)state;
    assert_int_equal(mm_mlock(mm, a + pages(3) + 5, 7, true), 0);
    assert_int_equal(mm->nr_areas, 3);
    assert_int_equal(mm->locked_vm, 1);
    assert_int_equal(mm->rss, 0); /* on fault only */
    assert_int_equal(mm_munlock(mm, a, pages(10)), 0);
    assert_int_equal(mm->nr_areas, 1);
    assert_int_equal(mm_mlock(mm, a + pages(9), pages(2), false), -ENOMEM);
    assert_int_equal(mm->locked_vm, 1); /* up to the hole, as Linux */
    assert_int_equal(mm_mlockall(mm, MCL_CURRENT | MCL_FUTURE), 0);
    assert_int_equal(mm->rss, 10);
    b = user_area(mm, 5);
    assert_int_equal(mm->rss, 15);
    assert_int_equal(
        mm_mremap(mm, b, pages(5), pages(8), MREMAP_MAYMOVE, 0) > 0, 1);
    assert_int_equal(mm->rss, 18);
    assert_int_equal(mm->locked_vm, 18);
    assert_int_equal(mm_munlockall(mm), 0);
    assert_int_equal(mm->locked_vm, 0);
    assert_int_equal(mm_mlockall(mm, 0), -EINVAL);
    assert_int_equal(mm_mlockall(mm, MCL_ONFAULT), -EINVAL);
    assert_int_equal(mm_mlockall(mm, 8), -EINVAL);
    map_at(mm, PLACE + pages(100), 1, 0, ANON);
    assert_int_equal(mm_mlock(mm, PLACE + pages(100), 1, false), -ENOMEM);
    mm_put_user(mm);
}

/* ---- madvise, mincore, msync ---- */

static void advice_is_taken(void **state)
{
    struct mm *mm = process(), *c;
    u64 a = map_at(mm, PLACE, 12, RW, ANON), v;
    u8 vec[12];

    (void)state;
    user_fill(mm, a, 12, 1);
    assert_int_equal(mm_madvise(mm, a, pages(4), MADV_WIPEONFORK), 0);
    assert_int_equal(mm_madvise(mm, a + pages(4), pages(4), MADV_DONTFORK), 0);
    c = mm_fork(mm);
    assert_int_equal(user_read(c, a, &v), 0);
    assert_int_equal(v, 0);
    assert_int_equal(user_read(c, a + pages(4), &v), FAULT_NO_AREA);
    user_check(c, a + pages(8), 4, 9);
    user_fill(c, a, 4, 70); /* a family of its own */
    user_check(mm, a, 12, 1);
    mm_put_user(c);
    assert_int_equal(mm_madvise(mm, a, pages(4), MADV_KEEPONFORK), 0);
    assert_int_equal(mm_madvise(mm, a, pages(8), MADV_DOFORK), 0);
    assert_int_equal(mm->nr_areas, 1);

    assert_int_equal(mm_madvise(mm, a, pages(12), MADV_COLD), 0);
    assert_int_equal(mm->rss, 12);
    mm_madvise(mm, a, pages(12), MADV_PAGEOUT);
    assert_int_equal(mm_mincore(mm, a, pages(12), vec), 0);
    assert_int_equal(vec[0] | vec[11], 0);
    assert_int_equal(mm_madvise(mm, a, pages(6), MADV_WILLNEED), 0);
    while (host_disk_step())
        ;
    assert_int_equal(mm->rss, 0); /* in the swap cache */
    assert_int_equal(mm_mincore(mm, a, pages(12), vec), 0);
    assert_int_equal(vec[0] & vec[5], 1);
    assert_int_equal(vec[6], 0);
    assert_int_equal(mm_madvise(mm, a, pages(12), MADV_POPULATE_READ), 0);
    assert_int_equal(mm->rss, 12);
    user_check(mm, a, 12, 1);
    assert_int_equal(mm_madvise(mm, a, pages(12), MADV_FREE), 0);
    assert_int_equal(mm_madvise(mm, a, pages(12), MADV_POPULATE_WRITE), 0);
    assert_int_equal(mm->rss, 12);
    mm_put_user(mm);
}

static void advice_is_refused(void **state)
{
    struct mm *mm = process();
    u64 a = map_at(mm, PLACE, 4, RW, ANON), end = a + pages(4);

    (void)state;
    map_at(mm, end + pages(4), 4, PROT_READ, ANON);
    assert_int_equal(mm_madvise(mm, a, PAGE_SIZE, 14), -EINVAL);
    assert_int_equal(mm_madvise(mm, a, PAGE_SIZE, 99), -EINVAL);
    assert_int_equal(mm_madvise(mm, a, PAGE_SIZE, -1), -EINVAL);
    assert_int_equal(mm_madvise(mm, a, 0, 99), -EINVAL);
    assert_int_equal(mm_madvise(mm, a + 1, 0, MADV_DONTNEED), -EINVAL);
    assert_int_equal(mm_madvise(mm, a, 0, MADV_DONTNEED), 0);
    assert_int_equal(mm_madvise(mm, a, ~0ull, MADV_DONTNEED), -EINVAL);
    assert_int_equal(mm_madvise(mm, a, PAGE_SIZE, MADV_REMOVE), -EINVAL);
    user_fill(mm, a, 4, 1);
    assert_int_equal(mm_madvise(mm, a, pages(12), MADV_DONTNEED), -ENOMEM);
    assert_int_equal(mm->rss, 0); /* the rest was done */
    assert_int_equal(
        mm_madvise(mm, end + pages(4), PAGE_SIZE, MADV_POPULATE_WRITE),
        -EINVAL);
    assert_int_equal(mm_msync(mm, a, pages(4), MS_SYNC), 0);
    assert_int_equal(mm_msync(mm, a, pages(12), MS_SYNC), -ENOMEM);
    assert_int_equal(mm_msync(mm, a, pages(4), MS_SYNC | MS_ASYNC), -EINVAL);
    assert_int_equal(mm_msync(mm, a + 1, 1, MS_SYNC), -EINVAL);
    assert_int_equal(mm_msync(mm, a, pages(4), 8), -EINVAL);
    mm_mlock(mm, a, PAGE_SIZE, true);
    assert_int_equal(mm_msync(mm, a, pages(4), MS_INVALIDATE), -EBUSY);
    mm_put_user(mm);
}

static void files_get_holes(void **state)
{
    struct mapping *m = mapping_create("test");
    struct mm *mm = process();
    u64 a, v;

    (void)state;
    assert_int_equal(mapping_set_size(m, pages(8)), 0);
    a = (u64)mm_mmap(mm, 0, pages(6), RW, MAP_SHARED, m, 2);
    user_fill(mm, a, 6, 1);
    assert_int_equal(mm_madvise(mm, a + pages(2), pages(2), MADV_REMOVE), 0);
    assert_int_equal(m->nr_pages, 4);
    assert_int_equal(user_read(mm, a + pages(2), &v), 0);
    assert_int_equal(v, 0);
    user_check(mm, a, 2, 1);
    user_check(mm, a + pages(4), 2, 5);
    assert_int_equal(mm_madvise(mm, a, PAGE_SIZE, MADV_FREE), -EINVAL);
    assert_int_equal(mm_madvise(mm, a, PAGE_SIZE, MADV_WIPEONFORK), -EINVAL);
    assert_int_equal(mm_mprotect(mm, a, PAGE_SIZE, PROT_READ), 0);
    assert_int_equal(mm_madvise(mm, a, PAGE_SIZE, MADV_REMOVE), -EACCES);
    mm_put_user(mm);
    mapping_put(m);
}

/* ---- promises and limits ---- */

static void promises_add_up(void **state)
{
    struct mm *mm = process(), *c;
    u64 before = vm_committed_pages(), a;

    (void)state;
    a = map_at(mm, PLACE, 100, RW, ANON);
    map_at(mm, PLACE + pages(200), 50, PROT_READ, ANON);
    map_at(mm, PLACE + pages(300), 70, RW, ANON | MAP_NORESERVE);
    assert_int_equal(vm_committed_pages(), before + 100);
    assert_int_equal(mm->total_vm, 220);
    assert_int_equal(mm->data_vm, 170);
    assert_int_equal(
        mm_mprotect(mm, PLACE + pages(200), pages(20), PROT_READ | PROT_WRITE),
        0);
    assert_int_equal(vm_committed_pages(), before + 120);
    assert_int_equal(mm_mprotect(mm, PLACE + pages(200), pages(20), 0), 0);
    assert_int_equal(vm_committed_pages(), before + 120); /* as Linux */
    assert_int_equal(mm_munmap(mm, a + pages(20), pages(30)), 0);
    assert_int_equal(vm_committed_pages(), before + 90);
    a = (u64)mm_mremap(mm, a, pages(20), pages(60), MREMAP_MAYMOVE, 0);
    assert_int_equal(vm_committed_pages(), before + 130);
    assert_int_equal(mm_mremap(mm, a, pages(60), 1ull << 46, MREMAP_MAYMOVE, 0),
                     -ENOMEM);
    c = mm_fork(mm);
    assert_int_equal(vm_committed_pages(), before + 260);
    mm_put_user(c);
    map_at(mm, a, 10, RW, ANON | MAP_FIXED);
    assert_int_equal(vm_committed_pages(), before + 130);
    mm_put_user(mm);
    assert_int_equal(vm_committed_pages(), before);
}

static void policies_differ(void **state)
{
    struct mm *mm = process();
    u64 all = total_frames() + 4096, a, b;

    (void)state;
    assert_int_equal(mm_mmap(mm, 0, pages(all + 1), RW, ANON, NULL, 0),
                     -ENOMEM);
    a = map_at(mm, 0, all + 1, RW, ANON | MAP_NORESERVE);
    mm_munmap(mm, a, pages(all + 1));
    vm_overcommit_mode = OVERCOMMIT_ALWAYS;
    a = map_at(mm, 0, all + 1, RW, ANON);
    mm_munmap(mm, a, pages(all + 1));
    vm_overcommit_mode = OVERCOMMIT_NEVER;
    vm_overcommit_ratio = 10;
    assert_int_equal(mm_mmap(mm, 0, pages(vm_commit_limit()), RW,
                             ANON | MAP_NORESERVE, NULL, 0),
                     -ENOMEM);
    a = map_at(mm, 0, vm_commit_limit() * 7 / 10, RW, ANON);
    assert_null(mm_fork(mm)); /* two of that are too much */
    /* A place that was only reserved was not promised. */
    b = map_at(mm, 0, vm_commit_limit(), 0, ANON);
    assert_int_equal(mm_mmap(mm, b, pages(vm_commit_limit() / 2), RW,
                             ANON | MAP_FIXED, NULL, 0),
                     -ENOMEM);
    assert_int_equal(mm_mprotect(mm, b, pages(vm_commit_limit() / 2), RW),
                     -ENOMEM);
    user_fill(mm, a, 10, 1);
    mm_munmap(mm, a, pages(vm_commit_limit() * 7 / 10));
    assert_int_equal(vm_committed_pages(), 0);
    vm_overcommit_mode = OVERCOMMIT_GUESS;
    vm_overcommit_ratio = 50;
    mm_put_user(mm);
}

static void limits_are_kept(void **state)
{
    struct mm *mm = process();
    u64 a = map_at(mm, PLACE, 100, RW, ANON);

    (void)state;
    host_limit[RLIMIT_AS] = pages(150);
    assert_int_equal(mm_mmap(mm, 0, pages(51), PROT_READ, ANON, NULL, 0),
                     -ENOMEM);
    assert_int_equal(
        mm_mremap(mm, a, pages(100), pages(151), MREMAP_MAYMOVE, 0), -ENOMEM);
    map_at(mm, a + pages(50), 100, RW, ANON | MAP_FIXED); /* 50 more */
    host_limit[RLIMIT_AS] = ~0ull;
    host_limit[RLIMIT_DATA] = pages(151);
    assert_int_equal(mm_mmap(mm, 0, pages(2), RW, ANON, NULL, 0), -ENOMEM);
    map_at(mm, PLACE + pages(500), 2, PROT_READ, ANON);
    assert_int_equal(mm_mprotect(mm, PLACE + pages(500), pages(2), RW),
                     -ENOMEM);
    host_limit[RLIMIT_DATA] = ~0ull;
    mm_put_user(mm);
}

static void areas_are_counted(void **state)
{
    struct mm *mm = process();
    u64 a = map_at(mm, PLACE, 20, RW, ANON);

    (void)state;
    vm_max_map_count = 5;
    assert_int_equal(mm_munmap(mm, a + pages(1), PAGE_SIZE), 0);
    assert_int_equal(mm_munmap(mm, a + pages(3), PAGE_SIZE), 0);
    assert_int_equal(mm_mprotect(mm, a + pages(6), PAGE_SIZE, PROT_READ), 0);
    assert_int_equal(mm->nr_areas, 5);
    assert_int_equal(mm_munmap(mm, a + pages(9), PAGE_SIZE), -ENOMEM);
    assert_int_equal(mm_mprotect(mm, a + pages(9), PAGE_SIZE, PROT_READ),
                     -ENOMEM);
    map_at(mm, a + pages(50), 1, RW, ANON);
    assert_int_equal(mm_mmap(mm, a + pages(60), PAGE_SIZE, RW, ANON, NULL, 0),
                     -ENOMEM);
    assert_int_equal(mm_munmap(mm, a + pages(50), PAGE_SIZE), 0);
    assert_int_equal(mm_munmap(mm, a + pages(19), PAGE_SIZE), 0);
    vm_max_map_count = 65530;
    mm_put_user(mm);
}

static void stacks_grow_to_their_limit(void **state)
{
    struct mm *mm = process();
    u64 top = PLACE + pages(5000), v;

    (void)state;
    map_at(mm, top - pages(1), 1, RW, ANON | MAP_GROWSDOWN);
    host_limit[RLIMIT_STACK] = pages(1000);
    assert_int_equal(user_write(mm, top - pages(1000), 1), 0);
    assert_int_equal(mm->total_vm, 1000);
    assert_int_equal(user_write(mm, top - pages(1001), 1), FAULT_NO_AREA);
    host_limit[RLIMIT_STACK] = ~0ull;
    map_at(mm, PLACE, 1, RW, ANON | MAP_FIXED);
    assert_int_equal(user_write(mm, PLACE + pages(256), 1), FAULT_NO_AREA);
    assert_int_equal(user_write(mm, PLACE + pages(257), 1), 0);
    mm_mprotect(mm, PLACE, PAGE_SIZE, 0); /* a guard page of its own */
    assert_int_equal(user_write(mm, PLACE + pages(1), 1), 0);
    assert_int_equal(user_read(mm, PLACE, &v), FAULT_NO_ACCESS);
    /* Nobody is put into the gap. */
    assert_int_equal(mm_munmap(mm, PLACE, PAGE_SIZE), 0);
    assert_true(map_at(mm, PLACE - pages(10), 1, RW, ANON) != PLACE);
    mm_put_user(mm);
}

/* ---- the last resort ---- */

static struct mm *died;

static void end_victim(void *arg)
{
    mm_put_user(arg);
}

/* While somebody waits for it, the victim ends. */
static bool victim_ends(void)
{
    if (!host_oom_victim)
        return false;
    died = host_oom_victim;
    host_oom_victim = NULL;
    host_as_other(end_victim, died);
    return true;
}

static void the_highest_score_dies(void **state)
{
    struct mm *big = process(), *small = process(), *safe = process();
    u64 a = user_area(big, 300), b = user_area(small, 100);

    (void)state;
    user_fill(big, a, 300, 1);
    user_fill(small, b, 100, 1);
    user_fill(safe, user_area(safe, 400), 400, 1);
    assert_int_equal(oom_badness(big), 300 + big->tables);
    safe->oom_score_adj = OOM_SCORE_ADJ_MIN;
    assert_true(oom_badness(safe) == OOM_NEVER);
    assert_int_equal(oom_score(safe), 0);
    big->oom_score_adj = -500; /* less than nothing, and still comparable */
    small->oom_score_adj = -300;
    assert_true(oom_badness(big) < oom_badness(small));
    assert_true(oom_badness(small) < 0);
    host_event = victim_ends;
    assert_true(oom_kill());
    assert_ptr_equal(died, small);
    assert_true(oom_kill());
    assert_ptr_equal(died, big);
    assert_false(oom_kill()); /* nobody is left */
    mm_put_user(safe);
}

int run_memcalls_tests(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(locked_pages_stay),      TEST(locked_pages_move),
        TEST(locked_files_stay),      TEST(locks_are_cut_and_joined),
        TEST(advice_is_taken),        TEST(advice_is_refused),
        TEST(files_get_holes),        TEST(promises_add_up),
        TEST(policies_differ),        TEST(limits_are_kept),
        TEST(areas_are_counted),      TEST(stacks_grow_to_their_limit),
        TEST(the_highest_score_dies),
    };

    return RUN_TESTS("calls", tests);
}
