/* SPDX-License-Identifier: MIT */
/*
 * /proc/sys: settings. Those that can be written set something; the others say
 * what is so, and cannot be opened for writing (fs/text.h).
 */
#include <fs/aio.h>
#include <fs/fs_private.h>
#include <fs/procfs.h>
#include <fs/text.h>
#include <kernel/pid.h>
#include <kernel/print.h>
#include <kernel/random.h>
#include <kernel/shm.h>
#include <kernel/string.h>
#include <kernel/syscall.h>
#include <mm/commit.h>
#include <mm/mm.h>
#include <mm/oom.h>
#include <mm/swap.h>
#include <mm/zone.h>

#define ULL(n) ((unsigned long long)(n))
#define SHOW(name) \
    static void name(struct text *t, const struct text_file *tf, void *arg)
#define WRITE(name) static int name(struct text *t, char *line, void *arg)
#define UNUSED \
    (void)tf;  \
    (void)arg

/* ---- numbers ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* The first word, as Linux reads it: blanks before it are skipped, 0x10 and 010
   are hexadecimal and octal, other words are not looked at. */
static int setting(char *line, u64 max, u64 *n)
{
    char *end;

    while (is_space(*line))
        line++;
    for (end = line; *end && !is_space(*end); end++)
        ;
    *end = 0;
    if (line[0] != '0' || !line[1] || line[1] == 'x')
        return text_number(line, max, n);
    for (*n = 0; *line >= '0' && *line <= '7' && *n <= max; line++)
        *n = *n * 8 + (u64)(*line - '0');
    return *line || *n > max ? -EINVAL : 0;
}

SHOW(show_number)
{
    (void)tf;
    text_add(t, "%llu\n", ULL((u64)arg));
}

/* A number within limits. It is read and written whole. */
struct knob {
    u64 *value, min, max;
};

SHOW(show_knob)
{
    const struct knob *k = arg;

    (void)tf;
    text_add(t, "%llu\n", ULL(READ_ONCE(*k->value)));
}

WRITE(write_knob)
{
    const struct knob *k = arg;
    u64 n;

    (void)t;
    if (setting(line, k->max, &n) || n < k->min)
        return -EINVAL;
    WRITE_ONCE(*k->value, n);
    return 0;
}

/* ---- vm ---- */

/* It weighs anonymous pages against those of files on disks, of which there
   are none: as on a Linux without any, it decides nothing. */
static u64 swappiness = 60;

SHOW(show_mode)
{
    UNUSED;
    text_add(t, "%d\n", (int)READ_ONCE(vm_overcommit_mode));
}

WRITE(write_mode)
{
    u64 n;

    (void)t;
    (void)arg;
    if (setting(line, OVERCOMMIT_NEVER, &n))
        return -EINVAL;
    WRITE_ONCE(vm_overcommit_mode, (enum overcommit)n);
    return 0;
}

/* Of the two that say how much RAM counts, the one that is written last
   holds. */
WRITE(write_ratio)
{
    int err = write_knob(t, line, arg);

    if (!err)
        WRITE_ONCE(vm_overcommit_kbytes, 0);
    return err;
}

WRITE(write_kbytes)
{
    int err = write_knob(t, line, arg);

    if (!err)
        WRITE_ONCE(vm_overcommit_ratio, 0);
    return err;
}

SHOW(show_min_free)
{
    UNUSED;
    text_add(t, "%llu\n", ULL(zone_min_free() * (PAGE_SIZE / 1024)));
}

WRITE(write_min_free)
{
    u64 kib;

    (void)t;
    (void)arg;
    if (setting(line, INT32_MAX, &kib))
        return -EINVAL;
    return zone_set_min_free(kib / (PAGE_SIZE / 1024));
}

/* There is no cache of disks to drop: done at once. */
WRITE(write_drop)
{
    u64 n;

    (void)t;
    (void)arg;
    return setting(line, 4, &n) || n == 0 ? -EINVAL : 0;
}

/* ---- kernel ---- */

SHOW(show_word)
{
    (void)tf;
    text_add(t, "%s\n", (const char *)arg);
}

SHOW(show_hostname)
{
    UNUSED;
    text_add(t, "%s\n", host_name);
}

WRITE(write_hostname)
{
    char *end = strchr(line, '\n');

    (void)t;
    (void)arg;
    if (end)
        *end = 0; /* it ends with its line */
    set_host_name(line);
    return 0;
}

SHOW(show_last_pid)
{
    UNUSED;
    text_add(t, "%d\n", pid_last());
}

#define UUID_BYTES 16

/* Random, but for the bits that say so: version 4, variant 1. */
static void make_uuid(u8 *uuid)
{
    random_bytes(uuid, UUID_BYTES);
    uuid[6] = (uuid[6] & 0x0f) | 0x40;
    uuid[8] = (uuid[8] & 0x3f) | 0x80;
}

static void add_uuid(struct text *t, const u8 *uuid)
{
    for (unsigned i = 0; i < UUID_BYTES; i++)
        text_add(t, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
                 uuid[i]);
    text_add(t, "\n");
}

SHOW(show_uuid)
{
    u8 uuid[UUID_BYTES];

    UNUSED;
    make_uuid(uuid);
    add_uuid(t, uuid);
}

static u8 boot_id[UUID_BYTES]; /* fixed after boot */

SHOW(show_boot_id)
{
    UNUSED;
    add_uuid(t, boot_id);
}

/* ---- fs ---- */

SHOW(show_aio_nr)
{
    UNUSED;
    text_add(t, "%llu\n", ULL(aio_nr()));
}

/* As in Linux, these two limit only who is not root: nobody. */
static u64 pipe_max_size = 1 << 20;
static u64 file_max = 1000000;

SHOW(show_files)
{
    UNUSED;
    text_add(t, "%llu\t0\t%llu\n", ULL(files_open()), ULL(READ_ONCE(file_max)));
}

/* Rounded up to a power of two of pages. */
WRITE(write_pipe_max)
{
    u64 size = PAGE_SIZE, n;

    (void)t;
    (void)arg;
    if (setting(line, 1u << 31, &n))
        return -EINVAL;
    while (size < n)
        size *= 2;
    WRITE_ONCE(pipe_max_size, size);
    return 0;
}

/* ---- all of them ---- */

#define NUMBER(n)                               \
    {                                           \
        .show = show_number, .arg = (void *)(n) \
    }
#define WORD(w)                               \
    {                                         \
        .show = show_word, .arg = (void *)(w) \
    }
#define KNOB_BY(how, v, least, most)                                           \
    {                                                                          \
        .show = show_knob, .write = (how), .arg = (void *)&(const struct knob) \
        {                                                                      \
            &(v), least, most                                                  \
        }                                                                      \
    }
#define KNOB(v, least, most) KNOB_BY(write_knob, v, least, most)

static const struct {
    const char *path;
    struct text_file file;
} files[] = {
    {"vm/overcommit_memory", {.show = show_mode, .write = write_mode}},
    {"vm/overcommit_ratio",
     KNOB_BY(write_ratio, vm_overcommit_ratio, 0, INT32_MAX)},
    {"vm/overcommit_kbytes",
     KNOB_BY(write_kbytes, vm_overcommit_kbytes, 0, INT32_MAX)},
    {"vm/user_reserve_kbytes", KNOB(vm_user_reserve_kbytes, 0, INT32_MAX)},
    {"vm/admin_reserve_kbytes", KNOB(vm_admin_reserve_kbytes, 0, INT32_MAX)},
    {"vm/min_free_kbytes", {.show = show_min_free, .write = write_min_free}},
    {"vm/drop_caches", {.write = write_drop}},
    {"vm/max_map_count", KNOB(vm_max_map_count, 0, INT32_MAX)},
    {"vm/swappiness", KNOB(swappiness, 0, 200)},
    {"vm/panic_on_oom", KNOB(vm_panic_on_oom, 0, 2)},
    {"vm/oom_kill_allocating_task",
     KNOB(vm_oom_kill_allocating_task, 0, INT32_MAX)},
    {"vm/oom_dump_tasks", NUMBER(1)},
    {"vm/mmap_min_addr", NUMBER(65536)},
    {"vm/page-cluster", KNOB(vm_page_cluster, 0, 31)},
    {"vm/nr_hugepages", NUMBER(0)},
    {"vm/nr_overcommit_hugepages", NUMBER(0)},
    {"vm/legacy_va_layout", NUMBER(0)},
    {"vm/zone_reclaim_mode", NUMBER(0)},
    {"kernel/pid_max", KNOB(pid_max, PID_MAX_LEAST, PID_MAX)},
    {"kernel/threads-max", NUMBER(PID_MAX)},
    {"kernel/ns_last_pid", {.show = show_last_pid}},
    {"kernel/shmmax", NUMBER(SHM_MAX)},
    {"kernel/shmall", NUMBER(SHM_MAX >> PAGE_SHIFT)},
    {"kernel/shmmni", NUMBER(SHM_SEGMENTS)},
    {"kernel/randomize_va_space", NUMBER(0)},
    {"kernel/ngroups_max", NUMBER(65536)},
    {"kernel/cap_last_cap", NUMBER(40)},
    {"kernel/overflowuid", NUMBER(65534)},
    {"kernel/overflowgid", NUMBER(65534)},
    {"kernel/tainted", NUMBER(0)},
    {"kernel/arch", WORD("x86_64")},
    {"kernel/ostype", WORD("Linux")},
    {"kernel/osrelease", WORD("6.1.0-hotcow")},
    {"kernel/version", WORD("#1 SMP hotcow")},
    {"kernel/domainname", WORD("(none)")},
    {"kernel/core_pattern", WORD("core")},
    {"kernel/hostname", {.show = show_hostname, .write = write_hostname}},
    {"kernel/random/uuid", {.show = show_uuid}},
    {"kernel/random/boot_id", {.show = show_boot_id}},
    {"kernel/random/entropy_avail", NUMBER(256)},
    {"kernel/random/poolsize", NUMBER(256)},
    {"kernel/random/write_wakeup_threshold", NUMBER(256)},
    {"kernel/random/urandom_min_reseed_secs", NUMBER(60)},
    {"fs/file-max", KNOB(file_max, 0, INT64_MAX)},
    {"fs/file-nr", {.show = show_files}},
    {"fs/nr_open", NUMBER(4096)},
    {"fs/pipe-max-size", KNOB_BY(write_pipe_max, pipe_max_size, 0, 0)},
    {"fs/aio-max-nr", KNOB(aio_max_nr, 0, INT32_MAX)},
    {"fs/aio-nr", {.show = show_aio_nr}},
    {"fs/overflowuid", NUMBER(65534)},
    {"fs/overflowgid", NUMBER(65534)},
};

void proc_sys_init(void)
{
    static const char *const dirs[] = {
        "/proc/sys", "/proc/sys/vm", "/proc/sys/kernel",
        "/proc/sys/kernel/random", "/proc/sys/fs"};
    char path[64];

    make_uuid(boot_id);
    for (unsigned i = 0; i < ARRAY_SIZE(dirs); i++)
        inode_put(fs_mkdir(dirs[i]));
    for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
        snprintf(path, sizeof(path), "/proc/sys/%s", files[i].path);
        text_create(path, &files[i].file);
    }
}
