/* SPDX-License-Identifier: MIT */
/*
 * The object allocator: a slab is one frame, a header and objects of one size.
 *
 * Free objects are chained through their first word. A slab with a free object
 * is on its cache's partial list; a full one is on none, and is found again by
 * the address of an object that is freed. In a debug build freed objects are
 * filled with 0xdb, which is in no text, and gives a second free away, too.
 */
#include <mm/lockorder.h>
#include <mm/slab.h>
#include <kernel/print.h>
#include <kernel/string.h>

#define POISON      0xdb
#define POISON_WORD 0xdbdbdbdbdbdbdbdbull
#define HEADER      64 /* keeps objects on 16-byte borders */
#define SLAB_MAX    2048

struct slab {
    struct slab_cache *cache;
    struct list_head node; /* cache->partial, under its lock */
    void *free;            /* chain of free objects; cache lock */
    unsigned used;         /* objects handed out; cache lock */
};

static struct list_head caches = LIST_INIT(caches); /* written at init only */
static struct slab_cache sizes[8];                  /* 16 .. 2048 */
static atomic64_t frames;

void slab_cache_init(struct slab_cache *c, const char *name, size_t size)
{
    ASSERT(size > 0 && size <= SLAB_MAX);
    *c = (struct slab_cache){.name = name, .size = ROUND_UP(size, 16)};
    spin_init(&c->lock, "slab", RANK_SLAB);
    list_init(&c->partial);
    list_add_tail(&c->node, &caches);
}

void slab_init(void)
{
    static const char *const names[] = {
        "kmalloc-16",  "kmalloc-32",  "kmalloc-64",   "kmalloc-128",
        "kmalloc-256", "kmalloc-512", "kmalloc-1024", "kmalloc-2048",
    };

    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
        slab_cache_init(&sizes[i], names[i], 16u << i);
}

u64 slab_frames(void)
{
    return (u64)atomic_read(&frames);
}

bool slab_facts(unsigned n, struct slab_facts *f)
{
    struct slab_cache *c;

    list_for_each_entry (c, &caches, node) {
        if (n-- > 0)
            continue;
        u64 flags = spin_lock_irqsave(&c->lock);

        *f = (struct slab_facts){c->name, c->size, c->objects, c->slabs,
                                 (PAGE_SIZE - HEADER) / c->size};
        spin_unlock_irqrestore(&c->lock, flags);
        return true;
    }
    return false;
}

static struct slab *slab_of(const void *obj)
{
    return (struct slab *)PAGE_DOWN(obj);
}

static void poison(struct slab_cache *c, void *obj)
{
#ifdef CONFIG_DEBUG
    if (c->size >= 16)
        memset((char *)obj + 8, POISON, c->size - 8);
#else
    (void)c;
    (void)obj;
#endif
}

/* All poison, as a free object is but for its first word: perhaps its user's
   own bytes. What is free is in its slab's chain: look there. Cache lock. */
static void check_not_free(struct slab_cache *c, const struct slab *s,
                           const void *obj)
{
#ifdef CONFIG_DEBUG
    const u64 *w = obj;

    for (unsigned i = 1; i < c->size / 8; i++)
        if (w[i] != POISON_WORD)
            return;
    for (const void *f = s->free; f; f = *(void *const *)f)
        if (f == obj)
            panic("object %p of \"%s\" is freed twice", obj, c->name);
#else
    (void)c;
    (void)s;
    (void)obj;
#endif
}

/* A fresh slab with all objects free; nobody knows it yet. */
static struct slab *new_slab(struct slab_cache *c, enum alloc_flags how)
{
    struct page *page = alloc_page(how & ~ALLOC_ZERO, PAGE_SLAB);
    struct slab *s;
    char *obj;

    if (!page)
        return NULL;
    s = page_to_virt(page);
    *s = (struct slab){.cache = c};
    list_init(&s->node);
    obj = (char *)s + HEADER;
    for (; obj + c->size <= (char *)s + PAGE_SIZE; obj += c->size) {
        poison(c, obj);
        *(void **)obj = s->free;
        s->free = obj;
    }
    atomic_inc(&frames);
    return s;
}

/* Cache lock held. */
static void *take_object(struct slab_cache *c)
{
    struct slab *s;
    void *obj;

    if (list_empty(&c->partial))
        return NULL;
    s = list_first(&c->partial, struct slab, node);
    obj = s->free;
    s->free = *(void **)obj;
    s->used++;
    c->objects++;
    if (!s->free)
        list_del(&s->node); /* full */
    return obj;
}

static void add_slab(struct slab_cache *c, struct slab *s)
{
    u64 flags = spin_lock_irqsave(&c->lock);

    list_add(&s->node, &c->partial);
    c->slabs++;
    spin_unlock_irqrestore(&c->lock, flags);
}

void *slab_alloc(struct slab_cache *c, enum alloc_flags how)
{
    might_reclaim(how);
    for (;;) {
        u64 flags = spin_lock_irqsave(&c->lock);
        void *obj = take_object(c);
        struct slab *s;

        spin_unlock_irqrestore(&c->lock, flags);
        if (obj)
            return obj;
        s = new_slab(c, how);
        if (!s)
            return NULL;
        add_slab(c, s);
    }
}

void *slab_zalloc(struct slab_cache *c, enum alloc_flags how)
{
    void *obj = slab_alloc(c, how);

    return obj ? memset(obj, 0, c->size) : NULL;
}

/* Cache lock held. Returns whether the slab is empty now, and off the list:
   one empty slab is kept, against going back and forth. */
static bool put_object(struct slab_cache *c, struct slab *s, void *obj)
{
    if (!s->free)
        list_add(&s->node, &c->partial);
    *(void **)obj = s->free;
    s->free = obj;
    s->used--;
    c->objects--;
    if (s->used > 0 || c->partial.next == c->partial.prev)
        return false;
    list_del(&s->node);
    c->slabs--;
    return true;
}

void slab_free(struct slab_cache *c, void *obj)
{
    struct slab *s = slab_of(obj);
    bool empty;
    u64 flags;

    ASSERT(s->cache == c);
    flags = spin_lock_irqsave(&c->lock);
    check_not_free(c, s, obj);
    poison(c, obj);
    empty = put_object(c, s, obj);
    spin_unlock_irqrestore(&c->lock, flags);
    if (empty) {
        atomic_dec(&frames);
        free_pages(virt_to_page(s), 0);
    }
}

/* ---- kmalloc ---- */

static unsigned order_for(size_t size)
{
    unsigned order = 0;

    while (PAGE_SIZE << order < size)
        order++;
    return order;
}

static void *big_alloc(size_t size, enum alloc_flags how)
{
    unsigned order = order_for(size);
    struct page *page;

    if (order > MAX_ORDER)
        return NULL;
    page = alloc_pages(order, how, PAGE_KERNEL);
    if (!page)
        return NULL;
    page->private = order; /* for kfree */
    return page_to_virt(page);
}

void *kmalloc(size_t size, enum alloc_flags how)
{
    unsigned i = 0;

    if (size > SLAB_MAX)
        return big_alloc(size, how);
    while (sizes[i].size < size)
        i++;
    return how & ALLOC_ZERO ? slab_zalloc(&sizes[i], how)
                            : slab_alloc(&sizes[i], how);
}

void *kzalloc(size_t size, enum alloc_flags how)
{
    return kmalloc(size, how | ALLOC_ZERO);
}

void kfree(void *p)
{
    struct page *page;

    if (!p)
        return;
    page = virt_to_page(p);
    if (page->use == PAGE_SLAB) {
        slab_free(slab_of(p)->cache, p);
        return;
    }
    ASSERT(page->use == PAGE_KERNEL && !((u64)p & ~PAGE_MASK));
    free_pages(page, page->private);
}
