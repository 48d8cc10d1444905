/* SPDX-License-Identifier: MIT */
/* /sys: what Linux's tools look for, as far as it is about memory, processors
   and disks. All of it is made at boot, but for the sections' folders. */
#include <fs/devices.h>
#include <fs/fs_private.h>
#include <fs/memcounts.h>
#include <fs/procfs.h>
#include <fs/text.h>
#include <kernel/block.h>
#include <kernel/current.h>
#include <kernel/print.h>
#include <mm/slab.h>

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

/* A processor by itself: a core of its own, of one package with the others. */
SHOW(show_own_mask)
{
    (void)tf;
    text_add(t, "%x\n", 1u << (u64)arg);
}

SHOW(show_number)
{
    (void)tf;
    text_add(t, "%llu\n", (unsigned long long)(u64)arg);
}

SHOW(show_disk_event)
{
    const struct blockdev *dev = arg;

    (void)tf;
    text_add(t, "MAJOR=%u\nMINOR=%u\nDEVNAME=%s\nDEVTYPE=disk\n",
             blkdev_major(dev), blkdev_minor(dev), dev->name);
}

SHOW(show_sectors)
{
    const struct blockdev *dev = arg;

    (void)tf;
    text_add(t, "%llu\n", (unsigned long long)dev->sectors);
}

SHOW(show_disk_stats)
{
    (void)tf;
    disk_stats_add(t, arg);
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
        {"logical_block_size", "512"},
        {"physical_block_size", "512"},
        {"hw_sector_size", "512"},
        {"minimum_io_size", "512"},
        {"optimal_io_size", "0"},
        {"rotational", "1"},
        {"max_sectors_kb", "128"},
        {"nr_requests", "64"},
        {"scheduler", "[none]"},
        {"discard_granularity", "0"},
        {"read_ahead_kb", "0"},
        {"write_cache", "write back"},
        {"discard_max_bytes", "0"},
        {"discard_zeroes_data", "0"},
        {"fua", "0"},
        {"dma_alignment", "1"},
        {"nomerges", "2"},
        {"zoned", "none"},
        {"max_hw_sectors_kb", "128"},
        {"chunk_sectors", "0"},
        {"write_same_max_bytes", "0"},
        {"write_zeroes_max_bytes", "0"},
    };
    char dir[64], path[80], target[80];

    make_dir("/sys/block/%s", dev->name);
    make_dir("/sys/block/%s/queue", dev->name);
    make_dir("/sys/block/%s/holders", dev->name);
    make_dir("/sys/block/%s/slaves", dev->name);
    snprintf(dir, sizeof(dir), "/sys/block/%s", dev->name);
    make_file(dir, "size", show_sectors, dev);
    make_file(dir, "stat", show_disk_stats, dev);
    make_file(dir, "dev", show_number_of_disk, dev);
    make_file(dir, "removable", show_word, (void *)"0");
    make_file(dir, "ro", show_word, (void *)"0");
    make_file(dir, "range", show_word, (void *)"64");
    make_file(dir, "hidden", show_word, (void *)"0");
    make_file(dir, "alignment_offset", show_word, (void *)"0");
    make_file(dir, "discard_alignment", show_word, (void *)"0");
    make_file(dir, "uevent", show_disk_event, dev);
    snprintf(path, sizeof(path), "%s/queue", dir);
    for (unsigned i = 0; i < ARRAY_SIZE(queue); i++)
        make_file(path, queue[i][0], show_word, (void *)queue[i][1]);
    snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", blkdev_major(dev),
             blkdev_minor(dev));
    snprintf(target, sizeof(target), "../../block/%s", dev->name);
    make_link(path, target);
}

static void add_cpu(const char *dir, u64 i)
{
    static const struct {
        const char *name;
        void (*show)(struct text *, const struct text_file *, void *);
    } topology[] = {
        {"core_id", show_number},
        {"thread_siblings", show_own_mask},
        {"thread_siblings_list", show_number},
        {"core_cpus", show_own_mask},
        {"core_cpus_list", show_number},
        {"core_siblings", show_cpu_mask},
        {"core_siblings_list", show_cpus},
        {"package_cpus", show_cpu_mask},
        {"package_cpus_list", show_cpus},
    };
    char path[80];

    inode_put(fs_mkdir(dir));
    if (i > 0) /* the first one never goes, and Linux does not say so */
        make_file(dir, "online", show_word, (void *)"1");
    snprintf(path, sizeof(path), "%s/node0", dir);
    make_link(path, "../../node/node0");
    snprintf(path, sizeof(path), "%s/topology", dir);
    inode_put(fs_mkdir(path));
    for (unsigned n = 0; n < ARRAY_SIZE(topology); n++)
        make_file(path, topology[n].name, topology[n].show, (void *)i);
    make_file(path, "physical_package_id", show_word, (void *)"0");
    make_file(path, "die_id", show_word, (void *)"0");
}

static void add_cpus(void)
{
    static const char dir[] = "/sys/devices/system/cpu";
    char path[64];

    make_file(dir, "online", show_cpus, NULL);
    make_file(dir, "possible", show_cpus, NULL);
    make_file(dir, "present", show_cpus, NULL);
    make_file(dir, "offline", show_word, (void *)"");
    make_file(dir, "isolated", show_word, (void *)"");
    make_file(dir, "kernel_max", show_number, (void *)(MAX_CPUS - 1ul));
    for (unsigned i = 0; i < cpu_count(); i++) {
        snprintf(path, sizeof(path), "%s/cpu%u", dir, i);
        add_cpu(path, i);
    }
}

static void add_node(void)
{
    static const char all[] = "/sys/devices/system/node";
    static const char dir[] = "/sys/devices/system/node/node0";
    static const char *const sets[] = {"online", "possible", "has_memory",
                                       "has_normal_memory", "has_cpu"};
    char path[64], target[32];

    for (unsigned i = 0; i < ARRAY_SIZE(sets); i++)
        make_file(all, sets[i], show_word, (void *)"0");
    inode_put(fs_mkdir(dir));
    make_file(dir, "meminfo", node_show_meminfo, NULL);
    make_file(dir, "vmstat", node_show_vmstat, NULL);
    make_file(dir, "cpulist", show_cpus, NULL);
    make_file(dir, "cpumap", show_cpu_mask, NULL);
    make_file(dir, "distance", show_word, (void *)"10");
    for (unsigned i = 0; i < cpu_count(); i++) {
        snprintf(path, sizeof(path), "%s/cpu%u", dir, i);
        snprintf(target, sizeof(target), "../../cpu/cpu%u", i);
        make_link(path, target);
    }
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
