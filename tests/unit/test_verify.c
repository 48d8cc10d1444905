/* SPDX-License-Identifier: MIT */
/* mm_verify itself: faults that are planted, and what only looks like one. */
#include "unit.h"
#include <string.h>
#include <mm/filemap.h>
#include <mm/gup.h>
#include <mm/page.h>
#include <mm/reclaim.h>
#include <mm/rmap.h>
#include <mm/swap.h>
#include <mm/verify.h>
#include <mm/vma.h>

#define RW     (PROT_READ | PROT_WRITE)
#define LOST   "is looked for at "
#define STOLEN "belongs to another anon_vma"

static char said[8192];

static void listen(const char *line, void *arg)
{
    (void)arg;
    strncat(said, line, sizeof(said) - strlen(said) - 2);
    strcat(said, "\n");
}

/* So many mistakes, or -EAGAIN; and these words among what is told. */
static void finds(int mistakes, const char *words)
{
    int found;

    said[0] = 0;
    found = mm_verify(listen, NULL);
    if (found != mistakes || !strstr(said, words))
        fail_msg("wanted %d and \"%s\", found %d:\n%s", mistakes, words, found,
                 said);
}

/* One area, with a family and pages. */
static struct vma *filled(struct mm *mm, unsigned pages)
{
    u64 a = user_area(mm, pages);

    user_fill(mm, a, pages, 7);
    return vma_find(mm, a);
}

static void set_indexes(struct vma *vma, u64 first)
{
    for (u64 i = 0; i < vma_pages(vma); i++)
        user_page(vma->mm, vma->start + i * PAGE_SIZE)->index = first + i;
    vma->pgoff = first;
}

/* What growth below index 0 leaves: each page agrees with its area, and the
   reverse map finds none of those from index 0 on. */
static void pages_behind_a_wrapped_index(void **state)
{
    struct mm *mm = process();
    struct vma *vma = filled(mm, 4);
    u64 pgoff = vma->pgoff;

    (void)state;
    set_indexes(vma, -2ull);
    finds(3, LOST "0x0");
    assert_non_null(strstr(said, "has indexes beyond the last number"));
    set_indexes(vma, pgoff);
    mm_put_user(mm);
}

static void each_step_of_the_way_back(void **state)
{
    struct mm *mm = process();
    struct vma *vma = filled(mm, 3), *other;
    struct page *page = user_page(mm, vma->start + PAGE_SIZE);
    struct anon_vma *family = page->anon_vma;

    (void)state;
    page->index++;
    finds(1, LOST);
    page->index--;
    other = vma_find(mm, (u64)mm_mmap(mm, 0x10000000000, PAGE_SIZE, RW,
                                      MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0));
    user_fill(mm, other->start, 1, 7);
    page->anon_vma = other->anon;
    finds(1, STOLEN);
    page->anon_vma = family;
    list_del(&vma->anon_node);
    finds(1, "is not on its anon_vma's list");
    list_add_tail(&vma->anon_node, &other->anon->vmas);
    finds(2, "is on the list of another anon_vma");
    list_del(&vma->anon_node);
    list_add_tail(&vma->anon_node, &family->vmas);
    mm_put_user(mm);
}

/* Present in one process, a swap entry in the other. */
static void swap_entries_lead_back(void **state)
{
    struct mm *p = process(), *c;
    struct vma *vma = filled(p, 1);
    struct page *page;

    (void)state;
    mm_madvise(p, vma->start, PAGE_SIZE, MADV_PAGEOUT);
    c = mm_fork(p);
    user_check(p, vma->start, 1, 7);
    page = user_page(p, vma->start);
    page->index++;
    finds(2, LOST);
    page->index--;
    mm_put_user(p);
    page->index--;
    finds(1, LOST);
    page->index++;
    mm_put_user(c);
}

static void migration_entries_lead_back(void **state)
{
    struct mm *mm = process();
    struct vma *vma = filled(mm, 1);
    struct page *page = user_page(mm, vma->start);

    (void)state;
    assert_true(lru_get(page));
    page_set(page, PG_LOCKED); /* by the mover, who is another task */
    assert_int_equal(rmap_unmap(page, UNMAP_TO_MIGRATION, 1, false, NULL), 0);
    page->index++;
    /* Nothing is being removed: the entry and our reference are others. */
    finds(3, LOST);
    page->index--;
    rmap_restore(page, page);
    unlock_page(page);
    put_page(page);
    mm_put_user(mm);
}

static void pages_of_files_lead_back(void **state)
{
    struct mapping *m = mapping_create("test");
    struct mm *mm = process();
    struct vma *vma;
    u64 a;

    (void)state;
    assert_int_equal(mapping_set_size(m, 4 * PAGE_SIZE), 0);
    a = (u64)mm_mmap(mm, 0, 4 * PAGE_SIZE, RW, MAP_SHARED, m, 0);
    user_fill(mm, a, 2, 7);
    vma = vma_find(mm, a);
    vma->pgoff++;
    finds(2, LOST);
    vma->pgoff--;
    list_del(&vma->file_node);
    finds(2, "is not on its file's list"); /* and a writer is missing */
    list_add_tail(&vma->file_node, &m->areas);
    mm_put_user(mm);
    mapping_put(m);
}

static void entries_are_in_areas(void **state)
{
    struct mm *mm = process();
    struct vma *vma = filled(mm, 3);

    (void)state;
    vma->end -= PAGE_SIZE;
    finds(1, "is in no area, and not empty");
    vma->end += PAGE_SIZE;
    mm_put_user(mm);
}

/* All are counted, some are described. */
static void many_mistakes(void **state)
{
    struct mm *mm = process();
    struct vma *vma = filled(mm, 600);

    (void)state;
    for (u64 i = 0; i < 600; i++)
        get_page(user_page(mm, vma->start + i * PAGE_SIZE));
    finds(600, "and 568 more\n");
    for (u64 i = 0; i < 600; i++)
        put_page(user_page(mm, vma->start + i * PAGE_SIZE));
    mm_put_user(mm);
}

/* Unwritten memory may be pinned for reading: the zero page is. */
static void the_zero_page_may_be_pinned(void **state)
{
    struct mm *mm = process();
    struct user_range r = {user_area(mm, 1), 512};
    struct pin_set pins;
    struct page *zero;

    (void)state;
    assert_int_equal(pin_user_pages(&pins, mm, &r, 1, false, "raw write"), 0);
    finds(0, " 1 pins, ");
    zero = pins.pages[0];
    assert_int_equal(zero->use, PAGE_ZERO);
    get_page(zero);
    finds(1, "(zero): wrong refs");
    put_page(zero);
    unpin_user_pages(&pins, false);
    mm_put_user(mm);
}

/* ---- a machine at work ---- */

static struct page *busy_page;
static struct bio endless;

/* Between two walks the page gets one more reference. */
static void work_on(struct bio *bio)
{
    get_page(busy_page);
    if (page_refs(busy_page) < 60)
        bio_submit(bio);
}

static void figures_that_change_are_not_told(void **state)
{
    struct mm *mm = process();
    struct vma *vma = filled(mm, 2);
    struct bio_seg seg = {0, 0, SECTOR_SIZE};

    (void)state;
    busy_page = user_page(mm, vma->start);
    seg.pfn = page_to_pfn(user_page(mm, vma->start + PAGE_SIZE));
    endless = (struct bio){.op = BIO_WRITE,
                           .dev = &host_disk,
                           .segs = &seg,
                           .nr_segs = 1,
                           .end = work_on};
    get_page(busy_page);
    bio_submit(&endless);
    finds(-EAGAIN, "mm_verify: too busy to tell, ");
    while (host_disk_step())
        ;
    finds(1, "wrong refs; refs 60 (found 1)"); /* at rest again */
    while (page_refs(busy_page) > 1)
        put_page(busy_page);
    mm_put_user(mm);
}

/* Others may be half-way through anything for as long as they like; but what is
   under its locks is as it is. */
static void only_what_is_exact_is_told_while_others_run(void **state)
{
    struct mm *mm = process();
    struct vma *vma = filled(mm, 1);
    struct page *page = user_page(mm, vma->start);

    (void)state;
    host_runnable = 2;
    finds(0, "0 mistakes");
    get_page(page);
    finds(-EAGAIN, "too busy to tell of 1 more");
    page->index++;
    finds(1, LOST);
    page->index--;
    host_runnable = 1;
    finds(1, "wrong refs");
    put_page(page);
    mm_put_user(mm);
}

/* Reclaim, and whoever waits for it, hold pages while the disk writes. */
static void held_pages_are_not_told_while_the_disk_writes(void **state)
{
    struct mm *mm = process();
    struct vma *vma = filled(mm, 60);
    struct scan sc = {0};
    struct page *held = user_page(mm, vma->start);

    (void)state;
    get_page(held);
    for (unsigned i = 0; i < 4 && swap_writing() < 30; i++)
        for (unsigned z = 0; z < NR_ZONES; z++)
            reclaim_zone(z, 0, &sc);
    assert_true(swap_writing() >= 30); /* more than there are walks */
    finds(-EAGAIN, "too busy to tell of 1 more");
    while (host_disk_step())
        ;
    finds(1, "wrong refs");
    put_page(held);
    user_check(mm, vma->start, 60, 7);
    mm_put_user(mm);
}

int run_verify_tests(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(pages_behind_a_wrapped_index),
        TEST(each_step_of_the_way_back),
        TEST(swap_entries_lead_back),
        TEST(migration_entries_lead_back),
        TEST(pages_of_files_lead_back),
        TEST(entries_are_in_areas),
        TEST(many_mistakes),
        TEST(the_zero_page_may_be_pinned),
        TEST(figures_that_change_are_not_told),
        TEST(only_what_is_exact_is_told_while_others_run),
        TEST(held_pages_are_not_told_while_the_disk_writes),
    };

    return RUN_TESTS("mm_verify", tests);
}
