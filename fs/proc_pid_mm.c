/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID: the memory of a process, in Linux's forms: maps, smaps, statm,
 * cmdline, environ, and its standing with the OOM killer.
 *
 * Whoever reads is a user of that memory meanwhile: neither areas nor tables
 * go away under him, even if the process ends.
 */
#include <fs/fs_private.h>
#include <fs/proc_pid.h>
#include <kernel/print.h>
#include <kernel/process.h>
#include <kernel/string.h>
#include <kernel/task.h>
#include <mm/filemap.h>
#include <mm/gup.h>
#include <mm/mm.h>
#include <mm/oom.h>
#include <mm/page.h>
#include <mm/pagetable.h>
#include <mm/slab.h>
#include <mm/swap.h>
#include <mm/zone.h>

#define ULL(n) ((unsigned long long)(n))
#define KIB(n) ULL((n) * (PAGE_SIZE / 1024))

/* A task that still has its memory is its user; under tasks_lock it stays so
   until we are one. */
struct mm *proc_mm_of(int pid)
{
    struct process *p = process_get(pid ? pid : current_pid());
    struct mm *mm = NULL;
    struct task *task;
    u64 flags;

    if (!p)
        return NULL;
    flags = spin_lock_irqsave(&tasks_lock);
    list_for_each_entry (task, &p->threads, proc_node)
        if (!mm && task->mm && atomic_inc_not_zero(&task->mm->users))
            mm = task->mm;
    spin_unlock_irqrestore(&tasks_lock, flags);
    process_put(p);
    return mm;
}

/* ---- maps ---- */

/* Files have no device, and no name once they are open: what an area shows is
   told apart by a number. */
static void show_area(struct text *t, const struct vma *v)
{
    char line[96];
    int n = snprintf(
        line, sizeof(line), "%08llx-%08llx %c%c%c%c %08llx 00:0%d %llu",
        ULL(v->start), ULL(v->end), v->flags & VM_READ ? 'r' : '-',
        v->flags & VM_WRITE ? 'w' : '-', v->flags & VM_EXEC ? 'x' : '-',
        v->flags & VM_SHARED ? 's' : 'p',
        v->file ? ULL(v->pgoff << PAGE_SHIFT) : 0, v->file ? 1 : 0,
        v->file ? ULL(v->file->nr) : 0);

    if (v->name)
        text_add(t, "%-72s %s\n", line, v->name);
    else if (v->file)
        text_add(t, "%-72s %s\n", line, v->file->name);
    else
        text_add(t, "%.*s \n", n, line);
}

static void for_areas(struct text *t, void *arg,
                      void (*fn)(struct text *t, struct vma *v))
{
    struct mm *mm = proc_mm_of(pid_of(arg));

    if (!mm)
        return;
    down_read(&mm->mmap_lock);
    for (unsigned i = 0; i < mm->nr_areas; i++)
        fn(t, mm->areas[i]);
    up_read(&mm->mmap_lock);
    mm_put_user(mm);
}

static void show_one_area(struct text *t, struct vma *v)
{
    show_area(t, v);
}

void proc_show_maps(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    for_areas(t, arg, show_one_area);
}

/* ---- smaps ---- */

struct sums { /* pages; pss in bytes */
    u64 size, rss, pss, shared, private, referenced, anon, swap, locked;
};

static void add_present(struct sums *s, pte_t e)
{
    const struct page *p = pfn_to_page(pte_pfn(e));
    int maps = page_mapcount(p);

    s->rss++;
    s->pss += PAGE_SIZE / (u64)(maps > 0 ? maps : 1);
    s->anon += p->use == PAGE_ANON;
    s->referenced += !!(e & PTE_A);
    *(maps > 1 ? &s->shared : &s->private) += 1;
}

static void add_area(struct sums *s, struct vma *v)
{
    u64 va = v->start, before = s->rss;
    pte_t *p;

    s->size += (v->end - v->start) >> PAGE_SHIFT;
    spin_lock(&v->mm->pt_lock);
    while ((p = pt_next(v->mm->pt.root, &va, v->end))) {
        pte_t e = pte_read(p);

        if (pte_present(e) && !(e & PTE_ZERO))
            add_present(s, e);
        else if (!pte_present(e) && pte_is_swap(e))
            s->swap++;
        va += PAGE_SIZE;
    }
    spin_unlock(&v->mm->pt_lock);
    if (v->flags & VM_LOCKED)
        s->locked += s->rss - before;
}

/* Whether a page's contents differ from swap's is not kept by entry: all that
   is present counts as dirty. */
static void show_sums(struct text *t, const struct sums *s)
{
    text_add(t,
             "Rss:            %8llu kB\nPss:            %8llu kB\n"
             "Pss_Dirty:      %8llu kB\n",
             KIB(s->rss), ULL(s->pss / 1024), ULL(s->pss / 1024));
    text_add(t,
             "Shared_Clean:   %8llu kB\nShared_Dirty:   %8llu kB\n"
             "Private_Clean:  %8llu kB\nPrivate_Dirty:  %8llu kB\n",
             0ull, KIB(s->shared), 0ull, KIB(s->private));
    text_add(t,
             "Referenced:     %8llu kB\nAnonymous:      %8llu kB\n"
             "LazyFree:       %8llu kB\nAnonHugePages:  %8llu kB\n"
             "ShmemPmdMapped: %8llu kB\nFilePmdMapped:  %8llu kB\n"
             "Shared_Hugetlb: %8llu kB\nPrivate_Hugetlb:%8llu kB\n"
             "Swap:           %8llu kB\nSwapPss:        %8llu kB\n"
             "Locked:         %8llu kB\n",
             KIB(s->referenced), KIB(s->anon), 0ull, 0ull, 0ull, 0ull, 0ull,
             0ull, KIB(s->swap), KIB(s->swap), KIB(s->locked));
}

static void show_flags(struct text *t, u32 flags)
{
    static const struct {
        u32 flag;
        const char *word;
    } words[] = {
        {VM_READ, " rd"},       {VM_WRITE, " wr"},     {VM_EXEC, " ex"},
        {VM_SHARED, " sh"},     {VM_GROWSDOWN, " gd"}, {VM_LOCKED, " lo"},
        {VM_DONTFORK, " dc"},   {VM_ACCOUNT, " ac"},   {VM_NORESERVE, " nr"},
        {VM_WIPEONFORK, " wf"},
    };

    text_add(t, "VmFlags:");
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
        if (flags & words[i].flag)
            text_add(t, "%s", words[i].word);
    text_add(t, " \n");
}

static void show_area_sums(struct text *t, struct vma *v)
{
    struct sums s = {0};

    add_area(&s, v);
    show_area(t, v);
    text_add(t,
             "Size:           %8llu kB\nKernelPageSize: %8u kB\n"
             "MMUPageSize:    %8u kB\n",
             KIB(s.size), 4u, 4u);
    show_sums(t, &s);
    text_add(t, "THPeligible:    0\n");
    show_flags(t, v->flags);
}

void proc_show_smaps(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    for_areas(t, arg, show_area_sums);
}

void proc_show_rollup(struct text *t, const struct text_file *tf, void *arg)
{
    struct mm *mm = proc_mm_of(pid_of(arg));
    struct sums s = {0};

    (void)tf;
    if (!mm)
        return;
    down_read(&mm->mmap_lock);
    for (unsigned i = 0; i < mm->nr_areas; i++)
        add_area(&s, mm->areas[i]);
    if (mm->nr_areas)
        text_add(t, "%08llx-%08llx ---p 00000000 00:00 0 %30s[rollup]\n",
                 ULL(mm->areas[0]->start),
                 ULL(mm->areas[mm->nr_areas - 1]->end), "");
    up_read(&mm->mmap_lock);
    mm_put_user(mm);
    show_sums(t, &s);
}

/* size resident shared text lib data dirty, in pages */
void proc_show_statm(struct text *t, const struct text_file *tf, void *arg)
{
    struct mm *mm = proc_mm_of(pid_of(arg));
    u64 text = 0, file = 0;

    (void)tf;
    if (!mm) {
        text_add(t, "0 0 0 0 0 0 0\n");
        return;
    }
    down_read(&mm->mmap_lock);
    for (unsigned i = 0; i < mm->nr_areas; i++) {
        struct sums s = {0};

        if (mm->areas[i]->flags & VM_EXEC)
            text += (mm->areas[i]->end - mm->areas[i]->start) >> PAGE_SHIFT;
        if (mm->areas[i]->file)
            add_area(&s, mm->areas[i]);
        file += s.rss - s.anon;
    }
    up_read(&mm->mmap_lock);
    text_add(t, "%llu %llu %llu %llu 0 %llu 0\n", ULL(mm->total_vm),
             ULL(READ_ONCE(mm->rss)), ULL(file), ULL(text), ULL(mm->data_vm));
    mm_put_user(mm);
}

/* ---- strings ---- */

#define STRINGS_MAX (64u << 10)

static void add_strings(struct text *t, struct mm *mm, u64 from, u64 to)
{
    u64 len = to > from ? min_u64(to - from, STRINGS_MAX) : 0;
    char *buf = len ? kmalloc(len, ALLOC_KERNEL) : NULL;

    if (!buf)
        return;
    len = mm_peek(mm, from, buf, len);
    text_add_bytes(t, buf, len);
    kfree(buf);
}

static void show_strings(struct text *t, void *arg, bool environ)
{
    struct mm *mm = proc_mm_of(pid_of(arg));

    if (!mm)
        return;
    if (environ)
        add_strings(t, mm, mm->env_start, mm->env_end);
    else
        add_strings(t, mm, mm->arg_start, mm->env_start);
    mm_put_user(mm);
}

void proc_show_cmdline(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    show_strings(t, arg, false);
}

void proc_show_environ(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    show_strings(t, arg, true);
}

/* ---- the OOM killer ---- */

void proc_show_oom_score(struct text *t, const struct text_file *tf, void *arg)
{
    struct mm *mm = proc_mm_of(pid_of(arg));

    (void)tf;
    text_add(t, "%u\n", mm ? oom_score(mm) : 0);
    if (mm)
        mm_put_user(mm);
}

void proc_show_oom_adj(struct text *t, const struct text_file *tf, void *arg)
{
    struct mm *mm = proc_mm_of(pid_of(arg));

    (void)tf;
    text_add(t, "%d\n", mm ? READ_ONCE(mm->oom_score_adj) : 0);
    if (mm)
        mm_put_user(mm);
}

int proc_write_oom_adj(struct text *t, char *line, void *arg)
{
    bool minus = line[0] == '-';
    struct mm *mm;
    u64 n;

    (void)t;
    if (text_number(line + minus, 1000, &n))
        return -EINVAL;
    mm = proc_mm_of(pid_of(arg));
    if (!mm)
        return -ESRCH;
    WRITE_ONCE(mm->oom_score_adj, (s16)(minus ? -(int)n : (int)n));
    mm_put_user(mm);
    return 0;
}
