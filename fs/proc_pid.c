/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID: directories that are there because a process is. They are made
 * when they are looked up, and name the process by its number only.
 */
#include <fs/fs_private.h>
#include <fs/devices.h>
#include <fs/proc_pid.h>
#include <fs/procfs.h>
#include <fs/text.h>
#include <kernel/print.h>
#include <kernel/process.h>
#include <kernel/string.h>
#include <kernel/time.h>
#include <mm/mm.h>
#include <mm/slab.h>

#define TICKS(ns) ((unsigned long long)((ns) / (NSEC_PER_SEC / 100)))

struct facts { /* of a process, read at one moment */
    char comm[16], state;
    int ppid, pgid, sid;
    unsigned threads;
    int tty; /* its number, if the process has one */
    unsigned cpu;
    u32 umask;
    u64 cpu_ns, children_ns, start_ns, pending, blocked;
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
    f->children_ns = p->children_ns;
    f->umask = p->umask;
    f->pending = p->sig_pending;
    f->tty = tty_of_session(p->sid);
    list_for_each_entry (task, &p->threads, proc_node) {
        str_copy(f->comm, task->comm, sizeof(f->comm));
        f->cpu = task->cpu;
        f->blocked = task->sig_blocked;
        f->cpu_ns += READ_ONCE(task->cpu_ns);
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

/* Where Linux says what hotcow does not know, there is a 0. */
static void show_stat(struct text *t, const struct text_file *tf, void *arg)
{
    struct facts f;

    (void)tf;
    if (!get_facts(pid_of(arg), &f))
        return;
    text_add(t, "%d (%s) %c %d %d %d %d %d 0 0 0 0 0 ", pid_of(arg), f.comm,
             f.state, f.ppid, f.pgid, f.sid, f.tty, f.tty ? f.pgid : -1);
    text_add(t, "%llu 0 %llu 0 20 0 %u 0 %llu %llu %llu", TICKS(f.cpu_ns),
             TICKS(f.children_ns), f.threads, TICKS(f.start_ns),
             (unsigned long long)area_bytes(f.mm),
             (unsigned long long)(f.mm ? READ_ONCE(f.mm->rss) : 0));
    text_add(t,
             " 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 %u 0 0 0 0 0 "
             "0 0 0 0 0 0 0 0\n",
             f.cpu);
    put_facts(&f);
}

static const char *state_name(char state)
{
    switch (state) {
    case 'R':
        return "R (running)";
    case 'T':
        return "T (stopped)";
    case 'Z':
        return "Z (zombie)";
    default:
        return "S (sleeping)";
    }
}

#define KIB(pages) ((unsigned long long)(pages) * (PAGE_SIZE / 1024))

static void show_memory(struct text *t, struct mm *mm)
{
    text_add(t,
             "VmPeak:\t%8llu kB\nVmSize:\t%8llu kB\nVmLck:\t%8llu kB\n"
             "VmPin:\t%8llu kB\nVmHWM:\t%8llu kB\nVmRSS:\t%8llu kB\n",
             KIB(READ_ONCE(mm->total_vm)), KIB(READ_ONCE(mm->total_vm)),
             KIB(READ_ONCE(mm->locked_vm)), 0ull, KIB(READ_ONCE(mm->peak_rss)),
             KIB(READ_ONCE(mm->rss)));
    text_add(t, "VmData:\t%8llu kB\nVmPTE:\t%8llu kB\nVmSwap:\t%8llu kB\n",
             KIB(READ_ONCE(mm->data_vm)), KIB(READ_ONCE(mm->tables)),
             KIB(READ_ONCE(mm->swapped)));
}

static void show_status(struct text *t, const struct text_file *tf, void *arg)
{
    struct facts f;

    (void)tf;
    if (!get_facts(pid_of(arg), &f))
        return;
    text_add(t,
             "Name:\t%s\nUmask:\t%04o\nState:\t%s\nTgid:\t%d\nNgid:\t0\n"
             "Pid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
             f.comm, f.umask, state_name(f.state), pid_of(arg), pid_of(arg),
             f.ppid);
    text_add(t, "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t64\n"
                "Groups:\t0 \n");
    if (f.mm)
        show_memory(t, f.mm);
    text_add(t, "Threads:\t%u\n", f.threads);
    text_add(t, "SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\n", 0ull,
             (unsigned long long)f.pending, (unsigned long long)f.blocked);
    text_add(t, "CapInh:\t0000000000000000\nCapPrm:\t000001ffffffffff\n"
                "CapEff:\t000001ffffffffff\nCapBnd:\t000001ffffffffff\n");
    text_add(t, "Cpus_allowed:\t%x\n", (1u << cpu_count()) - 1);
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

static void limit_word(char *buf, size_t size, u64 limit)
{
    if (limit == ~0ull)
        str_copy(buf, "unlimited", size);
    else
        snprintf(buf, size, "%llu", (unsigned long long)limit);
}

static void show_limits(struct text *t, const struct text_file *tf, void *arg)
{
    static const char *const names[16][2] = {
        {"Max cpu time", "seconds"},     {"Max file size", "bytes"},
        {"Max data size", "bytes"},      {"Max stack size", "bytes"},
        {"Max core file size", "bytes"}, {"Max resident set", "bytes"},
        {"Max processes", "processes"},  {"Max open files", "files"},
        {"Max locked memory", "bytes"},  {"Max address space", "bytes"},
        {"Max file locks", "locks"},     {"Max pending signals", "signals"},
        {"Max msgqueue size", "bytes"},  {"Max nice priority", ""},
        {"Max realtime priority", ""},   {"Max realtime timeout", "us"},
    };
    struct process *p = process_get(pid_of(arg));
    char soft[24], hard[24];

    (void)tf;
    if (!p)
        return;
    text_add(t, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit",
             "Hard Limit", "Units");
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        limit_word(soft, sizeof(soft), READ_ONCE(p->rlimits[i][0]));
        limit_word(hard, sizeof(hard), READ_ONCE(p->rlimits[i][1]));
        text_add(t, "%-25s %-20s %-20s %-10s\n", names[i][0], soft, hard,
                 names[i][1]);
    }
    process_put(p);
}

static void show_wchan(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    (void)arg;
    text_add(t, "0"); /* as Linux's, for whoever may not look */
}

static struct inode *named(struct inode *link, u64 ino)
{
    if (link) {
        link->ino = ino;
        link->nlink = 1;
    }
    return link;
}

static struct inode *make_link(const char *target, u64 ino)
{
    return named(inode_make_link(target), ino);
}

/* Which program it runs: where that was found, when it was. */
static struct inode *make_exe(int pid, u64 ino)
{
    struct process *p = process_get(pid);
    char path[sizeof(p->exe)];
    u64 flags;

    if (!p)
        return NULL;
    flags = spin_lock_irqsave(&tasks_lock);
    str_copy(path, p->exe, sizeof(path));
    spin_unlock_irqrestore(&tasks_lock, flags);
    process_put(p);
    return make_link(path, ino);
}

/* The link leads to the folder itself, even if that is removed. We are under
   the tree lock, as every look-up is, so it stays where it is. */
static struct inode *make_cwd(int pid, u64 ino)
{
    struct process *p = process_get(pid);
    char *path = kmalloc(PATH_MAX, ALLOC_KERNEL);
    struct inode *link = NULL;

    if (p && path && p->cwd) {
        if (inode_path(p->cwd, path, PATH_MAX))
            str_copy(path, "(deleted)", PATH_MAX);
        link = inode_make_direct_link(path, p->cwd);
    }
    kfree(path);
    if (p)
        process_put(p);
    return named(link, ino);
}

static struct inode *make_root(int pid, u64 ino)
{
    (void)pid;
    return make_link("/", ino);
}

static const struct {
    const char *name;
    struct text_file file; /* a text, or else: */
    struct inode *(*make)(int pid, u64 ino);
} entries[] = {
    {"stat", {.show = show_stat}, NULL},
    {"status", {.show = show_status}, NULL},
    {"comm", {.show = show_comm}, NULL},
    {"cmdline", {.show = proc_show_cmdline}, NULL},
    {"environ", {.show = proc_show_environ}, NULL},
    {"maps", {.show = proc_show_maps}, NULL},
    {"smaps", {.show = proc_show_smaps}, NULL},
    {"smaps_rollup", {.show = proc_show_rollup}, NULL},
    {"statm", {.show = proc_show_statm}, NULL},
    {"oom_score", {.show = proc_show_oom_score}, NULL},
    {"oom_score_adj",
     {.show = proc_show_oom_adj, .write = proc_write_oom_adj},
     NULL},
    {"limits", {.show = show_limits}, NULL},
    {"mounts", {.show = proc_show_mounts}, NULL},
    {"wchan", {.show = show_wchan}, NULL},
    {"pagemap", {0}, proc_pagemap_make},
    {"cwd", {0}, make_cwd},
    {"root", {0}, make_root},
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
