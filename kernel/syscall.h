/* SPDX-License-Identifier: MIT */
/*
 * System calls: Linux's numbers, arguments and results. a[0] to a[5] are the
 * arguments as the registers had them; the result is a value or -errno. The
 * registers themselves are current_task()->frame.
 *
 * File calls are declared in fs/syscalls.h.
 */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

#include <kernel/errno.h>
#include <kernel/types.h>

struct usage;

typedef s64 (*syscall_fn)(const u64 *a);

/* Which numbers were asked for in vain, and how often: lines of text. The
   length, less than size. */
s64 syscall_enosys_list(char *buf, size_t size);

/* A path of the program, to be freed with kfree; NULL and *err. */
char *path_from_user(u64 user, int *err);
/* As Linux's rusage. 0 or -EFAULT. */
int put_rusage(u64 user, const struct usage *used);

/* memory: kernel/sys_mm.c */
s64 sys_mmap(const u64 *a);
s64 sys_mprotect(const u64 *a);
s64 sys_munmap(const u64 *a);
s64 sys_brk(const u64 *a);
s64 sys_mremap(const u64 *a);
s64 sys_msync(const u64 *a);
s64 sys_mincore(const u64 *a);
s64 sys_madvise(const u64 *a);
s64 sys_mlock(const u64 *a);
s64 sys_mlock2(const u64 *a);
s64 sys_munlock(const u64 *a);
s64 sys_mlockall(const u64 *a);
s64 sys_munlockall(const u64 *a);
s64 sys_swapon(const u64 *a);
s64 sys_swapoff(const u64 *a);
s64 sys_process_vm_readv(const u64 *a); /* kernel/process_vm.c */
s64 sys_process_vm_writev(const u64 *a);

/* System V shared memory: kernel/shm.c */
s64 sys_shmget(const u64 *a);
s64 sys_shmat(const u64 *a);
s64 sys_shmctl(const u64 *a);
s64 sys_shmdt(const u64 *a);

/* processes: kernel/sys_process.c, kernel/group.c */
s64 sys_clone(const u64 *a);
s64 sys_fork(const u64 *a);
s64 sys_vfork(const u64 *a);
s64 sys_execve(const u64 *a);
s64 sys_execveat(const u64 *a);
s64 sys_exit(const u64 *a);
s64 sys_exit_group(const u64 *a);
s64 sys_wait4(const u64 *a);
s64 sys_getpid(const u64 *a);
s64 sys_gettid(const u64 *a);
s64 sys_getppid(const u64 *a);
s64 sys_set_tid_address(const u64 *a);
s64 sys_sched_yield(const u64 *a);
s64 sys_setpgid(const u64 *a);
s64 sys_getpgid(const u64 *a);
s64 sys_getpgrp(const u64 *a);
s64 sys_setsid(const u64 *a);
s64 sys_getsid(const u64 *a);
s64 sys_futex(const u64 *a);           /* kernel/futex.c */
s64 sys_set_robust_list(const u64 *a); /* kernel/robust.c */
s64 sys_get_robust_list(const u64 *a);
s64 sys_clone3(const u64 *a);
s64 sys_waitid(const u64 *a);

/* signals: kernel/sys_signal.c */
s64 sys_kill(const u64 *a);
s64 sys_tkill(const u64 *a);
s64 sys_tgkill(const u64 *a);
s64 sys_pause(const u64 *a);
s64 sys_rt_sigaction(const u64 *a);
s64 sys_rt_sigprocmask(const u64 *a);
s64 sys_rt_sigreturn(const u64 *a);
s64 sys_rt_sigpending(const u64 *a);
s64 sys_rt_sigtimedwait(const u64 *a);
s64 sys_rt_sigsuspend(const u64 *a);
s64 sys_sigaltstack(const u64 *a);
s64 sys_rt_sigqueueinfo(const u64 *a);
s64 sys_rt_tgsigqueueinfo(const u64 *a);

/* time: kernel/sys_time.c, kernel/itimer.c */
s64 sys_nanosleep(const u64 *a);
s64 sys_clock_nanosleep(const u64 *a);
s64 sys_clock_gettime(const u64 *a);
s64 sys_clock_getres(const u64 *a);
s64 sys_gettimeofday(const u64 *a);
s64 sys_time(const u64 *a);
s64 sys_alarm(const u64 *a);
s64 sys_getitimer(const u64 *a);
s64 sys_setitimer(const u64 *a);
s64 sys_timer_create(const u64 *a); /* kernel/posix_timer.c */
s64 sys_timer_delete(const u64 *a);
s64 sys_timer_settime(const u64 *a);
s64 sys_timer_gettime(const u64 *a);
s64 sys_timer_getoverrun(const u64 *a);

/* the scheduler: kernel/sys_sched.c */
s64 sys_sched_setscheduler(const u64 *a);
s64 sys_sched_getscheduler(const u64 *a);
s64 sys_sched_setparam(const u64 *a);
s64 sys_sched_getparam(const u64 *a);
s64 sys_sched_get_priority_max(const u64 *a);
s64 sys_sched_get_priority_min(const u64 *a);
s64 sys_sched_rr_get_interval(const u64 *a);
s64 sys_sched_setaffinity(const u64 *a);
s64 sys_sched_getaffinity(const u64 *a);
s64 sys_getpriority(const u64 *a);
s64 sys_setpriority(const u64 *a);
s64 sys_getcpu(const u64 *a);
s64 sys_membarrier(const u64 *a);

/* everything else: kernel/sys_misc.c, kernel/sys_limits.c */
s64 sys_uname(const u64 *a);
s64 sys_sysinfo(const u64 *a);
s64 sys_syslog(const u64 *a); /* kernel/log.c */
s64 sys_reboot(const u64 *a);
s64 sys_prctl(const u64 *a);
s64 sys_arch_prctl(const u64 *a);
s64 sys_sethostname(const u64 *a);
s64 sys_personality(const u64 *a);
s64 sys_capget(const u64 *a);
s64 sys_capset(const u64 *a);
s64 sys_setgroups(const u64 *a);
s64 sys_set_fs_id(const u64 *a);
s64 sys_root_id(const u64 *a);
s64 sys_set_root_id(const u64 *a);
s64 sys_set_root_ids(const u64 *a);
s64 sys_set_root_pair(const u64 *a);
s64 sys_get_root_ids(const u64 *a);
s64 sys_getgroups(const u64 *a);
s64 sys_getrlimit(const u64 *a);
s64 sys_setrlimit(const u64 *a);
s64 sys_prlimit64(const u64 *a);
s64 sys_getrusage(const u64 *a);
s64 sys_times(const u64 *a);

#define HOST_NAME_MAX 64
/* sethostname's; a reader may see a half of the old one. */
extern char host_name[HOST_NAME_MAX + 1];
/* What is too long is cut. */
void set_host_name(const char *name);

#endif
