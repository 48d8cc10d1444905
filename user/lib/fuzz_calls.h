/* SPDX-License-Identifier: MIT */
/* The calls that user/tests/fuzz.c makes. */
#ifndef LIB_FUZZ_CALLS_H
#define LIB_FUZZ_CALLS_H

#include <sys/syscall.h>

/*
 * What a call wants, a letter for each argument:
 *   a address          l length          f descriptor      p path
 *   b bits             n small number    x anything        o offset
 *   s signal           i process         v iovec           d data
 *   t timespec         c clock           k very small number
 */
static const struct call {
    short nr;
    const char *args;
} calls[] = {
    {SYS_read, "fal"}, {SYS_write, "fal"}, {SYS_open, "pbn"},
    {SYS_close, "f"}, {SYS_stat, "pa"}, {SYS_fstat, "fa"}, {SYS_poll, "ann"},
    {SYS_lseek, "fon"}, {SYS_mmap, "alnbfo"}, {SYS_mprotect, "aln"},
    {SYS_munmap, "al"}, {SYS_brk, "a"}, {SYS_rt_sigaction, "sddn"},
    {SYS_rt_sigprocmask, "ndan"}, {SYS_rt_sigreturn, ""}, {SYS_ioctl, "fxa"},
    {SYS_pread64, "falo"}, {SYS_pwrite64, "falo"}, {SYS_readv, "fvn"},
    {SYS_writev, "fvn"}, {SYS_access, "pn"}, {SYS_pipe, "a"},
    {SYS_select, "naaat"}, {SYS_sched_yield, ""}, {SYS_mremap, "allna"},
    {SYS_msync, "aln"}, {SYS_mincore, "ala"}, {SYS_madvise, "aln"},
    {SYS_madvise, "aln"}, {SYS_shmget, "nlb"}, {SYS_shmat, "nab"},
    {SYS_shmctl, "nna"}, {SYS_dup, "f"}, {SYS_dup2, "ff"},
    {SYS_nanosleep, "ta"}, {SYS_setitimer, "nda"}, {SYS_alarm, "n"},
    {SYS_sendfile, "ffal"}, {SYS_socketpair, "nnna"}, {SYS_sendto, "falbaan"},
    {SYS_recvfrom, "falbaa"}, {SYS_shutdown, "fn"}, {SYS_clone, "baaaa"},
    {SYS_fork, ""}, {SYS_vfork, ""}, {SYS_execve, "paa"}, {SYS_wait4, "iana"},
    {SYS_kill, "is"}, {SYS_uname, "a"}, {SYS_shmdt, "a"}, {SYS_fcntl, "fna"},
    {SYS_flock, "fn"}, {SYS_fsync, "f"}, {SYS_truncate, "po"},
    {SYS_ftruncate, "fo"}, {SYS_getdents64, "fal"}, {SYS_getcwd, "al"},
    {SYS_chdir, "p"}, {SYS_rename, "pp"}, {SYS_mkdir, "pn"}, {SYS_rmdir, "p"},
    {SYS_creat, "pn"}, {SYS_link, "pp"}, {SYS_unlink, "p"},
    {SYS_symlink, "pp"}, {SYS_readlink, "pal"}, {SYS_chmod, "pn"},
    {SYS_getrlimit, "na"}, {SYS_getrusage, "na"}, {SYS_sysinfo, "a"},
    {SYS_times, "a"}, {SYS_setpgid, "ii"}, {SYS_setsid, ""},
    {SYS_sigaltstack, "da"}, {SYS_rt_sigpending, "an"},
    {SYS_rt_sigtimedwait, "datn"}, {SYS_rt_sigqueueinfo, "isd"},
    {SYS_rt_sigsuspend, "dn"}, {SYS_mlock, "al"}, {SYS_munlock, "al"},
    {SYS_mlockall, "n"}, {SYS_munlockall, ""}, {SYS_prctl, "naaaa"},
    {SYS_arch_prctl, "xa"}, {SYS_setrlimit, "nd"}, {SYS_gettid, ""},
    {SYS_readahead, "fol"}, {SYS_tkill, "is"}, {SYS_futex, "annaan"},
    {SYS_sched_setaffinity, "ild"}, {SYS_sched_getaffinity, "ila"},
    {SYS_io_setup, "nd"}, {SYS_io_destroy, "a"}, {SYS_io_getevents, "annat"},
    {SYS_io_submit, "and"}, {SYS_io_cancel, "ada"}, {SYS_epoll_create, "n"},
    {SYS_set_tid_address, "a"}, {SYS_timer_create, "cda"},
    {SYS_timer_settime, "nnda"}, {SYS_timer_delete, "n"},
    {SYS_clock_gettime, "ca"}, {SYS_clock_nanosleep, "cnta"},
    {SYS_epoll_wait, "fann"}, {SYS_epoll_ctl, "fnfd"}, {SYS_tgkill, "iis"},
    {SYS_waitid, "nianaa"}, {SYS_openat, "fpbn"}, {SYS_unlinkat, "fpn"},
    {SYS_ppoll, "antan"}, {SYS_set_robust_list, "al"}, {SYS_splice, "faaalb"},
    {SYS_tee, "fflb"}, {SYS_vmsplice, "fvnb"}, {SYS_vmsplice, "fvnb"},
    {SYS_fallocate, "fnoo"}, {SYS_signalfd4, "fdnb"}, {SYS_eventfd2, "nb"},
    {SYS_timerfd_create, "cb"}, {SYS_timerfd_settime, "fnda"},
    {SYS_epoll_create1, "b"}, {SYS_dup3, "ffb"}, {SYS_pipe2, "ab"},
    {SYS_preadv, "fvnoo"}, {SYS_pwritev, "fvnoo"}, {SYS_prlimit64, "inda"},
    {SYS_process_vm_readv, "ivnvnn"}, {SYS_process_vm_writev, "ivnvnn"},
    {SYS_getrandom, "aln"}, {SYS_memfd_create, "pb"},
    {SYS_copy_file_range, "fafalb"}, {SYS_preadv2, "fvnoob"},
    {SYS_pwritev2, "fvnoob"}, {SYS_statx, "fpnba"}, {SYS_close_range, "ffb"},
    {SYS_swapoff, "p"}, {SYS_swapon, "pb"}, {SYS_mount, "pppba"},
    {SYS_sethostname, "al"}, {SYS_clone3, "dl"}, {SYS_pidfd_open, "ib"},
    {SYS_membarrier, "nbn"}, {SYS_exit, "n"}, {SYS_sync, ""},
    {SYS_syslog, "nal"}, {SYS_sendmsg, "fdn"}, {SYS_recvmsg, "fdn"},
    {SYS_getsockname, "faa"}, {SYS_getpeername, "faa"}, {SYS_getitimer, "ka"},
    {SYS_setitimer, "kda"}, {SYS_setitimer, "kta"}, {SYS_timer_gettime, "ka"},
    {SYS_timer_settime, "kkda"}, {SYS_timer_getoverrun, "k"},
    {SYS_timerfd_gettime, "fa"}, {SYS_get_robust_list, "iaa"},
    {SYS_mlock2, "alk"}, {SYS_umask, "n"}, {SYS_io_pgetevents, "akkata"},
    {SYS_epoll_pwait, "fankan"}, {SYS_futex, "akkaak"},
    {SYS_futex, "akkaak"}, {SYS_fcntl, "fnd"}, {SYS_mknod, "pbn"},
    {SYS_sched_setscheduler, "ika"}, {SYS_getpriority, "ki"},
    {SYS_setpriority, "kin"}, {SYS_sched_rr_get_interval, "ia"},
    {SYS_fchdir, "f"}, {SYS_utimensat, "fpab"}, {SYS_linkat, "fpfpb"},
    {SYS_renameat2, "fpfpk"},
};

#endif
