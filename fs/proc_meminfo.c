/* SPDX-License-Identifier: MIT */
/*
 * /proc/meminfo and swaps, and the node's meminfo in /sys: how much memory
 * there is of what, line by line as in Linux. What hotcow does not have is 0.
 */
#include <fs/fs_private.h>
#include <fs/memcounts.h>
#include <fs/procfs.h>
#include <fs/text.h>
#include <mm/commit.h>
#include <mm/mm.h>
#include <mm/reclaim.h>
#include <mm/removal.h>
#include <mm/section.h>
#include <mm/slab.h>
#include <mm/swap.h>

#define ULL(n)      ((unsigned long long)(n))
#define KIB(frames) (ULL(frames) * (PAGE_SIZE / 1024))

/* ---- counting ---- */

u64 lru_active(void)
{
    return READ_ONCE(lrus[ZONE_NORMAL].nr_active) +
           READ_ONCE(lrus[ZONE_MOVABLE].nr_active);
}

u64 lru_inactive(void)
{
    return READ_ONCE(lrus[ZONE_NORMAL].nr_inactive) +
           READ_ONCE(lrus[ZONE_MOVABLE].nr_inactive);
}

void space_count(struct space_counts *c)
{
    struct mm *mm = NULL;

    *c = (struct space_counts){0};
    while ((mm = mm_next(mm))) {
        c->locked += READ_ONCE(mm->locked_vm);
        c->tables += READ_ONCE(mm->tables);
    }
}

static void count_frame(struct mem_counts *c, const struct page *p)
{
    switch (READ_ONCE(p->use)) {
    case PAGE_ANON:
        c->anon++;
        break;
    case PAGE_FILE:
        c->files++;
        c->mapped += page_mapcount(p) > 0;
        break;
    case PAGE_STACK:
        c->stacks++;
        break;
    case PAGE_TABLE:
        c->tables++;
        break;
    case PAGE_BOUNCE:
        c->bounce++;
        break;
    }
}

/* The sections are let go of now and then, for whoever wants to take one. */
static void count_frames(struct mem_counts *c)
{
    for (u32 nr = 0; nr < section_count(); nr++) {
        struct section *s = section_get(nr);

        sections_hold();
        for (unsigned i = 0; s->map && i < SECTION_FRAMES; i++)
            count_frame(c, &s->map[i]);
        c->present += s->map ? SECTION_FRAMES : 0;
        sections_release();
    }
}

/* Everything that a process owns can go to swap, as far as there is room: the
   rest of what is not free is the kernel's. */
static u64 available(void)
{
    u64 reserve = zones[ZONE_NORMAL].wmark_low + zones[ZONE_MOVABLE].wmark_low;
    u64 free = total_free_frames();

    return free > reserve ? free - reserve : 0;
}

void mem_count(struct mem_counts *c)
{
    struct space_counts spaces;

    *c = (struct mem_counts){0};
    count_frames(c);
    space_count(&spaces);
    c->locked = spaces.locked; /* areas, whether or not their pages are in */
    c->total = total_frames();
    c->free = total_free_frames();
    c->available = available();
    c->active = lru_active();
    c->inactive = lru_inactive();
    c->swap_cached = swap_cached();
    c->writeback = swap_writing();
    c->slab = slab_frames();
}

/* ---- showing ---- */

struct line {
    const char *name;
    u64 frames;
};

static void show_lines(struct text *t, const char *prefix,
                       const struct line *lines, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        text_add(t, "%s%-16s%8llu kB\n", prefix, lines[i].name,
                 KIB(lines[i].frames));
}

/* One pair of lists for both kinds: files live in memory, and Linux counts
   those of its tmpfs with the anonymous pages. Locked pages stay on them. */
#define LRU_LINES(c)                                                       \
    {"Active:", (c).active}, {"Inactive:", (c).inactive},                  \
        {"Active(anon):", (c).active}, {"Inactive(anon):", (c).inactive},  \
        {"Active(file):", 0}, {"Inactive(file):", 0}, {"Unevictable:", 0}, \
    {                                                                      \
        "Mlocked:", (c).locked                                             \
    }

static void show_amounts(struct text *t, const struct mem_counts *m)
{
    const struct mem_counts c = *m;
    u64 swap_total, swap_free;

    swap_totals(&swap_total, &swap_free);
    const struct line lines[] = {
        {"MemTotal:", c.total},
        {"MemFree:", c.free},
        {"MemAvailable:", c.available},
        {"Buffers:", 0}, /* disks are not cached */
        {"Cached:", c.files},
        {"SwapCached:", c.swap_cached},
        LRU_LINES(c),
        {"SwapTotal:", swap_total},
        {"SwapFree:", swap_free},
        {"Zswap:", 0},
        {"Zswapped:", 0},
        {"Dirty:", 0},
        {"Writeback:", c.writeback},
        {"AnonPages:", c.anon},
        {"Mapped:", c.mapped},
        {"Shmem:", c.files},
        {"KReclaimable:", 0},
        {"Slab:", c.slab},
        {"SReclaimable:", 0},
        {"SUnreclaim:", c.slab},
        {"KernelStack:", c.stacks},
        {"PageTables:", c.tables},
        {"SecPageTables:", 0},
        {"NFS_Unstable:", 0},
        {"Bounce:", c.bounce},
        {"WritebackTmp:", 0},
        {"CommitLimit:", vm_commit_limit()},
        {"Committed_AS:", vm_committed_pages()},
        {"VmallocTotal:", 0}, /* only stacks: KernelStack */
        {"VmallocUsed:", 0},
        {"VmallocChunk:", 0},
        {"Percpu:", 0},
    };
    show_lines(t, "", lines, ARRAY_SIZE(lines));
}

static void show_huge(struct text *t)
{
    text_add(t, "HardwareCorrupted:     0 kB\nAnonHugePages:         0 "
                "kB\nShmemHugePages:        0 kB\n"
                "ShmemPmdMapped:        0 kB\nFileHugePages:         0 kB\n"
                "FilePmdMapped:         0 kB\nHugePages_Total:       0\n"
                "HugePages_Free:        0\nHugePages_Rsvd:        0\n"
                "HugePages_Surp:        0\nHugepagesize:       2048 kB\n"
                "Hugetlb:               0 kB\nDirectMap4k:           0 kB\n");
}

static void show_meminfo(struct text *t, const struct text_file *tf, void *arg)
{
    struct mem_counts c;

    (void)tf;
    (void)arg;
    mem_count(&c);
    show_amounts(t, &c);
    show_huge(t);
    /* A large page a section. */
    text_add(t, "%-16s%8llu kB\n", "DirectMap2M:", KIB(c.present));
}

void node_show_meminfo(struct text *t, const struct text_file *tf, void *arg)
{
    struct mem_counts c;

    (void)tf;
    (void)arg;
    mem_count(&c);
    const struct line lines[] = {
        {"MemTotal:", c.total},
        {"MemFree:", c.free},
        {"MemUsed:", c.total - c.free},
        {"SwapCached:", c.swap_cached},
        LRU_LINES(c),
        {"Dirty:", 0},
        {"Writeback:", c.writeback},
        {"FilePages:", c.files + c.swap_cached},
        {"Mapped:", c.mapped},
        {"AnonPages:", c.anon},
        {"Shmem:", c.files},
        {"KernelStack:", c.stacks},
        {"PageTables:", c.tables},
        {"SecPageTables:", 0},
        {"NFS_Unstable:", 0},
        {"Bounce:", c.bounce},
        {"WritebackTmp:", 0},
        {"KReclaimable:", 0},
        {"Slab:", c.slab},
        {"SReclaimable:", 0},
        {"SUnreclaim:", c.slab},
        {"AnonHugePages:", 0},
        {"ShmemHugePages:", 0},
        {"ShmemPmdMapped:", 0},
        {"FileHugePages:", 0},
        {"FilePmdMapped:", 0},
    };
    show_lines(t, "Node 0 ", lines, ARRAY_SIZE(lines));
    text_add(t, "Node 0 HugePages_Total:     0\nNode 0 HugePages_Free:      0\n"
                "Node 0 HugePages_Surp:      0\n");
}

static void show_swaps(struct text *t, const struct text_file *tf, void *arg)
{
    struct swap_info s;

    (void)tf;
    (void)arg;
    text_add(t, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    for (unsigned i = 0; swap_info(i, &s); i++)
        text_add(t, "/dev/%-34s partition\t%llu\t\t%llu\t\t%d\n", s.name,
                 KIB(s.slots), KIB(s.used), s.priority);
}

void proc_meminfo_init(void)
{
    static const struct text_file meminfo = {.show = show_meminfo};
    static const struct text_file swaps = {.show = show_swaps};

    text_create("/proc/meminfo", &meminfo);
    text_create("/proc/swaps", &swaps);
}
