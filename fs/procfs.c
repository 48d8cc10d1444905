/* SPDX-License-Identifier: MIT */
/* /proc: what is known about the machine as a whole. */
#include <fs/devices.h>
#include <fs/fs_private.h>
#include <fs/procfs.h>
#include <fs/text.h>
#include <kernel/block.h>
#include <kernel/boot.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/syscall.h>
#include <kernel/lockcheck.h>
#include <kernel/testpoint.h>
#include <mm/slab.h>

#define SHOW(name) \
    static void name(struct text *t, const struct text_file *tf, void *arg)
#define ULL(n) ((unsigned long long)(n))
#define UNUSED \
    (void)tf;  \
    (void)arg

SHOW(show_version)
{
    UNUSED;
    text_add(t, "Linux version 6.1.0-hotcow (hotcow@hotcow) (%s) %s\n",
             __VERSION__, "#1 SMP hotcow");
}

SHOW(show_cmdline)
{
    UNUSED;
    text_add(t, "%s\n", boot_info.cmdline);
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

static s64 fill_lockcheck(char *buf, size_t size)
{
    return lockcheck_list(buf, size);
}

SHOW(show_lockcheck)
{
    UNUSED;
    add_from(t, fill_lockcheck);
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
        {"/proc/partitions", {.show = show_partitions}},
        {"/proc/devices", {.show = show_devices}},
        {"/proc/filesystems", {.show = show_filesystems}},
        {"/proc/enosys", {.show = show_enosys}},
        {"/proc/lockcheck", {.show = show_lockcheck}},
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
    proc_cpu_init();
    proc_meminfo_init();
    proc_vmstat_init();
    proc_slab_init();
    proc_disk_init();
    proc_kpage_init();
    proc_sys_init();
    proc_frames_init();
    if (proc)
        proc_pid_init(proc);
    inode_put(proc);
}
