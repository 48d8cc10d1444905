/* SPDX-License-Identifier: MIT */
/*
 * System calls, a group at a time: that they work, and that they fail as
 * Linux's do. Runs on Linux too, but for folders and the last group.
 *
 *   calls [files|folders|pipes|sockets|memory|process|threads|signals|time|
 *          pointers]
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define OK(cond)         hot_expect((cond), "%s", #cond)
#define FAILS(call, err) OK((call) == -1 && errno == (err))

static void files(void)
{
    char buf[64];
    struct stat st;
    struct iovec v[2] = {{"ab", 2}, {"cd", 2}};
    int fd = open("/tmp/f", O_CREAT | O_RDWR | O_TRUNC, 0644);

    OK(fd >= 0);
    OK(write(fd, "hello", 5) == 5);
    OK(pwrite(fd, "J", 1, 0) == 1);
    OK(lseek(fd, 0, SEEK_SET) == 0 && read(fd, buf, 9) == 5);
    OK(!memcmp(buf, "Jello", 5));
    OK(lseek(fd, 8192, SEEK_SET) == 8192 && writev(fd, v, 2) == 4);
    OK(fstat(fd, &st) == 0 && st.st_size == 8196);
    OK(pread(fd, buf, 8, 4096) == 8 && buf[0] == 0 && buf[7] == 0);
    OK(ftruncate(fd, 3) == 0 && stat("/tmp/f", &st) == 0 && st.st_size == 3);
    OK(rename("/tmp/f", "/tmp/g") == 0);
    FAILS(open("/tmp/f", O_RDONLY), ENOENT);
    OK(symlink("/tmp/g", "/tmp/l") == 0 && readlink("/tmp/l", buf, 64) == 6);
    OK(mkdir("/tmp/d", 0755) == 0 && chdir("/tmp/d") == 0);
    OK(getcwd(buf, 64) && !strcmp(buf, "/tmp/d"));
    FAILS(rmdir("/tmp"), ENOTEMPTY);
    OK(chdir("/") == 0 && rmdir("/tmp/d") == 0);
    OK(unlink("/tmp/g") == 0 && unlink("/tmp/l") == 0);
    FAILS(open("/tmp", O_WRONLY), EISDIR);
    OK(close(fd) == 0);
    FAILS(close(fd), EBADF);
}

/* A folder's position is a number of the kernel's own: any other one is the
   end, or somewhere in the list, and nothing worse. */
static void folders(void)
{
    static const char *const names[] = {"/", "/proc", "/proc/self",
                                        "/proc/self/fd", "/proc/self/task",
                                        "/sys/devices/system/memory"};
    char buf[512];

    for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
        for (int bit = 0; bit < 63; bit++) {
            int fd = open(names[i], O_RDONLY);
            long n = -1;

            if (lseek(fd, (1l << 62) + (1l << bit) - 1, SEEK_SET) > 0)
                n = syscall(SYS_getdents64, fd, buf, sizeof(buf));
            close(fd);
            if (n < 0)
                hot_expect(false, "%s is listed from 2^62 + 2^%d", names[i],
                           bit);
        }
}

static void pipes(void)
{
    int p[2], q;
    char c = 0;

    OK(pipe(p) == 0);
    OK(write(p[1], "x", 1) == 1 && read(p[0], &c, 1) == 1 && c == 'x');
    OK(fcntl(p[0], F_SETFL, O_NONBLOCK) == 0);
    FAILS(read(p[0], &c, 1), EAGAIN);
    q = dup(p[1]);
    OK(q >= 0 && close(p[1]) == 0 && write(q, "y", 1) == 1);
    OK(close(q) == 0 && read(p[0], &c, 1) == 1 && read(p[0], &c, 1) == 0);
    close(p[0]);
    OK(pipe(p) == 0 && close(p[0]) == 0 && signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    FAILS(write(p[1], "z", 1), EPIPE);
    close(p[1]);
    signal(SIGPIPE, SIG_DFL);
}

/* A socket has no place: what looks like one must lead nowhere. */
static void sockets(void)
{
    const off_t places[] = {1, 4096, 1l << 61, INT64_MAX};
    int s[2];
    char c = 0;

    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    for (unsigned i = 0; i < sizeof(places) / sizeof(*places); i++) {
        FAILS(lseek(s[0], places[i], SEEK_SET), ESPIPE);
        FAILS(pread(s[0], &c, 1, places[i]), ESPIPE);
        FAILS(pwrite(s[1], &c, 1, places[i]), ESPIPE);
    }
    OK(write(s[0], "x", 1) == 1 && read(s[1], &c, 1) == 1 && c == 'x');
    OK(write(s[1], "y", 1) == 1 && read(s[0], &c, 1) == 1 && c == 'y');
    OK(close(s[0]) == 0 && read(s[1], &c, 1) == 0 && close(s[1]) == 0);
}

static sigjmp_buf back;
static volatile int got_signal, got_code;
static void *volatile got_addr;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)context;
    got_signal = sig;
    got_code = info->si_code;
    got_addr = info->si_addr;
    siglongjmp(back, 1);
}

/* What does touching this byte do? 0, or the signal. */
static int touch(volatile char *p, bool write)
{
    struct sigaction a = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

    sigaction(SIGSEGV, &a, NULL);
    sigaction(SIGBUS, &a, NULL);
    got_signal = 0;
    if (!sigsetjmp(back, 1)) {
        if (write)
            *p = 1;
        else
            (void)*p;
    }
    signal(SIGSEGV, SIG_DFL);
    signal(SIGBUS, SIG_DFL);
    return got_signal;
}

static void memory(void)
{
    char *p = hot_pages(4), *file;
    int fd = open("/tmp/m", O_CREAT | O_RDWR, 0600);
    unsigned char vec[4];

    OK(touch(p, true) == 0 && p[1] == 0);
    OK(mprotect(p + PAGE, PAGE, PROT_READ) == 0);
    OK(touch(p + PAGE, false) == 0 && touch(p + PAGE, true) == SIGSEGV);
    OK(got_code == SEGV_ACCERR && got_addr == p + PAGE);
    OK(mprotect(p, PAGE, PROT_NONE) == 0 && touch(p, false) == SIGSEGV);
    OK(mprotect(p, PAGE, PROT_READ | PROT_WRITE) == 0 && p[0] == 1);
    OK(munmap(p + 2 * PAGE, PAGE) == 0 &&
       touch(p + 2 * PAGE, false) == SIGSEGV && got_code == SEGV_MAPERR);
    OK(touch(p + 3 * PAGE, true) == 0 && p[3 * PAGE] == 1);
    OK(mincore(p, PAGE, vec) == 0 && (vec[0] & 1));
    OK(madvise(p, PAGE, MADV_DONTNEED) == 0 && p[0] == 0);
    FAILS(madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL);
    OK(write(fd, "file", 4) == 4);
    file = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    OK(file != MAP_FAILED && !memcmp(file, "file", 4));
    file[0] = 'F';
    OK(pread(fd, vec, 1, 0) == 1 && vec[0] == 'f');
    OK(touch(file + PAGE, false) == SIGBUS);
    OK(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
           MAP_FAILED &&
       errno == EINVAL);
    FAILS(munmap(p + 1, PAGE), EINVAL);
    OK(touch((char *)0, false) == SIGSEGV);
    OK(touch((char *)0xffffffff80100000ul, false) == SIGSEGV);
    close(fd);
    unlink("/tmp/m");
}

static int status_of(void (*child)(void))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        child();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return status;
}

static void exit_7(void)
{
    _exit(7);
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    pause();
}

static void bad_exec(void)
{
    execl("/tmp/none", "none", (char *)NULL);
    _exit(errno);
}

static void process(void)
{
    int status;
    pid_t pid;

    OK(WEXITSTATUS(status_of(exit_7)) == 7);
    status = status_of(die);
    OK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    OK(WEXITSTATUS(status_of(bad_exec)) == ENOENT);
    FAILS(waitpid(-1, &status, 0), ECHILD);
    pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    OK(waitpid(pid, &status, WNOHANG) == 0);
    OK(kill(pid, SIGTERM) == 0 && waitpid(pid, &status, 0) == pid &&
       WTERMSIG(status) == SIGTERM);
    FAILS(kill(pid, 0), ESRCH);
    pid = vfork();
    if (pid == 0)
        _exit(3);
    OK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
    OK(getppid() >= 0 && getsid(0) >= 0);
}

#define THREADS 4
#define ROUNDS  2000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int counter, turn;
static __thread int own;

static void *count(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
        own++;
    }
    pthread_mutex_lock(&mutex);
    while (turn != (int)(long)arg)
        pthread_cond_wait(&cond, &mutex);
    turn++;
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&mutex);
    return (void *)(long)own;
}

static void threads(void)
{
    pthread_t t[THREADS];
    bool right = true;
    void *result;

    for (long i = 0; i < THREADS; i++)
        OK(pthread_create(&t[i], NULL, count, (void *)i) == 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(t[i], &result);
        right &= (long)result == ROUNDS;
    }
    OK(right && counter == THREADS * ROUNDS && turn == THREADS && own == 0);
}

static volatile int caught;

static void on_usr1(int sig)
{
    caught += sig == SIGUSR1;
}

static int kernel_words; /* in the image of the FPU: addresses of its */

static void on_usr2(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    const unsigned long *image = (void *)uc->uc_mcontext.fpregs;

    (void)sig;
    (void)info;
    for (unsigned i = 0; i < 512 / sizeof(*image); i++)
        kernel_words += image[i] >> 47 == 0x1ffff;
}

/* After a call that leaves much on the kernel's stack. */
static void frames_hold_no_kernel(void)
{
    struct sigaction a = {.sa_sigaction = on_usr2, .sa_flags = SA_SIGINFO};
    int fd = open("/proc/self/maps", O_RDONLY);
    char c;

    OK(sigaction(SIGUSR2, &a, NULL) == 0 && read(fd, &c, 1) == 1);
    OK(raise(SIGUSR2) == 0 && kernel_words == 0);
    close(fd);
}

static void signals(void)
{
    struct sigaction a = {.sa_handler = on_usr1};
    sigset_t set, pending;
    int p[2];
    pid_t pid;
    char c;

    OK(sigaction(SIGUSR1, &a, NULL) == 0 && raise(SIGUSR1) == 0);
    OK(caught == 1);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    OK(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && raise(SIGUSR1) == 0);
    OK(caught == 1 && sigpending(&pending) == 0 &&
       sigismember(&pending, SIGUSR1));
    OK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0 && caught == 2);
    OK(pipe(p) == 0);
    pid = fork();
    if (pid == 0) /* again and again: one may come before the read sleeps */
        for (;;) {
            kill(getppid(), SIGUSR1);
            usleep(1000);
        }
    FAILS(read(p[0], &c, 1), EINTR);
    OK(caught >= 3);
    /* Blocked: its last one may come while we wait for it. */
    OK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    OK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
    OK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
    close(p[0]);
    close(p[1]);
    FAILS(kill(getpid(), 65), EINVAL);
    frames_hold_no_kernel();
}

/* The kernel says who died. A name may not forge a line: the host would take
   this one for ours. */
static void names(void)
{
    int *volatile nowhere = (int *)8;
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        prctl(PR_SET_NAME, "x\n@end all fail");
        *nowhere = 1;
    }
    OK(waitpid(pid, &status, 0) == pid && WTERMSIG(status) == SIGSEGV);
}

static void times(void)
{
    struct timespec a, b, ms = {0, 2000000};

    OK(clock_gettime(CLOCK_MONOTONIC, &a) == 0 && nanosleep(&ms, NULL) == 0);
    OK(clock_gettime(CLOCK_MONOTONIC, &b) == 0);
    OK((b.tv_sec - a.tv_sec) * 1000000000l + b.tv_nsec - a.tv_nsec >= 2000000);
    ms.tv_nsec = 2000000000;
    FAILS(nanosleep(&ms, NULL), EINVAL);
}

/* The kernel never trusts a user pointer. */
static void pointers(void)
{
    static char *const bad[] = {(char *)8, (char *)0xffffffff80100000ul,
                                (char *)0xffff888000000000ul,
                                (char *)0x8000000000000000ul,
                                (char *)0x7ffffffffffful};
    int fd = open("/tmp/p", O_CREAT | O_RDWR, 0600), p[2];

    OK(write(fd, "abcdefgh", 8) == 8 && pipe(p) == 0);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        FAILS(pread(fd, bad[i], 8, 0), EFAULT);
        FAILS(pwrite(fd, bad[i], 8, 0), EFAULT);
        FAILS(write(p[1], bad[i], 8), EFAULT);
        FAILS(open(bad[i], O_RDONLY), EFAULT);
        FAILS(syscall(SYS_newfstatat, fd, "", bad[i], AT_EMPTY_PATH), EFAULT);
        FAILS(syscall(SYS_rt_sigaction, SIGUSR1, bad[i], NULL, 8), EFAULT);
        FAILS(syscall(SYS_execve, "/tmp/p", bad[i], NULL), EACCES);
    }
    FAILS(syscall(SYS_rt_sigprocmask, 0, 8, NULL, 8), EFAULT);
    FAILS(syscall(999), ENOSYS);
    close(fd);
    unlink("/tmp/p");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } groups[] = {{"files", files},       {"folders", folders},
                  {"pipes", pipes},       {"sockets", sockets},
                  {"memory", memory},     {"process", process},
                  {"threads", threads},   {"signals", signals},
                  {"names", names},       {"time", times},
                  {"pointers", pointers}};

    hot_begin("calls");
    for (unsigned i = 0; i < sizeof(groups) / sizeof(*groups); i++)
        if (argc < 2 || !strcmp(argv[1], groups[i].name))
            groups[i].run();
    return hot_end();
}
