/* SPDX-License-Identifier: MIT */
/*
 * How processes and threads begin and end: waitid, clone3, shared tables of
 * files, robust mutexes, queued signals. Runs on Linux too.
 */
#define _GNU_SOURCE
#include "lib/ok.h"
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void waiting(void)
{
    siginfo_t info;
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(5);
    OK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT) == 0);
    OK(info.si_code == CLD_EXITED && info.si_status == 5);
    OK(waitid(P_ALL, 0, &info, WEXITED) == 0 && info.si_pid == pid);
    FAILS(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
    FAILS(waitid(P_ALL, 0, &info, 0), EINVAL);
    pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    OK(waitid(P_PID, pid, &info, WEXITED | WNOHANG) == 0 && !info.si_pid);
    OK(kill(pid, SIGSTOP) == 0 && waitid(P_PID, pid, &info, WSTOPPED) == 0);
    OK(info.si_code == CLD_STOPPED && info.si_status == SIGSTOP);
    OK(kill(pid, SIGCONT) == 0 && waitid(P_PID, pid, &info, WCONTINUED) == 0);
    OK(kill(pid, SIGKILL) == 0 && wait(&status) == pid);
}

static long do_clone3(uint64_t flags, uint64_t size)
{
    struct clone_args a = {.flags = flags, .exit_signal = SIGCHLD};

    return syscall(SYS_clone3, &a, size);
}

/* What a child does to a shared table of files, its parent sees. */
static void cloning(void)
{
    struct rusage u;
    int fd = open("/dev/null", O_RDONLY), status;
    long pid = do_clone3(CLONE_FILES, sizeof(struct clone_args));

    if (pid == 0)
        _exit(close(fd));
    OK(pid > 0 && waitpid((pid_t)pid, &status, 0) == pid && status == 0);
    FAILS(close(fd), EBADF);
    FAILS(do_clone3(0, 8), EINVAL);
    FAILS(do_clone3(SIGCHLD, sizeof(struct clone_args)), EINVAL);
    OK(getrusage(RUSAGE_CHILDREN, &u) == 0 && u.ru_maxrss > 0);
}

static pthread_mutex_t *robust;

static void *die_with_it(void *arg)
{
    pthread_mutex_lock(robust);
    return arg;
}

static void robust_mutexes(void)
{
    pthread_mutexattr_t a;
    pthread_t t;
    int status;

    robust = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_init(&a);
    pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    OK(pthread_mutex_init(robust, &a) == 0);
    OK(pthread_create(&t, NULL, die_with_it, NULL) == 0);
    pthread_join(t, NULL);
    OK(pthread_mutex_lock(robust) == EOWNERDEAD);
    OK(pthread_mutex_consistent(robust) == 0);
    OK(pthread_mutex_unlock(robust) == 0);
    if (fork() == 0) {
        pthread_mutex_lock(robust);
        kill(getpid(), SIGKILL);
    }
    OK(wait(&status) > 0 && pthread_mutex_lock(robust) == EOWNERDEAD);
}

static int order[8];
static volatile int nr_seen;

static void on_queued(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    order[nr_seen++ & 7] = info->si_code == SI_QUEUE ? info->si_int : -1;
}

static void queued_signals(void)
{
    struct sigaction a = {.sa_sigaction = on_queued, .sa_flags = SA_SIGINFO};
    union sigval v;
    sigset_t set, old;
    siginfo_t info;

    sigaction(SIGRTMIN + 1, &a, NULL);
    sigaction(SIGUSR1, &a, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 1);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    for (v.sival_int = 1; v.sival_int <= 3; v.sival_int++) {
        OK(sigqueue(getpid(), SIGRTMIN + 1, v) == 0);
        OK(sigqueue(getpid(), SIGUSR1, v) == 0);
    }
    OK(sigwaitinfo(&set, &info) == SIGUSR1 && info.si_int == 1);
    OK(sigwaitinfo(&set, &info) == SIGRTMIN + 1 && info.si_int == 1);
    sigprocmask(SIG_SETMASK, &old, NULL);
    OK(nr_seen == 2 && order[0] == 2 && order[1] == 3);
    FAILS(sigqueue(1 << 20, 0, v), ESRCH);
}

static uint64_t us(struct timeval t)
{
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

/* A child that works, by itself or by asking the kernel to, until it has used
   20 ms of processor time. */
static struct rusage spend(bool asking)
{
    static volatile char buf[1 << 16];
    struct rusage r, before;
    struct timespec t;
    int status, fd = open("/dev/zero", O_RDONLY);
    pid_t pid;

    getrusage(RUSAGE_CHILDREN, &before);
    pid = fork();
    if (pid == 0) {
        do {
            for (int i = 0; i < 100000 && !asking; i++)
                buf[i % 100]++;
            for (int i = 0; i < 20 && asking; i++)
                read(fd, (void *)buf, sizeof(buf));
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        } while (t.tv_sec == 0 && t.tv_nsec < 20000000);
        _exit(0);
    }
    close(fd);
    OK(wait4(pid, &status, 0, &r) == pid && status == 0);
    OK(us(r.ru_utime) + us(r.ru_stime) >= 20000 && r.ru_minflt > 0);
    getrusage(RUSAGE_CHILDREN, &r);
    r.ru_utime.tv_usec = (int64_t)(us(r.ru_utime) - us(before.ru_utime));
    r.ru_stime.tv_usec = (int64_t)(us(r.ru_stime) - us(before.ru_stime));
    return r;
}

/* Where was the time spent? With several processors the machine's clock is the
   host's, and so what the host did meanwhile is in the figures. */
static void processor_time(void)
{
    struct rusage own = spend(false), kernels = spend(true);

    OK(own.ru_utime.tv_usec > 0 && kernels.ru_stime.tv_usec > 0);
    if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
        return;
    OK(own.ru_utime.tv_usec > 3 * own.ru_stime.tv_usec);
    OK(kernels.ru_stime.tv_usec > 3 * kernels.ru_utime.tv_usec);
}

#define MOST 0x7ffff000l /* that one write takes */

/* Who is to end does not first write all that it was asked to: the pages that
   it did not come to were not touched. */
static void ended_in_a_write(void)
{
    const struct itimerval soon = {{0, 0}, {0, 10000}};
    int status, fd = open("/dev/urandom", O_WRONLY);
    struct rusage r;
    pid_t pid = fork();

    if (pid == 0) {
        void *zeroes =
            mmap(NULL, MOST, PROT_READ,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        setitimer(ITIMER_REAL, &soon, NULL);
        _exit(write(fd, zeroes, MOST) == MOST);
    }
    close(fd);
    OK(wait4(pid, &status, 0, &r) == pid && status == SIGALRM);
    OK(r.ru_minflt < MOST >> 12);
}

int main(void)
{
    hot_begin("children");
    waiting();
    cloning();
    robust_mutexes();
    queued_signals();
    processor_time();
    ended_in_a_write();
    return hot_end();
}
