/* SPDX-License-Identifier: MIT */
/*
 * A fault in an area that shows a file: the file's own page, read-only in a
 * private area until it is written to, and then a copy.
 *
 * The file's page is mapped under its page lock: so nobody who unmaps it, in
 * order to move it or to write it out, meets a new entry; and under the lock
 * it still is in its place, or else the fault begins again.
 */
#include <mm/event.h>
#include <mm/fault.h>
#include <mm/filemap.h>
#include <mm/reclaim.h>
#include <mm/rmap.h>
#include <mm/stat.h>
#include <mm/vma.h>
#include <kernel/errno.h>
#include <kernel/testpoint.h>

/* Come back with nothing held, sleep, and try again. */
static int wait_file(struct fault *f, u64 index)
{
    f->file = f->vma->file;
    f->index = index;
    mapping_get(f->file);
    return FAULT_WAIT_FILE;
}

/* Page lock and pt_lock held; the reference becomes the entry's. */
static void map_page(struct fault *f, struct page *page)
{
    bool writable = f->how == FAULT_WRITE && (f->vma->flags & VM_SHARED);
    u64 flags = vma_pte_flags(f->vma, writable) | PTE_A;

    rmap_add_again(page);
    pte_write(f->pte, pte_make(page_to_pfn(page), flags));
    mm_rss_more(f->mm);
    mm_event("file.map", page, "addr=0x%llx", (unsigned long long)f->addr);
}

static bool wants_copy(const struct fault *f)
{
    return f->how == FAULT_WRITE && !(f->vma->flags & VM_SHARED);
}

/* Map the file's page itself, or a private copy for a writer; takes over the
   caller's reference. */
static int map_file_page(struct fault *f, struct page *page, u64 index)
{
    bool mapped = false;

    if (!trylock_page(page)) {
        put_page(page); /* sleep without it: see mm/fault.h */
        return wait_file(f, index);
    }
    if (page->mapping == f->vma->file && page->index == index &&
        fault_relock(f)) {
        mapped = !wants_copy(f);
        if (mapped)
            map_page(f, page);
        else
            fault_install_copy(f, page);
        spin_unlock(&f->mm->pt_lock);
        lru_mark_accessed(page);
    }
    unlock_page(page);
    if (!mapped)
        put_page(page); /* copied; cut; moved; another thread was faster */
    return FAULT_DONE;
}

static int find_or_fill(struct mapping *m, u64 index, struct page **page)
{
    int err = mapping_find(m, index, page);

    if (err != -ENOENT)
        return err;
    testpoint("file.hole");
    err = mapping_fill(m, index, ALLOC_USER, true);
    return err ? err : mapping_find(m, index, page);
}

int fault_file(struct fault *f)
{
    u64 index = vma_file_index(f->vma, f->addr);
    struct mapping *m = f->vma->file;
    struct page *page;
    int err;

    spin_unlock(&f->mm->pt_lock);
    if (index >= PAGE_UP(READ_ONCE(m->size)) >> PAGE_SHIFT)
        return FAULT_BUS;
    if (wants_copy(f) && !f->spare)
        return FAULT_SPARE;
    err = find_or_fill(m, index, &page);
    if (err == -ENOENT)
        return FAULT_DONE; /* it came and went: once more */
    if (err == -EAGAIN) {
        stat_inc(STAT_pgmajfault);
        current_count_fault(true);
        return wait_file(f, index);
    }
    if (err)
        return err == -ENOMEM  ? FAULT_NO_MEMORY
               : err == -EINTR ? FAULT_KILLED
                               : FAULT_BUS;
    testpoint("file.found");
    return map_file_page(f, page, index);
}
