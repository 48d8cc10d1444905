/* SPDX-License-Identifier: MIT */
/*
 * No memory left, and who is to go cannot exit, or needs what somebody else
 * has (a kernel built with TESTPOINTS=1).
 *
 * V has more than half of all memory, and so is who is chosen. Each time
 * another process takes the rest of it.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define V_PAGES (30 * 256ul)

static char *area; /* V's; in others nothing is there */
static int data[2], said[2];

static void tell(char c)
{
    write(said[1], &c, 1);
}

/* What somebody tells; 0: all who could have gone. */
static char hear(void)
{
    char c = 0;

    read(said[0], &c, 1);
    return c;
}

static pid_t start(void (*fn)(void))
{
    pid_t pid = fork();

    if (pid == 0) {
        fn();
        _exit(0);
    }
    return pid;
}

static void touch_area(void)
{
    for (size_t i = 0; i < V_PAGES; i++)
        area[i * PAGE] = 1;
}

static void hog(void)
{
    for (;;) {
        char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        *p = 1;
    }
}

static bool file_has(const char *path, const char *text)
{
    char buf[512];
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

    if (n < 0)
        hot_die("no %s", path);
    close(fd);
    buf[n] = 0;
    return strstr(buf, text) != NULL;
}

static void wait_at_point(void)
{
    while (!file_has("/proc/testpoint", " waiting=1"))
        sched_yield();
}

static void wait_asleep(pid_t pid)
{
    char path[32];

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    while (file_has(path, ") R "))
        sched_yield();
}

static bool killed(pid_t pid)
{
    int status = 0;

    return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGKILL;
}

static void new_pipes(void)
{
    if (pipe(data) || pipe(said))
        hot_die("pipe");
}

static void close_pipes(void)
{
    for (int i = 0; i < 2; i++) {
        close(data[i]);
        close(said[i]);
    }
}

/* ---- V's memory has another user ---- */

static pid_t v;

static void v_waits(void)
{
    touch_area();
    tell('v');
    pause();
}

static void p_copies(void)
{
    struct iovec there = {area, V_PAGES * PAGE};
    ssize_t n = process_vm_readv(v, &there, 1, &there, 1, 0);

    tell(n > 0 && (size_t)n < there.iov_len ? 'p' : '?');
}

static void looked_at(void)
{
    pid_t p;

    hot_step(1, "P copies V's memory, and is a user of it, until none is left");
    new_pipes();
    v = start(v_waits);
    hear();
    p = start(p_copies);
    hot_expect(killed(v), "V is killed");
    hot_expect(hear() == 'p', "P gets as much as there was");
    waitpid(p, NULL, 0);
    close_pipes();
}

/* ---- V waits for a lock that the other one has ---- */

static void v_writes(void)
{
    touch_area();
    tell('v');
    write(data[1], "x", 1);
}

static void w_reads(void)
{
    char c;

    read(data[0], &c, 1);
}

static void locked_out(void)
{
    pid_t w, h;

    hot_step(2, "V waits for the lock of a pipe, whose holder does not go on");
    new_pipes();
    write(data[1], "a", 1);
    hot_write_file("/proc/testpoint", "arm pipe.locked");
    w = start(w_reads);
    wait_at_point();
    v = start(v_writes);
    hear();
    wait_asleep(v);
    h = start(hog);
    hot_expect(killed(v), "V is killed");
    hot_expect(file_has("/proc/testpoint", " waiting=1"),
               "the lock is still held");
    hot_expect(killed(h), "then it is the other one's turn");
    hot_write_file("/proc/testpoint", "release pipe.locked");
    waitpid(w, NULL, 0);
    close_pipes();
}

/* ---- V is making a child ---- */

static void v_forks(void)
{
    touch_area();
    close(data[0]);
    tell('v');
    while (!file_has("/proc/testpoint", "fork.made"))
        sched_yield();
    if (vfork() == 0) {
        write(data[1], "c", 1);
        _exit(0);
    }
}

static void in_a_fork(void)
{
    uint64_t before = hot_stat("oom_kill");
    char c = 0;
    pid_t h;

    hot_step(3, "V is making a child in its own memory");
    new_pipes();
    v = start(v_forks);
    hear();
    hot_write_file("/proc/testpoint", "arm fork.made");
    wait_at_point();
    h = start(hog);
    hot_expect(killed(h), "V's memory comes back, and is not enough either");
    hot_write_file("/proc/testpoint", "release fork.made");
    hot_expect(killed(v), "V is killed");
    close(data[1]);
    data[1] = -1;
    read(data[0], &c, 1);
    hot_expect(!c, "there is no child");
    hot_expect(hot_stat("oom_kill") == before + 2, "both were chosen once");
    close_pipes();
}

int main(void)
{
    hot_begin("oomhold");
    area = mmap(NULL, V_PAGES * PAGE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (area == MAP_FAILED)
        hot_die("mmap");
    looked_at();
    locked_out();
    in_a_fork();
    return hot_end();
}
