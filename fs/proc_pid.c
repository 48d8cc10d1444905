/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID: directories that are there because a process is; /proc/PID/task,
 * where each thread has one; and the links to one's own, self and thread-self.
 *
 * They are made when they are looked up, and name the process by its number
 * only: whoever keeps one open keeps no process.
 */
#include <fs/fs_private.h>
#include <fs/proc_pid.h>
#include <fs/procfs.h>
#include <kernel/pid.h>
#include <kernel/print.h>
#include <kernel/process.h>
#include <kernel/string.h>

/* Numbers of inodes, beyond all that are given out: a block of them for each
   process, the same for each thread. */
#define ENTRIES_MAX 64

static u64 dir_ino(int pid, int tid)
{
    return (1ull << 42) + ((u64)(tid ? PID_MAX + tid : pid) * ENTRIES_MAX);
}

static struct inode *make_task_dir(void *arg, u64 ino);

static const struct {
    const char *name;
    struct text_file file; /* a text, or else: */
    struct inode *(*make)(void *arg, u64 ino);
    bool of_process; /* not below task/ */
} entries[] = {
    {"stat", {.show = proc_show_stat}, NULL, false},
    {"status", {.show = proc_show_status}, NULL, false},
    {"comm", {.show = proc_show_comm, .write = proc_write_comm}, NULL, false},
    {"cmdline", {.show = proc_show_cmdline}, NULL, false},
    {"environ", {.show = proc_show_environ, .mode = 0400}, NULL, false},
    {"maps", {.show_part = proc_show_maps}, NULL, false},
    {"smaps", {.show_part = proc_show_smaps}, NULL, false},
    {"smaps_rollup", {.show = proc_show_rollup}, NULL, true},
    {"clear_refs", {.write = proc_clear_refs}, NULL, false},
    {"statm", {.show = proc_show_statm}, NULL, false},
    {"oom_score", {.show = proc_show_oom_score}, NULL, false},
    {"oom_score_adj",
     {.show = proc_show_oom_score_adj, .write = proc_write_oom_score_adj},
     NULL,
     false},
    {"oom_adj",
     {.show = proc_show_oom_adj, .write = proc_write_oom_adj},
     NULL,
     false},
    {"io", {.show = proc_show_io, .mode = 0400}, NULL, false},
    {"limits", {.show = proc_show_limits}, NULL, false},
    {"mounts", {.show = proc_show_mounts}, NULL, false},
    {"mountinfo", {.show = proc_show_mountinfo}, NULL, false},
    {"wchan", {.show = proc_show_wchan}, NULL, false},
    {"pagemap", {0}, proc_pagemap_make, false},
    {"cwd", {0}, proc_cwd_make, false},
    {"root", {0}, proc_root_make, false},
    {"exe", {0}, proc_exe_make, false},
    {"fd", {0}, proc_fd_make, false},
    {"fdinfo", {0}, proc_fdinfo_make, false},
    {"task", {0}, make_task_dir, true},
};

_Static_assert(ARRAY_SIZE(entries) < ENTRIES_MAX, "the next block begins");

static u64 entry_ino(void *arg, unsigned n)
{
    return dir_ino(pid_of(arg), tid_of(arg)) + n;
}

static struct inode *make_dir(const struct dir_ops *ops, u64 ino, void *arg)
{
    struct inode *dir = inode_create(S_IFDIR | 0555);

    if (dir) {
        dir->ino = ino;
        dir->dops = ops;
        dir->private = arg;
    }
    return dir;
}

static struct inode *pid_lookup(struct inode *dir, const char *name)
{
    void *arg = dir->private;

    for (unsigned i = 0; i < ARRAY_SIZE(entries); i++) {
        if (strcmp(name, entries[i].name))
            continue;
        if (entries[i].of_process && tid_of(arg))
            return NULL;
        if (entries[i].make)
            return entries[i].make(arg, entry_ino(arg, i + 1));
        return text_inode(&entries[i].file, TEXT_PROCESS, entry_ino(arg, i + 1),
                          arg);
    }
    return NULL;
}

static bool pid_next(struct inode *dir, u64 *n, char *name, size_t size,
                     u64 *ino)
{
    while (*n < ARRAY_SIZE(entries) && entries[*n].of_process &&
           tid_of(dir->private))
        ++*n;
    if (*n >= ARRAY_SIZE(entries))
        return false;
    str_copy(name, entries[*n].name, size);
    *ino = entry_ino(dir->private, (unsigned)*n + 1);
    return true;
}

static const struct dir_ops pid_ops = {.lookup = pid_lookup, .next = pid_next};

/* ---- task: threads by number ---- */

/* The thread of this number, or the first above; 0: there is none. */
static int find_thread(int pid, u64 from)
{
    struct process *p = process_get(pid);
    struct task *task;
    int found = 0;
    u64 flags;

    if (!p)
        return 0;
    flags = spin_lock_irqsave(&tasks_lock);
    list_for_each_entry (task, &p->threads, proc_node)
        if ((u64)task->tid >= from && (!found || task->tid < found))
            found = task->tid;
    if (p->dead && (u64)pid >= from)
        found = pid; /* a zombie is its own last thread */
    spin_unlock_irqrestore(&tasks_lock, flags);
    process_put(p);
    return found;
}

static struct inode *task_lookup(struct inode *dir, const char *name)
{
    int pid = pid_of(dir->private);
    u64 tid;

    if (text_number(name, INT32_MAX, &tid) || !tid ||
        find_thread(pid, tid) != (int)tid)
        return NULL;
    return make_dir(&pid_ops, dir_ino(pid, (int)tid), pid_arg(pid, (int)tid));
}

static bool task_next(struct inode *dir, u64 *n, char *name, size_t size,
                      u64 *ino)
{
    int pid = pid_of(dir->private), tid = find_thread(pid, *n);

    if (!tid)
        return false;
    snprintf(name, size, "%d", tid);
    *ino = dir_ino(pid, (int)tid);
    *n = (u64)tid;
    return true;
}

static const struct dir_ops task_ops = {.lookup = task_lookup,
                                        .next = task_next};

static struct inode *make_task_dir(void *arg, u64 ino)
{
    return make_dir(&task_ops, ino, arg);
}

/* ---- /proc itself ---- */

/* A link to what the reader is; kernel threads are nobody there. */
static struct inode *make_self(bool thread)
{
    char target[40];
    struct inode *link;

    if (!current_pid())
        return NULL;
    if (thread)
        snprintf(target, sizeof(target), "%d/task/%d", current_pid(),
                 current_tid());
    else
        snprintf(target, sizeof(target), "%d", current_pid());
    link = inode_make_link(target);
    if (link) {
        link->ino = dir_ino(0, 0) + thread;
        link->nlink = 1;
    }
    return link;
}

static struct inode *proc_lookup(struct inode *dir, const char *name)
{
    struct process *p;
    u64 pid;

    (void)dir;
    if (!strcmp(name, "self") || !strcmp(name, "thread-self"))
        return make_self(name[0] == 't');
    if (text_number(name, INT32_MAX, &pid) || !pid)
        return NULL;
    p = process_get((int)pid);
    if (!p)
        return NULL;
    process_put(p);
    return make_dir(&pid_ops, dir_ino((int)pid, 0), pid_arg((int)pid, 0));
}

/* The two links come first, then the processes, in the order of their numbers:
   2 more than these are their places in the listing. */
static bool proc_next(struct inode *dir, u64 *n, char *name, size_t size,
                      u64 *ino)
{
    int pid;

    (void)dir;
    if (*n < 2) {
        str_copy(name, *n ? "thread-self" : "self", size);
        *ino = dir_ino(0, 0) + *n;
        return true;
    }
    pid = process_next((int)min_u64(*n - 2, INT32_MAX));
    if (!pid)
        return false;
    snprintf(name, size, "%d", pid);
    *ino = dir_ino((int)pid, 0);
    *n = (u64)pid + 2;
    return true;
}

static const struct dir_ops proc_ops = {.lookup = proc_lookup,
                                        .next = proc_next};

void proc_pid_init(struct inode *proc)
{
    proc->dops = &proc_ops;
}
