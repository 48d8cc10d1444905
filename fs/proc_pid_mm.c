/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID: the memory of a process, in Linux's forms: maps, statm, cmdline,
 * environ, and its standing with the OOM killer.
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

bool proc_for_areas(int pid, void (*fn)(void *arg, struct vma *v), void *arg)
{
    struct mm *mm = proc_mm_of(pid);

    if (!mm)
        return false;
    down_read(&mm->mmap_lock);
    for (unsigned i = 0; i < mm->nr_areas; i++)
        fn(arg, mm->areas[i]);
    up_read(&mm->mmap_lock);
    mm_put_user(mm);
    return true;
}

/* An area that does not fit any more is the next part's first. */
static void add_areas(struct text *t, struct mm *mm, u64 *from,
                      void (*fn)(void *text, struct vma *v))
{
    struct vma *v;

    while ((v = vma_find_next(mm, *from))) {
        size_t len = t->len;

        fn(t, v);
        if (t->cut) {
            t->len = len;
            return;
        }
        *from = v->end;
    }
}

void proc_areas_part(struct text *t, int pid, u64 *from,
                     void (*fn)(void *text, struct vma *v))
{
    struct mm *mm = proc_mm_of(pid);

    if (!mm)
        return;
    if (text_hold(t, TEXT_PART)) {
        down_read(&mm->mmap_lock);
        add_areas(t, mm, from, fn);
        up_read(&mm->mmap_lock);
    }
    text_release(t);
    mm_put_user(mm);
}

static void show_one_area(void *text, struct vma *v)
{
    proc_show_area(text, v);
}

void proc_show_maps(struct text *t, void *arg, u64 *from)
{
    proc_areas_part(t, pid_of(arg), from, show_one_area);
}

struct statm { /* pages */
    u64 text, file;
};

static void add_statm(void *arg, struct vma *v)
{
    struct page_sums s = {0};
    struct statm *m = arg;

    if (!v->file)
        return;
    proc_add_area(&s, v);
    m->file += s.file;
    if (v->flags & VM_EXEC)
        m->text += s.size;
}

/* size resident shared text lib data dirty, in pages */
void proc_show_statm(struct text *t, const struct text_file *tf, void *arg)
{
    struct mm *mm = proc_mm_of(pid_of(arg));
    struct statm m = {0};

    (void)tf;
    if (!mm) {
        text_add(t, "0 0 0 0 0 0 0\n");
        return;
    }
    proc_for_areas(pid_of(arg), add_statm, &m);
    text_add(t, "%llu %llu %llu %llu 0 %llu 0\n", ULL(mm->total_vm),
             ULL(READ_ONCE(mm->rss)), ULL(m.file), ULL(m.text),
             ULL(mm->data_vm));
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

/* False: no such process. */
static bool get_adj(void *arg, int *adj)
{
    struct process *p = process_get(pid_of(arg));

    if (!p)
        return false;
    *adj = process_get_oom_score_adj(p);
    process_put(p);
    return true;
}

static int set_adj(void *arg, s64 adj)
{
    struct process *p = process_get(pid_of(arg));
    int err = -ESRCH;

    if (!p)
        return err;
    err = process_set_oom_score_adj(p, (int)adj);
    process_put(p);
    return err;
}

/* A decimal number with its sign, behind any blanks. */
static int signed_number(const char *word, u64 max, s64 *n)
{
    bool minus;
    u64 size;
    int err;

    while (*word == ' ')
        word++;
    minus = word[0] == '-';
    err = text_number(word + minus, max, &size);
    *n = minus ? -(s64)size : (s64)size;
    return err;
}

void proc_show_oom_score_adj(struct text *t, const struct text_file *tf,
                             void *arg)
{
    int adj;

    (void)tf;
    if (get_adj(arg, &adj))
        text_add(t, "%d\n", adj);
}

int proc_write_oom_score_adj(struct text *t, char *line, void *arg)
{
    s64 adj;

    (void)t;
    if (signed_number(line, OOM_SCORE_ADJ_MAX, &adj))
        return -EINVAL;
    return set_adj(arg, adj);
}

/* The old scale of the same: -17 (never) to 15. */
#define OOM_ADJ_NEVER (-17)
#define OOM_ADJ_MAX   15

void proc_show_oom_adj(struct text *t, const struct text_file *tf, void *arg)
{
    int adj;

    (void)tf;
    if (!get_adj(arg, &adj))
        return;
    if (adj == OOM_SCORE_ADJ_MAX)
        adj = OOM_ADJ_MAX;
    else
        adj = adj * -OOM_ADJ_NEVER / OOM_SCORE_ADJ_MAX;
    text_add(t, "%d\n", adj);
}

int proc_write_oom_adj(struct text *t, char *line, void *arg)
{
    s64 adj;

    (void)t;
    if (signed_number(line, -OOM_ADJ_NEVER, &adj) || adj > OOM_ADJ_MAX)
        return -EINVAL;
    if (adj == OOM_ADJ_MAX)
        return set_adj(arg, OOM_SCORE_ADJ_MAX);
    return set_adj(arg, adj * OOM_SCORE_ADJ_MAX / -OOM_ADJ_NEVER);
}
