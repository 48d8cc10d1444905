/* SPDX-License-Identifier: MIT */
/*
 * Copy-on-write: a write to a page that is mapped read-only.
 *
 * The page lock is taken so that no owner moves between mapcount and
 * swapcount while the design looks at them. It says nothing about a device
 * that is writing to the page: raw I/O does not take it.
 */
#include <mm/cow.h>
#include <mm/event.h>
#include <mm/fault.h>
#include <mm/pagetable.h>
#include <mm/reclaim.h>
#include <mm/rmap.h>
#include <mm/stat.h>
#include <mm/swap.h>
#include <mm/vma.h>
#include <mm/zone.h>
#include <kernel/string.h>
#include <kernel/testpoint.h>
#include <kernel/x86/tlb.h>

/* A fresh page with the contents of `from`, or zeroes. NULL: no memory. */
static struct page *make_copy(struct page *from)
{
    struct page *copy =
        alloc_page(from ? ALLOC_USER : ALLOC_USER | ALLOC_ZERO, PAGE_ANON);

    if (!copy)
        return NULL;
    if (from)
        memcpy(page_to_virt(copy), page_to_virt(from), PAGE_SIZE);
    page_set(copy, PG_UPTODATE);
    page_set(copy, PG_DIRTY); /* no slot has its contents */
    return copy;
}

/*
 * The entry that is replaced, if it mapped a page: other threads may read
 * through it until the flush, so that the page is let go after it. pt_lock.
 */
static void replace_entry(struct fault *f, struct page *copy)
{
    pte_t old;

    tlb_flush_deferred(&f->mm->pt); /* of a file's page, perhaps */
    old = pte_exchange(f->pte,
                       pte_make(page_to_pfn(copy),
                                vma_pte_flags(f->vma, true) | PTE_A | PTE_D));
    if (pte_present(old))
        tlb_flush_range(&f->mm->pt, f->addr, f->addr + PAGE_SIZE);
    if (pte_present(old) && !(old & PTE_ZERO)) {
        struct page *page = pfn_to_page(pte_pfn(old));

        rmap_remove(page);
        put_page(page);
    } else {
        mm_rss_more(f->mm);
    }
}

int fault_install_copy(struct fault *f, struct page *from)
{
    struct page *copy = make_copy(from);

    if (!copy)
        return FAULT_NO_MEMORY;
    if (!fault_relock(f)) {
        put_page(copy); /* another thread was faster; the user retries */
        return FAULT_DONE;
    }
    rmap_add_anon(copy, f->vma, f->addr);
    cow_page_is_new(copy);
    replace_entry(f, copy);
    lru_add(copy, true);
    spin_unlock(&f->mm->pt_lock);
    return FAULT_DONE;
}

/*
 * The page stays, writable. What its swap slot says is now old; while there is
 * room it keeps the slot, for the next time it goes out, but when swap fills
 * up stale copies must not be what fills it. Page lock and pt_lock held.
 */
static void reuse(struct fault *f, struct page *page)
{
    stat_inc(STAT_cow_reuse);
    mm_event("cow.reuse", page, "addr=0x%llx", (unsigned long long)f->addr);
    pte_set_bits(f->pte, PTE_W | PTE_D | PTE_A);
    page_set(page, PG_DIRTY);
    if (page_flag(page, PG_SWAPCACHE) && swap_mostly_full())
        swap_try_free(page);
}

static int copy_instead(struct fault *f, struct page *page)
{
    stat_inc(STAT_cow_copy);
    mm_event("cow.copy", page, "addr=0x%llx", (unsigned long long)f->addr);
    return fault_install_copy(f, page);
}

/*
 * An anonymous page. pt_lock, which we keep, holds the entry and so the page;
 * the page lock comes before it in the order, and so is only tried for. A copy
 * is made without either: then a reference keeps what is copied.
 */
static int write_anonymous(struct fault *f, struct page *page)
{
    bool may;
    int ret;

    if (!trylock_page(page)) {
        spin_unlock(&f->mm->pt_lock);
        return FAULT_WAIT;
    }
    testpoint("wp.page_locked");
    may = cow_may_reuse(page, 0, 0);
    if (may)
        reuse(f, page);
    else
        get_page(page);
    unlock_page(page);
    spin_unlock(&f->mm->pt_lock);
    if (may)
        return FAULT_DONE;
    ret = copy_instead(f, page);
    drop_from_cache(page);
    put_page(page);
    return ret;
}

int fault_write_protected(struct fault *f)
{
    struct page *page = pfn_to_page(pte_pfn(f->entry));
    int ret;

    if (f->entry & PTE_ZERO) {
        spin_unlock(&f->mm->pt_lock);
        stat_inc(STAT_anon_zeroed);
        return fault_install_copy(f, NULL);
    }
    if (f->vma->flags & VM_SHARED) {
        pte_set_bits(f->pte, PTE_W | PTE_D | PTE_A);
        spin_unlock(&f->mm->pt_lock);
        return FAULT_DONE;
    }
    if (page->use == PAGE_ANON)
        return write_anonymous(f, page);
    get_page(page);
    spin_unlock(&f->mm->pt_lock);
    ret = copy_instead(f, page); /* a file's page is never ours to keep */
    put_page(page);
    return ret;
}
