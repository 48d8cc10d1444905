/* SPDX-License-Identifier: MIT */
/*
 * The kernel object allocator: caches of objects of one size, and kmalloc in
 * powers of two on top of them. Freed objects are poisoned with 0xdb in debug
 * builds. Any context unless ALLOC_WAIT is given.
 */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include <mm/zone.h>

struct slab_cache {
    const char *name;
    size_t size;              /* rounded up to 16 */
    struct spinlock lock;     /* (irq) guards the lists and counts */
    struct list_head partial; /* slabs with free objects */
    u64 slabs, objects;       /* for statistics */
    struct list_head node;    /* all caches; written at init */
};

void slab_init(void);
void slab_cache_init(struct slab_cache *c, const char *name, size_t size);
/* size <= 2048. NULL if there is no memory. */
void *slab_alloc(struct slab_cache *c, enum alloc_flags how);
void *slab_zalloc(struct slab_cache *c, enum alloc_flags how);
void slab_free(struct slab_cache *c, void *obj);

/* Any size up to 2 MiB; above 2048 bytes whole frames. kfree(NULL) is fine. */
void *kmalloc(size_t size, enum alloc_flags how);
void *kzalloc(size_t size, enum alloc_flags how);
void kfree(void *p);

/* The n-th cache, for people; false if there are not so many. */
struct slab_facts {
    const char *name;
    u64 size, objects, slabs; /* bytes; in use; frames */
    u64 per_slab;             /* objects that fit a frame */
};
bool slab_facts(unsigned n, struct slab_facts *f);

/* Frames in use by slabs. */
u64 slab_frames(void);

#endif
