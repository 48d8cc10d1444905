/* SPDX-License-Identifier: MIT */
/* /proc: what is known about the machine as a whole. */
#include <fs/fs_private.h>
#include <fs/procfs.h>
#include <fs/text.h>
#include <kernel/boot.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <kernel/testpoint.h>
#include <kernel/time.h>
#include <mm/slab.h>

#define SHOW(name) \
    static void name(struct text *t, const struct text_file *tf, void *arg)
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

SHOW(show_uptime)
{
    u64 ns = now_ns();

    UNUSED;
    text_add(t, "%llu.%02llu 0.00\n", (unsigned long long)(ns / NSEC_PER_SEC),
             (unsigned long long)(ns % NSEC_PER_SEC / 10000000));
}

SHOW(show_loadavg)
{
    UNUSED;
    text_add(t, "%u.00 0.00 0.00 %u/%u 1\n", sched_runnable(), sched_runnable(),
             sched_runnable());
}

/* Nobody counts ticks here: what is known is the time since boot, which is
   where the wall clock begins, too. */
SHOW(show_stat)
{
    u64 ticks = now_ns() / (NSEC_PER_SEC / 100);

    UNUSED;
    text_add(t, "cpu  0 0 %llu 0 0 0 0 0 0 0\n", (unsigned long long)ticks);
    for (unsigned i = 0; i < cpu_count(); i++)
        text_add(t, "cpu%u 0 0 %llu 0 0 0 0 0 0 0\n", i,
                 (unsigned long long)ticks);
    text_add(t, "btime 0\nprocs_running %u\n", sched_runnable());
}

SHOW(show_mounts)
{
    UNUSED;
    text_add(t, "rootfs / tmpfs rw 0 0\ndevtmpfs /dev devtmpfs rw 0 0\n"
                "proc /proc proc rw 0 0\nsysfs /sys sysfs rw 0 0\n");
}

SHOW(show_filesystems)
{
    UNUSED;
    text_add(t, "nodev\ttmpfs\nnodev\tdevtmpfs\nnodev\tproc\nnodev\tsysfs\n");
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
        {"/proc/mounts", {.show = show_mounts}},
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
    proc_mm_init();
    proc_frames_init();
    if (proc)
        proc_pid_init(proc);
    inode_put(proc);
}
