/* SPDX-License-Identifier: MIT */
/*
 * The windows onto frames agree with each other: every mapping that
 * /proc/kpagecount counts is in some process's Rss, every frame that
 * kpageflags calls free is in MemFree, and a section that goes offline goes
 * in all of them at once.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PRESENT        (1ull << 63)
#define FILE_OR_SHARED (1ull << 61)
#define FRAME          ((1ull << 55) - 1)
#define BUDDY          (1ull << 10)
#define MMAPPED        (1ull << 11)
#define ANON           (1ull << 12)
#define SLAB           (1ull << 7)
#define PGTABLE        (1ull << 26)
#define NOPAGE         (1ull << 20)

#define DIMM_SECTION   2048ul /* at 4 GiB */
#define SECTION_FRAMES 512ul
#define STATE          "/sys/devices/system/memory/memory2048/state"

static int counts, flags, pagemap;
static DIR *proc; /* always open: its memory is in every sum */
static uint64_t words[4096];

static uint64_t word(int fd, uint64_t index)
{
    uint64_t w;

    if (pread(fd, &w, 8, (off_t)(index * 8)) != 8)
        hot_die("word %lu: errno %d", (unsigned long)index, errno);
    return w;
}

static uint64_t page_of(const void *p)
{
    return word(pagemap, (uintptr_t)p / PAGE);
}

static uint64_t frame_of(const void *p)
{
    return page_of(p) & FRAME;
}

/* The sum over all frames of their words, or (bits) how many have a bit. */
static uint64_t sum(int fd, uint64_t bits)
{
    uint64_t all = 0;
    off_t at = 0;
    ssize_t n;

    while ((n = pread(fd, words, sizeof(words), at)) > 0) {
        for (ssize_t i = 0; i < n / 8; i++)
            all += bits ? (words[i] & bits) != 0 : words[i];
        at += n;
    }
    return all;
}

static const char *slurp(const char *path)
{
    static char text[4096];
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

    close(fd);
    text[n > 0 ? n : 0] = 0;
    return text;
}

static uint64_t meminfo_frames(const char *key)
{
    const char *at = strstr(slurp("/proc/meminfo"), key);

    return at ? strtoul(at + strlen(key), NULL, 10) / 4 : 0;
}

static uint64_t resident_of(const char *pid)
{
    char path[64];
    unsigned long size, resident = 0;

    snprintf(path, sizeof(path), "/proc/%.20s/statm", pid);
    sscanf(slurp(path), "%lu %lu", &size, &resident);
    return resident;
}

static uint64_t resident_of_all(void)
{
    struct dirent *d;
    uint64_t all = 0;

    rewinddir(proc);
    while ((d = readdir(proc)))
        if (d->d_name[0] >= '0' && d->d_name[0] <= '9')
            all += resident_of(d->d_name);
    return all;
}

/* ---- what is looked at ---- */

static bool near(uint64_t a, uint64_t b, uint64_t slack)
{
    return a <= b + slack && b <= a + slack;
}

/* In frames: blocks of each order, in each zone. */
static uint64_t free_in_blocks(void)
{
    uint64_t all = 0;
    char *line, *rest, *end;

    for (line = strtok_r((char *)slurp("/proc/buddyinfo"), "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        char *at = strstr(line, "zone") + 4;

        at += strspn(at, " ");
        at += strcspn(at, " ");
        for (unsigned order = 0;; order++, at = end) {
            uint64_t n = strtoul(at, &end, 10);

            if (end == at)
                break;
            all += n << order;
        }
    }
    return all;
}

/* A processor that frees or takes something meanwhile moves a frame or two. */
static void same_as_meminfo(uint64_t bits, const char *key, uint64_t slack)
{
    uint64_t counted = sum(flags, bits), said = meminfo_frames(key);

    hot_result("%s=%lu said=%lu", key, (unsigned long)counted,
               (unsigned long)said);
    hot_expect(near(counted, said, slack), "kpageflags agrees with %s", key);
}

/* Short lists keep some free frames from the buddy's blocks: 64 each. */
static void sums(void)
{
    uint64_t mapped = sum(counts, 0), resident = resident_of_all();
    uint64_t said = meminfo_frames("MemFree:"), blocks = free_in_blocks();

    hot_result("mapped=%lu resident=%lu said=%lu blocks=%lu",
               (unsigned long)mapped, (unsigned long)resident,
               (unsigned long)said, (unsigned long)blocks);
    hot_expect(mapped == resident, "kpagecount's sum is all Rss");
    same_as_meminfo(BUDDY, "MemFree:", 16);
    same_as_meminfo(ANON, "AnonPages:", 0);
    same_as_meminfo(PGTABLE, "PageTables:", 2);
    same_as_meminfo(SLAB, "Slab:", 16);
    hot_expect(blocks <= said + 16 && said <= blocks + 2 * 2 * 64 + 16,
               "buddyinfo agrees with MemFree");
}

/* Two processes for as long as the pipe is open. */
static pid_t second_process(int *door)
{
    int ends[2];
    char c;
    pid_t pid;

    if (pipe(ends))
        hot_die("pipe");
    pid = fork();
    if (pid == 0) {
        close(ends[1]);
        _exit(read(ends[0], &c, 1) != 0);
    }
    close(ends[0]);
    *door = ends[1];
    return pid;
}

static void shared_by_two(void)
{
    char *own = hot_pages(1), *both = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t before;
    int door;
    pid_t pid;

    own[0] = both[0] = 1;
    pid = second_process(&door);
    before = frame_of(own);
    sums();
    hot_expect(word(counts, before) == 2, "a page shared by fork counts 2");
    own[0] = 2;
    hot_expect(word(counts, frame_of(own)) == 1, "once written it counts 1");
    hot_expect(frame_of(own) != before && word(counts, before) == 1,
               "and the one of before is the child's alone");
    both[0] = 2;
    hot_expect(page_of(both) & FILE_OR_SHARED, "shared memory says so");
    hot_expect(!(word(flags, frame_of(both)) & ANON) &&
                   (word(flags, frame_of(both)) & MMAPPED),
               "it is not anonymous");
    close(door);
    waitpid(pid, NULL, 0);
    hot_expect(word(counts, frame_of(both)) == 1, "alone again");
    sums();
}

/* Half of the buffer is not there: nothing is read, and nothing is skipped. */
static void bad_buffer(int fd, const char *name)
{
    char *p = hot_pages(2);

    mprotect(p + PAGE, PAGE, PROT_NONE);
    lseek(fd, 0, SEEK_SET);
    hot_expect(read(fd, p, 2 * PAGE) < 0 && errno == EFAULT &&
                   lseek(fd, 0, SEEK_CUR) == 0,
               "%s: EFAULT leaves the position", name);
    hot_expect(read(fd, p, PAGE) == (ssize_t)PAGE &&
                   lseek(fd, 0, SEEK_CUR) == (off_t)PAGE,
               "%s: a page of words", name);
    munmap(p, 2 * PAGE);
}

/* How many words of the DIMM's first section have these bits. */
static unsigned in_section(int fd, uint64_t bits)
{
    unsigned n = 0;

    for (unsigned long i = 0; i < SECTION_FRAMES; i++)
        n += (word(fd, DIMM_SECTION * SECTION_FRAMES + i) & bits) != 0;
    return n;
}

/* User pages come from the DIMM first: enough of them to have some there. */
static void removal(void)
{
    size_t n = 5 * SECTION_FRAMES;
    char *p = hot_pages(n);
    uint64_t total = meminfo_frames("MemTotal:");
    unsigned wrong = 0, there = 0;

    for (size_t i = 0; i < n; i++)
        p[i * PAGE] = (char)i;
    hot_expect(in_section(flags, ANON) > 0, "the section has pages of ours");
    hot_expect(hot_write_file(STATE, "offline") == 0, "it goes offline");
    hot_expect(in_section(flags, NOPAGE) == SECTION_FRAMES,
               "kpageflags: no frame is left of it");
    hot_expect(in_section(counts, ~0ull) == 0, "kpagecount: none is mapped");
    hot_expect(near(total - meminfo_frames("MemTotal:"), SECTION_FRAMES, 16),
               "MemTotal is a section less");
    for (size_t i = 0; i < n; i++) {
        wrong += p[i * PAGE] != (char)i;
        there += frame_of(p + i * PAGE) / SECTION_FRAMES == DIMM_SECTION;
    }
    hot_expect(!wrong && !there, "our pages are elsewhere, as they were");
    hot_expect(hot_write_file(STATE, "offline") == -EINVAL, "twice: EINVAL");
    hot_expect(hot_write_file(STATE, "online") == 0, "it comes back");
    hot_expect(in_section(flags, NOPAGE) == 0, "kpageflags: all of it");
    hot_expect(meminfo_frames("MemTotal:") == total, "MemTotal is as before");
    munmap(p, n * PAGE);
}

int main(void)
{
    hot_begin("frames");
    counts = open("/proc/kpagecount", O_RDONLY);
    flags = open("/proc/kpageflags", O_RDONLY);
    pagemap = open("/proc/self/pagemap", O_RDONLY);
    memset(words, 1, sizeof(words));
    proc = opendir("/proc");
    hot_warm_up();
    resident_of_all(); /* what it needs is there from now on */
    sums();
    shared_by_two();
    bad_buffer(counts, "kpagecount");
    bad_buffer(flags, "kpageflags");
    bad_buffer(pagemap, "pagemap");
    removal();
    return hot_end();
}
