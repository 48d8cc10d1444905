/* SPDX-License-Identifier: MIT */
/*
 * /proc/vmstat, zoneinfo, buddyinfo, and the node's vmstat in /sys: counters
 * and zones. They are polled, so no frame is looked at for them.
 *
 * vmstat begins with Linux's names, as far as hotcow has the thing, or never
 * can have it and so knows that it is 0; then come those of mm/stat.h.
 */
#include <fs/fs_private.h>
#include <fs/memcounts.h>
#include <fs/procfs.h>
#include <fs/text.h>
#include <mm/filemap.h>
#include <mm/reclaim.h>
#include <mm/section.h>
#include <mm/slab.h>
#include <mm/stat.h>
#include <mm/swap.h>

#define ULL(n) ((unsigned long long)(n))

struct counter {
    const char *name;
    u64 n;
};

static void show_counters(struct text *t, const char *fmt,
                          const struct counter *c, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        text_add(t, fmt, c[i].name, ULL(c[i].n));
}

/* ---- vmstat ---- */

static void show_zone_counters(struct text *t, const struct space_counts *s)
{
    const struct counter counters[] = {
        {"nr_free_pages", total_free_frames()},
        {"nr_zone_inactive_anon", lru_inactive()},
        {"nr_zone_active_anon", lru_active()},
        {"nr_zone_inactive_file", 0},
        {"nr_zone_active_file", 0},
        {"nr_zone_unevictable", 0},
        {"nr_zone_write_pending", swap_writing()},
        {"nr_mlock", s->locked},
    };
    show_counters(t, "%s %llu\n", counters, ARRAY_SIZE(counters));
}

/* Of the one node. Files count with the anonymous pages, as tmpfs's in Linux;
   what is on the lists and no file's is anonymous. */
static void show_node_counters(struct text *t, const char *fmt,
                               const struct space_counts *s)
{
    u64 files, swapped, users = lru_active() + lru_inactive();

    filemap_totals(&files, &swapped);
    const struct counter counters[] = {
        {"nr_inactive_anon", lru_inactive()},
        {"nr_active_anon", lru_active()},
        {"nr_inactive_file", 0},
        {"nr_active_file", 0},
        {"nr_unevictable", 0},
        {"nr_slab_reclaimable", 0},
        {"nr_slab_unreclaimable", slab_frames()},
        {"nr_anon_pages", users > files ? users - files : 0},
        {"nr_file_pages", files + swap_cached()},
        {"nr_dirty", 0},
        {"nr_writeback", swap_writing()},
        {"nr_shmem", files},
        {"nr_foll_pin_acquired", stat_read(STAT_pin_get)},
        {"nr_foll_pin_released", stat_read(STAT_pin_put)},
        {"nr_page_table_pages", s->tables},
        {"nr_swapcached", swap_cached()},
    };
    show_counters(t, fmt, counters, ARRAY_SIZE(counters));
}

/* pgpgin and pgpgout are KiB, and swap's: what raw I/O asks of disks is in
   raw_bytes. */
static void show_events(struct text *t)
{
    const struct counter counters[] = {
        {"pgpgin", stat_read(STAT_pswpin) * 4},
        {"pgpgout", stat_read(STAT_pswpout) * 4},
        {"pgscan_anon", stat_read(STAT_pgscan)},
        {"pgsteal_anon", stat_read(STAT_pgsteal)},
    };

    show_counters(t, "%s %llu\n", counters, ARRAY_SIZE(counters));
    for (unsigned i = 0; i < NR_MM_STATS; i++)
        text_add(t, "%s %llu\n", mm_stat_names[i], ULL(stat_read(i)));
}

static void show_state(struct text *t)
{
    struct space_counts spaces;

    space_count(&spaces);
    show_zone_counters(t, &spaces);
    show_node_counters(t, "%s %llu\n", &spaces);
}

static void show_vmstat(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    (void)arg;
    show_state(t);
    show_events(t);
}

void node_show_vmstat(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    (void)arg;
    show_state(t);
}

/* ---- buddyinfo ---- */

/* Free blocks of each order, and what lies on processors' lists as frames. */
static void count_blocks(struct zone *z, u64 blocks[MAX_ORDER + 1])
{
    u64 flags = spin_lock_irqsave(&z->lock), in_blocks = 0, free;

    for (unsigned o = 0; o <= MAX_ORDER; o++) {
        blocks[o] = z->free_blocks[o];
        in_blocks += blocks[o] << o;
    }
    spin_unlock_irqrestore(&z->lock, flags);
    free = zone_free(z);
    blocks[0] += free > in_blocks ? free - in_blocks : 0;
}

static void show_buddyinfo(struct text *t, const struct text_file *tf,
                           void *arg)
{
    u64 blocks[MAX_ORDER + 1];

    (void)tf;
    (void)arg;
    for (unsigned i = 0; i < NR_ZONES; i++) {
        if (!zones[i].managed)
            continue;
        count_blocks(&zones[i], blocks);
        text_add(t, "Node 0, zone %8s ", zones[i].name);
        for (unsigned o = 0; o <= MAX_ORDER; o++)
            text_add(t, "%6llu ", ULL(blocks[o]));
        text_add(t, "\n");
    }
}

/* ---- zoneinfo ---- */

struct extent { /* frames; end 0: there are none */
    u64 start, end, present;
};

/* Where a zone's sections are. They may come and go meanwhile. */
static struct extent extent_of(unsigned zone)
{
    struct extent e = {0};

    for (u32 nr = 0; nr < section_count(); nr++) {
        const struct section *s = section_get(nr);

        if (READ_ONCE(s->state) < SECTION_ONLINE || s->zone != zone)
            continue;
        if (!e.end)
            e.start = section_pfn(nr);
        e.end = section_pfn(nr) + SECTION_FRAMES;
        e.present += SECTION_FRAMES;
    }
    return e;
}

static void show_processors(struct text *t, const struct zone *z)
{
    text_add(t, "\n  pagesets");
    for (unsigned i = 0; i < cpu_count(); i++)
        text_add(t,
                 "\n    cpu: %u\n              count: %u\n"
                 "              high:  %u\n              batch: %u\n"
                 "  vm stats threshold: 0",
                 i, READ_ONCE(z->pcp[i].count), PCP_MAX, PCP_BATCH);
}

static void show_zone_marks(struct text *t, const struct zone *z,
                            const struct extent *e)
{
    text_add(t,
             "\n  pages free     %llu\n        boost    0\n"
             "        min      %llu\n        low      %llu\n"
             "        high     %llu\n        spanned  %llu\n"
             "        present  %llu\n        managed  %llu\n"
             "        cma      0\n        protection: (0, 0)",
             ULL(zone_free(z)), ULL(z->wmark_min), ULL(z->wmark_low),
             ULL(z->wmark_high), ULL(e->end - e->start), ULL(e->present),
             ULL(z->managed));
}

static void show_zone(struct text *t, const struct zone *z, bool with_node)
{
    const struct lru *l = &lrus[z - zones];
    struct extent e = extent_of((unsigned)(z - zones));
    struct space_counts spaces;
    const struct counter counters[] = {
        {"nr_free_pages", zone_free(z)},
        {"nr_zone_inactive_anon", READ_ONCE(l->nr_inactive)},
        {"nr_zone_active_anon", READ_ONCE(l->nr_active)},
        {"nr_zone_inactive_file", 0},
        {"nr_zone_active_file", 0},
        {"nr_zone_unevictable", 0},
    };

    text_add(t, "Node 0, zone %8s", z->name);
    if (with_node) {
        space_count(&spaces);
        text_add(t, "\n  per-node stats");
        show_node_counters(t, "\n      %-12s %llu", &spaces);
    }
    show_zone_marks(t, z, &e);
    if (z->managed) {
        show_counters(t, "\n      %-12s %llu", counters, ARRAY_SIZE(counters));
        show_processors(t, z);
        text_add(t, "\n  node_unreclaimable:  0\n  start_pfn:           %llu",
                 ULL(e.start));
    }
    text_add(t, "\n");
}

/* The node's own counters stand with its first zone. */
static void show_zoneinfo(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    (void)arg;
    for (unsigned i = 0; i < NR_ZONES; i++)
        show_zone(t, &zones[i], i == 0);
}

void proc_vmstat_init(void)
{
    static const struct {
        const char *path;
        struct text_file file;
    } files[] = {
        {"/proc/vmstat", {.show = show_vmstat}},
        {"/proc/buddyinfo", {.show = show_buddyinfo}},
        {"/proc/zoneinfo", {.show = show_zoneinfo}},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
        text_create(files[i].path, &files[i].file);
}
