/* SPDX-License-Identifier: MIT */
/*
 * madvise: what a process says about its memory, and what we make of it.
 *
 * An advice is taken area by area. A hole is told of (-ENOMEM) after the rest
 * was done; an area that the advice does not suit ends it at once. Whatever
 * sleeps for a disk or for memory works on a part whose area was looked at
 * before, holding no lock: it is advice, and does no harm to what came there
 * meanwhile.
 *
 * MADV_FREE says that pages may be dropped at any time until they are written
 * to again: we drop them at once. A page that is read then holds zeroes, as it
 * may on Linux.
 */
#include <mm/event.h>
#include <mm/filemap.h>
#include <mm/page.h>
#include <mm/pagetable.h>
#include <mm/reclaim.h>
#include <mm/rmap.h>
#include <mm/swap_private.h>
#include <mm/vma.h>
#include <kernel/errno.h>
#include <kernel/wait.h>

/* What lies in one area. */
struct part {
    struct mm *mm;
    u64 start, end;
    u32 flags;
    struct mapping *file; /* with a reference */
    u64 index;            /* the file's page at start */
};

/* The next part of [start, end), or false. */
static bool next_part(struct mm *mm, u64 start, u64 end, struct part *p)
{
    struct vma *vma;

    down_read(&mm->mmap_lock);
    vma = vma_find_next(mm, start);
    if (vma && vma->start >= end)
        vma = NULL;
    if (vma) {
        p->mm = mm;
        p->start = max_u64(start, vma->start);
        p->end = min_u64(end, vma->end);
        p->flags = vma->flags;
        p->file = vma->file;
        p->index = vma->file ? vma_file_index(vma, p->start) : 0;
        if (p->file)
            mapping_get(p->file);
    }
    up_read(&mm->mmap_lock);
    return vma != NULL;
}

static int for_each_part(struct mm *mm, u64 start, u64 end,
                         int (*fn)(struct part *p))
{
    int hole = 0, err = 0;
    struct part p;

    while (!err && start < end && !fatal_signal_pending()) {
        if (!next_part(mm, start, end, &p))
            return -ENOMEM;
        if (p.start > start)
            hole = -ENOMEM;
        err = fn(&p);
        if (p.file)
            mapping_put(p.file);
        start = p.end;
    }
    return err ? err : hole;
}

static int do_nothing(struct part *p)
{
    (void)p;
    return 0;
}

/* ---- pages that are there ---- */

/* The next page at or after *va, with a reference; *va goes behind it. */
static struct page *next_page(struct mm *mm, u64 *va, u64 end)
{
    struct page *page = NULL;
    pte_t *p;

    down_read(&mm->mmap_lock); /* keeps the tables */
    spin_lock(&mm->pt_lock);
    while (!page && (p = pt_next_long(mm, va, end))) {
        pte_t e = pte_read(p);

        if (pte_present(e) && !(e & PTE_ZERO))
            page = pfn_to_page(pte_pfn(e));
        if (page)
            get_page(page);
        *va += PAGE_SIZE;
    }
    spin_unlock(&mm->pt_lock);
    up_read(&mm->mmap_lock);
    return page;
}

/*
 * MADV_PAGEOUT: what cannot go (in use elsewhere, refused by the design)
 * stays, silently, as it is only advice. No lock is held over the disk.
 */
static int page_out(struct part *p)
{
    u64 va = p->start;
    struct page *page;

    if (p->flags & VM_LOCKED)
        return -EINVAL;
    while (!fatal_signal_pending() && (page = next_page(p->mm, &va, p->end))) {
        int err = reclaim_page(page);

        mm_event("pageout", NULL, "addr=0x%llx result=%d",
                 (unsigned long long)(va - PAGE_SIZE), err);
        put_page(page);
    }
    return 0;
}

/* MADV_COLD: to the list of pages that go next. What others use, too, is not
   ours to call cold. */
static int make_cold(struct part *p)
{
    u64 va = p->start;
    struct page *page;

    if (p->flags & VM_LOCKED)
        return -EINVAL;
    while (!fatal_signal_pending() && (page = next_page(p->mm, &va, p->end))) {
        if (page_mapcount(page) == 1 && trylock_page(page)) {
            (void)rmap_test_clear_accessed(page);
            unlock_page(page);
            lru_deactivate(page);
        }
        put_page(page);
    }
    return 0;
}

/* ---- pages that are not ---- */

/* The slot of the next swap entry at or after *va; *va goes behind it. */
static bool next_slot(struct mm *mm, u64 *va, u64 end, swp_t *slot)
{
    bool found = false;
    pte_t *p;

    down_read(&mm->mmap_lock); /* keeps the tables */
    spin_lock(&mm->pt_lock);
    while (!found && (p = pt_next_long(mm, va, end))) {
        found = pte_is_swap(pte_read(p));
        if (found)
            *slot = swp_from_pte(pte_read(p));
        *va += PAGE_SIZE;
    }
    spin_unlock(&mm->pt_lock);
    up_read(&mm->mmap_lock);
    return found;
}

/* MADV_WILLNEED: start reading into the swap cache, wait for nothing. Not so
   much as to push out what is needed now. */
static int read_ahead(struct part *p)
{
    u64 va = p->start, room = total_free_frames() / 2;
    struct page *page;
    swp_t slot;

    while (room > 0 && !fatal_signal_pending() &&
           next_slot(p->mm, &va, p->end, &slot)) {
        if (swap_read_how(slot, ALLOC_USER | ALLOC_NO_OOM, &page))
            break; /* no memory, or the disk fails: a fault will tell */
        put_page(page);
        room--;
    }
    return 0;
}

static int populate(struct part *p, enum fault_access how)
{
    const u32 needed = how == FAULT_WRITE ? VM_WRITE : VM_READ;

    if (!(p->flags & needed))
        return -EINVAL;
    for (u64 va = p->start; va < p->end; va += PAGE_SIZE) {
        switch (mm_fault_in(p->mm, va, how)) {
        case FAULT_DONE:
            break;
        case FAULT_KILLED:
            return -EINTR;
        case FAULT_BUS:
            return -EFAULT;
        default:
            return -ENOMEM;
        }
    }
    return 0;
}

static int populate_read(struct part *p)
{
    return populate(p, FAULT_READ);
}

static int populate_write(struct part *p)
{
    return populate(p, FAULT_WRITE);
}

/* ---- pages that go for good ---- */

/* mmap_lock keeps the tables, and the area as it was checked. */
static int drop(struct part *p, u32 unfit)
{
    struct vma *vma;
    int err = 0;

    down_read(&p->mm->mmap_lock);
    for (u64 at = p->start; !err && at < p->end; at = vma->end) {
        vma = vma_find_next(p->mm, at);
        if (!vma || vma->start >= p->end)
            break;
        if (vma->flags & unfit)
            err = -EINVAL;
        else
            zap_range(p->mm, max_u64(p->start, vma->start),
                      min_u64(p->end, vma->end));
    }
    up_read(&p->mm->mmap_lock);
    return err;
}

static int dont_need(struct part *p)
{
    return drop(p, VM_LOCKED);
}

static int dont_need_locked(struct part *p)
{
    return drop(p, 0);
}

static int may_free(struct part *p)
{
    return p->file ? -EINVAL : drop(p, VM_LOCKED);
}

/* MADV_REMOVE: a hole in the file. Its area may be unmapped meanwhile: as an
   mmap does, we say that we are going to write, and nobody seals the file. */
static int remove_pages(struct part *p)
{
    u32 needed = VM_SHARED | VM_WRITE;
    u64 start = p->index << PAGE_SHIFT;
    int err;

    if ((p->flags & VM_LOCKED) || !p->file)
        return -EINVAL;
    if ((p->flags & needed) != needed)
        return -EACCES;
    err = mapping_begin_area(p->file, &needed);
    if (err)
        return err;
    err = mapping_punch(p->file, start, start + p->end - p->start);
    mapping_end_area(p->file, needed);
    return err;
}

/* ---- what fork does ---- */

struct fork_advice {
    u32 set, clear;
    bool anonymous; /* it suits private anonymous areas only */
};

static int advise_area(struct vma *vma, void *arg)
{
    const struct fork_advice *a = arg;

    if (a->anonymous && vma->file)
        return -EINVAL;
    vma_set_flags(vma, (vma->flags & ~a->clear) | a->set);
    return 0;
}

/* Areas are cut: up to the first hole, as one cannot cut behind it. */
static int advise_fork(struct mm *mm, u64 start, u64 end, int advice)
{
    struct fork_advice a = {0};
    int err;

    if (advice == MADV_DONTFORK)
        a.set = VM_DONTFORK;
    else if (advice == MADV_DOFORK)
        a.clear = VM_DONTFORK;
    else if (advice == MADV_WIPEONFORK)
        a = (struct fork_advice){.set = VM_WIPEONFORK, .anonymous = true};
    else
        a.clear = VM_WIPEONFORK;
    if (down_write_killable(&mm->mmap_lock))
        return -EINTR;
    err = vma_for_range(mm, start, end, advise_area, &a);
    up_write(&mm->mmap_lock);
    return err;
}

static int (*const advices[])(struct part *p) = {
    [MADV_NORMAL] = do_nothing,
    [MADV_RANDOM] = do_nothing,
    [MADV_SEQUENTIAL] = do_nothing,
    [MADV_WILLNEED] = read_ahead,
    [MADV_DONTNEED] = dont_need,
    [MADV_FREE] = may_free,
    [MADV_REMOVE] = remove_pages,
    [MADV_DONTDUMP] = do_nothing, /* there are no core files */
    [MADV_DODUMP] = do_nothing,
    [MADV_COLD] = make_cold,
    [MADV_PAGEOUT] = page_out,
    [MADV_POPULATE_READ] = populate_read,
    [MADV_POPULATE_WRITE] = populate_write,
    [MADV_DONTNEED_LOCKED] = dont_need_locked,
};

static bool is_fork_advice(int advice)
{
    return advice == MADV_DONTFORK || advice == MADV_DOFORK ||
           advice == MADV_WIPEONFORK || advice == MADV_KEEPONFORK;
}

static bool is_known(int advice)
{
    if (advice < 0 || (unsigned)advice >= ARRAY_SIZE(advices))
        return false;
    return advices[advice] || is_fork_advice(advice);
}

s64 mm_madvise(struct mm *mm, u64 addr, u64 len, int advice)
{
    u64 end = addr + PAGE_UP(len);

    if (!is_known(advice) || (addr & ~PAGE_MASK) || (len && !PAGE_UP(len)) ||
        end < addr)
        return -EINVAL;
    if (end == addr)
        return 0;
    if (is_fork_advice(advice))
        return advise_fork(mm, addr, end, advice);
    return for_each_part(mm, addr, end, advices[advice]);
}
