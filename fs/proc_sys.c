/* SPDX-License-Identifier: MIT */
/*
 * /proc/sys: settings. A file that can be written sets something; the others
 * say what is so.
 */
#include <fs/fs_private.h>
#include <fs/procfs.h>
#include <fs/text.h>
#include <kernel/pid.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/syscall.h>
#include <mm/commit.h>
#include <mm/mm.h>
#include <mm/zone.h>

/* ---- numbers ---- */

static void show_number(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    text_add(t, "%llu\n", (unsigned long long)(u64)arg);
}

static void show_mode(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    (void)arg;
    text_add(t, "%d\n", (int)READ_ONCE(vm_overcommit_mode));
}

static int write_mode(struct text *t, char *line, void *arg)
{
    u64 n;

    (void)t;
    (void)arg;
    if (text_number(line, OVERCOMMIT_NEVER, &n))
        return -EINVAL;
    WRITE_ONCE(vm_overcommit_mode, (enum overcommit)n);
    return 0;
}

static void show_setting(struct text *t, const struct text_file *tf, void *arg)
{
    const u64 *setting = arg;

    (void)tf;
    text_add(t, "%llu\n", (unsigned long long)READ_ONCE(*setting));
}

static int write_setting(struct text *t, char *line, void *arg)
{
    u64 n, *setting = arg;

    (void)t;
    if (text_number(line, INT32_MAX, &n))
        return -EINVAL;
    WRITE_ONCE(*setting, n);
    return 0;
}

/* Of the two that say how much RAM counts, the one that is written last
   holds. */
static int write_ratio(struct text *t, char *line, void *arg)
{
    int err = write_setting(t, line, arg);

    if (!err)
        WRITE_ONCE(vm_overcommit_kbytes, 0);
    return err;
}

static int write_kbytes(struct text *t, char *line, void *arg)
{
    int err = write_setting(t, line, arg);

    if (!err)
        WRITE_ONCE(vm_overcommit_ratio, 0);
    return err;
}

static void show_min_free(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    (void)arg;
    text_add(t, "%llu\n",
             (unsigned long long)(zones[ZONE_NORMAL].wmark_min +
                                  zones[ZONE_MOVABLE].wmark_min) *
                 4);
}

/* There is no cache of disks to drop. */
static int write_drop(struct text *t, char *line, void *arg)
{
    u64 n;

    (void)t;
    (void)arg;
    return text_number(line, 7, &n) || n == 0 ? -EINVAL : 0;
}

/* ---- words ---- */

static void show_word(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    text_add(t, "%s\n", (const char *)arg);
}

static void show_hostname(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    (void)arg;
    text_add(t, "%s\n", host_name);
}

#define NUMBER(n)                               \
    {                                           \
        .show = show_number, .arg = (void *)(n) \
    }
#define SETTING(var, how)                                   \
    {                                                       \
        .show = show_setting, .write = (how), .arg = &(var) \
    }
#define WORD(w)                               \
    {                                         \
        .show = show_word, .arg = (void *)(w) \
    }

void proc_sys_init(void)
{
    static const char *const dirs[] = {"/proc/sys", "/proc/sys/vm",
                                       "/proc/sys/kernel", "/proc/sys/fs"};
    static const struct {
        const char *path;
        struct text_file file;
    } files[] = {
        {"vm/overcommit_memory", {.show = show_mode, .write = write_mode}},
        {"vm/overcommit_ratio", SETTING(vm_overcommit_ratio, write_ratio)},
        {"vm/overcommit_kbytes", SETTING(vm_overcommit_kbytes, write_kbytes)},
        {"vm/user_reserve_kbytes",
         SETTING(vm_user_reserve_kbytes, write_setting)},
        {"vm/admin_reserve_kbytes",
         SETTING(vm_admin_reserve_kbytes, write_setting)},
        {"vm/min_free_kbytes", {.show = show_min_free}},
        {"vm/drop_caches", {.write = write_drop}},
        {"vm/max_map_count", SETTING(vm_max_map_count, write_setting)},
        {"vm/swappiness", NUMBER(60)},
        {"vm/panic_on_oom", NUMBER(0)},
        {"vm/oom_kill_allocating_task", NUMBER(0)},
        {"vm/mmap_min_addr", NUMBER(65536)},
        {"kernel/pid_max", NUMBER(PID_MAX)},
        {"kernel/threads-max", NUMBER(PID_MAX)},
        {"kernel/shmmax", NUMBER(0x7fffffffffffffffull)},
        {"kernel/shmall", NUMBER(0x7ffffffffffffull)},
        {"kernel/shmmni", NUMBER(4096)},
        {"kernel/randomize_va_space", NUMBER(0)},
        {"kernel/ngroups_max", NUMBER(65536)},
        {"kernel/cap_last_cap", NUMBER(40)},
        {"kernel/ostype", WORD("Linux")},
        {"kernel/osrelease", WORD("6.1.0-hotcow")},
        {"kernel/version", WORD("#1 SMP hotcow")},
        {"kernel/hostname", {.show = show_hostname}},
        {"fs/file-max", NUMBER(1000000)},
        {"fs/nr_open", NUMBER(4096)},
        {"fs/pipe-max-size", NUMBER(1048576)},
        {"fs/aio-max-nr", NUMBER(65536)},
        {"fs/aio-nr", NUMBER(0)},
    };
    char path[64];

    for (unsigned i = 0; i < ARRAY_SIZE(dirs); i++)
        inode_put(fs_mkdir(dirs[i]));
    for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
        snprintf(path, sizeof(path), "/proc/sys/%s", files[i].path);
        text_create(path, &files[i].file);
    }
}
