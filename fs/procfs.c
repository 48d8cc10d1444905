/* SPDX-License-Identifier: MIT */
/* /proc: what is known about the machine as a whole. */
#include <fs/devices.h>
#include <fs/fs_private.h>
#include <fs/procfs.h>
#include <fs/text.h>
#include <kernel/block.h>
#include <kernel/boot.h>
#include <kernel/irq.h>
#include <kernel/pid.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <kernel/testpoint.h>
#include <kernel/time.h>
#include <kernel/x86/arch.h>
#include <mm/slab.h>
#include <mm/stat.h>

#define SHOW(name) \
    static void name(struct text *t, const struct text_file *tf, void *arg)
#define ULL(n)    ((unsigned long long)(n))
#define TICKS(ns) ULL((ns) / (NSEC_PER_SEC / 100))
#define UNUSED \
    (void)tf;  \
    (void)arg

SHOW(show_version)
{
    UNUSED;
    text_add(t, "Linux version 6.1.0-hotcow (hotcow)\n");
}

SHOW(show_cmdline)
{
    UNUSED;
    text_add(t, "%s\n", boot_info.cmdline);
}

/* Time since boot, and the idle time of all processors together. */
SHOW(show_uptime)
{
    u64 ns = now_ns(), idle = 0;

    UNUSED;
    for (unsigned i = 0; i < cpu_count(); i++)
        idle += sched_idle_ns(i);
    text_add(t, "%llu.%02llu %llu.%02llu\n", ULL(ns / NSEC_PER_SEC),
             ULL(ns % NSEC_PER_SEC / 10000000), ULL(idle / NSEC_PER_SEC),
             ULL(idle % NSEC_PER_SEC / 10000000));
}

/* No clock ticks here to take averages at: the load is the one of now. */
SHOW(show_loadavg)
{
    unsigned n = sched_runnable(), all = 0;

    UNUSED;
    task_count(&all);
    text_add(t, "%u.00 %u.00 %u.00 %u/%u %d\n", n, n, n, n, all, pid_last());
}

/* All time that is not idle is the system's: nobody looks at the clock at the
   kernel's door. The wall clock begins at boot. */
static void add_cpu(struct text *t, const char *name, u64 total, u64 idle)
{
    u64 busy = total > idle ? total - idle : 0;

    text_add(t, "%s 0 0 %llu %llu 0 0 0 0 0 0\n", name, TICKS(busy),
             TICKS(idle));
}

static u64 all_interrupts(void)
{
    u64 sum = 0, count;

    for (unsigned gsi = 0; gsi < MAX_GSI; gsi++)
        if (irq_count(gsi, &count))
            sum += count;
    return sum;
}

SHOW(show_stat)
{
    u64 now = now_ns(), idle = 0;
    unsigned all = 0;
    char name[16];

    UNUSED;
    for (unsigned i = 0; i < cpu_count(); i++)
        idle += sched_idle_ns(i);
    add_cpu(t, "cpu ", now * cpu_count(), idle);
    for (unsigned i = 0; i < cpu_count(); i++) {
        snprintf(name, sizeof(name), "cpu%u", i);
        add_cpu(t, name, now, sched_idle_ns(i));
    }
    task_count(&all);
    text_add(t, "intr %llu\nctxt %llu\nbtime %llu\nprocesses %d\n",
             ULL(all_interrupts()), ULL(sched_switches()),
             ULL(wall_ns(0) / NSEC_PER_SEC), pid_last());
    text_add(t, "procs_running %u\nprocs_blocked 0\n", sched_runnable());
}

SHOW(show_interrupts)
{
    u64 count;

    UNUSED;
    text_add(t, "           CPU0       \n");
    for (unsigned gsi = 0; gsi < MAX_GSI; gsi++)
        if (irq_count(gsi, &count))
            text_add(t, "%3u: %10llu   IO-APIC %4u\n", gsi, ULL(count), gsi);
    text_add(t, "TLB: %10llu   TLB shootdowns\n",
             ULL(stat_read(STAT_tlb_shootdowns)));
}

SHOW(show_cpuinfo)
{
    char vendor[16], model[64];

    UNUSED;
    cpu_names(vendor, sizeof(vendor), model, sizeof(model));
    for (unsigned i = 0; i < cpu_count(); i++)
        text_add(t,
                 "processor\t: %u\nvendor_id\t: %s\nmodel name\t: %s\n"
                 "flags\t\t: fpu tsc msr pae apic pse36 fxsr sse sse2 syscall "
                 "nx lm\naddress sizes\t: 40 bits physical, 48 bits "
                 "virtual\n\n",
                 i, vendor, model);
}

void proc_show_mounts(struct text *t, const struct text_file *tf, void *arg)
{
    UNUSED;
    text_add(t, "rootfs / tmpfs rw 0 0\ndevtmpfs /dev devtmpfs rw 0 0\n"
                "proc /proc proc rw 0 0\nsysfs /sys sysfs rw 0 0\n");
}

/* One tree: the numbers only tell the names apart. */
void proc_show_mountinfo(struct text *t, const struct text_file *tf, void *arg)
{
    UNUSED;
    text_add(t, "1 1 0:1 / / rw - tmpfs rootfs rw\n"
                "2 1 0:2 / /dev rw - devtmpfs devtmpfs rw\n"
                "3 1 0:3 / /proc rw - proc proc rw\n"
                "4 1 0:4 / /sys rw - sysfs sysfs rw\n");
}

SHOW(show_filesystems)
{
    UNUSED;
    text_add(t, "nodev\ttmpfs\nnodev\tdevtmpfs\nnodev\tproc\nnodev\tsysfs\n");
}

SHOW(show_partitions)
{
    const struct blockdev *dev;

    UNUSED;
    text_add(t, "major minor  #blocks  name\n\n");
    for (unsigned i = 0; (dev = blockdev_nth(i)); i++)
        text_add(t, "%4u %8u %10llu %s\n", blkdev_major(dev), blkdev_minor(dev),
                 ULL(dev->sectors / 2), dev->name);
}

SHOW(show_devices)
{
    UNUSED;
    text_add(t, "Character devices:\n  1 mem\n  4 ttyS\n  5 /dev/tty\n"
                "  5 /dev/console\n\nBlock devices:\n  3 ide0\n 22 ide1\n");
}

#define ANSWER_MAX 8192

/* What some other part of the kernel writes into a buffer. */
static void add_from(struct text *t, s64 (*fill)(char *buf, size_t size))
{
    char *buf = kzalloc(ANSWER_MAX, ALLOC_KERNEL);

    if (!buf)
        return;
    fill(buf, ANSWER_MAX);
    for (char *at = buf; *at;) {
        char *end = strchr(at, '\n');
        int n = (int)(end ? end - at : (long)strlen(at));

        text_add(t, "%.*s\n", n, at);
        at += n + (end != NULL);
    }
    kfree(buf);
}

SHOW(show_enosys)
{
    UNUSED;
    add_from(t, syscall_enosys_list);
}

#ifdef CONFIG_TESTPOINTS
static s64 fill_testpoints(char *buf, size_t size)
{
    return testpoint_list(buf, size);
}

SHOW(show_testpoint)
{
    UNUSED;
    add_from(t, fill_testpoints);
}

static int write_testpoint(struct text *t, char *line, void *arg)
{
    (void)t;
    (void)arg;
    return testpoint_command(line);
}
#endif

static void proc_link(const char *path, const char *target)
{
    struct inode *link = inode_make_link(target);

    if (link)
        (void)path_link(AT_FDCWD, path, link);
    inode_put(link);
}

void procfs_init(void)
{
    static const struct {
        const char *path;
        struct text_file file;
    } files[] = {
        {"/proc/version", {.show = show_version}},
        {"/proc/cmdline", {.show = show_cmdline}},
        {"/proc/uptime", {.show = show_uptime}},
        {"/proc/loadavg", {.show = show_loadavg}},
        {"/proc/stat", {.show = show_stat}},
        {"/proc/interrupts", {.show = show_interrupts}},
        {"/proc/cpuinfo", {.show = show_cpuinfo}},
        {"/proc/partitions", {.show = show_partitions}},
        {"/proc/devices", {.show = show_devices}},
        {"/proc/filesystems", {.show = show_filesystems}},
        {"/proc/enosys", {.show = show_enosys}},
#ifdef CONFIG_TESTPOINTS
        {"/proc/testpoint", {.show = show_testpoint, .write = write_testpoint}},
#endif
    };
    int err;
    struct inode *proc = path_lookup("/proc", false, &err);

    for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
        text_create(files[i].path, &files[i].file);
    proc_link("/proc/mounts", "self/mounts");
    proc_mm_init();
    proc_meminfo_init();
    proc_vmstat_init();
    proc_kpage_init();
    proc_sys_init();
    proc_frames_init();
    if (proc)
        proc_pid_init(proc);
    inode_put(proc);
}
