/* SPDX-License-Identifier: MIT */
/* System calls about the machine and its one user, root. */
#include <kernel/process_private.h>
#include <kernel/string.h>
#include <kernel/syscall.h>
#include <kernel/uaccess.h>
#include <mm/swap.h>
#include <mm/zone.h>

#define REBOOT_MAGIC1    0xfee1deadu
#define REBOOT_RESTART   0x01234567u
#define REBOOT_HALT      0xcdef0123u
#define REBOOT_POWER_OFF 0x4321fedcu
#define REBOOT_CAD_ON    0x89abcdefu
#define REBOOT_CAD_OFF   0x00000000u

#define PR_SET_NAME 15
#define PR_GET_NAME 16

#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003

#define NICE_0 20 /* how getpriority tells a nice value of 0 */

struct user_utsname {
    char sysname[65], nodename[65], release[65], version[65], machine[65],
        domainname[65];
};

struct user_sysinfo {
    s64 uptime;
    u64 loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
    u16 procs, pad;
    u64 totalhigh, freehigh;
    u32 mem_unit, pad2;
};

_Static_assert(sizeof(struct user_sysinfo) == 112, "the ABI's layout");

s64 sys_uname(const u64 *a)
{
    struct user_utsname u = {
        .sysname = "Linux", /* whose system calls these are */
        .nodename = "hotcow",
        .release = "6.1.0-hotcow",
        .version = "#1",
        .machine = "x86_64",
        .domainname = "(none)",
    };

    return copy_to_user(a[0], &u, sizeof(u));
}

static u16 count_processes(void)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct process *p;
    u16 n = 0;

    list_for_each_entry (p, &all_processes, all_node)
        n++;
    spin_unlock_irqrestore(&tasks_lock, flags);
    return n;
}

/* A tickless machine keeps no averages: the load is the present one. */
s64 sys_sysinfo(const u64 *a)
{
    u64 load = (u64)sched_runnable() << 16;
    struct user_sysinfo s = {
        .uptime = (s64)(now_ns() / NSEC_PER_SEC),
        .loads = {load, load, load},
        .totalram = total_frames(),
        .freeram = total_free_frames(),
        .procs = count_processes(),
        .mem_unit = PAGE_SIZE,
    };

    swap_totals(&s.totalswap, &s.freeswap);
    return copy_to_user(a[0], &s, sizeof(s));
}

static bool magic2_ok(u32 magic)
{
    return magic == 0x28121969 || magic == 0x05121996 || magic == 0x16041998 ||
           magic == 0x20112000;
}

/* As in Linux, without a sync: that is init's business. */
s64 sys_reboot(const u64 *a)
{
    if ((u32)a[0] != REBOOT_MAGIC1 || !magic2_ok((u32)a[1]))
        return -EINVAL;
    switch ((u32)a[2]) {
    case REBOOT_RESTART:
        arch_reboot();
    case REBOOT_HALT:
    case REBOOT_POWER_OFF:
        arch_power_off();
    case REBOOT_CAD_ON: /* there is no such key combination to listen to */
    case REBOOT_CAD_OFF:
        return 0;
    default:
        return -EINVAL;
    }
}

/* Byte by byte: the string may end just before a page that is not there. */
static s64 set_name(u64 user)
{
    struct task *t = current_task();
    char name[sizeof(t->comm)] = "";

    for (unsigned i = 0; i < sizeof(name) - 1; i++) {
        if (copy_from_user(&name[i], user + i, 1))
            return -EFAULT;
        if (!name[i])
            break;
    }
    str_copy(t->comm, name, sizeof(t->comm));
    return 0;
}

s64 sys_prctl(const u64 *a)
{
    if (a[0] == PR_SET_NAME)
        return set_name(a[1]);
    if (a[0] == PR_GET_NAME)
        return copy_to_user(a[1], current_task()->comm,
                            sizeof(current_task()->comm));
    return -EINVAL;
}

/* A base beyond user memory would fault in the kernel, when it is loaded. */
s64 sys_arch_prctl(const u64 *a)
{
    u64 base = current_task()->arch.fs_base;

    if (a[0] == ARCH_GET_FS)
        return copy_to_user(a[1], &base, sizeof(base));
    if (a[0] != ARCH_SET_FS)
        return -EINVAL;
    if (a[1] >= USER_END)
        return -EPERM;
    arch_set_fs_base(a[1]);
    return 0;
}

/* Every task may run on every processor, whatever it asks for. */
s64 sys_sched_setaffinity(const u64 *a)
{
    u64 mask = 0;
    u64 size = min_u64(a[1], sizeof(mask));

    if (copy_from_user(&mask, a[2], size))
        return -EFAULT;
    return mask & ((1ull << cpu_count()) - 1) ? 0 : -EINVAL;
}

/* Never less than 8 bytes: C libraries count bits in words. */
s64 sys_sched_getaffinity(const u64 *a)
{
    u64 mask = (1ull << cpu_count()) - 1;

    if (a[1] < sizeof(mask))
        return -EINVAL;
    return copy_to_user(a[2], &mask, sizeof(mask)) ? -EFAULT
                                                   : (s64)sizeof(mask);
}

/* All tasks are equal. */
s64 sys_getpriority(const u64 *a)
{
    return a[0] > 2 ? -EINVAL : NICE_0;
}

s64 sys_setpriority(const u64 *a)
{
    return a[0] > 2 ? -EINVAL : 0;
}

/* get[e]uid, get[e]gid */
s64 sys_root_id(const u64 *a)
{
    (void)a;
    return 0;
}

/* setuid, setgid: there is nobody else to become. */
s64 sys_set_root_id(const u64 *a)
{
    return (u32)a[0] == 0 ? 0 : -EINVAL;
}

/* setresuid, setresgid: -1 leaves it as it is. */
s64 sys_set_root_ids(const u64 *a)
{
    for (int i = 0; i < 3; i++)
        if ((u32)a[i] != 0 && (u32)a[i] != ~0u)
            return -EINVAL;
    return 0;
}

/* getresuid, getresgid */
s64 sys_get_root_ids(const u64 *a)
{
    for (int i = 0; i < 3; i++)
        if (put_user_u32(a[i], 0))
            return -EFAULT;
    return 0;
}

s64 sys_getgroups(const u64 *a)
{
    return (int)a[0] < 0 ? -EINVAL : 0; /* none besides group 0 */
}
