/* SPDX-License-Identifier: MIT */
/* What is behind a user address: for /proc/pageinfo, for people. */
#include <mm/mm.h>
#include <mm/page.h>
#include <mm/pagetable.h>
#include <mm/swap.h>
#include <kernel/print.h>

static int describe_page(const char *how, struct page *page, pte_t e, char *buf,
                         size_t size)
{
    int n = snprintf(buf, size, "pte=%s writable=%d dirty=%d ", how,
                     !!(e & PTE_W), !!(e & PTE_D));

    if (page && (size_t)n < size)
        n += page_describe(page, buf + n, size - n);
    return n;
}

static int describe_entry(pte_t e, char *buf, size_t size)
{
    if (pte_none(e))
        return snprintf(buf, size, "pte=none");
    if (pte_is_swap(e))
        return swap_describe(swp_from_pte(e), buf, size);
    return describe_page(pte_present(e) ? "present" : "migration",
                         pfn_to_page(pte_pfn(e)), e, buf, size);
}

/*
 * Who looks is not to be in what is shown: so no reference is taken. pt_lock
 * keeps the entry, and the entry its frame: a page by its own reference, one
 * that is being moved by the mover's.
 */
int mm_describe_address(struct mm *mm, u64 addr, char *buf, size_t size)
{
    pte_t *p;
    int n;

    spin_lock(&mm->pt_lock);
    p = addr < USER_END ? pt_walk(mm->pt.root, addr) : NULL;
    n = describe_entry(p ? pte_read(p) : 0, buf, size);
    spin_unlock(&mm->pt_lock);
    return n;
}
