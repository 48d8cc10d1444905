/* SPDX-License-Identifier: MIT */
/*
 * Races, each forced: a test acts as the other thread while mm/ passes one of
 * its named points (kernel/testpoint.h). No chance, no delay.
 */
#include "standins.h"
#include "unit.h"
#include <string.h>
#include <mm/filemap.h>
#include <mm/migrate.h>
#include <mm/page.h>
#include <mm/reclaim.h>
#include <mm/removal_private.h>
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
    if (!at.name || strcmp(name, at.name))
        return;
    at.name = NULL;
    host_as_other(at.act, at.arg);
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

/* A parent and its child, and an address at which both have the page. */
struct two {
    struct mm *parent, *child;
    u64 a;
    struct page *page;
    int result;
};

static struct two family(u64 value)
{
    struct two t = {.parent = process()};

    t.a = user_area(t.parent, 1);
    user_fill(t.parent, t.a, 1, value);
    t.child = mm_fork(t.parent);
    assert_non_null(t.child);
    t.page = user_page(t.parent, t.a);
    return t;
}

static void end_family(struct two *t)
{
    mm_put_user(t->child);
    mm_put_user(t->parent);
}

static void out(struct mm *mm, u64 a)
{
    assert_int_equal(mm_madvise(mm, a, PAGE_SIZE, MADV_PAGEOUT), 0);
    assert_null(user_page(mm, a));
}

static void out_and_in(struct mm *mm, u64 a)
{
    u64 v;

    out(mm, a);
    assert_int_equal(user_read(mm, a, &v), 0);
}

/* ---- owners ---- */

/* Both own the page, wherever they are counted. */
static void look_at_sum(void *arg)
{
    struct two *t = arg;

    t->result = page_mapcount(t->page) + page_swapcount(t->page);
}

/* mm/page.h: up before down. Who is not under the page lock may see an owner
   twice, and never none. */
static void no_owner_is_missed_on_the_way_out(void **state)
{
    struct two t = family(7);

    (void)state;
    meanwhile("unmap.between_counts", look_at_sum, &t);
    out(t.parent, t.a);
    it_happened();
    assert_true(t.result >= 2);
    end_family(&t);
}

static void no_owner_is_missed_on_the_way_in(void **state)
{
    struct two t = family(7);
    u64 v;

    (void)state;
    out_and_in(t.child, t.a);
    t.page = user_page(t.child, t.a);
    meanwhile("swapin.between_counts", look_at_sum, &t);
    assert_int_equal(user_read(t.parent, t.a, &v), 0);
    it_happened();
    assert_true(t.result >= 2);
    end_family(&t);
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
    struct two t = family(7);
    u64 v;

    (void)state;
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

/*
 * The parent's other thread gets a copy, and the child, now the one owner,
 * keeps the page; then, swap having been off and on, the copy goes out first:
 * to the slot that was the page's.
 */
static void slots_change_hands(void *arg)
{
    struct two *t = arg;

    assert_int_equal(user_write(t->parent, t->a, 1), 0);
    assert_int_equal(user_write(t->child, t->a, 2), 0);
    assert_int_equal(swap_off(&host_disk), 0);
    assert_int_equal(swap_on(&host_disk, -1), 0);
    out(t->parent, t->a);
    out(t->child, t->a);
}

/* "mm: further fix swapin race condition", Linux 2.6.36. */
static void a_page_that_has_another_slot_by_now(void **state)
{
    struct two t;
    u64 v;

    (void)state;
    assert_int_equal(swap_off(&host_disk), 0);
    assert_int_equal(swap_on(&host_disk, -1), 0); /* its first slot is next */
    t = family(7);
    out(t.parent, t.a);
    meanwhile("swapin.found", slots_change_hands, &t);
    assert_int_equal(user_read(t.parent, t.a, &v), 0);
    it_happened();
    assert_int_equal(v, 1);
    user_check(t.child, t.a, 1, 2);
    end_family(&t);
}

static void take_it_away(void *arg)
{
    struct two *t = arg;

    assert_int_equal(mm_madvise(t->parent, t->a, PAGE_SIZE, MADV_DONTNEED), 0);
}

/* The page left the cache as it was mapped, swap being short: the entry's
   reference is its only one. */
static void an_entry_that_goes_as_it_has_come(void **state)
{
    const unsigned many = 2200; /* more than half of the slots */
    struct two t = {.parent = process()};
    u64 v;

    (void)state;
    t.a = user_area(t.parent, many);
    for (unsigned i = 0; i < many; i++) {
        user_fill(t.parent, t.a + i * PAGE_SIZE, 1, i + 1);
        out(t.parent, t.a + i * PAGE_SIZE);
    }
    assert_true(swap_mostly_full());
    meanwhile("swapin.mapped", take_it_away, &t);
    assert_int_equal(user_read(t.parent, t.a, &v), 0);
    it_happened();
    assert_int_equal(v, 0);
    mm_put_user(t.parent);
}

/* ---- moving ---- */

static int move_now(struct page *page)
{
    int err = lru_isolate(page) ? migrate_page(page, MOVE_NOW, NULL) : -EBUSY;

    if (err && err != -EBUSY)
        lru_putback(page);
    return err;
}

static void fork_it(void *arg)
{
    struct two *t = arg;

    t->child = mm_fork(t->parent);
    assert_non_null(t->child);
}

/* fork meets the writable entry of a page that is being moved. */
static void a_child_of_a_moving_page(void **state)
{
    struct two t = {.parent = process()};

    (void)state;
    t.a = user_area(t.parent, 1);
    user_fill(t.parent, t.a, 1, 7);
    meanwhile("migrate.unmapped", fork_it, &t);
    assert_int_equal(move_now(user_page(t.parent, t.a)), 0);
    it_happened();
    assert_ptr_equal(user_page(t.child, t.a), user_page(t.parent, t.a));
    user_fill(t.parent, t.a, 1, 8);
    user_check(t.child, t.a, 1, 7);
    user_fill(t.child, t.a, 1, 9);
    user_check(t.parent, t.a, 1, 8);
    end_family(&t);
}

static void look_it_up(void *arg)
{
    struct two *t = arg;

    t->page = swap_cache_get(t->page->private);
    assert_non_null(t->page);
}

/* A look-up that came after the references had drained is seen. */
static void a_move_meets_a_look_up(void **state)
{
    struct two t = family(7);
    struct page *page = t.page;

    (void)state;
    out_and_in(t.parent, t.a);
    meanwhile("migrate.drained", look_it_up, &t);
    assert_int_equal(move_now(page), -EAGAIN);
    it_happened();
    assert_ptr_equal(user_page(t.parent, t.a), page);
    put_page(t.page);
    user_check(t.parent, t.a, 1, 7);
    end_family(&t);
}

struct file {
    struct mapping *m;
    struct mm *mm;
    u64 a;
    struct page *page;
    int result;
};

static struct file file_of(u64 value, u32 how)
{
    struct file f = {.m = mapping_create("test"), .mm = process()};

    assert_int_equal(mapping_write(f.m, 0, &value, sizeof(value)),
                     sizeof(value));
    f.a = (u64)mm_mmap(f.mm, 0, PAGE_SIZE, RW, how, f.m, 0);
    return f;
}

static void end_file(struct file *f)
{
    mm_put_user(f->mm);
    mapping_put(f->m);
}

static void look_up_in_file(void *arg)
{
    struct file *f = arg;

    assert_int_equal(mapping_find(f->m, 0, &f->page), 0);
}

static void a_move_meets_a_look_up_in_the_file(void **state)
{
    struct file f = file_of(7, MAP_SHARED);
    struct page *page;

    (void)state;
    user_check(f.mm, f.a, 1, 7);
    page = user_page(f.mm, f.a);
    meanwhile("migrate.drained", look_up_in_file, &f);
    assert_int_equal(move_now(page), -EAGAIN);
    it_happened();
    assert_ptr_equal(f.page, page);
    put_page(f.page);
    user_check(f.mm, f.a, 1, 7);
    end_file(&f);
}

static void try_to_move(void *arg)
{
    struct two *t = arg;

    t->result = move_now(t->page);
}

/* An entry has gone, and its owner is still counted: the page is mapped. */
static void a_move_meets_an_unmap(void **state)
{
    struct two t = family(7);

    (void)state;
    meanwhile("zap.flushed", try_to_move, &t);
    mm_put_user(t.child);
    it_happened();
    assert_int_equal(t.result, -EAGAIN);
    assert_ptr_equal(user_page(t.parent, t.a), t.page);
    user_check(t.parent, t.a, 1, 7);
    mm_put_user(t.parent);
}

static void try_to_isolate(void *arg)
{
    struct two *t = arg;

    t->result = lru_isolate(t->page);
}

/* mm/lru.c: a page without references is left where it is. */
static void nobody_isolates_a_page_that_is_being_freed(void **state)
{
    struct two t = {.parent = process()};

    (void)state;
    t.a = user_area(t.parent, 1);
    user_fill(t.parent, t.a, 1, 7);
    t.page = user_page(t.parent, t.a);
    t.result = -1;
    meanwhile("page.free", try_to_isolate, &t);
    assert_int_equal(mm_madvise(t.parent, t.a, PAGE_SIZE, MADV_DONTNEED), 0);
    it_happened();
    assert_int_equal(t.result, 0);
    mm_put_user(t.parent);
}

/* ---- writing out ---- */

static void write_again(void *arg)
{
    struct two *t = arg;

    assert_int_equal(user_write(t->parent, t->a, 8), 0);
}

/* mm/swap_io.c: from the moment that the page is unlocked it can be written to
   again, and is dirty then, whatever the disk has. */
static void a_write_while_it_is_written_out(void **state)
{
    struct two t = {.parent = process()};

    (void)state;
    t.a = user_area(t.parent, 1);
    user_fill(t.parent, t.a, 1, 7);
    out_and_in(t.parent, t.a);
    user_fill(t.parent, t.a, 1, 6);
    meanwhile("swap.unlocked", write_again, &t);
    assert_int_equal(mm_madvise(t.parent, t.a, PAGE_SIZE, MADV_PAGEOUT), 0);
    it_happened();
    user_check(t.parent, t.a, 1, 8);
    t.page = user_page(t.parent, t.a);
    assert_true(page_flag(t.page, PG_DIRTY));
    out_and_in(t.parent, t.a);
    user_check(t.parent, t.a, 1, 8);
    mm_put_user(t.parent);
}

/* ---- files that are cut ---- */

static void cut_it(void *arg)
{
    struct file *f = arg;

    assert_int_equal(mapping_set_size(f->m, 0), 0);
}

/* A private copy is not made of a page that its file has given up. */
static void a_copy_of_what_was_cut(void **state)
{
    struct file f = file_of(7, MAP_PRIVATE);

    (void)state;
    meanwhile("file.found", cut_it, &f);
    assert_int_equal(user_write(f.mm, f.a, 8), FAULT_BUS);
    it_happened();
    assert_null(user_page(f.mm, f.a));
    end_file(&f);
}

/* Nor is a hole filled beyond the file's end. */
static void a_hole_in_what_was_cut(void **state)
{
    struct file f = file_of(7, MAP_SHARED);
    u64 v;

    (void)state;
    assert_int_equal(mapping_punch(f.m, 0, PAGE_SIZE), 0);
    meanwhile("file.hole", cut_it, &f);
    assert_int_equal(user_read(f.mm, f.a, &v), FAULT_BUS);
    it_happened();
    assert_int_equal(f.m->nr_pages, 0);
    end_file(&f);
}

static void read_it(void *arg)
{
    struct file *f = arg;

    user_check(f->mm, f->a, 1, 7);
}

static void seal_it(void *arg)
{
    struct file *f = arg;

    assert_int_equal(mm_munmap(f->mm, f->a, PAGE_SIZE), 0);
    f->result = mapping_add_seals(f->m, SEAL_WRITE);
}

/* mm/seal.c: what is sealed does not change any more, by MADV_REMOVE either. */
static void a_seal_during_madv_remove(void **state)
{
    struct file f = file_of(7, MAP_SHARED);

    (void)state;
    f.m->seals = 0;
    meanwhile("file.unmapped", seal_it, &f);
    assert_int_equal(mm_madvise(f.mm, f.a, PAGE_SIZE, MADV_REMOVE), 0);
    it_happened();
    assert_int_equal(f.result, -EBUSY);
    assert_int_equal(mapping_add_seals(f.m, SEAL_WRITE), 0);
    end_file(&f);
}

/* The DIMM on which the page lay leaves, struct pages and all. */
static void cut_it_and_take_its_memory(void *arg)
{
    struct removal r;

    cut_it(arg);
    removal_defaults(&r, DIMM_FIRST, DIMM_COUNT);
    assert_int_equal(memory_remove_dimm(&r), 0);
}

/* mm/page.c: who unlocks a page does not touch it afterwards. */
static void a_page_that_goes_when_it_is_unlocked(void **state)
{
    const u64 base = (u64)DIMM_FIRST << SECTION_SHIFT;
    struct file f = file_of(7, MAP_SHARED);
    u64 v;

    (void)state;
    assert_int_equal(mapping_find(f.m, 0, &f.page), 0);
    put_page(f.page);
    assert_true(f.page->section >= DIMM_FIRST);
    meanwhile("page.unlocked", cut_it_and_take_its_memory, &f);
    assert_int_equal(user_read(f.mm, f.a, &v), FAULT_BUS);
    it_happened();
    end_file(&f);
    assert_int_equal(memory_add_dimm(0, base, (u64)DIMM_COUNT << SECTION_SHIFT),
                     0);
}

/* ---- waiting for a page to be moved ---- */

static bool only_once(void *arg)
{
    return !(*(int *)arg)++;
}

/* Who comes between two looks would be waited for without a limit. */
static void a_wait_with_a_limit_looks_once(void **state)
{
    struct removal r;
    int looks = 0;

    (void)state;
    removal_defaults(&r, DIMM_FIRST, 1);
    assert_int_equal(
        removal_wait_until(&r, 1, &removal_waitq, only_once, &looks), 0);
    assert_int_equal(looks, 1);
}

/* A fault maps the page once more before it leaves its file. */
static void a_fault_between_unmapping_and_cutting(void **state)
{
    struct file f = file_of(7, MAP_SHARED);

    (void)state;
    meanwhile("file.unmapped", read_it, &f);
    assert_int_equal(mapping_punch(f.m, 0, PAGE_SIZE), 0);
    it_happened();
    user_check(f.mm, f.a, 1, 0);
    end_file(&f);
}

int run_race_tests(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(no_owner_is_missed_on_the_way_out),
        TEST(no_owner_is_missed_on_the_way_in),
        TEST(a_copy_that_comes_too_late),
        TEST(a_page_that_has_another_slot_by_now),
        TEST(an_entry_that_goes_as_it_has_come),
        TEST(a_child_of_a_moving_page),
        TEST(a_move_meets_a_look_up),
        TEST(a_move_meets_a_look_up_in_the_file),
        TEST(a_move_meets_an_unmap),
        TEST(nobody_isolates_a_page_that_is_being_freed),
        TEST(a_write_while_it_is_written_out),
        TEST(a_copy_of_what_was_cut),
        TEST(a_hole_in_what_was_cut),
        TEST(a_fault_between_unmapping_and_cutting),
        TEST(a_seal_during_madv_remove),
        TEST(a_page_that_goes_when_it_is_unlocked),
        TEST(a_wait_with_a_limit_looks_once),
    };

    return RUN_TESTS("races", tests);
}
