/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/stat, status, comm, limits and wchan: what a process or a thread is
 * about, in Linux's forms. Where Linux says what hotcow does not know, there
 * is what Linux says of a machine that does not know either, mostly 0.
 */
#include <fs/devices.h>
#include <fs/fs_private.h>
#include <fs/proc_pid.h>
#include <kernel/print.h>
#include <kernel/process.h>
#include <kernel/string.h>
#include <mm/mm.h>

#define ULL(n)    ((unsigned long long)(n))
#define TICKS(ns) ULL((ns) / (NSEC_PER_SEC / 100))

struct facts { /* of a process or a thread, read at one moment */
    char comm[16], state;
    int id, ppid, pgid, sid, tty, foreground, exit_signal, exit_status;
    unsigned threads, cpu, queued, fd_size;
    bool did_exec;
    u32 umask;
    struct usage used, children;
    u64 start_ns, sleeps, preemptions, queue_limit;
    sigset_t pending, shared_pending, blocked, ignored, caught;
};

static char task_letter(const struct process *p, const struct task *t)
{
    if (p->stopped)
        return 'T';
    if (READ_ONCE(t->state) == TASK_RUNNABLE)
        return 'R';
    return READ_ONCE(t->interruptible) == WAIT_SIGNAL ? 'S' : 'D';
}

/* tasks_lock and the signal lock held, as for the next two. */
static void read_task(struct facts *f, const struct process *p,
                      const struct task *t)
{
    str_copy(f->comm, t->comm, sizeof(f->comm));
    f->state = task_letter(p, t);
    f->cpu = t->cpu;
    f->blocked = t->sig_blocked;
    f->pending = t->sig_pending;
    f->sleeps = t->sleeps;
    f->preemptions = t->preemptions;
}

/* A process shows its first thread's face, and the time of all. */
static void read_tasks(struct facts *f, struct process *p, int tid)
{
    struct usage used;
    struct task *t;

    list_for_each_entry (t, &p->threads, proc_node) {
        if (tid && t->tid != tid)
            continue;
        used = task_usage(t);
        usage_add(&f->used, &used);
        if (tid || t->tid == p->pid || !f->state)
            read_task(f, p, t);
    }
    if (f->state)
        return;
    f->state = 'Z';
    str_copy(f->comm, p->comm, sizeof(f->comm));
}

static void read_signals(struct facts *f, const struct process *p)
{
    f->shared_pending = p->sig_pending;
    f->queued = p->nr_queued;
    f->queue_limit = p->rlimits[RLIMIT_SIGPENDING][0];
    for (unsigned i = 0; i < NSIG; i++) {
        if (p->actions[i].handler == 1)
            f->ignored |= 1ull << i;
        else if (p->actions[i].handler)
            f->caught |= 1ull << i;
    }
}

static void read_process(struct facts *f, const struct process *p, int tid)
{
    f->id = tid ? tid : p->pid;
    f->ppid = p->ppid;
    f->pgid = p->pgid;
    f->sid = p->sid;
    f->tty = tty_of_session(p->sid);
    f->foreground = tty_foreground(p->sid);
    f->exit_signal = f->id == p->pid ? p->exit_signal : -1;
    f->exit_status = p->exit_status;
    f->threads = p->nr_threads ? p->nr_threads : 1;
    f->fd_size = p->files ? fdtable_size(p->files) : 0;
    f->did_exec = p->did_exec;
    f->umask = p->umask;
    f->start_ns = p->start_ns;
    f->children = p->of_children;
    if (!tid)
        f->used = p->ended;
}

static bool get_facts(void *arg, struct facts *f)
{
    struct process *p = process_get(pid_of(arg));
    u64 flags;

    *f = (struct facts){0};
    if (!p)
        return false;
    flags = spin_lock_irqsave(&tasks_lock);
    spin_lock(&p->sig_lock);
    read_process(f, p, tid_of(arg));
    read_signals(f, p);
    read_tasks(f, p, tid_of(arg));
    spin_unlock(&p->sig_lock);
    spin_unlock_irqrestore(&tasks_lock, flags);
    process_put(p);
    return true;
}

/* ---- of its memory ---- */

struct layout { /* addresses, and pages of kinds of areas */
    u64 code_start, code_end, data_start, data_end;
    u64 text, libs, stack;
    struct page_sums sums; /* of areas that show a file */
};

/* The program is what lies lowest; all other code is libraries'. */
static void add_code(struct layout *l, const struct vma *v)
{
    u64 pages = (v->end - v->start) >> PAGE_SHIFT;

    if (!l->code_start) {
        l->code_start = v->start;
        l->code_end = v->end;
        l->text = pages;
    } else {
        l->libs += pages;
    }
}

static void add_layout(void *arg, struct vma *v)
{
    struct layout *l = arg;

    if (v->flags & VM_GROWSDOWN)
        l->stack += (v->end - v->start) >> PAGE_SHIFT;
    if (!v->file)
        return;
    proc_add_area(&l->sums, v);
    if (v->flags & VM_EXEC)
        add_code(l, v);
    if ((v->flags & VM_WRITE) && !l->data_start) {
        l->data_start = v->start;
        l->data_end = v->end;
    }
}

/* ---- stat ---- */

#define PF_EXITING    0x4
#define PF_FORKNOEXEC 0x40

static void stat_head(struct text *t, const struct facts *f)
{
    const struct usage *u = &f->used, *c = &f->children;
    unsigned flags =
        (f->state == 'Z' ? PF_EXITING : 0) | (f->did_exec ? 0 : PF_FORKNOEXEC);
    text_add(t, "%d (%s) %c %d %d %d %d %d %u", f->id, f->comm, f->state,
             f->ppid, f->pgid, f->sid, f->tty, f->foreground, flags);
    text_add(t, " %llu %llu %llu %llu", ULL(u->faults - u->major_faults),
             ULL(c->faults - c->major_faults), ULL(u->major_faults),
             ULL(c->major_faults));
    text_add(t, " %llu %llu %llu %llu 20 0 %u 0 %llu", TICKS(u->user_ns),
             TICKS(u->system_ns), TICKS(c->user_ns), TICKS(c->system_ns),
             f->threads, TICKS(f->start_ns));
}

/* The start of the stack is that of its strings; where a thread stands in
   its program is shown, as Linux does, to nobody. */
static void stat_memory(struct text *t, const struct mm *mm,
                        const struct layout *l)
{
    text_add(t, " %llu %llu 18446744073709551615 %llu %llu %llu 0 0",
             ULL(mm ? READ_ONCE(mm->total_vm) << PAGE_SHIFT : 0),
             ULL(mm ? READ_ONCE(mm->rss) : 0), ULL(l->code_start),
             ULL(l->code_end), ULL(mm ? mm->arg_start : 0));
}

static void stat_tail(struct text *t, const struct facts *f,
                      const struct mm *mm, const struct layout *l)
{
    text_add(t, " %llu %llu %llu %llu %d 0 0 %d %u 0 0 0 0 0",
             ULL(f->pending & INT32_MAX), ULL(f->blocked & INT32_MAX),
             ULL(f->ignored & INT32_MAX), ULL(f->caught & INT32_MAX),
             f->state == 'S' || f->state == 'D', f->exit_signal, f->cpu);
    if (mm)
        text_add(t, " %llu %llu %llu %llu %llu %llu %llu", ULL(l->data_start),
                 ULL(l->data_end), ULL(mm->brk_start), ULL(mm->arg_start),
                 ULL(mm->env_start), ULL(mm->env_start), ULL(mm->env_end));
    else
        text_add(t, " 0 0 0 0 0 0 0");
    text_add(t, " %d\n", f->exit_status);
}

void proc_show_stat(struct text *t, const struct text_file *tf, void *arg)
{
    struct layout l = {0};
    struct facts f;
    struct mm *mm;

    (void)tf;
    if (!get_facts(arg, &f))
        return;
    mm = proc_mm_of(pid_of(arg));
    if (mm)
        proc_for_areas(pid_of(arg), add_layout, &l);
    stat_head(t, &f);
    stat_memory(t, mm, &l);
    stat_tail(t, &f, mm, &l);
    if (mm)
        mm_put_user(mm);
}

/* ---- status ---- */

static const char *state_name(char state)
{
    switch (state) {
    case 'R':
        return "R (running)";
    case 'T':
        return "T (stopped)";
    case 'Z':
        return "Z (zombie)";
    case 'D':
        return "D (disk sleep)";
    default:
        return "S (sleeping)";
    }
}

static void show_kib(struct text *t, const char *name, u64 pages)
{
    text_add(t, "%s:\t%8llu kB\n", name, ULL(pages * (PAGE_SIZE / 1024)));
}

static void status_names(struct text *t, const struct facts *f, int pid)
{
    text_add(t, "Name:\t%s\n", f->comm);
    if (f->state != 'Z')
        text_add(t, "Umask:\t%04o\n", f->umask);
    text_add(t,
             "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\n"
             "TracerPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n",
             state_name(f->state), pid, f->id, f->ppid);
    text_add(t,
             "FDSize:\t%u\nGroups:\t \nNStgid:\t%d\nNSpid:\t%d\n"
             "NSpgid:\t%d\nNSsid:\t%d\n",
             f->fd_size, pid, f->id, f->pgid, f->sid);
}

static void status_memory(struct text *t, struct mm *mm, const struct layout *l)
{
    u64 rss = READ_ONCE(mm->rss);

    show_kib(t, "VmPeak", READ_ONCE(mm->peak_vm));
    show_kib(t, "VmSize", READ_ONCE(mm->total_vm));
    show_kib(t, "VmLck", READ_ONCE(mm->locked_vm));
    show_kib(t, "VmPin", 0); /* pins are known by frame, not by process */
    show_kib(t, "VmHWM", max_u64(READ_ONCE(mm->peak_rss), rss));
    show_kib(t, "VmRSS", rss);
    show_kib(t, "RssAnon", rss - min_u64(rss, l->sums.file));
    show_kib(t, "RssFile", 0); /* all files are like tmpfs's */
    show_kib(t, "RssShmem", min_u64(rss, l->sums.file));
    show_kib(t, "VmData", READ_ONCE(mm->data_vm));
    show_kib(t, "VmStk", l->stack);
    show_kib(t, "VmExe", l->text);
    show_kib(t, "VmLib", l->libs);
    show_kib(t, "VmPTE", READ_ONCE(mm->tables));
    show_kib(t, "VmSwap", READ_ONCE(mm->swapped));
    show_kib(t, "HugetlbPages", 0);
    text_add(t, "CoreDumping:\t0\nTHP_enabled:\t0\n");
}

static void status_signals(struct text *t, const struct facts *f)
{
    text_add(t, "Threads:\t%u\nSigQ:\t%u/%llu\n", f->threads, f->queued,
             ULL(f->queue_limit));
    text_add(t,
             "SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\n"
             "SigIgn:\t%016llx\nSigCgt:\t%016llx\n",
             ULL(f->pending), ULL(f->shared_pending), ULL(f->blocked),
             ULL(f->ignored), ULL(f->caught));
}

/* Everybody is root, with everything that goes with it, everywhere. */
static void status_rights(struct text *t, const struct facts *f)
{
    unsigned cpus = cpu_count();

    text_add(t, "CapInh:\t0000000000000000\nCapPrm:\t000001ffffffffff\n"
                "CapEff:\t000001ffffffffff\nCapBnd:\t000001ffffffffff\n"
                "CapAmb:\t0000000000000000\nNoNewPrivs:\t0\nSeccomp:\t0\n"
                "Seccomp_filters:\t0\nSpeculation_Store_Bypass:\tunknown\n"
                "SpeculationIndirectBranch:\tunknown\n");
    text_add(t, "Cpus_allowed:\t%x\nCpus_allowed_list:\t0", (1u << cpus) - 1);
    if (cpus > 1)
        text_add(t, "-%u", cpus - 1);
    text_add(t,
             "\nMems_allowed:\t1\nMems_allowed_list:\t0\n"
             "voluntary_ctxt_switches:\t%llu\n"
             "nonvoluntary_ctxt_switches:\t%llu\n",
             ULL(f->sleeps), ULL(f->preemptions));
}

void proc_show_status(struct text *t, const struct text_file *tf, void *arg)
{
    struct layout l = {0};
    struct facts f;
    struct mm *mm;

    (void)tf;
    if (!get_facts(arg, &f))
        return;
    status_names(t, &f, pid_of(arg));
    mm = proc_mm_of(pid_of(arg));
    if (mm) {
        proc_for_areas(pid_of(arg), add_layout, &l);
        status_memory(t, mm, &l);
        mm_put_user(mm);
    }
    status_signals(t, &f);
    status_rights(t, &f);
}

/* ---- small ones ---- */

void proc_show_comm(struct text *t, const struct text_file *tf, void *arg)
{
    struct facts f;

    (void)tf;
    if (get_facts(arg, &f))
        text_add(t, "%s\n", f.comm);
}

/* Only to one's own threads, as in Linux; what is too long is cut. A name
   that is being read meanwhile may come out mixed. */
int proc_write_comm(struct text *t, char *line, void *arg)
{
    int pid = pid_of(arg), tid = tid_of(arg) ? tid_of(arg) : pid;
    struct process *p = process_get(pid);
    struct task *task;
    int err = -EINVAL;
    u64 flags;

    (void)t;
    if (!p)
        return -ESRCH;
    flags = spin_lock_irqsave(&tasks_lock);
    list_for_each_entry (task, &p->threads, proc_node)
        if (pid == current_pid() && task->tid == tid) {
            str_copy(task->comm, line, sizeof(task->comm));
            err = 0;
        }
    spin_unlock_irqrestore(&tasks_lock, flags);
    process_put(p);
    return err;
}

static void limit_word(char *buf, size_t size, u64 limit)
{
    if (limit == RLIM_INFINITY)
        str_copy(buf, "unlimited", size);
    else
        snprintf(buf, size, "%llu", ULL(limit));
}

void proc_show_limits(struct text *t, const struct text_file *tf, void *arg)
{
    static const char *const names[NR_LIMITS][2] = {
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
    for (unsigned i = 0; i < NR_LIMITS; i++) {
        limit_word(soft, sizeof(soft), READ_ONCE(p->rlimits[i][0]));
        limit_word(hard, sizeof(hard), READ_ONCE(p->rlimits[i][1]));
        text_add(t, "%-25s %-20s %-20s ", names[i][0], soft, hard);
        text_add(t, names[i][1][0] ? "%-10s\n" : "%s\n", names[i][1]);
    }
    process_put(p);
}

static bool get_io(void *arg, struct task_io *sum)
{
    struct process *p = process_get(pid_of(arg));
    struct task *t;
    u64 flags;

    *sum = (struct task_io){0};
    if (!p)
        return false;
    flags = spin_lock_irqsave(&tasks_lock);
    if (!tid_of(arg))
        task_io_add(sum, &p->io);
    list_for_each_entry (t, &p->threads, proc_node)
        if (!tid_of(arg) || t->tid == tid_of(arg))
            task_io_add(sum, &t->io);
    spin_unlock_irqrestore(&tasks_lock, flags);
    process_put(p);
    return true;
}

/* Nothing that was written waits in a cache, from which it could be dropped. */
void proc_show_io(struct text *t, const struct text_file *tf, void *arg)
{
    struct task_io io;

    (void)tf;
    if (get_io(arg, &io))
        text_add(t,
                 "rchar: %llu\nwchar: %llu\nsyscr: %llu\nsyscw: %llu\n"
                 "read_bytes: %llu\nwrite_bytes: %llu\n"
                 "cancelled_write_bytes: 0\n",
                 ULL(io.bytes[0]), ULL(io.bytes[1]), ULL(io.calls[0]),
                 ULL(io.calls[1]), ULL(io.disk[0]), ULL(io.disk[1]));
}

void proc_show_wchan(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    (void)arg;
    text_add(t, "0"); /* as Linux's, for whoever may not look */
}
