/* SPDX-License-Identifier: MIT */
/* /sys: what Linux's tools look for, as far as it is about memory. */
#include <fs/fs_private.h>
#include <fs/procfs.h>
#include <fs/text.h>
#include <kernel/current.h>

static void show_online(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    (void)arg;
    if (cpu_count() > 1)
        text_add(t, "0-%u\n", cpu_count() - 1);
    else
        text_add(t, "0\n");
}

void sysfs_init(void)
{
    static const char *const dirs[] = {
        "/sys/devices", "/sys/devices/system", "/sys/devices/system/cpu",
        "/sys/devices/system/memory", "/sys/block"};
    static const struct text_file online = {.show = show_online};

    for (unsigned i = 0; i < ARRAY_SIZE(dirs); i++)
        inode_put(fs_mkdir(dirs[i]));
    text_create("/sys/devices/system/cpu/online", &online);
    sys_memory_init();
}
