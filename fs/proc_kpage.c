/* SPDX-License-Identifier: MIT */
/*
 * /proc/kpagecount and kpageflags: a word of 8 bytes for each frame, at 8
 * times its number. Offset and length are multiples of 8, as in Linux.
 */
#include <fs/fs_private.h>
#include <fs/procfs.h>
#include <kernel/uaccess.h>
#include <mm/page.h>
#include <mm/removal.h>
#include <mm/section.h>

#define WORDS 64 /* at once, by way of the kernel's stack */

/* Linux's numbers of flags. */
enum {
    KPF_LOCKED = 0,
    KPF_ERROR = 1,
    KPF_REFERENCED = 2,
    KPF_UPTODATE = 3,
    KPF_DIRTY = 4,
    KPF_LRU = 5,
    KPF_ACTIVE = 6,
    KPF_SLAB = 7,
    KPF_WRITEBACK = 8,
    KPF_RECLAIM = 9,
    KPF_BUDDY = 10,
    KPF_MMAP = 11,
    KPF_ANON = 12,
    KPF_SWAPCACHE = 13,
    KPF_SWAPBACKED = 14,
    KPF_NOPAGE = 20,
    KPF_ZERO_PAGE = 24,
    KPF_PGTABLE = 26,
    KPF_RESERVED = 32, /* from here on Linux's "for those who work on it" */
};

static u64 count_of(const struct page *p)
{
    return p && page_is_user(p) ? (u64)page_mapcount(p) : 0;
}

static u64 bit_if(bool yes, unsigned bit)
{
    return (u64)yes << bit;
}

static u64 flags_of(const struct page *p)
{
    static const struct {
        enum page_flag ours;
        u8 theirs;
    } same[] = {
        {PG_LOCKED, KPF_LOCKED},         {PG_ERROR, KPF_ERROR},
        {PG_REFERENCED, KPF_REFERENCED}, {PG_UPTODATE, KPF_UPTODATE},
        {PG_DIRTY, KPF_DIRTY},           {PG_LRU, KPF_LRU},
        {PG_ACTIVE, KPF_ACTIVE},         {PG_WRITEBACK, KPF_WRITEBACK},
        {PG_RECLAIM, KPF_RECLAIM},       {PG_SWAPCACHE, KPF_SWAPCACHE},
    };
    u64 flags = 0;

    if (!p)
        return 1ull << KPF_NOPAGE;
    for (unsigned i = 0; page_is_user(p) && i < ARRAY_SIZE(same); i++)
        flags |= bit_if(page_flag(p, same[i].ours), same[i].theirs);
    if (page_is_user(p))
        flags |= bit_if(page_mapcount(p) > 0, KPF_MMAP) |
                 bit_if(p->use == PAGE_ANON, KPF_ANON) | 1ull << KPF_SWAPBACKED;
    return flags | bit_if(p->use == PAGE_FREE, KPF_BUDDY) |
           bit_if(p->use == PAGE_SLAB, KPF_SLAB) |
           bit_if(p->use == PAGE_TABLE, KPF_PGTABLE) |
           bit_if(p->use == PAGE_ZERO, KPF_ZERO_PAGE) |
           bit_if(p->use == PAGE_RESERVED || p->use == PAGE_MEMMAP,
                  KPF_RESERVED);
}

static s64 read_words(u64 ubuf, u64 len, u64 *pos,
                      u64 (*word)(const struct page *p))
{
    pfn_t end = section_pfn(section_count()), pfn = *pos / 8;
    u64 words[WORDS], done = 0;

    if (*pos % 8 || len % 8)
        return -EINVAL;
    while (done < len && pfn < end) {
        unsigned n = 0;

        sections_hold();
        for (; n < WORDS && done + n * 8 < len && pfn < end; n++)
            words[n] = word(pfn_to_page(pfn++));
        sections_release();
        if (copy_to_user(ubuf + done, words, n * 8))
            return -EFAULT; /* as Linux, whatever went before */
        done += n * 8;
    }
    *pos += done;
    return (s64)done;
}

static s64 read_counts(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    (void)f;
    return read_words(ubuf, len, pos, count_of);
}

static s64 read_flags(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    (void)f;
    return read_words(ubuf, len, pos, flags_of);
}

static const struct file_ops count_ops = {.read = read_counts};
static const struct file_ops flags_ops = {.read = read_flags};

void proc_kpage_init(void)
{
    inode_put(
        fs_mknod("/proc/kpagecount", S_IFREG | 0400, 0, &count_ops, NULL));
    inode_put(
        fs_mknod("/proc/kpageflags", S_IFREG | 0400, 0, &flags_ops, NULL));
}
