/* SPDX-License-Identifier: MIT */
/* System calls about the machine and its one user, root. */
#include <kernel/loadavg.h>
#include <kernel/process_private.h>
#include <kernel/string.h>
#include <kernel/syscall.h>
#include <kernel/uaccess.h>
#include <mm/lockorder.h>
#include <mm/swap.h>
#include <mm/zone.h>

#define REBOOT_MAGIC1    0xfee1deadu
#define REBOOT_RESTART   0x01234567u
#define REBOOT_HALT      0xcdef0123u
#define REBOOT_POWER_OFF 0x4321fedcu
#define REBOOT_CAD_ON    0x89abcdefu
#define REBOOT_CAD_OFF   0x00000000u

#define PR_SET_PDEATHSIG    1
#define PR_GET_PDEATHSIG    2
#define PR_GET_DUMPABLE     3
#define PR_SET_DUMPABLE     4
#define PR_SET_NAME         15
#define PR_GET_NAME         16
#define PR_SET_TIMERSLACK   29
#define PR_GET_TIMERSLACK   30
#define PR_SET_NO_NEW_PRIVS 38
#define PR_GET_NO_NEW_PRIVS 39
#define PR_SET_SUBREAPER    36 /* Linux: PR_SET_CHILD_SUBREAPER */
#define PR_GET_SUBREAPER    37
#define PR_GET_TID_ADDRESS  40
#define TIMER_SLACK_NS      50000 /* what Linux says */

#define PER_LINUX  0u
#define PER_ASK    0xffffffffu
#define GROUPS_MAX 65536

#define CAP_VERSION_3 0x20080522u
#define CAP_ALL_LOW   0xffffffffu
#define CAP_ALL_HIGH  0x000001ffu /* the highest is number 40 */

#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003

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

static struct spinlock name_lock = SPINLOCK_INIT("host name", RANK_FDTABLE);
char host_name[HOST_NAME_MAX + 1] = "hotcow"; /* name lock */

s64 sys_uname(const u64 *a)
{
    struct user_utsname u = {
        .sysname = "Linux", /* whose system calls these are */
        .release = "6.1.0-hotcow",
        .version = "#1 SMP hotcow",
        .machine = "x86_64",
        .domainname = "(none)",
    };

    spin_lock(&name_lock);
    memcpy(u.nodename, host_name, sizeof(host_name));
    spin_unlock(&name_lock);
    return copy_to_user(a[0], &u, sizeof(u));
}

void set_host_name(const char *name)
{
    char whole[sizeof(host_name)] = "";

    str_copy(whole, name, sizeof(whole));
    spin_lock(&name_lock);
    memcpy(host_name, whole, sizeof(host_name));
    spin_unlock(&name_lock);
}

/* name, length */
s64 sys_sethostname(const u64 *a)
{
    char name[HOST_NAME_MAX + 1] = "";

    if ((s64)a[1] < 0 || a[1] > HOST_NAME_MAX)
        return -EINVAL;
    if (copy_from_user(name, a[0], a[1]))
        return -EFAULT;
    set_host_name(name);
    return 0;
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

s64 sys_sysinfo(const u64 *a)
{
    struct user_sysinfo s = {
        .uptime = (s64)(now_ns() / NSEC_PER_SEC),
        .totalram = total_frames(),
        .freeram = total_free_frames(),
        .procs = count_processes(),
        .mem_unit = PAGE_SIZE,
    };

    swap_totals(&s.totalswap, &s.freeswap);
    loadavg_read(s.loads);
    for (unsigned i = 0; i < 3; i++)
        s.loads[i] = (s.loads[i] << 16) / 100; /* of 65536 */
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

static s64 set_death_signal(struct process *p, u64 sig)
{
    u64 flags;

    if (sig > NSIG)
        return -EINVAL;
    flags = spin_lock_irqsave(&tasks_lock);
    p->death_signal = (int)sig;
    spin_unlock_irqrestore(&tasks_lock, flags);
    return 0;
}

static s64 set_subreaper(struct process *p, bool on)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);

    p->adopts = on;
    spin_unlock_irqrestore(&tasks_lock, flags);
    return 0;
}

/* Kept for who asks: timers are exact. */
static s64 set_timer_slack(struct task *t, u64 ns)
{
    t->timer_slack = (s64)ns > 0 ? ns : TIMER_SLACK_NS;
    return 0;
}

/* What can be asked is answered, what cannot be kept is refused. */
s64 sys_prctl(const u64 *a)
{
    struct task *t = current_task();

    switch ((int)a[0]) {
    case PR_SET_NAME:
        return set_name(a[1]);
    case PR_GET_NAME:
        return copy_to_user(a[1], t->comm, sizeof(t->comm));
    case PR_SET_PDEATHSIG:
        return set_death_signal(t->proc, a[1]);
    case PR_GET_PDEATHSIG:
        return put_user_u32(a[1], (u32)t->proc->death_signal);
    case PR_SET_SUBREAPER:
        return set_subreaper(t->proc, a[1]);
    case PR_GET_SUBREAPER:
        return put_user_u32(a[1], t->proc->adopts);
    case PR_GET_DUMPABLE:
        return 1;
    case PR_SET_NO_NEW_PRIVS: /* exec never gives any */
        return a[1] != 1 || a[2] || a[3] || a[4] ? -EINVAL : 0;
    case PR_GET_NO_NEW_PRIVS:
        return 1;
    case PR_SET_DUMPABLE: /* there are no core dumps */
        return a[1] > 1 ? -EINVAL : 0;
    case PR_SET_TIMERSLACK:
        return set_timer_slack(t, a[1]);
    case PR_GET_TIMERSLACK:
        return t->timer_slack ? (s64)t->timer_slack : TIMER_SLACK_NS;
    case PR_GET_TID_ADDRESS:
        return copy_to_user(a[1], &t->clear_tid, sizeof(t->clear_tid));
    default:
        return -EINVAL;
    }
}

/* Of all that a persona may change, there is nothing here. */
s64 sys_personality(const u64 *a)
{
    u32 persona = (u32)a[0];

    return persona == PER_LINUX || persona == PER_ASK ? (s64)PER_LINUX
                                                      : -EINVAL;
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

/* setreuid, setregid: the same with two. */
s64 sys_set_root_pair(const u64 *a)
{
    u64 three[3] = {a[0], a[1], a[1]};

    return sys_set_root_ids(three);
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

/* Accepted and not kept: they would decide nothing. */
s64 sys_setgroups(const u64 *a)
{
    return a[0] > GROUPS_MAX ? -EINVAL : 0;
}

/* setfsuid, setfsgid: they tell who one was, and never fail. */
s64 sys_set_fs_id(const u64 *a)
{
    (void)a;
    return 0;
}

/* ---- capabilities: root has all of them, always ---- */

/* -EINVAL, and our version there, if another one is asked for. */
static int check_cap_version(u64 user_header, u32 *pid)
{
    u32 head[2]; /* version, pid */

    if (copy_from_user(head, user_header, sizeof(head)))
        return -EFAULT;
    *pid = head[1];
    if (head[0] == CAP_VERSION_3)
        return 0;
    return put_user_u32(user_header, CAP_VERSION_3) ? -EFAULT : -EINVAL;
}

/* header, data: effective, permitted, inheritable, low words, then high */
s64 sys_capget(const u64 *a)
{
    u32 data[6] = {CAP_ALL_LOW, CAP_ALL_LOW, 0, CAP_ALL_HIGH, CAP_ALL_HIGH, 0};
    struct process *p;
    u32 pid;
    int err = check_cap_version(a[0], &pid);

    if (err) /* without a place for data it is only the version that counts */
        return err == -EINVAL && !a[1] ? 0 : err;
    if ((int)pid < 0)
        return -EINVAL;
    p = process_get(pid ? (int)pid : current_pid());
    if (!p)
        return -ESRCH;
    process_put(p);
    return a[1] ? copy_to_user(a[1], data, sizeof(data)) : 0;
}

/* What is given up is kept all the same; more than all there is not. */
s64 sys_capset(const u64 *a)
{
    u32 data[6], pid;
    int err = check_cap_version(a[0], &pid);

    if (err)
        return err;
    if (pid && (int)pid != current_pid())
        return -EPERM;
    if (copy_from_user(data, a[1], sizeof(data)))
        return -EFAULT;
    return (data[0] & ~data[1]) || (data[3] & ~data[4]) ? -EPERM : 0;
}
