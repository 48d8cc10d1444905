/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/pagemap: a word of 8 bytes for each page of user space, at 8 times
 * its number: bit 63 present, 62 swapped, 61 a file's or shared; then the
 * frame's number (bits 0-54), or the swap device (0-4) and slot (5-54).
 */
#include <fs/fs_private.h>
#include <fs/proc_pid.h>
#include <kernel/uaccess.h>
#include <mm/mm.h>
#include <mm/page.h>
#include <mm/pagetable.h>
#include <mm/swap.h>

#define WORDS 64 /* at once, by way of the kernel's stack */

#define PM_FILE      (1ull << 61)
#define PM_SWAP      (1ull << 62)
#define PM_PRESENT   (1ull << 63)
#define PM_EXCLUSIVE (1ull << 56)

/* pt_lock held. */
static u64 word_of(pte_t e)
{
    const struct page *p;
    swp_t s;

    if (pte_none(e))
        return 0;
    if (pte_is_swap(e) && !pte_present(e)) {
        s = swp_from_pte(e);
        return PM_SWAP | s >> 40 | (s & ((1ull << 40) - 1)) << 5;
    }
    if (e & PTE_ZERO)
        return PM_PRESENT | pte_pfn(e);
    p = pfn_to_page(pte_pfn(e));
    if (!pte_present(e)) /* being moved: Linux shows such as swapped, too */
        return PM_SWAP | (p->use == PAGE_FILE ? PM_FILE : 0);
    return PM_PRESENT | pte_pfn(e) | (p->use == PAGE_FILE ? PM_FILE : 0) |
           (page_mapcount(p) == 1 ? PM_EXCLUSIVE : 0);
}

static void get_words(struct mm *mm, u64 va, u64 *words, unsigned n)
{
    down_read(&mm->mmap_lock); /* keeps the tables */
    spin_lock(&mm->pt_lock);
    for (unsigned i = 0; i < n; i++, va += PAGE_SIZE) {
        pte_t *p = pt_walk(mm->pt.root, va);

        words[i] = p ? word_of(pte_read(p)) : 0;
    }
    spin_unlock(&mm->pt_lock);
    up_read(&mm->mmap_lock);
}

static s64 read_words(struct mm *mm, u64 ubuf, u64 len, u64 *pos)
{
    u64 words[WORDS], done = 0, va = *pos / 8 << PAGE_SHIFT;

    while (done < len && va < USER_END) {
        u64 n = min_u64((len - done) / 8, WORDS);

        n = min_u64(n, (USER_END - va) >> PAGE_SHIFT);
        get_words(mm, va, words, (unsigned)n);
        if (copy_to_user(ubuf + done, words, n * 8))
            return -EFAULT; /* as Linux, whatever went before */
        done += n * 8;
        va += n << PAGE_SHIFT;
    }
    *pos += done;
    return (s64)done;
}

static s64 pagemap_read(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    struct mm *mm;
    s64 ret;

    if (*pos % 8 || len % 8)
        return -EINVAL;
    if (*pos / 8 >= USER_END >> PAGE_SHIFT)
        return 0;
    mm = proc_mm_of(pid_of(f->inode->private));
    if (!mm)
        return 0;
    ret = read_words(mm, ubuf, len, pos);
    mm_put_user(mm);
    return ret;
}

static const struct file_ops pagemap_ops = {.read = pagemap_read};

struct inode *proc_pagemap_make(void *arg, u64 ino)
{
    struct inode *inode = inode_create(S_IFREG | 0400);

    if (!inode)
        return NULL;
    inode->ino = ino;
    inode->nlink = 1;
    inode->fops = &pagemap_ops;
    inode->private = arg;
    return inode;
}
