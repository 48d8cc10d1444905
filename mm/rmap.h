/* SPDX-License-Identifier: MIT */
/*
 * The reverse map: from a page to the page-table entries that map it.
 *
 * For a page of a file, the areas that show the file (mm/filemap.h) are asked.
 * For an anonymous page, its anon_vma.
 *
 * An anon_vma is the family of areas that may map the same anonymous pages: a
 * first area, and the copies that fork made of it. A page that is first mapped
 * in one of them points at it, for the page's whole life, with a counted
 * reference; page->index says at which address to look, relative to pgoff.
 *
 * A child's area is on the list *after* its parent's: a walk that puts entries
 * back while fork copies them then meets each entry after it was copied.
 */
#ifndef MM_RMAP_H
#define MM_RMAP_H

#include <mm/mm.h>
#include <mm/page.h>

struct tlb_batch;

struct anon_vma {
    struct mutex lock;     /* guards vmas, and their start, end, pgoff */
    struct list_head vmas; /* vma.anon_node */
    atomic_t refs;         /* areas + pages; at 0 it is freed */
};

void rmap_init(void);
/* The area gets an anon_vma if it has none. mmap_lock held (read is enough;
   two faults may race). 0 or -ENOMEM. May sleep. */
int anon_vma_prepare(struct vma *vma);
/* A copy of the parent's area, or a part split off, joins its family. */
void anon_vma_link(struct vma *vma, struct anon_vma *family);
void anon_vma_unlink(struct vma *vma); /* mmap_lock for writing */
void anon_vma_put(struct anon_vma *a); /* any context */

/* A pte now maps this anonymous page (refs was raised by the caller).
   First mapping: sets anon_vma and index. pt_lock held. */
void rmap_add_anon(struct page *page, struct vma *vma, u64 addr);
/* One more / one less; pt_lock held. No family is changed. */
static inline void rmap_add_again(struct page *page)
{
    atomic_inc(&page->mapcount);
}

static inline void rmap_remove(struct page *page)
{
    int left = atomic_dec(&page->mapcount);

    ASSERT(left >= 0);
}

/*
 * Call fn for each entry of a page that is in a page table and that says
 * `want` about it (present: maps it; swap: its swap entry; migration: its
 * frame number), with the lock of its areas and pt_lock held. fn returns false
 * to stop. Page lock held by the caller. May sleep.
 */
enum rmap_want { RMAP_PRESENT, RMAP_SWAP, RMAP_MIGRATION };
struct rmap_entry {
    struct vma *vma;
    u64 addr;
    pte_t *pte;
};
void rmap_walk(struct page *page, enum rmap_want want,
               bool (*fn)(struct page *page, struct rmap_entry *e, void *arg),
               void *arg);

/*
 * Take the page out of every page table, putting swap entries (an anonymous
 * page, in the swap cache), nothing (a file's: its place says where it is) or
 * migration entries there. Page lock held, and `mine` references. Asks
 * cow_may_unmap for each; at the first no, puts back nothing by itself: entries
 * already replaced stay valid (swap: a fault brings them back; migration: the
 * caller calls rmap_restore).
 * Returns 0 if no entry maps it any more, -EBUSY if the design refused,
 * -EAGAIN if it was used meanwhile (accessed bit, with check_accessed), -EPERM
 * if an area that shows it is mlocked (that does not keep it from migration).
 * batch: NULL, or the flush is the caller's to do before it unlocks the page,
 * whatever was returned (kernel/x86/tlb.h).
 */
enum unmap_to { UNMAP_TO_SWAP, UNMAP_TO_FILE, UNMAP_TO_MIGRATION };
int rmap_unmap(struct page *page, enum unmap_to to, int mine,
               bool check_accessed, struct tlb_batch *batch);

/* Replace migration entries for `old` by entries for `new` (may be the same:
   roll-back). Both locked. Wakes nobody: the caller unlocks. */
void rmap_restore(struct page *old, struct page *new);

/* Did a process use it lately? Clears the accessed bits. Page locked. */
int rmap_test_clear_accessed(struct page *page);

#endif
