/* SPDX-License-Identifier: MIT */
/*
 * The places of a file in memory: an array of leaves of 512 places each; see
 * mm/filemap.h.
 *
 * Two locks. `lock`, which sleeps, is for those who change how long the file
 * is or fill a hole. `places_lock`, which spins, is for the places: a look-up
 * takes its reference under it, and whoever wants to take a page out of its
 * place, knowing all references, counts them under it. It is the swap cache's
 * argument (mm/swap_cache.c) once more.
 */
#include <mm/commit.h>
#include <mm/filemap.h>
#include <mm/init.h>
#include <mm/lockorder.h>
#include <mm/reclaim.h>
#include <mm/slab.h>
#include <mm/swap.h>
#include <mm/vma.h>
#include <kernel/errno.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/testpoint.h>
#include <kernel/wait.h>

#define MAX_LEAVES (1u << 18) /* 2 MiB of pointers: files up to 512 GiB */

static struct slab_cache mapping_cache;
static struct spinlock mappings_lock = SPINLOCK_INIT("mappings", RANK_MAPPINGS);
static struct list_head mappings = LIST_INIT(mappings); /* mappings_lock */

void filemap_init(void)
{
    slab_cache_init(&mapping_cache, "mapping", sizeof(struct mapping));
}

struct mapping *mapping_create(const char *name)
{
    static atomic64_t last;
    struct mapping *m = slab_zalloc(&mapping_cache, ALLOC_WAIT);

    if (!m)
        return NULL;
    mutex_init(&m->lock, "file size", RANK_FAULT_FILE);
    mutex_init(&m->areas_lock, "file areas", RANK_FILE_AREAS);
    spin_init(&m->places_lock, "file places", RANK_PLACES);
    list_init(&m->areas);
    atomic_set(&m->refs, 1);
    m->seals = SEAL_SEAL;
    m->nr = (u64)atomic_inc(&last);
    str_copy(m->name, name ? name : "", sizeof(m->name));
    spin_lock(&mappings_lock);
    list_add_tail(&m->node, &mappings);
    spin_unlock(&mappings_lock);
    return m;
}

int mapping_commit(struct mapping *m, u64 pages)
{
    int err = vm_enough_memory(NULL, pages);

    if (err)
        return err;
    vm_commit((s64)pages);
    m->committed += pages;
    return 0;
}

void mapping_get(struct mapping *m)
{
    atomic_inc(&m->refs);
}

struct mapping *mapping_next(struct mapping *prev)
{
    struct mapping *m, *found = NULL;
    struct list_head *at;

    spin_lock(&mappings_lock);
    at = prev ? prev->node.next : mappings.next;
    for (; at != &mappings && !found; at = at->next) {
        m = container_of(at, struct mapping, node);
        if (atomic_inc_not_zero(&m->refs))
            found = m;
    }
    spin_unlock(&mappings_lock);
    if (prev)
        mapping_put(prev);
    return found;
}

/* ---- places ---- */

place_t *mapping_place(struct mapping *m, u64 index)
{
    u64 i = index / FILEMAP_LEAF;

    if (i >= m->nr_leaves || !m->leaf[i])
        return NULL;
    return &m->leaf[i][index % FILEMAP_LEAF];
}

bool mapping_walk(struct mapping *m, u64 *index,
                  bool (*fn)(struct mapping *m, u64 index, place_t *place,
                             void *arg),
                  void *arg)
{
    bool go_on = true;

    spin_lock(&m->places_lock);
    while (go_on && *index / FILEMAP_LEAF < m->nr_leaves) {
        place_t *place = mapping_place(m, *index);

        if (!place) {
            *index = ROUND_DOWN(*index, FILEMAP_LEAF) + FILEMAP_LEAF;
        } else {
            go_on = !*place || fn(m, *index, place, arg);
            *index += go_on;
        }
        if (*index % FILEMAP_LEAF == 0) { /* let others in */
            spin_unlock(&m->places_lock);
            spin_lock(&m->places_lock);
        }
    }
    spin_unlock(&m->places_lock);
    return go_on;
}

/* Room for leaf `i` in the array of leaves. m->lock held. */
static int grow(struct mapping *m, u64 i)
{
    u64 max = m->nr_leaves ? m->nr_leaves : 1;
    place_t **bigger, **old = m->leaf;

    if (i < m->nr_leaves)
        return 0;
    if (i >= MAX_LEAVES)
        return -ENOMEM;
    while (max <= i)
        max *= 2;
    bigger = kzalloc(max * sizeof(*bigger), ALLOC_WAIT);
    if (!bigger)
        return -ENOMEM;
    spin_lock(&m->places_lock);
    if (m->nr_leaves)
        memcpy(bigger, old, m->nr_leaves * sizeof(*bigger));
    m->leaf = bigger;
    m->nr_leaves = max;
    spin_unlock(&m->places_lock);
    kfree(old);
    return 0;
}

/* A leaf for the place. m->lock held, so that nobody else makes it. */
static int make_room(struct mapping *m, u64 index)
{
    u64 i = index / FILEMAP_LEAF;
    place_t *leaf;

    if (grow(m, i))
        return -ENOMEM;
    if (m->leaf[i])
        return 0;
    leaf = kzalloc(FILEMAP_LEAF * sizeof(*leaf), ALLOC_WAIT);
    if (!leaf)
        return -ENOMEM;
    spin_lock(&m->places_lock);
    m->leaf[i] = leaf;
    spin_unlock(&m->places_lock);
    return 0;
}

int mapping_find(struct mapping *m, u64 index, struct page **out)
{
    place_t *place;
    int err = -ENOENT;

    *out = NULL;
    spin_lock(&m->places_lock);
    place = mapping_place(m, index);
    if (place && *place && place_is_swap(*place)) {
        err = -EAGAIN;
    } else if (place && *place) {
        *out = place_page(*place);
        get_page(*out); /* the caller's, beside the place's own */
        err = 0;
    }
    spin_unlock(&m->places_lock);
    return err;
}

struct page *mapping_busy(struct mapping *m, u64 index)
{
    struct page *page = NULL;
    place_t *place;

    spin_lock(&m->places_lock);
    place = mapping_place(m, index);
    if (place && *place && !place_is_swap(*place)) {
        page = place_page(*place);
        page_set(page, PG_WAITERS); /* before looking */
        if (!page_locked(page))
            page = NULL;
    }
    spin_unlock(&m->places_lock);
    return page;
}

bool mapping_resident(struct mapping *m, u64 index)
{
    struct page *page;
    bool there = mapping_find(m, index, &page) == 0;

    if (there)
        put_page(page);
    return there;
}

/* ---- filling ---- */

/* The fresh page becomes the file's, if its place is still a hole. There is
   room for the place. Returns whether it did. */
static bool install(struct mapping *m, u64 index, struct page *page)
{
    place_t *place;
    bool hole;

    page_set(page, PG_UPTODATE);
    page_set(page, PG_DIRTY); /* no slot has its contents */
    spin_lock(&m->places_lock);
    place = mapping_place(m, index);
    hole = *place == 0;
    if (hole) {
        get_page(page); /* until it is on a list; the first is the file's */
        page->mapping = m;
        page->index = index;
        *place = (place_t)page;
        m->nr_pages++;
    }
    spin_unlock(&m->places_lock);
    if (hole)
        lru_add(page, true);
    put_page(page);
    return hole;
}

int mapping_fill(struct mapping *m, u64 index, enum alloc_flags how,
                 bool within)
{
    struct page *page = alloc_page(how | ALLOC_ZERO, PAGE_FILE);
    int err;

    if (!page)
        return -ENOMEM;
    err = mutex_lock_killable(&m->lock);
    if (err) {
        put_page(page);
        return err;
    }
    err = make_room(m, index);
    if (!err && within && index >= PAGE_UP(m->size) >> PAGE_SHIFT)
        err = -EFAULT; /* cut meanwhile */
    if (err)
        put_page(page);
    else
        (void)install(m, index, page);
    mutex_unlock(&m->lock);
    return err;
}

int mapping_get_page(struct mapping *m, u64 index, bool create,
                     struct page **out)
{
    const enum alloc_flags how = ALLOC_USER | ALLOC_NO_OOM;
    int err;

    for (;;) {
        err = mapping_find(m, index, out);
        if (err == -EAGAIN)
            err = mapping_bring_in(m, index, how);
        else if (err == -ENOENT && create)
            err = mapping_fill(m, index, how, false);
        else
            return err;
        if (err)
            return err;
    }
}

/* ---- emptying ---- */

/*
 * A page leaves its file under the page lock, as whoever unmaps or moves it
 * relies on page->mapping. Areas and pins may have it a while longer.
 */
static void forget_page(struct page *page)
{
    wake_page(page); /* a mover that waits for pins: see mapping_lost */
    lock_page(page);
    page->mapping = NULL;
    unlock_page(page);
    put_page(page); /* the place's */
}

void place_forget(place_t old)
{
    struct page *cached;

    if (!place_is_swap(old)) {
        forget_page(place_page(old));
        return;
    }
    cached = swap_cache_get(place_swp(old));
    swap_free(place_swp(old));
    if (cached) {
        drop_from_cache(cached);
        put_page(cached);
    }
}

/* The place is a hole from now on. Places' lock held. */
static place_t empty_place(struct mapping *m, place_t *place)
{
    place_t old = *place;

    *place = 0;
    if (place_is_swap(old))
        m->nr_swapped--;
    else
        m->nr_pages--;
    return old;
}

struct cut {
    u64 end;
    place_t old;
};

static bool cut_one(struct mapping *m, u64 index, place_t *place, void *arg)
{
    struct cut *c = arg;

    c->old = index < c->end ? empty_place(m, place) : 0;
    return false;
}

/*
 * Who finds the page between emptying the place and forgetting the page, by a
 * look-up from before, sees under the page lock that it is the file's no more
 * or maps it before that: the second zap finds it.
 */
static void cut(struct mapping *m, u64 first, u64 end)
{
    struct cut c = {.end = end};

    file_areas_zap(m, first, end);
    testpoint("file.unmapped");
    for (u64 i = first; i < end && !mapping_walk(m, &i, cut_one, &c); i++) {
        if (!c.old)
            break;
        place_forget(c.old);
    }
    file_areas_zap(m, first, end);
}

void mapping_put(struct mapping *m)
{
    if (!atomic_dec_and_test(&m->refs))
        return;
    spin_lock(&mappings_lock);
    list_del(&m->node);
    spin_unlock(&mappings_lock);
    vm_commit(-(s64)m->committed);
    cut(m, 0, ~0ull);
    for (u64 i = 0; i < m->nr_leaves; i++)
        kfree(m->leaf[i]);
    kfree(m->leaf);
    slab_free(&mapping_cache, m);
}

/* Zero [start, end), which lie in one page. */
static int zero_part(struct mapping *m, u64 start, u64 end)
{
    struct page *page;
    int err;

    if (start == end)
        return 0;
    err = mapping_get_page(m, start >> PAGE_SHIFT, false, &page);
    if (err)
        return err == -ENOENT ? 0 : err; /* a hole is zero */
    memset((char *)page_to_virt(page) + (start & ~PAGE_MASK), 0, end - start);
    put_page(page);
    return 0;
}

int mapping_set_size(struct mapping *m, u64 size)
{
    u64 old;

    if (size >> PAGE_SHIFT >= (u64)MAX_LEAVES * FILEMAP_LEAF)
        return -EFBIG;
    if (mutex_lock_killable(&m->lock))
        return -EINTR;
    old = m->size;
    WRITE_ONCE(m->size, size); /* from here on nobody fills what is cut */
    mutex_unlock(&m->lock);
    if (size >= old)
        return 0;
    cut(m, PAGE_UP(size) >> PAGE_SHIFT, ~0ull >> PAGE_SHIFT);
    return zero_part(m, size, PAGE_UP(size));
}

int mapping_punch(struct mapping *m, u64 start, u64 end)
{
    u64 first = PAGE_UP(start), last = PAGE_DOWN(end);
    int err;

    if (first > last)
        return zero_part(m, start, end);
    err = zero_part(m, start, first);
    if (!err)
        err = zero_part(m, last, end);
    if (!err && first < last)
        cut(m, first >> PAGE_SHIFT, last >> PAGE_SHIFT);
    return err;
}

void filemap_totals(u64 *pages, u64 *swapped)
{
    struct mapping *m = NULL;

    *pages = *swapped = 0;
    while ((m = mapping_next(m))) {
        *pages += READ_ONCE(m->nr_pages);
        *swapped += READ_ONCE(m->nr_swapped);
    }
}
