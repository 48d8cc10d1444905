/* SPDX-License-Identifier: MIT */
/* mremap: areas that grow, shrink and move, with all that is in them. */
#include "standins.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <mm/filemap.h>
#include <mm/gup.h>
#include <mm/migrate.h>
#include <mm/pagetable.h>
#include <mm/reclaim.h>

#define RW         (PROT_READ | PROT_WRITE)
#define MOVE       MREMAP_MAYMOVE
#define FREE_PLACE 0x10000000000ull

static u64 pages(u64 n)
{
    return n * PAGE_SIZE;
}

/* Move to a place that begins at another entry of its table. */
static u64 move(struct mm *mm, u64 a, u64 from, u64 to)
{
    u64 there = FREE_PLACE + pages(100);

    assert_int_equal(
        mm_mremap(mm, a, pages(from), pages(to), MOVE | MREMAP_FIXED, there),
        there);
    return there;
}

/* Present, swapped out, zero and absent entries, over several tables. */
static void entries_move_as_they_are(void **state)
{
    struct mm *mm = process(), *c;
    u64 a = user_area(mm, 900), b, v;
    struct page *page;

    (void)state;
    user_fill(mm, a, 600, 10);
    mm_madvise(mm, a + pages(100), pages(300), MADV_PAGEOUT);
    assert_int_equal(user_read(mm, a + pages(700), &v), 0);
    page = user_page(mm, a + pages(50));
    c = mm_fork(mm);
    b = move(mm, a, 900, 1000);
    assert_ptr_equal(user_page(mm, b + pages(50)), page);
    assert_int_equal(mm->rss, 300);
    assert_int_equal(mm->swapped, 300);
    assert_int_equal(user_read(mm, a, &v), FAULT_NO_AREA);
    user_check(mm, b, 600, 10);
    user_fill(mm, b + pages(40), 20, 5000);
    user_check(c, a, 600, 10);
    mm_put_user(c);
    /* The reverse map finds them at their new place. */
    mm_madvise(mm, b, pages(600), MADV_PAGEOUT);
    assert_int_equal(mm->rss, 0);
    user_check(mm, b, 40, 10);
    user_check(mm, b + pages(40), 20, 5000);
    user_fill(mm, b + pages(990), 10, 1);
    mm_put_user(mm);
}

static void pieces_of_moved_areas_are_found(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 30), b;

    (void)state;
    user_fill(mm, a, 30, 1);
    b = move(mm, a + pages(10), 10, 10); /* out of the middle */
    assert_int_equal(mm->nr_areas, 3);
    assert_int_equal(mm_mprotect(mm, b + pages(5), pages(5), PROT_READ), 0);
    mm_madvise(mm, b, pages(10), MADV_PAGEOUT);
    assert_int_equal(mm->rss, 20);
    user_check(mm, b, 10, 11);
    assert_int_equal(mm_mprotect(mm, b, pages(10), RW), 0);
    /* And back: one area again. */
    assert_int_equal(mm_mremap(mm, b, pages(10), pages(10), MOVE | MREMAP_FIXED,
                               a + pages(10)),
                     a + pages(10));
    assert_int_equal(mm->nr_areas, 1);
    user_check(mm, a, 30, 1);
    mm_madvise(mm, a, pages(30), MADV_PAGEOUT);
    assert_int_equal(mm->rss, 0);
    user_check(mm, a, 30, 1);
    mm_put_user(mm);
}

static void areas_grow_and_shrink_in_place(void **state)
{
    struct mm *mm = process();
    u64 a, v;

    (void)state;
    a = (u64)mm_mmap(mm, FREE_PLACE, pages(4), RW, MAP_PRIVATE | MAP_ANONYMOUS,
                     NULL, 0);
    user_fill(mm, a, 4, 1);
    assert_int_equal(mm_mremap(mm, a, pages(4), pages(8), 0, 0), a);
    user_fill(mm, a + pages(4), 4, 5);
    assert_int_equal(mm_mremap(mm, a, pages(8), pages(2), 0, 0), a);
    assert_int_equal(user_read(mm, a + pages(2), &v), FAULT_NO_AREA);
    assert_int_equal(mm_mremap(mm, a, pages(2), pages(8), 0, 0), a);
    user_check(mm, a, 2, 1);
    assert_int_equal(user_read(mm, a + pages(2), &v), 0);
    assert_int_equal(v, 0);
    assert_int_equal(mm->nr_areas, 1);
    mm_put_user(mm);
}

static void what_stays_mapped_is_empty(void **state)
{
    struct mm *mm = process();
    u64 a = user_area(mm, 8), v;
    s64 b;

    (void)state;
    user_fill(mm, a, 8, 1);
    b = mm_mremap(mm, a, pages(8), pages(8), MOVE | MREMAP_DONTUNMAP, 0);
    assert_true(b > 0 && (u64)b != a);
    user_check(mm, (u64)b, 8, 1);
    assert_int_equal(user_read(mm, a, &v), 0);
    assert_int_equal(v, 0);
    user_fill(mm, a, 8, 100); /* the same family, the same indexes */
    mm_madvise(mm, (u64)b, pages(8), MADV_PAGEOUT);
    assert_int_equal(mm->rss, 8);
    mm_madvise(mm, a, pages(8), MADV_PAGEOUT);
    assert_int_equal(mm->rss, 0);
    user_check(mm, (u64)b, 8, 1);
    user_check(mm, a, 8, 100);
    mm_put_user(mm);
}

static void length_0_shows_it_once_more(void **state)
{
    struct mapping *m = mapping_create("test");
    struct mm *mm = process();
    u64 a;
    s64 b;

    (void)state;
    assert_int_equal(mapping_set_size(m, pages(6)), 0);
    a = (u64)mm_mmap(mm, 0, pages(6), RW, MAP_SHARED, m, 0);
    user_fill(mm, a, 6, 1);
    b = mm_mremap(mm, a + pages(2), 0, pages(4), MOVE, 0);
    assert_true(b > 0);
    user_check(mm, (u64)b, 4, 3);
    user_fill(mm, (u64)b, 4, 50);
    user_check(mm, a + pages(2), 4, 50);
    mm_madvise(mm, a, pages(6), MADV_PAGEOUT);
    assert_int_equal(mm->rss, 0);
    user_check(mm, (u64)b, 4, 50);
    mm_put_user(mm);
    mapping_put(m);
}

static struct pin_set pins;
static struct mm *moving;
static u64 moving_at;

static void remap_it(void *arg)
{
    (void)arg;
    moving_at = move(moving, moving_at, 1, 1);
}

/* While the page waits for a device, its migration entry moves. */
static bool remap_and_end(void)
{
    if (!pins.pages)
        return false;
    host_as_other(remap_it, NULL);
    unpin_user_pages(&pins, true);
    return true;
}

static void a_migration_entry_moves_too(void **state)
{
    struct user_range r;
    struct page *page;
    u64 at;

    (void)state;
    moving = process();
    moving_at = at = user_area(moving, 1);
    user_fill(moving, at, 1, 7);
    r = (struct user_range){at, 512};
    assert_int_equal(pin_user_pages(&pins, moving, &r, 1, true, "raw read"), 0);
    page = user_page(moving, at);
    assert_true(lru_isolate(page));
    host_event = remap_and_end;
    if (migrate_page(page, MOVE_WAIT, NULL))
        lru_putback(page); /* ptepin: refused, or not while it was pinned */
    if (pins.pages)
        assert_true(remap_and_end());
    assert_int_not_equal(moving_at, at);
    user_check(moving, moving_at, 1, 7);
    mm_madvise(moving, moving_at, PAGE_SIZE, MADV_PAGEOUT);
    assert_int_equal(moving->rss, 0);
    mm_put_user(moving);
}

static void bad_requests_lose_nothing(void **state)
{
    const u64 fixed = MOVE | MREMAP_FIXED, dont = MOVE | MREMAP_DONTUNMAP;
    struct mm *mm = process();
    u64 a, p4 = pages(4), gap;

    (void)state;
    a = (u64)mm_mmap(mm, FREE_PLACE, p4, RW, MAP_PRIVATE | MAP_ANONYMOUS, NULL,
                     0);
    gap = a + pages(8);
    (void)mm_mmap(mm, gap, p4, RW, MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0);
    user_fill(mm, a, 4, 1);
    assert_int_equal(mm_mremap(mm, a, p4, p4, 8, 0), -EINVAL);
    assert_int_equal(mm_mremap(mm, a, p4, p4, MREMAP_FIXED, gap), -EINVAL);
    assert_int_equal(mm_mremap(mm, a, p4, 2 * p4, dont, 0), -EINVAL);
    assert_int_equal(mm_mremap(mm, a + 1, p4, p4, MOVE, 0), -EINVAL);
    assert_int_equal(mm_mremap(mm, a, p4, 0, MOVE, 0), -EINVAL);
    assert_int_equal(mm_mremap(mm, a, 0, p4, MOVE, 0), -EINVAL);
    assert_int_equal(mm_mremap(mm, a + p4, p4, p4, MOVE, 0), -EFAULT);
    assert_int_equal(mm_mremap(mm, a, 2 * p4, 3 * p4, MOVE, 0), -EFAULT);
    assert_int_equal(mm_mremap(mm, a, p4, 4 * p4, 0, 0), -ENOMEM);
    assert_int_equal(mm_mremap(mm, a, p4, 1ull << 50, MOVE, 0), -ENOMEM);
    assert_int_equal(mm_mremap(mm, a, p4, p4, fixed, gap + 1), -EINVAL);
    assert_int_equal(mm_mremap(mm, a, p4, p4, fixed, a + PAGE_SIZE), -EINVAL);
    assert_int_equal(mm_mremap(mm, a, p4, p4, fixed, USER_END), -EINVAL);
    assert_int_equal(mm_mremap(mm, a, ~0ull << 12, p4, fixed, a + pages(99)),
                     -EINVAL);
    assert_int_equal(mm_mremap(mm, a, ~0ull << 12, p4, 0, 0), -EINVAL);
    assert_int_equal(mm_mremap(mm, a, p4, p4, 0, 0), a);
    user_check(mm, a, 4, 1);
    assert_int_equal(mm->nr_areas, 2);
    mm_put_user(mm);
}

/* ---- random moves against a model ---- */

#define CHUNKS  6
#define SLOTS   4  /* places of each chunk */
#define LONGEST 40 /* pages of a chunk */

static struct chunk {
    u64 slot, len;
    u64 word[LONGEST];
} chunks[CHUNKS];

/* The places of two chunks share page tables, at odd distances. */
static u64 slot_at(unsigned i, u64 slot)
{
    return FREE_PLACE + pages((slot * CHUNKS + i) * 97);
}

static u64 at(unsigned i)
{
    return slot_at(i, chunks[i].slot);
}

static u64 below(u64 n)
{
    return (u64)rand() % n;
}

static void resize(struct mm *mm, unsigned i, u64 len)
{
    struct chunk *c = &chunks[i];

    assert_int_equal(mm_mremap(mm, at(i), pages(c->len), pages(len), 0, 0),
                     at(i));
    for (; c->len < len; c->len++)
        c->word[c->len] = 0;
    c->len = len;
}

static void move_chunk(struct mm *mm, unsigned i, bool leave)
{
    u64 flags = MOVE | MREMAP_FIXED | (leave ? MREMAP_DONTUNMAP : 0);
    struct chunk *c = &chunks[i];
    u64 len = pages(c->len), old = at(i), v = 1;

    c->slot = (c->slot + 1 + below(SLOTS - 1)) % SLOTS;
    assert_int_equal(mm_mremap(mm, old, len, len, flags, at(i)), at(i));
    if (!leave)
        return;
    assert_int_equal(user_read(mm, old, &v), 0);
    assert_int_equal(v, 0);
    assert_int_equal(user_write(mm, old, 1), 0);
    assert_int_equal(mm_munmap(mm, old, len), 0);
}

static void migrate_one(struct mm *mm, u64 addr)
{
    struct page *page = user_page(mm, addr);

    if (!page || !page_is_user(page) || !lru_isolate(page))
        return;
    if (migrate_page(page, MOVE_NOW, NULL))
        lru_putback(page);
}

static void replace_by_child(struct mm **mm)
{
    struct mm *child = mm_fork(*mm);

    assert_non_null(child);
    mm_put_user(*mm);
    *mm = child;
}

static void one_step(struct mm **mm)
{
    unsigned i = (unsigned)below(CHUNKS);
    struct chunk *c = &chunks[i];
    u64 n = below(c->len);

    switch (below(12)) {
    case 0:
        mm_madvise(*mm, at(i), pages(c->len), MADV_PAGEOUT);
        break;
    case 1:
        replace_by_child(mm);
        break;
    case 2:
        move_chunk(*mm, i, below(2));
        break;
    case 3:
        resize(*mm, i, 1 + below(LONGEST));
        break;
    case 4:
        migrate_one(*mm, at(i) + pages(n));
        break;
    case 5:
        mm_madvise(*mm, at(i) + pages(n), PAGE_SIZE, MADV_DONTNEED);
        c->word[n] = 0;
        break;
    case 6:
        assert_int_equal(mm_mlock(*mm, at(i) + pages(n), PAGE_SIZE, false), 0);
        assert_int_equal(mm_munlock(*mm, at(i), pages(c->len)), 0);
        break;
    default:
        c->word[n] = (u64)rand();
        assert_int_equal(user_write(*mm, at(i) + pages(n), c->word[n]), 0);
    }
}

static void random_moves_agree_with_a_model(void **state)
{
    const char *given = getenv("SEED");
    unsigned seed = given ? (unsigned)atoi(given) : (unsigned)getpid();
    struct mm *mm = process();
    u64 v;

    (void)state;
    printf("random moves: seed %u (SEED= repeats it)\n", seed);
    srand(seed);
    memset(chunks, 0, sizeof(chunks));
    for (unsigned i = 0; i < CHUNKS; i++) {
        chunks[i].len = LONGEST;
        (void)mm_mmap(mm, at(i), pages(LONGEST), RW,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0);
    }
    for (unsigned step = 0; step < 3000; step++) {
        unsigned i = (unsigned)below(CHUNKS);
        u64 n = below(chunks[i].len);

        one_step(&mm);
        if (n < chunks[i].len) {
            assert_int_equal(user_read(mm, at(i) + pages(n), &v), 0);
            assert_int_equal(v, chunks[i].word[n]);
        }
    }
    mm_put_user(mm);
}

/* However large an area is, pt_lock is held for a table of it at a time. */
static void long_walks_let_others_in(void **state)
{
    enum { TABLES = 6 };
    struct mm *mm = process();
    u64 a = user_area(mm, TABLES * PT_ENTRIES);
    unsigned long before;

    (void)state;
    for (u64 i = 0; i < TABLES; i++)
        user_fill(mm, a + pages(i * PT_ENTRIES), 1, i);
    before = host_spins;
    assert_int_equal(mm_mprotect(mm, a, pages(TABLES * PT_ENTRIES), PROT_READ),
                     0);
    assert_true(host_spins - before >= TABLES);
    mm_put_user(mm);
}

int run_remap_tests(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(entries_move_as_they_are),
        TEST(pieces_of_moved_areas_are_found),
        TEST(areas_grow_and_shrink_in_place),
        TEST(what_stays_mapped_is_empty),
        TEST(length_0_shows_it_once_more),
        TEST(a_migration_entry_moves_too),
        TEST(bad_requests_lose_nothing),
        TEST(long_walks_let_others_in),
        TEST(random_moves_agree_with_a_model),
    };

    return RUN_TESTS("remap", tests);
}
