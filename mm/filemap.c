/* SPDX-License-Identifier: MIT */
/*
 * Files in memory: an array of leaves of 512 pages each; see mm/filemap.h.
 */
#include <mm/init.h>
#include <mm/filemap.h>
#include <mm/lockorder.h>
#include <mm/slab.h>
#include <mm/zone.h>
#include <kernel/errno.h>
#include <kernel/string.h>

#define MAX_LEAVES (1u << 18) /* 2 MiB of pointers: files up to 512 GiB */

static struct slab_cache mapping_cache;

void filemap_init(void)
{
    slab_cache_init(&mapping_cache, "mapping", sizeof(struct mapping));
}

struct mapping *mapping_create(void)
{
    struct mapping *m = slab_zalloc(&mapping_cache, ALLOC_WAIT);

    if (!m)
        return NULL;
    mutex_init(&m->lock, "file pages", RANK_FAULT_FILE);
    atomic_set(&m->refs, 1);
    return m;
}

void mapping_get(struct mapping *m)
{
    atomic_inc(&m->refs);
}

/* Drop the pages from `first` on. Lock held, or nobody else is left. */
static void drop_pages(struct mapping *m, u64 first)
{
    for (u64 i = first / FILEMAP_LEAF; i < m->nr_leaves; i++) {
        for (u64 j = 0; m->leaf[i] && j < FILEMAP_LEAF; j++) {
            struct page *p = m->leaf[i][j];

            if (!p || i * FILEMAP_LEAF + j < first)
                continue;
            m->leaf[i][j] = NULL;
            put_page(p); /* areas that show it still have it */
        }
    }
}

void mapping_put(struct mapping *m)
{
    if (!atomic_dec_and_test(&m->refs))
        return;
    drop_pages(m, 0);
    for (u64 i = 0; i < m->nr_leaves; i++)
        kfree(m->leaf[i]);
    kfree(m->leaf);
    slab_free(&mapping_cache, m);
}

/* Room for leaf `i`. Lock held. */
static int grow(struct mapping *m, u64 i)
{
    u64 max = m->nr_leaves ? m->nr_leaves : 1;
    struct page ***bigger;

    if (i < m->nr_leaves)
        return 0;
    if (i >= MAX_LEAVES)
        return -ENOMEM;
    while (max <= i)
        max *= 2;
    bigger = kzalloc(max * sizeof(*bigger), ALLOC_WAIT);
    if (!bigger)
        return -ENOMEM;
    if (m->nr_leaves)
        memcpy(bigger, m->leaf, m->nr_leaves * sizeof(*bigger));
    kfree(m->leaf);
    m->leaf = bigger;
    m->nr_leaves = max;
    return 0;
}

/* The place for a page's pointer; NULL: no memory. Lock held. */
static struct page **place_for(struct mapping *m, u64 index)
{
    u64 i = index / FILEMAP_LEAF;

    if (grow(m, i))
        return NULL;
    if (!m->leaf[i])
        m->leaf[i] = kzalloc(FILEMAP_LEAF * sizeof(struct page *), ALLOC_WAIT);
    return m->leaf[i] ? &m->leaf[i][index % FILEMAP_LEAF] : NULL;
}

static struct page *look_up(struct mapping *m, u64 index)
{
    u64 i = index / FILEMAP_LEAF;

    if (i >= m->nr_leaves || !m->leaf[i])
        return NULL;
    return m->leaf[i][index % FILEMAP_LEAF];
}

static struct page *fill_hole(struct mapping *m, u64 index)
{
    struct page **place = place_for(m, index);

    if (!place)
        return NULL;
    *place = alloc_page(ALLOC_WAIT | ALLOC_ZERO, PAGE_FILE);
    return *place;
}

struct page *mapping_page(struct mapping *m, u64 index, bool create)
{
    struct page *p;

    mutex_lock(&m->lock);
    p = look_up(m, index);
    if (!p && create)
        p = fill_hole(m, index);
    if (p)
        get_page(p); /* the caller's, beside the file's own */
    mutex_unlock(&m->lock);
    return p;
}

int mapping_set_size(struct mapping *m, u64 size)
{
    struct page *last;

    if (size >> PAGE_SHIFT >= (u64)MAX_LEAVES * FILEMAP_LEAF)
        return -EFBIG;
    mutex_lock(&m->lock);
    if (size < m->size) {
        drop_pages(m, PAGE_UP(size) >> PAGE_SHIFT);
        last = look_up(m, size >> PAGE_SHIFT);
        if (last && (size & ~PAGE_MASK))
            memset((char *)page_to_virt(last) + (size & ~PAGE_MASK), 0,
                   PAGE_SIZE - (size & ~PAGE_MASK));
    }
    WRITE_ONCE(m->size, size);
    mutex_unlock(&m->lock);
    return 0;
}

s64 mapping_read(struct mapping *m, u64 pos, void *buf, u64 len)
{
    u64 size = READ_ONCE(m->size), done = 0;

    if (pos >= size)
        return 0;
    len = min_u64(len, size - pos);
    while (done < len) {
        u64 off = (pos + done) & ~PAGE_MASK;
        u64 n = min_u64(len - done, PAGE_SIZE - off);
        struct page *p = mapping_page(m, (pos + done) >> PAGE_SHIFT, false);

        if (p) {
            memcpy((char *)buf + done, (char *)page_to_virt(p) + off, n);
            put_page(p);
        } else {
            memset((char *)buf + done, 0, n);
        }
        done += n;
    }
    return (s64)done;
}

s64 mapping_write(struct mapping *m, u64 pos, const void *buf, u64 len)
{
    u64 done = 0;

    while (done < len) {
        u64 off = (pos + done) & ~PAGE_MASK;
        u64 n = min_u64(len - done, PAGE_SIZE - off);
        struct page *p = mapping_page(m, (pos + done) >> PAGE_SHIFT, true);

        if (!p)
            break;
        memcpy((char *)page_to_virt(p) + off, (const char *)buf + done, n);
        put_page(p);
        done += n;
    }
    mutex_lock(&m->lock);
    if (pos + done > m->size)
        WRITE_ONCE(m->size, pos + done);
    mutex_unlock(&m->lock);
    return done || !len ? (s64)done : -ENOMEM;
}
