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

/* The spare page, filled, becomes the entry's. pt_lock held. */
static void install_spare(struct fault *f)
{
    struct page *page = f->spare;

    f->spare = NULL;
    page_set(page, PG_UPTODATE);
    page_set(page, PG_DIRTY); /* no slot has its contents */
    rmap_add_anon(page, f->vma, f->addr);
    cow_page_is_new(page);
    replace_entry(f, page);
    lru_add(page, true);
}

void fault_install_copy(struct fault *f, struct page *from)
{
    stat_inc(STAT_cow_copy);
    mm_event("cow.copy", from, "addr=0x%llx", (unsigned long long)f->addr);
    memcpy(page_to_virt(f->spare), page_to_virt(from), PAGE_SIZE);
    install_spare(f);
}

int fault_install_zeroes(struct fault *f)
{
    int ret = FAULT_DONE;

    if (!f->spare) {
        f->want_zeroes = true;
        ret = FAULT_SPARE;
    } else {
        if (!f->spare_is_zero) /* it was got for a copy */
            memset(page_to_virt(f->spare), 0, PAGE_SIZE);
        stat_inc(STAT_anon_zeroed);
        install_spare(f);
    }
    spin_unlock(&f->mm->pt_lock);
    return ret;
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

/*
 * An anonymous page. pt_lock holds the entry and so the page; the page lock
 * comes before it in the order, and so is only tried for. Both are kept until
 * the page is made writable or its copy is installed (mm/fault.h says why), so
 * that the copy has to have been allocated before.
 */
static int write_anonymous(struct fault *f, struct page *page)
{
    bool may, copy;

    if (!trylock_page(page)) {
        spin_unlock(&f->mm->pt_lock);
        return FAULT_WAIT;
    }
    testpoint("wp.page_locked");
    may = cow_may_reuse(page, 0, 0);
    copy = !may && f->spare;
    if (may) {
        reuse(f, page);
    } else if (copy) {
        get_page(page); /* beyond the entry's, which the copy takes away */
        fault_install_copy(f, page);
    }
    unlock_page(page);
    spin_unlock(&f->mm->pt_lock);
    if (copy) {
        drop_from_cache(page);
        put_page(page);
    }
    return may || copy ? FAULT_DONE : FAULT_SPARE;
}

/* A file's page is never the process's to keep. The entry keeps the page, and
   pt_lock the entry. */
static int write_private_file(struct fault *f, struct page *page)
{
    bool copied = f->spare;

    get_page(page); /* beyond the entry's, which the copy takes away */
    if (copied)
        fault_install_copy(f, page);
    spin_unlock(&f->mm->pt_lock);
    put_page(page);
    return copied ? FAULT_DONE : FAULT_SPARE;
}

int fault_write_protected(struct fault *f)
{
    struct page *page = pfn_to_page(pte_pfn(f->entry));

    if (f->entry & PTE_ZERO)
        return fault_install_zeroes(f);
    if (f->vma->flags & VM_SHARED) {
        pte_set_bits(f->pte, PTE_W | PTE_D | PTE_A);
        spin_unlock(&f->mm->pt_lock);
        return FAULT_DONE;
    }
    if (page->use == PAGE_ANON)
        return write_anonymous(f, page);
    return write_private_file(f, page);
}
