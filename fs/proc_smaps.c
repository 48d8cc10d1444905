/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/smaps, smaps_rollup and clear_refs: what the pages of a process's
 * areas are, entry by entry.
 *
 * The areas stay while mmap_lock is held, the entries while pt_lock is; so the
 * sums of one area are those of one moment.
 */
#include <fs/fs_private.h>
#include <fs/proc_pid.h>
#include <kernel/print.h>
#include <kernel/x86/tlb.h>
#include <mm/filemap.h>
#include <mm/mm.h>
#include <mm/page.h>
#include <mm/pagetable.h>
#include <mm/swap.h>

#define ULL(n) ((unsigned long long)(n))
#define KIB(n) ULL((n) * (PAGE_SIZE / 1024))

/* What people call it; NULL: nothing. The heap is where the break is, as in
   Linux, whoever made the area. */
static const char *name_of(const struct vma *v)
{
    if (v->name)
        return v->name;
    if (v->file)
        return v->file->name;
    return v->start < v->mm->brk && v->end > v->mm->brk_start ? "[heap]" : NULL;
}

void proc_show_area(struct text *t, const struct vma *v)
{
    const char *name = name_of(v);
    char line[96];
    /* Files have no device number: they are told apart by their own. */
    int n = snprintf(
        line, sizeof(line), "%08llx-%08llx %c%c%c%c %08llx 00:0%d %llu",
        ULL(v->start), ULL(v->end), v->flags & VM_READ ? 'r' : '-',
        v->flags & VM_WRITE ? 'w' : '-', v->flags & VM_EXEC ? 'x' : '-',
        v->flags & VM_SHARED ? 's' : 'p',
        v->file ? ULL(v->pgoff << PAGE_SHIFT) : 0, v->file ? 1 : 0,
        v->file ? ULL(v->file->nr) : 0);

    if (name)
        text_add(t, "%-72s %s\n", line, name);
    else
        text_add(t, "%.*s \n", n, line);
}

/* ---- sums ---- */

/* All that memory and no disk has: files live in memory here. */
static bool is_dirty(const struct page *p, pte_t e)
{
    return (e & PTE_D) || page_flag(p, PG_DIRTY) || p->use == PAGE_FILE ||
           !page_flag(p, PG_SWAPCACHE);
}

static void add_present(struct page_sums *s, pte_t e)
{
    const struct page *p = pfn_to_page(pte_pfn(e));
    u64 maps = (u64)page_mapcount(p), part = PAGE_SIZE / (maps ? maps : 1);
    bool dirty = is_dirty(p, e), anon = p->use == PAGE_ANON;

    s->rss++;
    s->pss += part;
    s->file += !anon;
    s->anon += anon;
    s->pss_anon += anon ? part : 0;
    s->pss_dirty += dirty ? part : 0;
    s->referenced += (e & PTE_A) || page_flag(p, PG_REFERENCED);
    *(maps > 1 ? &s->shared : &s->private) += 1;
    *(maps > 1 ? &s->shared_dirty : &s->private_dirty) += dirty;
}

static void add_swapped(struct page_sums *s, pte_t e)
{
    unsigned maps = swap_count(swp_from_pte(e));

    s->swap++;
    s->swap_pss += PAGE_SIZE / (maps ? maps : 1);
}

void proc_add_area(struct page_sums *s, struct vma *v)
{
    u64 va = v->start, before = s->pss;
    pte_t *p;

    s->size += (v->end - v->start) >> PAGE_SHIFT;
    spin_lock(&v->mm->pt_lock);
    while ((p = pt_next_long(v->mm, &va, v->end))) {
        pte_t e = pte_read(p);

        if (pte_present(e) && !(e & PTE_ZERO))
            add_present(s, e);
        else if (!pte_present(e) && pte_is_swap(e))
            add_swapped(s, e);
        va += PAGE_SIZE;
    }
    spin_unlock(&v->mm->pt_lock);
    if (v->flags & VM_LOCKED)
        s->locked += s->pss - before;
}

/* ---- smaps ---- */

static void show_line(struct text *t, const char *name, u64 kib)
{
    text_add(t, "%-16s%8llu kB\n", name, ULL(kib));
}

/* There are no huge pages, and MADV_FREE frees at once. */
static void show_rest(struct text *t, const struct page_sums *s)
{
    static const char *const none[] = {
        "LazyFree:",      "AnonHugePages:",  "ShmemPmdMapped:",
        "FilePmdMapped:", "Shared_Hugetlb:", "Private_Hugetlb:"};

    show_line(t, "Shared_Clean:", KIB(s->shared - s->shared_dirty));
    show_line(t, "Shared_Dirty:", KIB(s->shared_dirty));
    show_line(t, "Private_Clean:", KIB(s->private - s->private_dirty));
    show_line(t, "Private_Dirty:", KIB(s->private_dirty));
    show_line(t, "Referenced:", KIB(s->referenced));
    show_line(t, "Anonymous:", KIB(s->anon));
    for (unsigned i = 0; i < ARRAY_SIZE(none); i++)
        show_line(t, none[i], 0);
    show_line(t, "Swap:", KIB(s->swap));
    show_line(t, "SwapPss:", s->swap_pss / 1024);
    show_line(t, "Locked:", s->locked / 1024);
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

static void show_smap(void *arg, struct vma *v)
{
    struct page_sums s = {0};
    struct text *t = arg;

    proc_add_area(&s, v);
    proc_show_area(t, v);
    show_line(t, "Size:", KIB(s.size));
    show_line(t, "KernelPageSize:", KIB(1));
    show_line(t, "MMUPageSize:", KIB(1));
    show_line(t, "Rss:", KIB(s.rss));
    show_line(t, "Pss:", s.pss / 1024);
    show_line(t, "Pss_Dirty:", s.pss_dirty / 1024);
    show_rest(t, &s);
    text_add(t, "THPeligible:    0\n");
    show_flags(t, v->flags);
}

void proc_show_smaps(struct text *t, void *arg, u64 *from)
{
    proc_areas_part(t, pid_of(arg), from, show_smap);
}

struct rollup {
    struct page_sums sums;
    u64 start, end;
};

static void roll_up(void *arg, struct vma *v)
{
    struct rollup *r = arg;

    if (!r->end)
        r->start = v->start;
    r->end = v->end;
    proc_add_area(&r->sums, v);
}

void proc_show_rollup(struct text *t, const struct text_file *tf, void *arg)
{
    struct rollup r = {0};
    char line[96];

    (void)tf;
    if (!proc_for_areas(pid_of(arg), roll_up, &r))
        return;
    snprintf(line, sizeof(line), "%08llx-%08llx ---p 00000000 00:00 0",
             ULL(r.start), ULL(r.end));
    text_add(t, "%-72s [rollup]\n", line);
    show_line(t, "Rss:", KIB(r.sums.rss));
    show_line(t, "Pss:", r.sums.pss / 1024);
    show_line(t, "Pss_Dirty:", r.sums.pss_dirty / 1024);
    show_line(t, "Pss_Anon:", r.sums.pss_anon / 1024);
    show_line(t, "Pss_File:", 0); /* all files are like tmpfs's */
    show_line(t, "Pss_Shmem:", (r.sums.pss - r.sums.pss_anon) / 1024);
    show_rest(t, &r.sums);
}

/* ---- clear_refs ---- */

enum { CLEAR_ALL = 1, CLEAR_ANON, CLEAR_FILE, CLEAR_DIRTY, CLEAR_PEAK };

/* The processor sets the bit again only when it reads the entry again. */
static void clear_area(void *arg, struct vma *v)
{
    u64 what = *(u64 *)arg, va = v->start;
    pte_t *p;

    if (what != CLEAR_ALL && (what == CLEAR_FILE) != (v->file != NULL))
        return;
    spin_lock(&v->mm->pt_lock);
    while ((p = pt_next_long(v->mm, &va, v->end))) {
        pte_t e = pte_read(p);

        if (pte_present(e) && !(e & PTE_ZERO)) {
            pte_clear_bits(p, PTE_A);
            page_clear(pfn_to_page(pte_pfn(e)), PG_REFERENCED);
        }
        va += PAGE_SIZE;
    }
    spin_unlock(&v->mm->pt_lock);
    tlb_flush_range(&v->mm->pt, v->start, v->end);
}

static int clear_peak(int pid)
{
    struct mm *mm = proc_mm_of(pid);

    if (!mm)
        return -ESRCH;
    spin_lock(&mm->pt_lock);
    mm->peak_rss = mm->rss;
    spin_unlock(&mm->pt_lock);
    mm_put_user(mm);
    return 0;
}

/* Soft-dirty bits there are none, as in a Linux built without them. */
int proc_clear_refs(struct text *t, char *line, void *arg)
{
    u64 what;

    (void)t;
    if (text_number(line, CLEAR_PEAK, &what) || what < CLEAR_ALL ||
        what == CLEAR_DIRTY)
        return -EINVAL;
    if (what == CLEAR_PEAK)
        return clear_peak(pid_of(arg));
    return proc_for_areas(pid_of(arg), clear_area, &what) ? 0 : -ESRCH;
}
