/* SPDX-License-Identifier: MIT */
/*
 * /proc/meminfo, vmstat, zoneinfo, buddyinfo, swaps: how much there is of
 * what, in Linux's forms. What hotcow does not have is not in them, but for
 * the lines that Linux's tools insist on, which then say 0.
 */
#include <fs/fs_private.h>
#include <fs/procfs.h>
#include <fs/text.h>
#include <kernel/task.h>
#include <mm/commit.h>
#include <mm/filemap.h>
#include <mm/mm.h>
#include <mm/reclaim.h>
#include <mm/removal.h>
#include <mm/section.h>
#include <mm/slab.h>
#include <mm/stat.h>
#include <mm/swap.h>

#define KIB(frames) ((unsigned long long)(frames) * (PAGE_SIZE / 1024))
#define ULL(n)      ((unsigned long long)(n))

/* Frames by their use, counted when somebody asks. */
struct frames {
    u64 use[PAGE_USES];
    u64 mapped, dirty, writeback, cached, locked;
};

static void count_frame(struct frames *f, const struct page *p)
{
    f->use[p->use < PAGE_USES ? p->use : PAGE_KERNEL]++;
    if (!page_is_user(p))
        return;
    f->cached += page_flag(p, PG_SWAPCACHE);
    f->writeback += page_flag(p, PG_WRITEBACK);
    f->mapped += p->use == PAGE_FILE && page_mapcount(p) > 0;
}

static void count_locked(struct frames *f)
{
    struct mm *mm = NULL;

    while ((mm = mm_next(mm)))
        f->locked += READ_ONCE(mm->locked_vm);
}

static void count_frames(struct frames *f)
{
    *f = (struct frames){0};
    sections_hold();
    for (u32 nr = 0; nr < section_count(); nr++) {
        struct section *s = section_get(nr);

        for (unsigned i = 0; s->map && i < SECTION_FRAMES; i++)
            count_frame(f, &s->map[i]);
    }
    sections_release();
    count_locked(f);
}

static u64 active(void)
{
    return lrus[ZONE_NORMAL].nr_active + lrus[ZONE_MOVABLE].nr_active;
}

static u64 inactive(void)
{
    return lrus[ZONE_NORMAL].nr_inactive + lrus[ZONE_MOVABLE].nr_inactive;
}

static void kib(struct text *t, const char *name, u64 frames)
{
    text_add(t, "%-15s %8llu kB\n", name, KIB(frames));
}

/* Everything that a process owns can go to swap, as far as there is room: the
   rest of what is not free is the kernel's. */
static u64 available(void)
{
    u64 reserve = zones[ZONE_NORMAL].wmark_low + zones[ZONE_MOVABLE].wmark_low;
    u64 free = total_free_frames();

    return free > reserve ? free - reserve : 0;
}

static void show_meminfo(struct text *t, const struct text_file *tf, void *arg)
{
    u64 swap_total, swap_free;
    struct frames f;

    (void)tf;
    (void)arg;
    count_frames(&f);
    swap_totals(&swap_total, &swap_free);
    kib(t, "MemTotal:", total_frames());
    kib(t, "MemFree:", total_free_frames());
    kib(t, "MemAvailable:", available());
    kib(t, "Buffers:", 0); /* disks are not cached */
    kib(t, "Cached:", f.use[PAGE_FILE]);
    kib(t, "SwapCached:", f.cached);
    kib(t, "Active:", active());
    kib(t, "Inactive:", inactive());
    /* One pair of lists for both: files live in memory, as in Linux's tmpfs. */
    kib(t, "Active(anon):", active());
    kib(t, "Inactive(anon):", inactive());
    kib(t, "Active(file):", 0);
    kib(t, "Inactive(file):", 0);
    kib(t, "Unevictable:", 0);
    kib(t, "Mlocked:", f.locked);
    kib(t, "SwapTotal:", swap_total);
    kib(t, "SwapFree:", swap_free);
    kib(t, "Dirty:", 0);
    kib(t, "Writeback:", f.writeback);
    kib(t, "AnonPages:", f.use[PAGE_ANON]);
    kib(t, "Mapped:", f.mapped);
    kib(t, "Shmem:", f.use[PAGE_FILE]);
    kib(t, "KReclaimable:", 0);
    kib(t, "Slab:", slab_frames());
    kib(t, "SReclaimable:", 0);
    kib(t, "SUnreclaim:", slab_frames());
    kib(t, "KernelStack:", f.use[PAGE_STACK]);
    kib(t, "PageTables:", f.use[PAGE_TABLE]);
    kib(t, "Bounce:", f.use[PAGE_BOUNCE]);
    kib(t, "CommitLimit:", vm_commit_limit());
    kib(t, "Committed_AS:", vm_committed_pages());
}

/* Polled by tests and by vmstat(8): nothing is walked over for it but the
   list of files. */
static void show_vmstat(struct text *t, const struct text_file *tf, void *arg)
{
    u64 files, swapped, users = active() + inactive();

    (void)tf;
    (void)arg;
    filemap_totals(&files, &swapped);
    text_add(t,
             "nr_free_pages %llu\nnr_inactive_anon %llu\nnr_active_anon %llu\n"
             "nr_anon_pages %llu\nnr_file_pages %llu\nnr_shmem %llu\n",
             ULL(total_free_frames()), ULL(inactive()), ULL(active()),
             ULL(users > files ? users - files : 0), ULL(files), ULL(files));
    /* What disks are asked for beside swap is not counted in pages. */
    text_add(t, "pgpgin %llu\npgpgout %llu\n", ULL(stat_read(STAT_pswpin)) * 4,
             ULL(stat_read(STAT_pswpout)) * 4);
    for (unsigned i = 0; i < NR_MM_STATS; i++)
        text_add(t, "%s %llu\n", mm_stat_names[i], ULL(stat_read(i)));
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

/* Blocks of each order; what lies on processors' lists is counted as frames. */
static void show_buddyinfo(struct text *t, const struct text_file *tf,
                           void *arg)
{
    (void)tf;
    (void)arg;
    for (unsigned i = 0; i < NR_ZONES; i++) {
        u64 in_blocks = 0, single;

        for (unsigned o = 0; o <= MAX_ORDER; o++)
            in_blocks += zones[i].free_blocks[o] << o;
        single =
            zone_free(&zones[i]) - min_u64(zone_free(&zones[i]), in_blocks);
        text_add(t, "Node 0, zone %8s ", zones[i].name);
        for (unsigned o = 0; o <= MAX_ORDER; o++)
            text_add(t, "%6llu ",
                     ULL(zones[i].free_blocks[o] + (o == 0 ? single : 0)));
        text_add(t, "\n");
    }
}

static void show_zone(struct text *t, const struct zone *z)
{
    const struct lru *l = &lrus[z - zones];

    text_add(t,
             "Node 0, zone %8s\n"
             "  pages free     %llu\n"
             "        min      %llu\n"
             "        low      %llu\n"
             "        high     %llu\n"
             "        present  %llu\n"
             "        managed  %llu\n",
             z->name, ULL(zone_free(z)), ULL(z->wmark_min), ULL(z->wmark_low),
             ULL(z->wmark_high), ULL(z->managed), ULL(z->managed));
    text_add(t, "      nr_inactive_anon %llu\n      nr_active_anon %llu\n",
             ULL(l->nr_inactive), ULL(l->nr_active));
    text_add(t, "  pagesets\n");
    for (unsigned i = 0; i < cpu_count(); i++)
        text_add(t, "    cpu: %u\n              count: %u\n", i,
                 READ_ONCE(z->pcp[i].count));
}

static void show_zoneinfo(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    (void)arg;
    for (unsigned i = 0; i < NR_ZONES; i++)
        show_zone(t, &zones[i]);
}

void proc_meminfo_init(void)
{
    static const struct {
        const char *path;
        struct text_file file;
    } files[] = {
        {"/proc/meminfo", {.show = show_meminfo}},
        {"/proc/vmstat", {.show = show_vmstat}},
        {"/proc/swaps", {.show = show_swaps}},
        {"/proc/buddyinfo", {.show = show_buddyinfo}},
        {"/proc/zoneinfo", {.show = show_zoneinfo}},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
        text_create(files[i].path, &files[i].file);
}
