/* SPDX-License-Identifier: MIT */
/*
 * /proc of this very process: its threads, its open files, its settings; what
 * can be written, and how the rest is refused.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LARGEFILE 0100000 /* what libraries add to every open */

static char text[65536];

/* "" if it cannot be read. */
static const char *slurp(const char *path)
{
    int fd = open(path, O_RDONLY);
    ssize_t n, len = 0;

    while (fd >= 0 &&
           (n = read(fd, text + len, sizeof(text) - 1 - (size_t)len)) > 0)
        len += n;
    close(fd);
    text[len] = 0;
    return text;
}

static long number(const char *path, const char *key)
{
    const char *at = strstr(slurp(path), key);

    return at ? strtol(at + strlen(key), NULL, 0) : -1;
}

static unsigned count(const char *path)
{
    DIR *dir = opendir(path);
    unsigned n = 0;

    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return n - 2; /* . and .. */
}

/* ---- threads ---- */

static pthread_barrier_t barrier;
static char link_seen[64], name_seen[64];

static void *thread(void *arg)
{
    int fd = open("/proc/thread-self/comm", O_RDWR);
    ssize_t n = readlink("/proc/thread-self", link_seen, sizeof(link_seen) - 1);

    link_seen[n > 0 ? n : 0] = 0;
    if (fd >= 0 && write(fd, "a name that is too long", 23) == 23)
        n = pread(fd, name_seen, sizeof(name_seen) - 1, 0);
    close(fd);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return arg;
}

static void threads(void)
{
    char want[64], path[96];
    pthread_t t;

    pthread_barrier_init(&barrier, NULL, 2);
    pthread_create(&t, NULL, thread, NULL);
    pthread_barrier_wait(&barrier);
    snprintf(want, sizeof(want), "%d/task/", getpid());
    hot_expect(!strncmp(link_seen, want, strlen(want)) &&
                   atoi(link_seen + strlen(want)) != getpid(),
               "thread-self");
    hot_expect(!strcmp(name_seen, "a name that is \n"), "a thread's own name");
    hot_expect(!strcmp(slurp("/proc/self/comm"), "procfiles\n"),
               "is not its process's");
    hot_expect(count("/proc/self/task") == 2, "two threads");
    hot_expect(number("/proc/self/status", "Threads:") == 2, "status says so");
    snprintf(path, sizeof(path), "/proc/%s/stat", link_seen);
    hot_expect(atoi(slurp(path)) == atoi(link_seen + strlen(want)) &&
                   strstr(text, "(a name that is )"),
               "a thread's stat is its own");
    snprintf(path, sizeof(path), "/proc/%s/task", link_seen);
    hot_expect(access(path, F_OK) < 0 && errno == ENOENT,
               "a thread has no threads");
    pthread_barrier_wait(&barrier);
    pthread_join(t, NULL);
    snprintf(path, sizeof(path), "/proc/%s/stat", link_seen);
    while (access(path, F_OK) == 0)
        sched_yield(); /* whoever joins it is told before it has quite ended */
    hot_expect(errno == ENOENT, "a thread that has ended is gone");
}

/* ---- files ---- */

static void files(void)
{
    char path[64], to[64] = "";
    int fd = open("/tests/procfiles", O_RDONLY | O_CLOEXEC);

    lseek(fd, 123, SEEK_SET);
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    hot_expect(number(path, "pos:") == 123, "fdinfo: pos");
    hot_expect((number(path, "flags:") & ~LARGEFILE) == O_CLOEXEC,
               "fdinfo: flags");
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    hot_expect(readlink(path, to, sizeof(to) - 1) == 16 &&
                   !strcmp(to, "/tests/procfiles"),
               "fd: a link to it");
    close(fd);
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    hot_expect(access(path, F_OK) < 0, "a closed one is gone");
}

static void place(void)
{
    char to[64] = "";
    struct stat a, b;

    mkdir("/tmp/here", 0755);
    hot_expect(chdir("/tmp/here") == 0 &&
                   readlink("/proc/self/cwd", to, sizeof(to) - 1) == 9 &&
                   !strcmp(to, "/tmp/here"),
               "cwd: a link to the folder");
    rmdir("/tmp/here");
    hot_expect(stat(".", &a) == 0 && stat("/proc/self/cwd", &b) == 0 &&
                   a.st_ino == b.st_ino,
               "which leads there when the folder has no name any more");
    chdir("/");
}

static void input_and_output(void)
{
    long bytes = number("/proc/self/io", "rchar:"), more, calls;
    long length = (long)strlen(text);

    /* The first reading of the file itself is in the second: twice, as it
       ends with a read of nothing. */
    calls = number("/proc/self/io", "syscr:");
    more = number("/proc/self/io", "rchar:");
    hot_expect(more >= bytes + 2 * length && more < bytes + 4 * length,
               "io: bytes read");
    hot_expect(number("/proc/self/io", "syscr:") == calls + 4, "io: reads");
}

/* ---- memory ---- */

static void references(void)
{
    char *p = hot_pages(4);
    long before, cleared;

    memset(p, 1, 4 * PAGE);
    before = number("/proc/self/smaps_rollup", "Referenced:");
    hot_expect(hot_write_file("/proc/self/clear_refs", "1") == 0, "clear_refs");
    cleared = number("/proc/self/smaps_rollup", "Referenced:");
    hot_expect(cleared < before - 8, "nothing was used since, but by us");
    memset(p, 2, 4 * PAGE);
    hot_expect(number("/proc/self/smaps_rollup", "Referenced:") >= cleared + 16,
               "used again it is referenced again");
    hot_expect(hot_write_file("/proc/self/clear_refs", "9") == -EINVAL,
               "clear_refs: what is none");
    munmap(p, 4 * PAGE);
    hot_expect(number("/proc/self/status", "VmPeak:") >=
                   number("/proc/self/status", "VmSize:") + 16,
               "VmPeak remembers");
}

static void scores(void)
{
    static const char *const adj = "/proc/self/oom_adj",
                             *const score = "/proc/self/oom_score_adj";

    hot_expect(hot_write_file(adj, "10") == 0 && number(score, "") == 588 &&
                   number(adj, "") == 9,
               "oom_adj is the same on another scale");
    hot_expect(hot_write_file(adj, "15") == 0 && number(score, "") == 1000,
               "first of all");
    hot_expect(hot_write_file(adj, "-17") == 0 && number(score, "") == -1000,
               "never");
    hot_expect(hot_write_file(adj, "16") == -EINVAL, "oom_adj: its limit");
    hot_write_file(adj, "0");
}

/* ---- what can be set, and what cannot ---- */

static void setting(const char *path, const char *line, int error, long now)
{
    int said = hot_write_file(path, line);

    hot_expect(said == error && number(path, "") == now,
               "%s: \"%s\" (it said %d, and is %ld)", path, line, said,
               number(path, ""));
}

static void settings(void)
{
    static const char swappiness[] = "/proc/sys/vm/swappiness";
    static const char pid_max[] = "/proc/sys/kernel/pid_max";
    static const char pipe_max[] = "/proc/sys/fs/pipe-max-size";
    static const char min_free[] = "/proc/sys/vm/min_free_kbytes";

    setting(swappiness, "100", 0, 100);
    setting(swappiness, "201", -EINVAL, 100);
    setting(swappiness, "-1", -EINVAL, 100);
    setting(swappiness, "1x", -EINVAL, 100);
    setting(swappiness, "", 0, 100);
    setting(swappiness, " 5 6", 0, 5);
    setting(swappiness, "0x10", 0, 16);
    setting(swappiness, "010", 0, 8);
    setting(swappiness, "60", 0, 60);
    setting("/proc/sys/vm/overcommit_ratio", "3000000000", -EINVAL, 50);
    setting("/proc/sys/vm/max_map_count", "3000000000", -EINVAL, 65530);
    setting(pid_max, "300", -EINVAL, 32768);
    setting(pid_max, "5000", 0, 5000);
    setting(pid_max, "32768", 0, 32768);
    setting(pipe_max, "8000", 0, 8192);
    setting(min_free, "2000", 0, 2000);
    hot_expect(number("/proc/zoneinfo", "        min      ") > 0,
               "the zones have it");
    setting(min_free, "2000000000", -EINVAL, 2000);
    hot_expect(hot_write_file("/proc/sys/vm/drop_caches", "3") == 0 &&
                   hot_write_file("/proc/sys/vm/drop_caches", "0") == -EINVAL,
               "drop_caches");
}

static void counts(void)
{
    long before = number("/proc/sys/fs/file-nr", ""), requests;
    int fd = open("/dev/null", O_RDONLY);
    unsigned long context = 0;

    hot_expect(number("/proc/sys/fs/file-nr", "") == before + 1, "file-nr");
    close(fd);
    requests = number("/proc/sys/fs/aio-nr", "");
    syscall(SYS_io_setup, 10, &context);
    hot_expect(number("/proc/sys/fs/aio-nr", "") == requests + 10, "aio-nr");
    hot_write_file("/proc/sys/fs/aio-max-nr", "12");
    hot_expect(syscall(SYS_io_setup, 3, &(unsigned long){0}) < 0 &&
                   errno == EAGAIN,
               "aio-max-nr");
    hot_write_file("/proc/sys/fs/aio-max-nr", "65536");
    syscall(SYS_io_destroy, context);
    hot_expect(number("/proc/sys/fs/aio-nr", "") == requests, "and back");
}

static void refused(const char *path, int error)
{
    int said = hot_write_file(path, "1");

    hot_expect(said == -error, "%s is refused (%d)", path, said);
}

static void refusals(void)
{
    refused("/proc/meminfo", EIO);
    refused("/proc/self/stat", EINVAL);
    refused("/proc/sys/kernel/ostype", EACCES);
    refused("/sys/devices/system/cpu/online", EACCES);
    hot_expect(open("/proc/sys/vm/drop_caches", O_RDONLY) < 0 &&
                   errno == EACCES,
               "what can only be written is not read");
    hot_expect(open("/sys/x", O_CREAT | O_WRONLY, 0644) < 0 && errno == EACCES,
               "a file in /sys");
}

static void zombie(void)
{
    char path[64];
    pid_t pid = fork();
    siginfo_t si;

    if (pid == 0)
        _exit(3);
    waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT);
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    hot_expect(strstr(slurp(path), " (procfiles) Z ") && strstr(text, " 768\n"),
               "a zombie has its name and its status");
    snprintf(path, sizeof(path), "/proc/%d/maps", pid);
    hot_expect(!*slurp(path), "and no memory");
    snprintf(path, sizeof(path), "/proc/%d/cwd", pid);
    hot_expect(readlink(path, text, sizeof(text)) < 0 && errno == ENOENT,
               "nor is it anywhere");
    waitpid(pid, NULL, 0);
}

int main(void)
{
    hot_begin("procfiles");
    threads();
    files();
    place();
    input_and_output();
    references();
    scores();
    settings();
    counts();
    refusals();
    zombie();
    return hot_end();
}
