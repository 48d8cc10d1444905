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

static int describe_swap(pte_t e, char *buf, size_t size)
{
    swp_t slot = swp_from_pte(e);
    struct page *page = swap_cache_get(slot);
    int n = snprintf(buf, size, "pte=swap slot=%llu cached=%d ",
                     (unsigned long long)slot, page != NULL);

    if (!page)
        return n;
    if ((size_t)n < size)
        n += page_describe(page, buf + n, size - n);
    put_page(page);
    return n;
}

int mm_describe_address(struct mm *mm, u64 addr, char *buf, size_t size)
{
    struct page *page = NULL;
    pte_t *p, e;
    int n;

    spin_lock(&mm->pt_lock);
    p = addr < USER_END ? pt_walk(mm->pt.root, addr) : NULL;
    e = p ? pte_read(p) : 0;
    if (!pte_none(e) && !pte_is_swap(e)) {
        page = pfn_to_page(pte_pfn(e));
        if (page && !get_page_unless_zero(page))
            page = NULL;
    }
    spin_unlock(&mm->pt_lock);

    if (pte_none(e))
        return snprintf(buf, size, "pte=none");
    if (pte_is_swap(e))
        return describe_swap(e, buf, size);
    n = describe_page(pte_present(e) ? "present" : "migration", page, e, buf,
                      size);
    if (page)
        put_page(page);
    return n;
}
