/* SPDX-License-Identifier: MIT */
/*
 * Whoever kills many kills those, too, that are being made (a kernel built with
 * TESTPOINTS=1).
 *
 * P forks, and stops when the child is made but nobody can find it yet. Then
 * somebody kills P's group, everybody, or P itself ends, and P goes on. A child
 * that has escaped says so through a pipe; if there is none, the pipe ends.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define POINT "fork.made"

static int to_p[2], from_p[2], child[2];
static volatile sig_atomic_t handled;

static void on_signal(int sig)
{
    (void)sig;
    handled = 1;
}

static bool file_has(const char *path, const char *text)
{
    char buf[4096];
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

    if (n < 0)
        hot_die("no %s: is the kernel built with TESTPOINTS=1?", path);
    close(fd);
    buf[n] = 0;
    return strstr(buf, text) != NULL;
}

/* ---- P ---- */

static void wait_for_main(void)
{
    char c;

    if (read(to_p[0], &c, 1) != 1)
        _exit(9);
}

static void *fork_once(void *arg)
{
    pid_t tid = (pid_t)syscall(SYS_gettid);

    (void)arg;
    write(from_p[1], &tid, sizeof(tid));
    wait_for_main();
    if (fork() == 0) {
        write(child[1], handled ? "h" : "n", 1);
        _exit(0);
    }
    return NULL;
}

static void p_forks(void)
{
    signal(SIGTERM, on_signal);
    fork_once(NULL);
    _exit(handled ? 1 : 2);
}

static void in_a_thread(void)
{
    pthread_t t;

    if (pthread_create(&t, NULL, fork_once, NULL))
        _exit(9);
    wait_for_main();
}

static void p_exits(void)
{
    in_a_thread();
    _exit(3);
}

static void p_execs(void)
{
    in_a_thread();
    execl("/proc/self/exe", "inflight", "4", (char *)NULL);
    _exit(9);
}

/* ---- the main program ---- */

/* P, stopped in its fork: its number, and its thread's. */
static pid_t start(void (*fn)(void), pid_t *tid)
{
    pid_t p;

    if (pipe(to_p) || pipe(from_p) || pipe(child))
        hot_die("pipe");
    p = fork();
    if (p == 0) {
        setpgid(0, 0);
        close(to_p[1]);
        close(child[0]);
        fn();
    }
    close(to_p[0]);
    close(from_p[1]);
    close(child[1]);
    if (read(from_p[0], tid, sizeof(*tid)) != sizeof(*tid))
        hot_die("P has ended");
    hot_write_file("/proc/testpoint", "arm " POINT);
    write(to_p[1], "f", 1);
    while (!file_has("/proc/testpoint", " waiting=1"))
        sched_yield();
    return p;
}

/* P goes on, and ends so; its child says 'h' if it got the signal, 'n' if not,
   and 0: there is none. */
static void finish(pid_t p, const char *what, int status, char said)
{
    char c = 0;
    int is = 0;

    hot_write_file("/proc/testpoint", "release " POINT);
    waitpid(p, &is, 0);
    hot_expect(is == status, "%s: P ends with status %x (%x)", what, status,
               is);
    read(child[0], &c, 1);
    hot_expect(c == said, "%s: the child %s", what,
               !said         ? "does not come to be"
               : said == 'h' ? "gets it, too"
                             : "goes on");
    close(to_p[1]);
    close(from_p[0]);
    close(child[0]);
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

/* A thread of P forks while its main thread ends the others. */
static void against_itself(void (*fn)(void), const char *what, int status)
{
    char path[64];
    pid_t tid, p = start(fn, &tid);

    write(to_p[1], "x", 1);
    snprintf(path, sizeof(path), "/proc/%d/task/%d/status", p, tid);
    while (!file_has(path, "SigPnd:\t0000000000000100"))
        sched_yield();
    finish(p, what, status, 0);
}

int main(int argc, char **argv)
{
    pid_t p, tid;

    if (argc > 1)
        return atoi(argv[1]);
    hot_begin("inflight");
    p = start(p_forks, &tid);
    kill(-p, SIGKILL);
    finish(p, "killed with its group", SIGKILL, 0);
    p = start(p_forks, &tid);
    kill(-1, SIGKILL);
    finish(p, "killed with everybody", SIGKILL, 0);
    p = start(p_forks, &tid);
    kill(-p, SIGTERM);
    finish(p, "a signal with a handler", 1 << 8, 'h');
    p = start(p_forks, &tid);
    kill(-p, SIGSTOP);
    kill(-p, SIGCONT);
    finish(p, "stopped and continued", 2 << 8, 'n');
    against_itself(p_exits, "exit_group", 3 << 8);
    against_itself(p_execs, "exec", 4 << 8);
    return hot_end();
}
