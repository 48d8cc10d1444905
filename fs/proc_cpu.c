/* SPDX-License-Identifier: MIT */
/*
 * /proc: what processors are and do: cpuinfo, interrupts, stat, loadavg and
 * uptime.
 *
 * Time is exact (kernel/usage.h): what is neither idle nor spent in user mode
 * is the system's. Interrupts are not told apart from what they interrupt.
 */
#include <fs/fs_private.h>
#include <fs/procfs.h>
#include <fs/text.h>
#include <kernel/irq.h>
#include <kernel/loadavg.h>
#include <kernel/pid.h>
#include <kernel/print.h>
#include <kernel/process.h>
#include <kernel/time.h>
#include <kernel/x86/arch.h>

#define SHOW(name) \
    static void name(struct text *t, const struct text_file *tf, void *arg)
#define ULL(n)    ((unsigned long long)(n))
#define TICKS(ns) ULL((ns) / (NSEC_PER_SEC / 100))
#define UNUSED \
    (void)tf;  \
    (void)arg

/* ---- time ---- */

static u64 all_idle(void)
{
    u64 idle = 0;

    for (unsigned i = 0; i < cpu_count(); i++)
        idle += sched_idle_ns(i);
    return idle;
}

static void add_seconds(struct text *t, u64 ns, char end)
{
    text_add(t, "%llu.%02llu%c", ULL(ns / NSEC_PER_SEC),
             ULL(ns % NSEC_PER_SEC / (NSEC_PER_SEC / 100)), end);
}

/* Since boot, and the idle time of all processors together. */
SHOW(show_uptime)
{
    UNUSED;
    add_seconds(t, now_ns(), ' ');
    add_seconds(t, all_idle(), '\n');
}

SHOW(show_loadavg)
{
    unsigned all = 0;
    u64 load[3];

    UNUSED;
    loadavg_read(load);
    task_count(&all);
    for (unsigned i = 0; i < 3; i++)
        text_add(t, "%llu.%02llu ", ULL(load[i] / 100), ULL(load[i] % 100));
    text_add(t, "%u/%u %d\n", sched_runnable(), all, pid_last());
}

struct times { /* ns */
    u64 user, system, idle;
};

static struct times times_of(unsigned cpu)
{
    struct times t = {.user = sched_user_ns(cpu), .idle = sched_idle_ns(cpu)};
    u64 rest = now_ns() - t.idle;

    t.system = rest > t.user ? rest - t.user : 0;
    return t;
}

static void add_cpu(struct text *t, const char *name, const struct times *ns)
{
    text_add(t, "%s %llu 0 %llu %llu 0 0 0 0 0 0\n", name, TICKS(ns->user),
             TICKS(ns->system), TICKS(ns->idle));
}

static void add_times(struct text *t)
{
    struct times each[MAX_CPUS], all = {0};
    char name[16];

    for (unsigned i = 0; i < cpu_count(); i++) {
        each[i] = times_of(i);
        all.user += each[i].user;
        all.system += each[i].system;
        all.idle += each[i].idle;
    }
    add_cpu(t, "cpu ", &all);
    for (unsigned i = 0; i < cpu_count(); i++) {
        snprintf(name, sizeof(name), "cpu%u", i);
        add_cpu(t, name, &each[i]);
    }
}

static u64 all_interrupts(void)
{
    struct irq_facts f;
    u64 sum = 0;

    for (unsigned gsi = 0; gsi < MAX_GSI; gsi++)
        if (irq_line(gsi, &f))
            sum += f.count;
    for (unsigned i = 0; i < cpu_count() * NR_IRQ_KINDS; i++)
        sum += irq_kind_count(i / NR_IRQ_KINDS, i % NR_IRQ_KINDS);
    return sum;
}

static void add_interrupts(struct text *t)
{
    struct irq_facts f;

    text_add(t, "intr %llu", ULL(all_interrupts()));
    for (unsigned gsi = 0; gsi < MAX_GSI; gsi++)
        text_add(t, " %llu", irq_line(gsi, &f) ? ULL(f.count) : 0);
    text_add(t, "\n");
}

/* How many threads wait for a disk or a page, and take no signal. */
static unsigned count_blocked(void)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct process *p;
    struct task *task;
    unsigned n = 0;

    list_for_each_entry (p, &all_processes, all_node)
        list_for_each_entry (task, &p->threads, proc_node)
            n += READ_ONCE(task->state) == TASK_SLEEPING &&
                 READ_ONCE(task->interruptible) != WAIT_SIGNAL;
    spin_unlock_irqrestore(&tasks_lock, flags);
    return n;
}

SHOW(show_stat)
{
    UNUSED;
    add_times(t);
    add_interrupts(t);
    text_add(t, "ctxt %llu\nbtime %llu\nprocesses %llu\n",
             ULL(sched_switches()), ULL(wall_ns(0) / NSEC_PER_SEC),
             ULL(pid_total()));
    /* There are no soft interrupts: what is left over is a thread's. */
    text_add(t,
             "procs_running %u\nprocs_blocked %u\n"
             "softirq 0 0 0 0 0 0 0 0 0 0 0\n",
             sched_runnable(), count_blocked());
}

/* ---- interrupts ---- */

/* Devices interrupt the first processor, and no other. */
static void add_line(struct text *t, unsigned gsi, const struct irq_facts *f)
{
    text_add(t, "%3u: %10llu ", gsi, ULL(f->count));
    for (unsigned i = 1; i < cpu_count(); i++)
        text_add(t, "%10u ", 0u);
    text_add(t, " %8s %3u-%-8s  %s\n", "IO-APIC", gsi,
             f->level ? "fasteoi" : "edge", f->name);
}

static void add_kind(struct text *t, const char *name, enum irq_kind kind,
                     const char *what)
{
    text_add(t, "%3s: ", name);
    for (unsigned i = 0; i < cpu_count(); i++)
        text_add(t, "%10llu ", ULL(irq_kind_count(i, kind)));
    text_add(t, "  %s\n", what);
}

SHOW(show_interrupts)
{
    struct irq_facts f;

    UNUSED;
    text_add(t, "%11s", "");
    for (unsigned i = 0; i < cpu_count(); i++)
        text_add(t, "CPU%-8u", i);
    text_add(t, "\n");
    for (unsigned gsi = 0; gsi < MAX_GSI; gsi++)
        if (irq_line(gsi, &f))
            add_line(t, gsi, &f);
    add_kind(t, "LOC", IRQ_CLOCK, "Local timer interrupts");
    add_kind(t, "SPU", IRQ_SPURIOUS, "Spurious interrupts");
    add_kind(t, "RES", IRQ_KICK, "Rescheduling interrupts");
    add_kind(t, "TLB", IRQ_TLB, "TLB shootdowns");
}

/* ---- cpuinfo ---- */

static void add_processor(struct text *t, const struct cpu_facts *f, unsigned i)
{
    u64 khz = f->tsc_hz / 1000;

    text_add(t,
             "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\n"
             "model\t\t: %u\nmodel name\t: %s\nstepping\t: %u\n"
             "cpu MHz\t\t: %llu.%03llu\ncache size\t: %u KB\n",
             i, f->vendor, f->family, f->model, f->name, f->stepping,
             ULL(khz / 1000), ULL(khz % 1000), f->cache_kib);
    text_add(t,
             "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\n"
             "cpu cores\t: %u\napicid\t\t: %u\ninitial apicid\t: %u\n"
             "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\n"
             "wp\t\t: yes\nflags\t\t: %s\nbugs\t\t:\n",
             cpu_count(), i, cpu_count(), cpus[i].lapic_id, cpus[i].lapic_id,
             f->levels, f->flags);
    text_add(t,
             "bogomips\t: %llu.%02llu\nclflush size\t: %u\n"
             "cache_alignment\t: %u\n"
             "address sizes\t: %u bits physical, %u bits virtual\n"
             "power management:\n\n",
             ULL(khz * 2 / 1000), ULL(khz * 2 % 1000 / 10), f->clflush,
             f->clflush, f->phys_bits, f->virt_bits);
}

SHOW(show_cpuinfo)
{
    struct cpu_facts f;

    UNUSED;
    cpu_facts(&f);
    for (unsigned i = 0; i < cpu_count(); i++)
        add_processor(t, &f, i);
}

void proc_cpu_init(void)
{
    static const struct {
        const char *path;
        struct text_file file;
    } files[] = {
        {"/proc/uptime", {.show = show_uptime}},
        {"/proc/loadavg", {.show = show_loadavg}},
        {"/proc/stat", {.show = show_stat}},
        {"/proc/interrupts", {.show = show_interrupts}},
        {"/proc/cpuinfo", {.show = show_cpuinfo}},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
        text_create(files[i].path, &files[i].file);
}
