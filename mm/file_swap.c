/* SPDX-License-Identifier: MIT */
/*
 * Pages of files: to swap and back, and from one frame to another.
 *
 * The file owns a page by its place. When the page goes out, the place turns
 * from a reference into a swap entry, as a page-table entry does; whoever
 * looks for the page brings it back to its place, and lets go of the slot.
 * Page-table entries of a file's page just go: the next fault finds the page
 * by its place. So no page is in its file and in the swap cache at once, and
 * no process owns it: the file does, once, and nobody copies it on write.
 *
 *   look-up                     mapping_to_swap, mapping_replace
 *   -------                     --------------------------------
 *   lock places                 lock places
 *   a page there: refs + 1      refs == file + (cache) + mine, not mapped?
 *   unlock places               then another one is in the place
 *                               unlock places
 *
 * Either the look-up's reference is counted and the page stays, or the look-up
 * finds what is there instead.
 */
#include <mm/event.h>
#include <mm/filemap.h>
#include <mm/swap_private.h>
#include <kernel/errno.h>
#include <kernel/print.h>
#include <kernel/wait.h>

#define FILE_REF 1 /* the place's */

int mapping_to_swap(struct page *page, int mine)
{
    struct mapping *m = page->mapping;
    const int cache = 1;
    place_t *place;
    bool ok;
    int err;

    ASSERT(page_locked(page) && page_in_file(page));
    err = swap_cache_add(page);
    if (err)
        return err;
    spin_lock(&m->places_lock);
    place = mapping_place(m, page->index);
    ok = *place == (place_t)page && page_mapcount(page) == 0 &&
         page_refs(page) == FILE_REF + cache + mine &&
         swap_dup(page->private) == 0;
    if (ok) {
        *place = place_of_swp(page->private);
        page->mapping = NULL;
        m->nr_pages--;
        m->nr_swapped++;
    }
    spin_unlock(&m->places_lock);
    if (!ok) {
        swap_try_free(page); /* the slot was for this try only */
        return -EAGAIN;
    }
    mm_event("file.out", page, "index=%llu", (unsigned long long)page->index);
    put_page(page);
    return 0;
}

/* Which slot does the place mean? False: none. */
static bool find_slot(struct mapping *m, u64 index, swp_t *s)
{
    place_t *place;
    bool swapped;

    spin_lock(&m->places_lock);
    place = mapping_place(m, index);
    swapped = place && place_is_swap(*place);
    if (swapped)
        *s = place_swp(*place);
    spin_unlock(&m->places_lock);
    return swapped;
}

/* The page of slot s becomes the file's again. Page locked. */
static void come_back(struct mapping *m, u64 index, struct page *page, swp_t s)
{
    place_t *place;
    bool ok;

    spin_lock(&m->places_lock);
    place = mapping_place(m, index);
    ok = place && *place == place_of_swp(s); /* not cut meanwhile */
    if (ok) {
        get_page(page); /* the place's: up, before the slot's count is down */
        page->use = PAGE_FILE;
        page->mapping = m;
        page->index = index;
        *place = (place_t)page;
        m->nr_pages++;
        m->nr_swapped--;
    }
    spin_unlock(&m->places_lock);
    if (!ok)
        return;
    mm_event("file.in", page, "index=%llu", (unsigned long long)index);
    swap_free(s);
    swap_try_free(page); /* dirty again: memory has its only copy */
}

/* The page of s is in the cache, as a rule, and was neither locked nor being
   written a moment ago. 0: look again. */
static int take_from_cache(struct mapping *m, u64 index, swp_t s)
{
    struct page *page = swap_cache_get(s);
    int err = 0;

    if (!page)
        return 0;
    if (trylock_page(page)) {
        if (page_flag(page, PG_SWAPCACHE) && page->private == s &&
            !page_flag(page, PG_WRITEBACK)) {
            if (page_flag(page, PG_UPTODATE))
                come_back(m, index, page, s);
            else
                err = -EIO;
        }
        unlock_page(page);
    }
    put_page(page);
    return err;
}

/* As swap_wait_quiet, but only a fatal signal ends it: a fault cannot fail
   because some signal is pending. */
static int wait_quiet(swp_t s)
{
    struct page *page = swap_cache_busy(s, true);

    if (!page)
        return 0;
    return wait_event_killable(page_waitq(page),
                               swap_cache_busy(s, true) != page);
}

int mapping_bring_in(struct mapping *m, u64 index, enum alloc_flags how)
{
    swp_t s;
    int err = 0;

    while (!err && find_slot(m, index, &s)) {
        struct page *page;

        err = swap_read_how(s, how, &page);
        if (err == -EAGAIN) { /* the place means it no more */
            err = 0;
            continue;
        }
        if (err)
            break;
        put_page(page); /* not while we sleep: see swap_cache_busy */
        swap_read_around(s);
        err = wait_quiet(s);
        if (!err)
            err = take_from_cache(m, index, s);
    }
    return err;
}

bool mapping_lost(struct page *page)
{
    struct mapping *m = page->mapping;
    bool lost;

    if (!page_in_file(page))
        return false;
    spin_lock(&m->places_lock);
    lost = *mapping_place(m, page->index) != (place_t)page;
    spin_unlock(&m->places_lock);
    return lost;
}

int mapping_replace(struct page *old, struct page *new, int mine,
                    void (*copy)(struct page *new, struct page *old))
{
    struct mapping *m = old->mapping;
    place_t *place;
    int err = -EAGAIN;

    ASSERT(page_locked(old) && page_locked(new) && page_in_file(old));
    spin_lock(&m->places_lock);
    place = mapping_place(m, old->index);
    if (*place != (place_t)old) {
        err = -ENOENT;
    } else if (page_mapcount(old) == 0 && page_refs(old) == FILE_REF + mine) {
        err = 0;
        /* Before anybody can find it: a look-up asks for no lock. */
        copy(new, old);
        get_page(new);
        new->use = PAGE_FILE;
        new->mapping = m;
        new->index = old->index;
        *place = (place_t) new;
    }
    spin_unlock(&m->places_lock);
    if (!err)
        put_page(old);
    return err;
}
