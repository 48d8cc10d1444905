/* SPDX-License-Identifier: MIT */
/*
 * Another process's memory, as the kernel reads and writes it by itself.
 *
 * The bytes are copied under pt_lock, while the entry allows the access. A pin
 * would keep the frame, but not the process's hold on it:
 *
 *   write through a pin            the process
 *   -------------------            -----------
 *   pin the page
 *                                  fork: the entry loses its write bit
 *                                  a write: the process gets a copy
 *   copy to the old page, which
 *   is the child's alone now
 *
 * What is copied is a page at most: fork copies as much under this lock.
 */
#include <mm/gup.h>
#include <mm/mm.h>
#include <mm/pagetable.h>
#include <mm/vma.h>
#include <kernel/errno.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/testpoint.h>
#include <kernel/wait.h>
#include <kernel/x86/directmap.h>

/* pt_lock held. As the processor would do it, it is noted in the entry. */
static void copy_remote(pte_t *p, u64 addr, void *buf, u64 len, bool write)
{
    char *there = (char *)pfn_to_virt(pte_pfn(pte_read(p)));

    there += addr & ~PAGE_MASK;
    testpoint("remote.copy");
    pte_set_bits(p, write ? PTE_A | PTE_D : PTE_A);
    if (write)
        memcpy(there, buf, len);
    else
        memcpy(buf, there, len);
}

/* False: the entry does not allow it. */
static bool access_present(struct mm *mm, u64 addr, void *buf, u64 len,
                           bool write)
{
    pte_t *p, e;
    bool may;

    spin_lock(&mm->pt_lock);
    p = pt_walk(mm->pt.root, PAGE_DOWN(addr));
    e = p ? pte_read(p) : 0;
    may = (e & PTE_P) && (!write || (e & PTE_W));
    if (may)
        copy_remote(p, addr, buf, len, write);
    spin_unlock(&mm->pt_lock);
    return may;
}

int mm_access(struct mm *mm, u64 addr, void *buf, u64 len, bool write)
{
    enum fault_access how = write ? FAULT_WRITE : FAULT_READ;
    int err = 0;

    ASSERT((addr & ~PAGE_MASK) + len <= PAGE_SIZE);
    if (addr >= USER_END)
        return -EFAULT;
    while (!err && !access_present(mm, addr, buf, len, write))
        err = gup_error(mm_fault_in(mm, PAGE_DOWN(addr), how));
    return err;
}

u64 mm_peek(struct mm *mm, u64 addr, void *buf, u64 len)
{
    u64 done = 0;

    while (done < len) {
        u64 at = addr + done;
        u64 n = min_u64(len - done, PAGE_SIZE - (at & ~PAGE_MASK));

        if (mm_access(mm, at, (char *)buf + done, n, false))
            break;
        done += n;
    }
    return done;
}
