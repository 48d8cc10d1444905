/* SPDX-License-Identifier: MIT */
/* /sys: what Linux's tools look for, as far as it is about memory, processors
   and disks. All of it is made at boot, but for the sections' folders. */
#include <fs/devices.h>
#include <fs/fs_private.h>
#include <fs/procfs.h>
#include <fs/text.h>
#include <kernel/block.h>
#include <kernel/current.h>
#include <kernel/print.h>
#include <mm/slab.h>
#include <mm/zone.h>

#define SHOW(name) \
    static void name(struct text *t, const struct text_file *tf, void *arg)

SHOW(show_cpus)
{
    (void)tf;
    (void)arg;
    if (cpu_count() > 1)
        text_add(t, "0-%u\n", cpu_count() - 1);
    else
        text_add(t, "0\n");
}

SHOW(show_cpu_mask)
{
    (void)tf;
    (void)arg;
    text_add(t, "%x\n", (1u << cpu_count()) - 1);
}

SHOW(show_word)
{
    (void)tf;
    text_add(t, "%s\n", (const char *)arg);
}

SHOW(show_node_meminfo)
{
    unsigned long long total = total_frames() * 4;
    unsigned long long free = total_free_frames() * 4;

    (void)tf;
    (void)arg;
    text_add(t,
             "Node 0 MemTotal:       %8llu kB\nNode 0 MemFree:        %8llu "
             "kB\nNode 0 MemUsed:        %8llu kB\n",
             total, free, total - free);
}

SHOW(show_sectors)
{
    const struct blockdev *dev = arg;

    (void)tf;
    text_add(t, "%llu\n", (unsigned long long)dev->sectors);
}

SHOW(show_number_of_disk)
{
    const struct blockdev *dev = arg;

    (void)tf;
    text_add(t, "%u:%u\n", blkdev_major(dev), blkdev_minor(dev));
}

static void make_link(const char *path, const char *target)
{
    struct inode *link = inode_make_link(target);

    if (link)
        (void)path_link(AT_FDCWD, path, link);
    inode_put(link);
}

static void make_dir(const char *fmt, const char *name)
{
    char path[96];

    snprintf(path, sizeof(path), fmt, name);
    inode_put(fs_mkdir(path));
}

/* The text_file is kept for good: one for each file of each disk. */
static void make_file(const char *dir, const char *name,
                      void (*show)(struct text *, const struct text_file *,
                                   void *),
                      void *arg)
{
    struct text_file *tf = kzalloc(sizeof(*tf), ALLOC_KERNEL);
    char path[96];

    if (!tf)
        return;
    tf->show = show;
    tf->arg = arg;
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    text_create(path, tf);
}

static void add_disk(struct blockdev *dev)
{
    static const char *const queue[][2] = {
        {"logical_block_size", "512"}, {"physical_block_size", "512"},
        {"hw_sector_size", "512"},     {"minimum_io_size", "512"},
        {"optimal_io_size", "0"},      {"rotational", "1"},
        {"max_sectors_kb", "128"},     {"nr_requests", "64"},
        {"scheduler", "[none]"},       {"discard_granularity", "0"},
        {"read_ahead_kb", "0"},        {"write_cache", "write back"},
    };
    char dir[64], path[80], target[80];

    make_dir("/sys/block/%s", dev->name);
    make_dir("/sys/block/%s/queue", dev->name);
    make_dir("/sys/block/%s/holders", dev->name);
    make_dir("/sys/block/%s/slaves", dev->name);
    snprintf(dir, sizeof(dir), "/sys/block/%s", dev->name);
    make_file(dir, "size", show_sectors, dev);
    make_file(dir, "dev", show_number_of_disk, dev);
    make_file(dir, "removable", show_word, (void *)"0");
    make_file(dir, "ro", show_word, (void *)"0");
    make_file(dir, "range", show_word, (void *)"64");
    make_file(dir, "hidden", show_word, (void *)"0");
    snprintf(path, sizeof(path), "%s/queue", dir);
    for (unsigned i = 0; i < ARRAY_SIZE(queue); i++)
        make_file(path, queue[i][0], show_word, (void *)queue[i][1]);
    snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", blkdev_major(dev),
             blkdev_minor(dev));
    snprintf(target, sizeof(target), "../../block/%s", dev->name);
    make_link(path, target);
}

static void add_cpus(void)
{
    static const char dir[] = "/sys/devices/system/cpu";
    char path[64];

    make_file(dir, "online", show_cpus, NULL);
    make_file(dir, "possible", show_cpus, NULL);
    make_file(dir, "present", show_cpus, NULL);
    make_file(dir, "kernel_max", show_word, (void *)"15");
    for (unsigned i = 0; i < cpu_count(); i++) {
        snprintf(path, sizeof(path), "%s/cpu%u", dir, i);
        inode_put(fs_mkdir(path));
        if (i > 0)
            make_file(path, "online", show_word, (void *)"1");
    }
}

static void add_node(void)
{
    static const char dir[] = "/sys/devices/system/node";

    make_file(dir, "online", show_word, (void *)"0");
    make_file(dir, "possible", show_word, (void *)"0");
    make_file(dir, "has_memory", show_word, (void *)"0");
    make_file(dir, "has_cpu", show_word, (void *)"0");
    inode_put(fs_mkdir("/sys/devices/system/node/node0"));
    make_file("/sys/devices/system/node/node0", "meminfo", show_node_meminfo,
              NULL);
    make_file("/sys/devices/system/node/node0", "cpulist", show_cpus, NULL);
    make_file("/sys/devices/system/node/node0", "cpumap", show_cpu_mask, NULL);
    make_file("/sys/devices/system/node/node0", "distance", show_word,
              (void *)"10");
}

void sysfs_init(void)
{
    static const char *const dirs[] = {
        "/sys/devices",
        "/sys/devices/system",
        "/sys/devices/system/cpu",
        "/sys/devices/system/memory",
        "/sys/devices/system/node",
        "/sys/block",
        "/sys/dev",
        "/sys/dev/block",
        "/sys/kernel",
        "/sys/kernel/mm",
    };
    struct blockdev *dev;

    for (unsigned i = 0; i < ARRAY_SIZE(dirs); i++)
        inode_put(fs_mkdir(dirs[i]));
    add_cpus();
    add_node();
    for (unsigned i = 0; (dev = blockdev_nth(i)); i++)
        add_disk(dev);
    sys_memory_init();
}
