/* SPDX-License-Identifier: MIT */
/*
 * What somebody else is using: a lock's descriptor, a program, a number, a
 * sealed file, a mutex. Runs on Linux too, but for the end.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define OK(cond)         hot_expect((cond), "%s", #cond)
#define FAILS(call, err) OK((call) == -1 && errno == (err))

#define PROGRAM "/tmp/program"

static struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
static int lock_fd, lock_error;
static volatile int lock_tid;

static void *take_lock(void *arg)
{
    (void)arg;
    lock_tid = (int)syscall(SYS_gettid);
    lock_error = fcntl(lock_fd, F_SETLKW, &whole) ? errno : 0;
    return NULL;
}

static void until_asleep(int tid)
{
    char path[64], text[256];
    const char *end = NULL;

    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
    while (!end || end[2] != 'S') {
        int fd = open(path, O_RDONLY);
        ssize_t n = read(fd, text, sizeof(text) - 1);

        close(fd);
        text[n > 0 ? n : 0] = 0;
        end = strrchr(text, ')');
        sched_yield();
    }
}

/* The parent has the file locked, the child waits, closes, and lives on. */
static void child_waits(int go)
{
    pthread_t t;
    char c;

    lock_fd = open("/tmp/lock", O_RDWR);
    pthread_create(&t, NULL, take_lock, NULL);
    while (!lock_tid)
        sched_yield();
    until_asleep(lock_tid);
    close(lock_fd);
    (void)!write(go, "x", 1);
    pthread_join(t, NULL);
    (void)!write(go, lock_error == EBADF ? "b" : "?", 1);
    (void)!read(go, &c, 1);
    _exit(0);
}

static void locks(void)
{
    int fd = open("/tmp/lock", O_CREAT | O_RDWR, 0600), ends[2], p;
    struct flock free_it = whole, other = whole;
    char c = 0;

    free_it.l_type = F_UNLCK;
    OK(fcntl(fd, F_SETLK, &whole) == 0);
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    p = fork();
    if (p == 0) {
        close(ends[0]);
        child_waits(ends[1]);
    }
    close(ends[1]);
    OK(read(ends[0], &c, 1) == 1 && c == 'x');
    OK(fcntl(fd, F_SETLK, &free_it) == 0);
    OK(read(ends[0], &c, 1) == 1 && c == 'b');
    OK(fcntl(fd, F_GETLK, &other) == 0 && other.l_type == F_UNLCK);
    OK(fcntl(fd, F_SETLK, &whole) == 0);
    close(ends[0]);
    OK(waitpid(p, NULL, 0) == p && close(fd) == 0);
}

static void copy_self(void)
{
    int in = open("/proc/self/exe", O_RDONLY), out;
    char block[4096];
    ssize_t n;

    out = open(PROGRAM, O_CREAT | O_TRUNC | O_WRONLY, 0700);
    while ((n = read(in, block, sizeof(block))) > 0)
        (void)!write(out, block, (size_t)n);
    close(in);
    close(out);
}

/* It has executed when the pipe that exec closes is at its end. */
static int start(const char *program, const char *arg, int *begun)
{
    int ends[2], p;

    if (pipe2(ends, O_CLOEXEC))
        hot_die("no pipe");
    p = fork();
    if (p == 0) {
        execl(program, program, arg, NULL);
        (void)!write(ends[1], errno == ETXTBSY ? "b" : "?", 1);
        _exit(1);
    }
    close(ends[1]);
    *begun = ends[0];
    return p;
}

static void programs(void)
{
    int p, begun, fd;
    char c = 0;

    copy_self();
    p = start(PROGRAM, "runs", &begun);
    OK(read(begun, &c, 1) == 0);
    FAILS(open(PROGRAM, O_WRONLY), ETXTBSY);
    FAILS(open(PROGRAM, O_RDONLY | O_TRUNC), ETXTBSY);
    FAILS(truncate(PROGRAM, 0), ETXTBSY);
    OK(waitpid(p, NULL, WNOHANG) == 0 && kill(p, SIGKILL) == 0);
    OK(waitpid(p, NULL, 0) == p && close(begun) == 0);
    fd = open(PROGRAM, O_RDWR);
    OK(fd >= 0);
    p = start(PROGRAM, "runs", &begun);
    OK(read(begun, &c, 1) == 1 && c == 'b');
    OK(waitpid(p, NULL, 0) == p && close(begun) == 0 && close(fd) == 0);
    OK(truncate(PROGRAM, 0) == 0);
}

/* A call that cannot give a number changes nothing. */
static void numbers(void)
{
    struct rlimit old, few;
    int next = dup(0), p[2];

    close(next);
    FAILS(syscall(SYS_pipe2, 0x10000ul, 0), EFAULT);
    OK(dup(0) == next && close(next) == 0);
    OK(getrlimit(RLIMIT_NOFILE, &old) == 0);
    few = (struct rlimit){(rlim_t)next, old.rlim_max};
    OK(setrlimit(RLIMIT_NOFILE, &few) == 0);
    FAILS(open("/tmp/made", O_CREAT | O_WRONLY, 0600), EMFILE);
    FAILS(access("/tmp/made", F_OK), ENOENT);
    few.rlim_cur++;
    OK(setrlimit(RLIMIT_NOFILE, &few) == 0);
    FAILS(pipe(p), EMFILE);
    OK(dup(0) == next && close(next) == 0);
    OK(setrlimit(RLIMIT_NOFILE, &old) == 0);
}

static void seals(void)
{
    int fd = memfd_create("busy", MFD_ALLOW_SEALING);
    char *p, c = 0;

    OK(fd >= 0 && ftruncate(fd, PAGE) == 0);
    p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    OK(p != MAP_FAILED);
    p[0] = 'x';
    OK(fcntl(fd, F_ADD_SEALS, 0x10 /* F_SEAL_FUTURE_WRITE */) == 0);
    FAILS(madvise(p, PAGE, MADV_REMOVE), EPERM);
    OK(pread(fd, &c, 1, 0) == 1 && c == 'x');
    munmap(p, PAGE);
    close(fd);
}

/* A mutex whose owner executes another program, and so will never unlock. */
static void mutexes(void)
{
    pthread_mutex_t *m = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t a;
    int p, begun[2];
    char c;

    pthread_mutexattr_init(&a);
    pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    OK(pthread_mutex_init(m, &a) == 0 && pipe2(begun, O_CLOEXEC) == 0);
    p = fork();
    if (p == 0) {
        pthread_mutex_lock(m);
        execl("/proc/self/exe", "busy", "runs", NULL);
        _exit(1);
    }
    close(begun[1]);
    OK(read(begun[0], &c, 1) == 0);
    OK(pthread_mutex_trylock(m) == EOWNERDEAD);
    OK(waitpid(p, NULL, WNOHANG) == 0 && kill(p, SIGKILL) == 0);
    OK(waitpid(p, NULL, 0) == p && close(begun[0]) == 0);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return pause();
    hot_begin("busy");
    locks();
    programs();
    numbers();
    seals();
    mutexes();
    return hot_end();
}
