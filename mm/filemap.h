/* SPDX-License-Identifier: MIT */
/*
 * Files in memory: the pages of initramfs and tmpfs files, which user
 * mappings share. They are kernel memory (never in a movable zone), stay until
 * the file is cut or forgotten, and are not reclaimed or moved.
 */
#ifndef MM_FILEMAP_H
#define MM_FILEMAP_H

#include <kernel/lock.h>
#include <mm/page.h>

#define FILEMAP_LEAF 512

struct mapping {
    struct mutex lock;   /* guards leaves and what they point at */
    atomic_t refs;       /* the inode and each area */
    struct page ***leaf; /* leaf[i][j]: page i * 512 + j, NULL = a hole */
    u64 nr_leaves;
    u64 size; /* bytes; the file's length; lock to write */
};

struct mapping *mapping_create(void); /* one reference; NULL: no memory */
void mapping_get(struct mapping *m);
void mapping_put(struct mapping *m);
/* The page, with a reference. create: fill a hole with a zero page; else NULL
   for a hole. NULL: no memory either. May sleep. */
struct page *mapping_page(struct mapping *m, u64 index, bool create);
/* Length; cuts pages off, zeroes the tail of the last. 0 or -errno. */
int mapping_set_size(struct mapping *m, u64 size);
/* Kernel-memory read and write, extending the file. Bytes or -errno. */
s64 mapping_read(struct mapping *m, u64 pos, void *buf, u64 len);
s64 mapping_write(struct mapping *m, u64 pos, const void *buf, u64 len);

#endif
