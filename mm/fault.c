/* SPDX-License-Identifier: MIT */
/*
 * Page faults: one entry, named outcomes.
 *
 * What is assumed:
 *  1. Somebody else may mend the same fault at the same time: whoever comes
 *     second finds the entry changed, and returns to the user, who retries.
 *  2. After every sleep all is looked at again: the area, the entry, the page.
 *  3. Nothing is held while sleeping for the disk, a page lock or a move.
 */
#include <mm/init.h>
#include <mm/cow.h>
#include <mm/event.h>
#include <mm/fault.h>
#include <mm/filemap.h>
#include <mm/pagetable.h>
#include <mm/reclaim.h>
#include <mm/rmap.h>
#include <mm/stat.h>
#include <mm/swap.h>
#include <mm/vma.h>
#include <mm/zone.h>
#include <kernel/errno.h>
#include <kernel/string.h>
#include <kernel/testpoint.h>
#include <kernel/time.h>
#include <kernel/wait.h>

static struct page *zero_page; /* written once, at boot */

void fault_init(void)
{
    zero_page = alloc_page(ALLOC_ATOMIC | ALLOC_ZERO, PAGE_ZERO);
    ASSERT(zero_page);
}

bool fault_relock(struct fault *f)
{
    spin_lock(&f->mm->pt_lock);
    if (pte_read(f->pte) == f->entry && !fault_is_reaped(f))
        return true;
    spin_unlock(&f->mm->pt_lock);
    return false;
}

/*
 * The page that stands in the way of this entry, if it still does: locked, or
 * being moved. PG_WAITERS is set before the lock is looked at, so that an
 * unlock in between wakes us. pt_lock held: it keeps the page from going away
 * (a mapped page has the entry's reference, a moving one the mover's).
 */
static struct page *in_the_way(pte_t e)
{
    struct page *page;

    if (pte_none(e))
        return NULL;
    if (pte_present(e) || pte_is_migration(e)) {
        page = pfn_to_page(pte_pfn(e));
        page_set(page, PG_WAITERS);
        return pte_is_migration(e) || page_locked(page) ? page : NULL;
    }
    return swap_cache_busy(swp_from_pte(e), false);
}

static struct page *blocker(struct mm *mm, u64 addr, pte_t entry)
{
    struct page *page = NULL;
    pte_t *p;

    spin_lock(&mm->pt_lock);
    p = pt_walk(mm->pt.root, addr);
    if (p && pte_read(p) == entry)
        page = in_the_way(entry);
    spin_unlock(&mm->pt_lock);
    return page;
}

/* Sleep until the entry changes or its page is free. 0 or -EINTR. */
static int wait_for_entry(struct mm *mm, u64 addr, pte_t entry)
{
    struct page *page = blocker(mm, addr, entry);

    if (!page)
        return 0;
    return wait_event_killable(page_waitq(page),
                               blocker(mm, addr, entry) != page);
}

static pte_t entry_now(struct mm *mm, u64 addr)
{
    pte_t e = 0, *p;

    spin_lock(&mm->pt_lock);
    p = pt_walk(mm->pt.root, addr);
    if (p)
        e = pte_read(p);
    spin_unlock(&mm->pt_lock);
    return e;
}

/* Sleep until the file's page is not locked. 0 or -EINTR. */
static int wait_for_file(struct mapping *m, u64 index)
{
    struct page *page = mapping_busy(m, index);

    if (!page)
        return 0;
    return wait_event_killable(page_waitq(page),
                               mapping_busy(m, index) != page);
}

int mm_wait_for_move(struct mm *mm, u64 addr)
{
    pte_t e = entry_now(mm, PAGE_DOWN(addr));

    if (pte_none(e) || !pte_is_migration(e))
        return 0;
    return wait_for_entry(mm, PAGE_DOWN(addr), e);
}

/* A first touch for reading: everybody's page of zeroes. */
static int map_zero_page(struct fault *f)
{
    pte_write(f->pte,
              pte_make(page_to_pfn(zero_page),
                       vma_pte_flags(f->vma, false) | PTE_ZERO | PTE_A));
    spin_unlock(&f->mm->pt_lock);
    return FAULT_DONE;
}

static int fault_anonymous(struct fault *f)
{
    return f->how == FAULT_WRITE ? fault_install_zeroes(f) : map_zero_page(f);
}

static int fault_present(struct fault *f)
{
    if (f->entry & PTE_NONE_PROT) { /* only with the area's flags gone stale */
        spin_unlock(&f->mm->pt_lock);
        return FAULT_NO_ACCESS;
    }
    if (f->how == FAULT_WRITE && !(f->entry & PTE_W))
        return fault_write_protected(f);
    /* Somebody mended it, or the processor held an old translation. */
    pte_set_bits(f->pte, PTE_A);
    spin_unlock(&f->mm->pt_lock);
    return FAULT_DONE;
}

/* The entry, with pt_lock held: tables that are missing are made first. NULL:
   no memory, and no lock. */
static pte_t *lock_entry(struct mm *mm, u64 addr)
{
    for (;;) {
        pte_t *p;

        spin_lock(&mm->pt_lock);
        p = pt_walk(mm->pt.root, addr);
        if (p)
            return p;
        spin_unlock(&mm->pt_lock);
        if (pt_prepare(mm, addr))
            return NULL;
    }
}

/* pt_lock held; each branch gives it back. */
static int dispatch(struct fault *f)
{
    f->entry = pte_read(f->pte);
    if (unlikely(fault_is_reaped(f))) {
        spin_unlock(&f->mm->pt_lock);
        return FAULT_BUS;
    }
    if (pte_none(f->entry))
        return f->vma->file ? fault_file(f) : fault_anonymous(f);
    if (pte_present(f->entry))
        return fault_present(f);
    if (pte_is_swap(f->entry))
        return fault_swap(f);
    spin_unlock(&f->mm->pt_lock);
    return FAULT_WAIT; /* being moved */
}

static bool allowed(const struct vma *vma, enum fault_access how)
{
    switch (how) {
    case FAULT_WRITE:
        return vma->flags & VM_WRITE;
    case FAULT_EXEC:
        return vma->flags & VM_EXEC;
    default:
        return vma->flags & (VM_READ | VM_WRITE | VM_EXEC);
    }
}

/* No spinlock held. */
static int get_spare_page(struct fault *f)
{
    f->spare = alloc_page(ALLOC_USER | (f->want_zeroes ? ALLOC_ZERO : 0),
                          PAGE_ANON);
    f->spare_is_zero = f->want_zeroes;
    testpoint("fault.spare");
    return f->spare ? FAULT_DONE : FAULT_NO_MEMORY;
}

/* mmap_lock held for reading. */
static int fault_locked(struct fault *f)
{
    int ret;

    f->vma = vma_find(f->mm, f->addr);
    if (!f->vma)
        return FAULT_GROW;
    if (!allowed(f->vma, f->how))
        return FAULT_NO_ACCESS;
    if (!(f->vma->flags & VM_SHARED) && anon_vma_prepare(f->vma))
        return FAULT_NO_MEMORY;
    do {
        f->pte = lock_entry(f->mm, f->addr);
        ret = f->pte ? dispatch(f) : FAULT_NO_MEMORY;
        if (ret == FAULT_SPARE && get_spare_page(f))
            ret = FAULT_NO_MEMORY;
    } while (ret == FAULT_SPARE);
    return ret;
}

/* Whoever has to wait for a read has the disk read its neighbours, too. */
static void read_around(const struct fault *f)
{
    if (f->reading && !pte_present(f->entry) && pte_is_swap(f->entry))
        swap_read_around(f->reading);
}

/* Sleep for what stands in the way, and account for it if it is a move. */
static int sleep_for(struct fault *f)
{
    bool move = !pte_present(f->entry) && pte_is_migration(f->entry);
    u64 start = now_ns();
    int err;

    read_around(f);
    err = wait_for_entry(f->mm, f->addr, f->entry);

    if (move) {
        stat_inc(STAT_fault_slept);
        stat_add(STAT_fault_slept_ns, now_ns() - start);
        mm_event("fault.slept", NULL, "addr=0x%llx",
                 (unsigned long long)f->addr);
    }
    return err ? FAULT_KILLED : FAULT_DONE;
}

/* Sleep for a file's page: for the disk, or for whoever has it locked. */
static int sleep_for_file(struct fault *f)
{
    int err = mapping_bring_in(f->file, f->index, ALLOC_USER);

    if (!err)
        err = wait_for_file(f->file, f->index);
    mapping_put(f->file);
    switch (err) {
    case 0:
        return FAULT_DONE;
    case -ENOMEM:
        return FAULT_NO_MEMORY;
    case -EINTR:
        return FAULT_KILLED;
    default:
        return FAULT_BUS;
    }
}

/* What stands in the way, for a caller that holds pins and may not sleep for
   it: whoever has locked the page may be a mover, who waits for those pins. */
static int not_asleep(struct fault *f, int ret)
{
    if (ret == FAULT_WAIT_FILE) {
        mapping_put(f->file);
        return FAULT_LOCKED;
    }
    read_around(f);
    return !pte_present(f->entry) && pte_is_migration(f->entry)
               ? FAULT_MIGRATING
               : FAULT_LOCKED;
}

static int fault_once(struct fault *f)
{
    int ret;

    if (down_read_killable(&f->mm->mmap_lock))
        return FAULT_KILLED;
    ret = fault_locked(f);
    up_read(&f->mm->mmap_lock);
    return ret;
}

/* Until nothing is in the way any more. */
static int fault_retry(struct fault *f, bool wait_move)
{
    int ret;

    do {
        ret = fault_once(f);
        if (ret == FAULT_GROW) {
            ret = fault_grow_stack(f->mm, f->addr);
        } else if (ret == FAULT_WAIT_FILE || ret == FAULT_WAIT) {
            if (!wait_move)
                return not_asleep(f, ret);
            ret = ret == FAULT_WAIT ? sleep_for(f) : sleep_for_file(f);
        } else if (ret == FAULT_WAIT_DISK) {
            ret = swap_wait_for_room() ? FAULT_KILLED : FAULT_DONE;
        } else {
            return ret;
        }
    } while (ret == FAULT_DONE);
    return ret;
}

static enum fault_result do_fault(struct mm *mm, u64 addr,
                                  enum fault_access how, bool wait_move)
{
    struct fault f = {.mm = mm, .addr = PAGE_DOWN(addr), .how = how};
    int ret;

    if (addr >= USER_END)
        return FAULT_NO_AREA;
    stat_inc(STAT_pgfault);
    current_count_fault(false);
    ret = fault_retry(&f, wait_move);
    if (f.spare)
        put_page(f.spare); /* another thread was faster */
    return (enum fault_result)ret;
}

enum fault_result mm_fault(struct mm *mm, u64 addr, enum fault_access how)
{
    return do_fault(mm, addr, how, true);
}

enum fault_result mm_fault_no_wait_move(struct mm *mm, u64 addr,
                                        enum fault_access how)
{
    return do_fault(mm, addr, how, false);
}
