/* SPDX-License-Identifier: MIT */
/*
 * The table of system calls, and what happens between the trap and the call.
 *
 * A number that is not in the table gives ENOSYS and is counted; what was
 * asked for in vain can be read (/proc/enosys), so that nobody has to guess
 * why a program does not run.
 */
#include <fs/syscalls.h>
#include <kernel/poison.h>
#include <kernel/print.h>
#include <kernel/process.h>
#include <kernel/syscall.h>

#define NR_RT_SIGRETURN 15
#define NR_COUNTED      512 /* the last one stands for all from there on */

static const syscall_fn table[] = {
    [0] = sys_read,
    [1] = sys_write,
    [2] = sys_open,
    [3] = sys_close,
    [4] = sys_stat,
    [5] = sys_fstat,
    [6] = sys_lstat,
    [7] = sys_poll,
    [8] = sys_lseek,
    [9] = sys_mmap,
    [10] = sys_mprotect,
    [11] = sys_munmap,
    [12] = sys_brk,
    [13] = sys_rt_sigaction,
    [14] = sys_rt_sigprocmask,
    [15] = sys_rt_sigreturn,
    [16] = sys_ioctl,
    [17] = sys_pread64,
    [18] = sys_pwrite64,
    [19] = sys_readv,
    [20] = sys_writev,
    [21] = sys_access,
    [22] = sys_pipe,
    [23] = sys_select,
    [24] = sys_sched_yield,
    [25] = sys_mremap,
    [26] = sys_msync,
    [27] = sys_mincore,
    [28] = sys_madvise,
    [29] = sys_shmget,
    [30] = sys_shmat,
    [31] = sys_shmctl,
    [32] = sys_dup,
    [33] = sys_dup2,
    [34] = sys_pause,
    [35] = sys_nanosleep,
    [36] = sys_getitimer,
    [37] = sys_alarm,
    [38] = sys_setitimer,
    [39] = sys_getpid,
    [40] = sys_sendfile,
    [44] = sys_sendto,
    [45] = sys_recvfrom,
    [46] = sys_sendmsg,
    [47] = sys_recvmsg,
    [48] = sys_shutdown,
    [51] = sys_getsockname,
    [52] = sys_getpeername,
    [53] = sys_socketpair,
    [56] = sys_clone,
    [57] = sys_fork,
    [58] = sys_vfork,
    [59] = sys_execve,
    [60] = sys_exit,
    [61] = sys_wait4,
    [62] = sys_kill,
    [63] = sys_uname,
    [67] = sys_shmdt,
    [72] = sys_fcntl,
    [73] = sys_flock,
    [74] = sys_fsync,
    [75] = sys_fdatasync,
    [76] = sys_truncate,
    [77] = sys_ftruncate,
    [79] = sys_getcwd,
    [80] = sys_chdir,
    [81] = sys_fchdir,
    [82] = sys_rename,
    [83] = sys_mkdir,
    [84] = sys_rmdir,
    [85] = sys_creat,
    [86] = sys_link,
    [87] = sys_unlink,
    [88] = sys_symlink,
    [89] = sys_readlink,
    [90] = sys_chmod,
    [91] = sys_fchmod,
    [92] = sys_chown,
    [93] = sys_fchown,
    [94] = sys_lchown,
    [95] = sys_umask,
    [96] = sys_gettimeofday,
    [97] = sys_getrlimit,
    [98] = sys_getrusage,
    [99] = sys_sysinfo,
    [100] = sys_times,
    [102] = sys_root_id, /* getuid */
    [103] = sys_syslog,
    [104] = sys_root_id,     /* getgid */
    [105] = sys_set_root_id, /* setuid */
    [106] = sys_set_root_id, /* setgid */
    [107] = sys_root_id,     /* geteuid */
    [108] = sys_root_id,     /* getegid */
    [109] = sys_setpgid,
    [110] = sys_getppid,
    [111] = sys_getpgrp,
    [112] = sys_setsid,
    [113] = sys_set_root_pair, /* setreuid */
    [114] = sys_set_root_pair, /* setregid */
    [115] = sys_getgroups,
    [116] = sys_setgroups,
    [117] = sys_set_root_ids, /* setresuid */
    [118] = sys_get_root_ids, /* getresuid */
    [119] = sys_set_root_ids, /* setresgid */
    [120] = sys_get_root_ids, /* getresgid */
    [121] = sys_getpgid,
    [122] = sys_set_fs_id, /* setfsuid */
    [123] = sys_set_fs_id, /* setfsgid */
    [124] = sys_getsid,
    [125] = sys_capget,
    [126] = sys_capset,
    [127] = sys_rt_sigpending,
    [128] = sys_rt_sigtimedwait,
    [129] = sys_rt_sigqueueinfo,
    [130] = sys_rt_sigsuspend,
    [131] = sys_sigaltstack,
    [132] = sys_utime,
    [133] = sys_mknod,
    [135] = sys_personality,
    [137] = sys_statfs,
    [138] = sys_fstatfs,
    [140] = sys_getpriority,
    [141] = sys_setpriority,
    [142] = sys_sched_setparam,
    [143] = sys_sched_getparam,
    [144] = sys_sched_setscheduler,
    [145] = sys_sched_getscheduler,
    [146] = sys_sched_get_priority_max,
    [147] = sys_sched_get_priority_min,
    [148] = sys_sched_rr_get_interval,
    [149] = sys_mlock,
    [150] = sys_munlock,
    [151] = sys_mlockall,
    [152] = sys_munlockall,
    [157] = sys_prctl,
    [158] = sys_arch_prctl,
    [160] = sys_setrlimit,
    [162] = sys_sync,
    [165] = sys_mount,
    [166] = sys_umount2,
    [167] = sys_swapon,
    [168] = sys_swapoff,
    [169] = sys_reboot,
    [170] = sys_sethostname,
    [186] = sys_gettid,
    [187] = sys_readahead,
    [188] = sys_xattr,  /* setxattr */
    [189] = sys_lxattr, /* lsetxattr */
    [190] = sys_fxattr, /* fsetxattr */
    [191] = sys_xattr,  /* getxattr */
    [192] = sys_lxattr, /* lgetxattr */
    [193] = sys_fxattr, /* fgetxattr */
    [194] = sys_listxattr,
    [195] = sys_llistxattr,
    [196] = sys_flistxattr,
    [197] = sys_xattr,  /* removexattr */
    [198] = sys_lxattr, /* lremovexattr */
    [199] = sys_fxattr, /* fremovexattr */
    [200] = sys_tkill,
    [201] = sys_time,
    [202] = sys_futex,
    [203] = sys_sched_setaffinity,
    [204] = sys_sched_getaffinity,
    [206] = sys_io_setup,
    [207] = sys_io_destroy,
    [208] = sys_io_getevents,
    [209] = sys_io_submit,
    [210] = sys_io_cancel,
    [213] = sys_epoll_create,
    [217] = sys_getdents64,
    [218] = sys_set_tid_address,
    [221] = sys_fadvise64,
    [222] = sys_timer_create,
    [223] = sys_timer_settime,
    [224] = sys_timer_gettime,
    [225] = sys_timer_getoverrun,
    [226] = sys_timer_delete,
    [228] = sys_clock_gettime,
    [229] = sys_clock_getres,
    [230] = sys_clock_nanosleep,
    [231] = sys_exit_group,
    [232] = sys_epoll_wait,
    [233] = sys_epoll_ctl,
    [234] = sys_tgkill,
    [235] = sys_utimes,
    [247] = sys_waitid,
    [257] = sys_openat,
    [258] = sys_mkdirat,
    [259] = sys_mknodat,
    [260] = sys_fchownat,
    [261] = sys_futimesat,
    [262] = sys_newfstatat,
    [263] = sys_unlinkat,
    [264] = sys_renameat,
    [265] = sys_linkat,
    [266] = sys_symlinkat,
    [267] = sys_readlinkat,
    [268] = sys_fchmodat,
    [269] = sys_faccessat,
    [270] = sys_pselect6,
    [271] = sys_ppoll,
    [273] = sys_set_robust_list,
    [274] = sys_get_robust_list,
    [275] = sys_splice,
    [276] = sys_tee,
    [277] = sys_sync_file_range,
    [278] = sys_vmsplice,
    [280] = sys_utimensat,
    [281] = sys_epoll_pwait,
    [282] = sys_signalfd,
    [283] = sys_timerfd_create,
    [284] = sys_eventfd,
    [285] = sys_fallocate,
    [286] = sys_timerfd_settime,
    [287] = sys_timerfd_gettime,
    [289] = sys_signalfd4,
    [290] = sys_eventfd2,
    [291] = sys_epoll_create1,
    [292] = sys_dup3,
    [293] = sys_pipe2,
    [295] = sys_preadv,
    [296] = sys_pwritev,
    [297] = sys_rt_tgsigqueueinfo,
    [302] = sys_prlimit64,
    [306] = sys_syncfs,
    [309] = sys_getcpu,
    [310] = sys_process_vm_readv,
    [311] = sys_process_vm_writev,
    [316] = sys_renameat2,
    [318] = sys_getrandom,
    [319] = sys_memfd_create,
    [322] = sys_execveat,
    [324] = sys_membarrier,
    [325] = sys_mlock2,
    [326] = sys_copy_file_range,
    [327] = sys_preadv2,
    [328] = sys_pwritev2,
    [332] = sys_statx,
    [333] = sys_io_pgetevents,
    [435] = sys_clone3,
    [436] = sys_close_range,
    [439] = sys_faccessat2,
    [441] = sys_epoll_pwait2,
};

static atomic_t enosys[NR_COUNTED];

static s64 no_such_call(u64 nr)
{
    atomic_inc(&enosys[min_u64(nr, NR_COUNTED - 1)]);
    return -ENOSYS;
}

s64 syscall_enosys_list(char *buf, size_t size)
{
    size_t len = 0;

    for (unsigned nr = 0; nr < NR_COUNTED; nr++) {
        int count = atomic_read(&enosys[nr]), n;

        if (!count)
            continue;
        n = snprintf(buf + len, size - len, "%u %d\n", nr, count);
        if ((size_t)n >= size - len)
            break; /* only whole lines */
        len += (size_t)n;
    }
    if (size)
        buf[len] = 0;
    return (s64)len;
}

/* How does this call want to be started again? 0: it has ended. Registers
   that rt_sigreturn brought back may look like anything. */
static int wants_restart(u64 nr, s64 ret)
{
    if (likely(ret >= 0) || nr == NR_RT_SIGRETURN)
        return 0;
    if (ret == -ERESTARTSYS || ret == -ERESTARTNOINTR ||
        ret == -ERESTARTNOHAND || ret == -ERESTART_DEADLINE)
        return (int)-ret;
    return 0;
}

/*
 * The frame stays where it is for the whole call: clone copies it, exec and
 * rt_sigreturn replace it, and deliver.c, which runs next, may put a handler
 * or another try of the same call in its place. A call that replaces it has
 * read its arguments by then: they are the frame's own.
 */
void syscall_dispatch(struct trap_frame *f)
{
    struct task *t = current_task();
    u64 nr = f->rax;
    s64 ret;

    user_time_ends(&t->user_clock);
    poison_stack();
    t->frame = f;
    t->syscall_nr = nr;
    if (t->restarting)
        t->restarting = false;
    else
        t->restart_until = 0;
    ret = nr < ARRAY_SIZE(table) && table[nr] ? table[nr](f->args)
                                              : no_such_call(nr);
    t->restart = wants_restart(nr, ret);
    f->rax = (u64)ret;
}
