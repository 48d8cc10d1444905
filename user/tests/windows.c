/* SPDX-License-Identifier: MIT */
/*
 * What /proc says of this very process, checked against what it does: maps,
 * smaps, pagemap, kpagecount and kpageflags, statm, cmdline, oom_score_adj.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PRESENT (1ull << 63)
#define SWAPPED (1ull << 62)
#define FRAME   ((1ull << 55) - 1)
#define ANON    (1ull << 12)
#define MMAPPED (1ull << 11)

static uint64_t word(const char *path, uint64_t index)
{
    uint64_t w = 0;
    int fd = open(path, O_RDONLY);

    if (fd < 0 || pread(fd, &w, 8, (off_t)(index * 8)) != 8)
        hot_die("%s at %lu", path, (unsigned long)index);
    close(fd);
    return w;
}

static uint64_t pagemap(const void *p)
{
    return word("/proc/self/pagemap", (uintptr_t)p / PAGE);
}

static char text[65536];

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

/* How many whole areas of it a text of maps names. */
static unsigned areas_within(const char *maps, const char *from, size_t len)
{
    unsigned n = 0;

    for (const char *line = maps; *line; line = strchr(line, '\n') + 1) {
        char *start = (char *)strtoul(line, NULL, 16);

        n += start >= from && start < from + len;
    }
    return n;
}

/* Many areas: maps is made part by part, and they fit together. */
static void parts(void)
{
    enum { PAGES = 600 };
    char *p = hot_pages(PAGES);
    int fd = open("/proc/self/maps", O_RDONLY);
    char odd[1000];
    ssize_t n;

    for (unsigned i = 0; i < PAGES; i += 2)
        mprotect(p + i * PAGE, PAGE, PROT_READ);
    slurp("/proc/self/maps");
    hot_expect(areas_within(text, p, PAGES * PAGE) == PAGES,
               "maps names each of %d areas once", PAGES);
    lseek(fd, 20011, SEEK_SET);
    n = read(fd, odd, sizeof(odd));
    hot_expect(n > 0 && !memcmp(odd, text + 20011, (size_t)n),
               "maps is the same from anywhere");
    lseek(fd, 777, SEEK_SET);
    n = read(fd, odd, sizeof(odd));
    hot_expect(n > 0 && !memcmp(odd, text + 777, (size_t)n), "and backwards");
    close(fd);
    munmap(p, PAGES * PAGE);
}

/* The sum of a line's numbers over all areas, in KiB. */
static unsigned long sum_of(const char *path, const char *key)
{
    unsigned long sum = 0;
    size_t len = strlen(key);

    for (const char *l = slurp(path); l && *l; l = strchr(l, '\n')) {
        l += *l == '\n';
        if (!strncmp(l, key, len))
            sum += strtoul(l + len, NULL, 10);
    }
    return sum;
}

static void frames(void)
{
    char *p = hot_pages(2);
    uint64_t pfn;
    int status;

    hot_expect(!(pagemap(p) & PRESENT), "an untouched page is not present");
    p[0] = 1;
    pfn = pagemap(p) & FRAME;
    hot_expect((pagemap(p) & PRESENT) && pfn, "a touched one is");
    hot_expect(word("/proc/kpagecount", pfn) == 1, "mapped once");
    hot_expect((word("/proc/kpageflags", pfn) & (ANON | MMAPPED)) ==
                   (ANON | MMAPPED),
               "anonymous and mapped");
    if (fork() == 0)
        _exit((pagemap(p) & FRAME) == pfn && word("/proc/kpagecount", pfn) == 2
                  ? 0
                  : 1);
    wait(&status);
    hot_expect(status == 0, "twice in a child, and the same frame");
    madvise(p, PAGE, 21);
    hot_expect(!(pagemap(p) & PRESENT) && (pagemap(p) & SWAPPED),
               "paged out it is swapped");
    hot_expect(p[0] == 1 && (pagemap(p) & PRESENT), "and back");
}

static void odd_offsets(void)
{
    int fd = open("/proc/self/pagemap", O_RDONLY);
    uint64_t w;

    hot_expect(pread(fd, &w, 8, 4) < 0 && errno == EINVAL, "an odd offset");
    hot_expect(pread(fd, &w, 7, 8) < 0 && errno == EINVAL, "an odd length");
    hot_expect(pread(fd, &w, 8, 1l << 60) == 0, "far beyond the end");
    close(fd);
}

static void sums(void)
{
    unsigned long size, resident, rss = sum_of("/proc/self/smaps", "Rss:"),
                                  all = sum_of("/proc/self/smaps", "Size:");

    sscanf(slurp("/proc/self/statm"), "%lu %lu", &size, &resident);
    hot_expect(size * 4 == all, "statm's size is smaps's sum");
    hot_expect(resident * 4 >= rss && resident * 4 <= rss + 64,
               "statm's resident is smaps's Rss, or grew since");
    hot_expect(sum_of("/proc/self/smaps_rollup", "Rss:") + 64 > rss,
               "smaps_rollup says so too");
}

static void areas(void)
{
    char *p =
             mmap(NULL, 3 * PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
         want[64];

    mlock(p, PAGE);
    snprintf(want, sizeof(want), "%08lx-%08lx r--s", (unsigned long)p,
             (unsigned long)p + PAGE);
    hot_expect(strstr(slurp("/proc/self/maps"), want) != NULL,
               "maps shows a shared, locked page");
    hot_expect(strstr(text, "[stack]") && strstr(text, "/tests/windows"),
               "maps names the stack and the program");
    hot_expect(sum_of("/proc/self/smaps", "Locked:") == 4, "smaps: Locked");
    hot_expect(sum_of("/proc/self/status", "VmLck:") == 4, "status: VmLck");
}

/* Of a child, as init is never killed: it has what its parent has set. */
static bool child_scores(int low, int high)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        int score = atoi(slurp("/proc/self/oom_score"));

        _exit(score < low || score > high);
    }
    return waitpid(pid, &status, 0) == pid && status == 0;
}

static void words(char **argv)
{
    int fd = open("/proc/self/oom_score_adj", O_RDWR);

    hot_expect(!strcmp(slurp("/proc/self/cmdline"), argv[0]), "cmdline");
    hot_expect(!strcmp(slurp("/proc/self/comm"), "windows\n"), "comm");
    hot_expect(write(fd, "500", 3) == 3 &&
                   !strcmp(slurp("/proc/self/oom_score_adj"), "500\n") &&
                   child_scores(1000, 1010),
               "oom_score_adj");
    hot_expect(write(fd, "1001", 4) < 0 && errno == EINVAL, "its limit");
    hot_expect(write(fd, "-1000", 5) == 5 && child_scores(0, 0),
               "never to be killed");
    close(fd);
}

/* Init's score is 0 whatever is said of it: it is never to be killed. */
static void in_child(void (*test)(char **), char **argv)
{
    pid_t pid = fork();

    if (pid == 0) {
        test(argv);
        _exit(0); /* what failed is said already */
    }
    waitpid(pid, NULL, 0);
}

static void closed_doors(void)
{
    hot_expect(mkdir("/proc/x", 0755) < 0 && errno == ENOENT, "mkdir in /proc");
    hot_expect(open("/proc/y", O_CREAT | O_WRONLY, 0644) < 0 && errno == ENOENT,
               "a file in /proc");
    hot_expect(mkdir("/sys/devices/x", 0755) < 0 && errno == EPERM,
               "mkdir in /sys");
    hot_expect(unlink("/proc/meminfo") < 0 && errno == EPERM, "unlink there");
    hot_expect(rename("/proc/meminfo", "/tmp/m") < 0, "rename from there");
}

int main(int argc, char **argv)
{
    (void)argc;
    hot_begin("windows");
    hot_swapon();
    frames();
    odd_offsets();
    sums();
    areas();
    parts();
    in_child(words, argv);
    closed_doors();
    return hot_end();
}
