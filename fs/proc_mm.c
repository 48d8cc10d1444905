/* SPDX-License-Identifier: MIT */
/*
 * /proc: the windows onto memory. Linux's own files in Linux's forms, and
 * hotcow's: mm_verify, pageinfo, cowinfo.
 */
#include <fs/fs_private.h>
#include <fs/procfs.h>
#include <fs/text.h>
#include <kernel/print.h>
#include <kernel/process.h>
#include <kernel/string.h>
#include <mm/cow.h>
#include <mm/mm.h>
#include <mm/page.h>
#include <mm/reclaim.h>
#include <mm/removal.h>
#include <mm/slab.h>
#include <mm/stat.h>
#include <mm/swap.h>
#include <mm/verify.h>

#define KIB(frames) ((unsigned long long)(frames) * (PAGE_SIZE / 1024))

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

/* Page tables of all address spaces. */
static u64 table_frames(void)
{
    struct mm *mm = NULL;
    u64 sum = 0;

    while ((mm = mm_next(mm)))
        sum += READ_ONCE(mm->tables);
    return sum;
}

static void count_cached(swp_t s, struct swap_slot *slot, void *arg)
{
    u64 *sum = arg;

    (void)s;
    *sum += slot->page != NULL;
}

static void show_meminfo(struct text *t, const struct text_file *tf, void *arg)
{
    u64 swap_total, swap_free, cached = 0;

    (void)tf;
    (void)arg;
    swap_totals(&swap_total, &swap_free);
    swap_for_each_slot(count_cached, &cached);
    kib(t, "MemTotal:", total_frames());
    kib(t, "MemFree:", total_free_frames());
    kib(t, "MemAvailable:", total_free_frames());
    kib(t, "Buffers:", 0);
    kib(t, "Cached:", 0);
    kib(t, "SwapCached:", cached);
    kib(t, "Active:", active());
    kib(t, "Inactive:", inactive());
    kib(t, "Active(anon):", active());
    kib(t, "Inactive(anon):", inactive());
    kib(t, "SwapTotal:", swap_total);
    kib(t, "SwapFree:", swap_free);
    kib(t, "AnonPages:", active() + inactive());
    kib(t, "Slab:", slab_frames());
    kib(t, "PageTables:", table_frames());
}

static void show_vmstat(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    (void)arg;
    text_add(t,
             "nr_free_pages %llu\nnr_active_anon %llu\n"
             "nr_inactive_anon %llu\n",
             (unsigned long long)total_free_frames(),
             (unsigned long long)active(), (unsigned long long)inactive());
    for (unsigned i = 0; i < NR_MM_STATS; i++)
        text_add(t, "%s %llu\n", mm_stat_names[i],
                 (unsigned long long)stat_read(i));
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

static void show_verify(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    (void)arg;
    mm_verify(text_line, t);
}

static void show_cowinfo(struct text *t, const struct text_file *tf, void *arg)
{
    static const enum mm_stat shown[] = {
        STAT_cow_copy,          STAT_cow_reuse,     STAT_cow_fork_copy,
        STAT_unmap_done,        STAT_unmap_refused, STAT_pin_get,
        STAT_pgmigrate_success,
    };

    (void)tf;
    (void)arg;
    text_add(t, "design: %s\nrule: %s\n", cow_design.name, cow_design.rule);
    for (unsigned i = 0; i < ARRAY_SIZE(shown); i++)
        text_add(t, "%s: %llu\n", mm_stat_names[shown[i]],
                 (unsigned long long)stat_read(shown[i]));
}

/* ---- pageinfo: a question is written, the answer read ---- */

/* The sections are held, as we have no reference that keeps the frame. */
static void describe_frame(struct text *t, pfn_t pfn)
{
    struct page *p = pfn_to_page(pfn);
    char line[320];

    if (!p || !get_page_unless_zero(p)) {
        text_add(t, "pfn=%llx use=%s\n", (unsigned long long)pfn,
                 p ? page_use_name(p) : "absent");
        return;
    }
    put_page(p); /* its counts are shown without us */
    page_describe(p, line, sizeof(line));
    text_add(t, "%s\n", line);
    if (!page_locked(p)) /* naming holders wants the page lock */
        page_holders(p, text_line, t);
}

/* The mm of a process, with a reference; pid 0 is the caller. */
static struct mm *mm_of(int pid)
{
    struct process *p = process_get(pid ? pid : current_pid());
    struct mm *mm = NULL;
    struct task *task;
    u64 flags;

    if (!p)
        return NULL;
    flags = spin_lock_irqsave(&tasks_lock);
    list_for_each_entry (task, &p->threads, proc_node)
        if (!mm && task->mm) {
            mm = task->mm;
            mm_get(mm);
        }
    spin_unlock_irqrestore(&tasks_lock, flags);
    process_put(p);
    return mm;
}

static int describe_address(struct text *t, int pid, u64 addr)
{
    struct mm *mm = mm_of(pid);
    char line[400];

    if (!mm)
        return -ESRCH;
    mm_describe_address(mm, addr, line, sizeof(line));
    text_add(t, "%s\n", line);
    mm_put(mm);
    return 0;
}

static int ask_pageinfo(struct text *t, char *line, void *arg)
{
    char *second = strchr(line, ' ');
    u64 pid, n;

    (void)arg;
    t->len = 0;
    if (!second || text_number(second + 1, UINT64_MAX, &n))
        return -EINVAL;
    *second = 0;
    if (!strcmp(line, "pfn")) {
        sections_hold();
        describe_frame(t, n);
        sections_release();
        return 0;
    }
    if (text_number(line, INT32_MAX, &pid))
        return -EINVAL;
    return describe_address(t, (int)pid, n);
}

void proc_mm_init(void)
{
    static const struct {
        const char *path;
        struct text_file file;
    } files[] = {
        {"/proc/meminfo", {.show = show_meminfo}},
        {"/proc/vmstat", {.show = show_vmstat}},
        {"/proc/swaps", {.show = show_swaps}},
        {"/proc/mm_verify", {.show = show_verify}},
        {"/proc/cowinfo", {.show = show_cowinfo}},
        {"/proc/pageinfo", {.write = ask_pageinfo}},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
        text_create(files[i].path, &files[i].file);
}
