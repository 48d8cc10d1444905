/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID: directories that are there because a process is. They are made
 * when they are looked up, and name the process by its number only.
 */
#include <fs/fs_private.h>
#include <fs/procfs.h>
#include <fs/text.h>
#include <kernel/print.h>
#include <kernel/process.h>
#include <kernel/string.h>
#include <kernel/time.h>
#include <mm/mm.h>

struct facts { /* of a process, read at one moment */
    char comm[16], state;
    int ppid, pgid, sid;
    unsigned threads;
    u64 cpu_ns, start_ns;
    struct mm *mm; /* with a reference, or NULL */
};

/* tasks_lock held. */
static void read_facts(struct process *p, struct facts *f)
{
    struct task *task;

    f->ppid = p->parent ? p->parent->pid : 0;
    f->pgid = p->pgid;
    f->sid = p->sid;
    f->threads = p->nr_threads;
    f->state = p->dead ? 'Z' : p->stopped ? 'T' : 'S';
    f->start_ns = p->start_ns;
    f->cpu_ns = p->cpu_ns;
    list_for_each_entry (task, &p->threads, proc_node) {
        str_copy(f->comm, task->comm, sizeof(f->comm));
        if (task->state == TASK_RUNNABLE && f->state == 'S')
            f->state = 'R';
        if (!f->mm && task->mm) {
            f->mm = task->mm;
            mm_get(f->mm);
        }
    }
}

static bool get_facts(int pid, struct facts *f)
{
    struct process *p = process_get(pid);
    u64 flags;

    *f = (struct facts){0};
    if (!p)
        return false;
    flags = spin_lock_irqsave(&tasks_lock);
    read_facts(p, f);
    spin_unlock_irqrestore(&tasks_lock, flags);
    process_put(p);
    return true;
}

static void put_facts(struct facts *f)
{
    if (f->mm)
        mm_put(f->mm);
}

static u64 area_bytes(struct mm *mm)
{
    u64 sum = 0;

    if (!mm)
        return 0;
    down_read(&mm->mmap_lock);
    for (unsigned i = 0; i < mm->nr_areas; i++)
        sum += mm->areas[i]->end - mm->areas[i]->start;
    up_read(&mm->mmap_lock);
    return sum;
}

static int pid_of(void *arg)
{
    return (int)(u64)arg;
}

static void show_stat(struct text *t, const struct text_file *tf, void *arg)
{
    struct facts f;

    (void)tf;
    if (!get_facts(pid_of(arg), &f))
        return;
    text_add(t,
             "%d (%s) %c %d %d %d 0 -1 0 0 0 0 0 %llu 0 0 0 20 0 %u 0 "
             "%llu %llu %llu",
             pid_of(arg), f.comm, f.state, f.ppid, f.pgid, f.sid,
             (unsigned long long)(f.cpu_ns / (NSEC_PER_SEC / 100)), f.threads,
             (unsigned long long)(f.start_ns / (NSEC_PER_SEC / 100)),
             (unsigned long long)area_bytes(f.mm),
             (unsigned long long)(f.mm ? READ_ONCE(f.mm->rss) : 0));
    text_add(t, " 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 "
                "0 0 0 0 0 0 0 0 0\n");
    put_facts(&f);
}

static void show_status(struct text *t, const struct text_file *tf, void *arg)
{
    struct facts f;

    (void)tf;
    if (!get_facts(pid_of(arg), &f))
        return;
    text_add(t, "Name:\t%s\nState:\t%c\nTgid:\t%d\nPid:\t%d\nPPid:\t%d\n",
             f.comm, f.state, pid_of(arg), pid_of(arg), f.ppid);
    text_add(t, "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n");
    if (f.mm)
        text_add(t,
                 "VmSize:\t%8llu kB\nVmRSS:\t%8llu kB\nVmPTE:\t%8llu kB\n"
                 "VmSwap:\t%8llu kB\n",
                 (unsigned long long)area_bytes(f.mm) / 1024,
                 (unsigned long long)READ_ONCE(f.mm->rss) * 4,
                 (unsigned long long)READ_ONCE(f.mm->tables) * 4,
                 (unsigned long long)READ_ONCE(f.mm->swapped) * 4);
    text_add(t, "Threads:\t%u\n", f.threads);
    put_facts(&f);
}

static void show_comm(struct text *t, const struct text_file *tf, void *arg)
{
    struct facts f;

    (void)tf;
    if (!get_facts(pid_of(arg), &f))
        return;
    text_add(t, "%s\n", f.comm);
    put_facts(&f);
}

static void show_cmdline(struct text *t, const struct text_file *tf, void *arg)
{
    struct facts f;

    (void)tf;
    if (!get_facts(pid_of(arg), &f))
        return;
    text_add(t, "%s%c", f.comm, 0);
    put_facts(&f);
}

static void show_area(struct text *t, const struct vma *v)
{
    text_add(t, "%012llx-%012llx %c%c%c%c %08llx 00:00 0 %s\n",
             (unsigned long long)v->start, (unsigned long long)v->end,
             v->flags & VM_READ ? 'r' : '-', v->flags & VM_WRITE ? 'w' : '-',
             v->flags & VM_EXEC ? 'x' : '-', v->flags & VM_SHARED ? 's' : 'p',
             v->file ? (unsigned long long)v->pgoff << PAGE_SHIFT : 0,
             v->name ? v->name : "");
}

static void show_maps(struct text *t, const struct text_file *tf, void *arg)
{
    struct facts f;

    (void)tf;
    if (!get_facts(pid_of(arg), &f))
        return;
    if (f.mm) {
        down_read(&f.mm->mmap_lock);
        for (unsigned i = 0; i < f.mm->nr_areas; i++)
            show_area(t, f.mm->areas[i]);
        up_read(&f.mm->mmap_lock);
    }
    put_facts(&f);
}

/* Which program it runs: where that was found, when it was. */
static struct inode *make_exe(int pid, u64 ino)
{
    struct process *p = process_get(pid);
    char path[sizeof(p->exe)];
    struct inode *link;
    u64 flags;

    if (!p)
        return NULL;
    flags = spin_lock_irqsave(&tasks_lock);
    str_copy(path, p->exe, sizeof(path));
    spin_unlock_irqrestore(&tasks_lock, flags);
    process_put(p);
    link = inode_make_link(path);
    if (link) {
        link->ino = ino;
        link->nlink = 1;
    }
    return link;
}

static const struct {
    const char *name;
    struct text_file file; /* a text, or else: */
    struct inode *(*make)(int pid, u64 ino);
} entries[] = {
    {"stat", {.show = show_stat}, NULL},
    {"status", {.show = show_status}, NULL},
    {"comm", {.show = show_comm}, NULL},
    {"cmdline", {.show = show_cmdline}, NULL},
    {"maps", {.show = show_maps}, NULL},
    {"exe", {0}, make_exe},
    {"fd", {0}, proc_fd_make},
};

/* Numbers of inodes: beyond all that are given out. */
#define PID_INO(pid, n) ((1ull << 40) + ((u64)(pid) << 8) + (n))

static struct inode *pid_lookup(struct inode *dir, const char *name)
{
    int pid = pid_of(dir->private);

    for (unsigned i = 0; i < ARRAY_SIZE(entries); i++) {
        if (strcmp(name, entries[i].name))
            continue;
        if (entries[i].make)
            return entries[i].make(pid, PID_INO(pid, i + 1));
        return text_inode(&entries[i].file, PID_INO(pid, i + 1), dir->private);
    }
    return NULL;
}

static bool pid_next(struct inode *dir, u64 *n, char *name, size_t size,
                     u64 *ino)
{
    if (*n >= ARRAY_SIZE(entries))
        return false;
    str_copy(name, entries[*n].name, size);
    *ino = PID_INO(pid_of(dir->private), *n + 1);
    return true;
}

static const struct dir_ops pid_ops = {.lookup = pid_lookup, .next = pid_next};

static struct inode *make_self(void)
{
    char target[16];
    struct inode *link;

    snprintf(target, sizeof(target), "%d", current_pid());
    link = inode_make_link(target);
    if (link)
        link->nlink = 1;
    return link;
}

static struct inode *proc_lookup(struct inode *dir, const char *name)
{
    struct process *p;
    struct inode *inode;
    u64 pid;

    (void)dir;
    if (!strcmp(name, "self"))
        return make_self();
    if (text_number(name, INT32_MAX, &pid))
        return NULL;
    p = process_get((int)pid);
    if (!p)
        return NULL;
    process_put(p);
    inode = inode_create(S_IFDIR | 0555);
    if (inode) {
        inode->ino = PID_INO(pid, 0);
        inode->dops = &pid_ops;
        inode->private = (void *)pid;
    }
    return inode;
}

/* In the order of their numbers, which are their places in the listing. */
static bool proc_next(struct inode *dir, u64 *n, char *name, size_t size,
                      u64 *ino)
{
    u64 flags = spin_lock_irqsave(&tasks_lock), lowest = UINT64_MAX;
    struct process *p;

    (void)dir;
    list_for_each_entry (p, &all_processes, all_node)
        if ((u64)p->pid >= *n)
            lowest = min_u64(lowest, (u64)p->pid);
    spin_unlock_irqrestore(&tasks_lock, flags);
    if (lowest == UINT64_MAX)
        return false;
    snprintf(name, size, "%llu", (unsigned long long)lowest);
    *ino = PID_INO(lowest, 0);
    *n = lowest;
    return true;
}

static const struct dir_ops proc_ops = {.lookup = proc_lookup,
                                        .next = proc_next};

void proc_pid_init(struct inode *proc)
{
    proc->dops = &proc_ops;
}
