/* SPDX-License-Identifier: MIT */
/*
 * Files in memory: the pages of initramfs and tmpfs files, of memfd, SysV and
 * MAP_SHARED memory, which user mappings show and share.
 *
 * A mapping has a place for each page of its file. A place is what a
 * page-table entry is to a process: empty (a hole, which reads as zeroes), a
 * page (with a reference), or a swap entry (counted by the slot). So the pages
 * of files are user memory like any other: they age on the LRU lists, go to
 * swap and come back, and are moved off a section that leaves. What they are
 * not is copied on write: whoever shares a file's page shares it for good.
 *
 * mm/filemap.c      the places         mm/file_swap.c   to swap and back
 * mm/file_areas.c   who shows the file mm/file_rw.c     read and write
 * mm/seal.c         what is forbidden
 */
#ifndef MM_FILEMAP_H
#define MM_FILEMAP_H

#include <kernel/lock.h>
#include <mm/page.h>
#include <mm/zone.h>

struct vma;

#define FILEMAP_LEAF 512 /* places in a leaf: one page of them */

typedef u64 place_t; /* 0, a struct page *, or a swap entry * 2 + 1 */

struct mapping {
    u64 nr;            /* a number of its own; fixed */
    char name[64];     /* what it was called first, for people; written before
                      others know it */
    struct mutex lock; /* size, and who may fill a hole */
    struct spinlock places_lock; /* guards the five fields below; a look-up
                                     takes its reference under it */
    place_t **leaf;              /* leaf[i][j]: page i * 512 + j */
    u64 nr_leaves;
    u64 nr_pages, nr_swapped; /* places of either kind */
    struct list_head node;    /* of all mappings; mappings lock */
    u64 size;                 /* bytes; lock to write */
    u64 committed;            /* pages promised; fixed when others know it */
    atomic_t refs;            /* the inode, each area, lookers-on */
    struct mutex areas_lock;  /* guards areas, and their start, end and
                                     pgoff, as an anon_vma's lock does */
    struct list_head areas;   /* vma.file_node */
    unsigned writers;         /* areas that may write to it, and mmaps that are
                                 about to make one; areas lock */
    u32 seals;                /* SEAL_*; only grows; areas lock to write */
};

#define SEAL_SEAL         0x01u /* Linux's F_SEAL_*: no more of them */
#define SEAL_SHRINK       0x02u
#define SEAL_GROW         0x04u
#define SEAL_WRITE        0x08u
#define SEAL_FUTURE_WRITE 0x10u /* but by areas that there are */
#define SEAL_ALL          0x1fu

/* One reference. What people are to call it (NULL: it gets a name from the tree
   of files). NULL: no memory. */
struct mapping *mapping_create(const char *name);
void mapping_get(struct mapping *m);
/* The last one gives all pages back. May sleep for page locks. */
void mapping_put(struct mapping *m);
/* Walk over all mappings, as mm_next does over all mms. May sleep. */
struct mapping *mapping_next(struct mapping *prev);

/*
 * The page, with a reference, read from swap and (create) made of zeroes if
 * need be. 0; -ENOENT: a hole (not create); -ENOMEM; -EIO: the swap device
 * failed; -EINTR: to be killed. May sleep long. Whoever has the reference may
 * not sleep for a page (a fault, a copy to user memory): see mm/fault.h.
 */
int mapping_get_page(struct mapping *m, u64 index, bool create,
                     struct page **out);
/* Length; cuts pages off, here and in the page tables of all areas, and zeroes
   the tail of the last. One at a time (the inode's lock). 0 or -errno. */
int mapping_set_size(struct mapping *m, u64 size);
/* Make a hole of [start, end), bytes; as mapping_set_size. */
int mapping_punch(struct mapping *m, u64 start, u64 end);
/* To and from kernel memory; a write extends the file. Bytes or -errno. */
s64 mapping_read(struct mapping *m, u64 pos, void *buf, u64 len);
s64 mapping_write(struct mapping *m, u64 pos, const void *buf, u64 len);

/* ---- seals: a new mapping has SEAL_SEAL ---- */

/* One at a time with writes and changes of the length (the inode's lock). 0;
   -EPERM: sealed against seals; -EBUSY: SEAL_WRITE, but there are shared areas
   that may write, or pinned pages. May sleep. */
int mapping_add_seals(struct mapping *m, u32 seals);
/* Is this allowed? 0 or -EPERM. The inode's lock. */
int mapping_check_write(const struct mapping *m, u64 pos, u64 len);
int mapping_check_size(const struct mapping *m, u64 size);

/* Shared memory that is nobody's file: all its pages are promised, as long as
   it lives (mm/commit.h). Right after mapping_create. 0 or -ENOMEM. */
int mapping_commit(struct mapping *m, u64 pages);

/* Is the page in memory? A moment ago, for mincore. */
bool mapping_resident(struct mapping *m, u64 index);
/* Pages of all files, in memory and in swap. */
void filemap_totals(u64 *pages, u64 *swapped);

/* ---- for the files of mm/ ---- */

/* A page of the file at its place: not cut off, not in swap. Page locked, or
   only a hint. The place has a reference on it. */
static inline bool page_in_file(const struct page *p)
{
    return p->use == PAGE_FILE && p->mapping;
}

/* What the place says, without sleeping: 0 and the page with a reference;
   -ENOENT: a hole; -EAGAIN: in swap. */
int mapping_find(struct mapping *m, u64 index, struct page **out);
/* Fill a hole with a page of zeroes, or find that somebody did. within: no
   further than the size says, else -EFAULT. -ENOMEM; -EINTR: to be killed. May
   reclaim. */
int mapping_fill(struct mapping *m, u64 index, enum alloc_flags how,
                 bool within);
/* The page at this place if it is locked, PG_WAITERS set: to sleep on its
   page_waitq, holding no reference. */
struct page *mapping_busy(struct mapping *m, u64 index);

/* A place that is in swap: bring it back into memory. 0: it is, or it was not
   in swap; -ENOMEM, -EIO, -EINTR (killed). Holds nothing while it sleeps. */
int mapping_bring_in(struct mapping *m, u64 index, enum alloc_flags how);
/* A locked page that nobody maps: let its place mean a swap slot. The page is
   in the swap cache then, dirty, the file's reference gone. `mine` references
   are the caller's. 0; -ENOSPC; -EAGAIN: somebody else refers to it. */
int mapping_to_swap(struct page *page, int mine);
/* Copy `old` to `new` and put it in its place, if only the file and `mine`
   references hold old, and nobody maps it. Both locked; old->mapping is left
   for the reverse map, to be cleared by the caller. 0; -EAGAIN: somebody else
   refers to it; -ENOENT: it was cut off. */
int mapping_replace(struct page *old, struct page *new, int mine,
                    void (*copy)(struct page *new, struct page *old));
/* A locked page that is being cut off its file: whoever cuts it waits. */
bool mapping_lost(struct page *page);

/* A shared area with these flags is about to be made (or the file to be written
   to as if by one): 0, VM_NOWRITE is added if it may only read; or -EPERM. Then
   _end, when it is there, or has failed. */
int mapping_begin_area(struct mapping *m, u32 *vm_flags);
void mapping_end_area(struct mapping *m, u32 vm_flags);
/* The areas that show a file. mmap_lock for writing, or a new area. */
void file_area_link(struct vma *vma);
void file_area_unlink(struct vma *vma);
/* Empty the page tables of all areas over pages [first, end). */
void file_areas_zap(struct mapping *m, u64 first, u64 end);

/* Visit each used place from *index on, under the places' lock; fn says
   whether to go on. False: fn stopped, at *index. Look-ups of other places
   may come in between. */
bool mapping_walk(struct mapping *m, u64 *index,
                  bool (*fn)(struct mapping *m, u64 index, place_t *place,
                             void *arg),
                  void *arg);

static inline bool place_is_swap(place_t p)
{
    return p & 1;
}

static inline u64 place_swp(place_t p)
{
    return p >> 1;
}

static inline place_t place_of_swp(u64 s)
{
    return s << 1 | 1;
}

static inline struct page *place_page(place_t p)
{
    return (struct page *)p;
}

/* The place, or NULL if there is no room for it. Places' lock held. */
place_t *mapping_place(struct mapping *m, u64 index);
/* Give up what a place said: a page that was taken out of it (the page lock
   is taken), or a swap entry. May sleep. */
void place_forget(place_t old);

#endif
