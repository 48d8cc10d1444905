/* SPDX-License-Identifier: MIT */
/* What /proc says of memory whose contents are known, to the page. */
#include "proctext.h"
#include <sys/mman.h>
#include <sys/wait.h>

/* ---- maps, smaps and pagemap of memory that is known ---- */

static char *base;

#define PAGES 8

/* The entry of smaps that begins at p. */
static const char *smap(const void *p)
{
    char start[24];

    snprintf(start, sizeof(start), "%08lx-", (unsigned long)p);
    return line_of(slurp("/proc/self/smaps"), start);
}

static void say_sums(const char *name, const void *p)
{
    static const char *const keys[] = {
        "Size:",          "KernelPageSize:", "MMUPageSize:",  "Rss:",
        "Pss:",           "Pss_Dirty:",      "Shared_Clean:", "Shared_Dirty:",
        "Private_Clean:", "Private_Dirty:",  "Anonymous:",    "LazyFree:",
        "AnonHugePages:", "Swap:",           "SwapPss:",      "Locked:"};
    const char *entry = smap(p), *end, *line;

    if (!entry) {
        FACT(-1, "%s", name);
        return;
    }
    for (unsigned i = 0; i < COUNT(keys); i++) {
        line = line_of(entry, keys[i]);
        if (line)
            printf("smaps.%s %.*s\n", name, (int)strcspn(line, "\n"), line);
        else
            printf("smaps.%s %s: none\n", name, keys[i]);
    }
    line = line_of(entry, "VmFlags:");
    end = line ? strchr(line, '\n') : NULL;
    static const char *const words[] = {" rd ", " wr ", " ex ", " sh ", " lo ",
                                        " dc ", " gd ", " ac ", " nr ", " wf "};

    for (unsigned i = 0; end && i < COUNT(words); i++) {
        const char *at = strstr(line, words[i]);

        FACT(at && at < end, "%s flag%s", name, words[i]);
    }
}

/* The lines from base on: addresses as pages from there, no file numbers. */
static void say_maps(const char *name)
{
    const char *at = slurp("/proc/self/maps");

    for (; *at; at += strcspn(at, "\n") + 1) {
        unsigned long start, end, off, nr, first = (unsigned long)base;
        char line[400], perms[5];
        int after = 0;

        snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
        if (sscanf(line, "%lx-%lx %4s %lx %*x:%*x %lu%n", &start, &end, perms,
                   &off, &nr, &after) != 5 ||
            start < first || start >= first + 100 * PAGE)
            continue;
        printf("maps.%s %lu to %lu: %s %08lx %d %s\n", name,
               (start - first) / PAGE, (end - first) / PAGE, perms, off,
               nr != 0, line + after + strspn(line + after, " "));
    }
}

static char *map(unsigned page, unsigned pages, int prot, int flags, int fd,
                 long off)
{
    char *p = mmap(base + page * PAGE, pages * PAGE, prot, flags | MAP_FIXED,
                   fd, off);

    return p == MAP_FAILED ? exit(1), NULL : p;
}

static int new_file(void)
{
    int fd = open("/tmp/a file", O_RDWR | O_CREAT | O_TRUNC, 0600);

    if (fd < 0 || ftruncate(fd, PAGES * PAGE))
        exit(1);
    return fd;
}

static void own_maps(void)
{
    int fd = new_file(), mem = memfd_create("name", 0);

    if (ftruncate(mem, PAGE))
        return;
    base =
        mmap(NULL, 100 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(base, 100 * PAGE);
    map(1, PAGES, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    map(11, PAGES, 3, MAP_SHARED, fd, 0);
    map(21, 2, 1, MAP_PRIVATE, fd, 3 * PAGE);
    map(31, 1, 5, MAP_SHARED, mem, 0);
    map(41, 1, 0, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    map(51, 1, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    map(61, 2, 2, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    say_maps("as made");
    mprotect(base + 3 * PAGE, PAGE, PROT_READ);
    say_maps("a page protected");
    mprotect(base + 3 * PAGE, PAGE, PROT_READ | PROT_WRITE);
    munmap(base + 13 * PAGE, PAGE);
    mremap(base + 21 * PAGE, 2 * PAGE, 4 * PAGE, 0);
    unlink("/tmp/a file");
    say_maps("whole again, a hole, grown, unlinked");
    munmap(base, 100 * PAGE);
    close(fd);
    close(mem);
}

static void own_smaps(void)
{
    int fd = new_file();
    int go[2], status;
    pid_t pid;
    char c;

    map(1, PAGES, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    say_sums("untouched", base + PAGE);
    memset(base + PAGE, 1, 3 * PAGE);
    say_sums("three written", base + PAGE);
    c = *(volatile char *)(base + 5 * PAGE);
    say_sums("one read", base + PAGE);
    mlock(base + PAGE, PAGES * PAGE);
    say_sums("locked", base + PAGE);
    munlock(base + PAGE, PAGES * PAGE);
    madvise(base + PAGE, PAGE, MADV_DONTNEED);
    say_sums("one dropped", base + PAGE);
    madvise(base + PAGE, PAGES * PAGE, MADV_DONTFORK);
    say_sums("not for children", base + PAGE);
    madvise(base + PAGE, PAGES * PAGE, MADV_DOFORK);
    if (pipe(go))
        return;
    pid = fork();
    if (pid == 0)
        _exit((int)read(go[0], &c, 1));
    say_sums("with a child", base + PAGE);
    base[2 * PAGE] = 3;
    say_sums("with a child, one written", base + PAGE);
    (void)!write(go[1], "", 1);
    waitpid(pid, &status, 0);
    say_sums("without it", base + PAGE);
    map(21, PAGES, 3, MAP_SHARED, fd, 0);
    memset(base + 21 * PAGE, 1, 2 * PAGE);
    say_sums("a file's share", base + 21 * PAGE);
    map(31, PAGES, 3, MAP_PRIVATE, fd, 0);
    c = *(volatile char *)(base + 31 * PAGE);
    c = *(volatile char *)(base + 32 * PAGE);
    base[32 * PAGE] = c;
    base[34 * PAGE] = c;
    FACT(line_of(smap(base + 31 * PAGE), "Anonymous:        8 kB") != NULL,
         "a private view: two pages are ours");
    munmap(base, 100 * PAGE);
    close(fd);
}

static void say_pagemap(const char *name, unsigned page)
{
    int fd = open("/proc/self/pagemap", O_RDONLY);
    uint64_t e = 0;
    long n = pread(fd, &e, 8, (long)((unsigned long)base / PAGE + page) * 8);

    close(fd);
    if (n != 8)
        FACT(n, "%s", name);
    FACT(e >> 63, "%s: present", name);
    FACT(e >> 62 & 1, "%s: swapped", name);
    FACT(e >> 61 & 1, "%s: file", name);
    FACT(e >> 56 & 1, "%s: exclusive", name);
    FACT((e & ((1ull << 55) - 1)) != 0, "%s: frame", name);
}

static void own_pagemap(void)
{
    int fd = new_file(), map_fd = open("/proc/self/pagemap", O_RDONLY);
    int go[2], status;
    uint64_t e[4];
    pid_t pid;
    char c;

    subject = "pagemap";
    map(1, PAGES, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    map(21, PAGES, 3, MAP_SHARED, fd, 0);
    base[PAGE] = 1;
    base[21 * PAGE] = 1;
    c = *(volatile char *)(base + 2 * PAGE);
    say_pagemap("written", 1);
    say_pagemap("read", 2);
    say_pagemap("untouched", 3);
    say_pagemap("not mapped", 15);
    say_pagemap("a file's", 21);
    say_pagemap("a file's, untouched", 22);
    if (pipe(go))
        return;
    pid = fork();
    if (pid == 0)
        _exit((int)read(go[0], &c, 1));
    say_pagemap("shared with a child", 1);
    (void)!write(go[1], "", 1);
    waitpid(pid, &status, 0);
    say_pagemap("child's gone", 1);
    NUM(pread(map_fd, e, 7, 0), "7 bytes");
    NUM(pread(map_fd, e, 8, 4), "from byte 4");
    NUM(pread(map_fd, e, 12, 0), "12 bytes");
    NUM(pread(map_fd, e, 32, 0), "32 bytes");
    NUM(pread(map_fd, e, 0, 0), "no bytes");
    NUM(pread(map_fd, KERNEL, 8, 0), "into the kernel");
    NUM(pread(map_fd, e, 8, 1l << 40), "past the end");
    NUM(write(map_fd, e, 8), "write");
    munmap(base, 100 * PAGE);
    close(fd);
    close(map_fd);
}

/* ---- status: which class a page is of ---- */

static long kib(const char *key)
{
    const char *line = line_of(slurp("/proc/self/status"), key);

    return line ? strtol(line + strlen(key), NULL, 10) : -1;
}

static void classes(void)
{
    static const char *const keys[] = {
        "VmLck:", "VmData:", "VmSwap:", "VmSize:"};
    long before[COUNT(keys)];
    int fd = new_file();

    subject = "status";
    for (unsigned step = 0; step < 5; step++) {
        for (unsigned i = 0; i < COUNT(keys); i++)
            before[i] = kib(keys[i]);
        if (step == 0)
            map(1, PAGES, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        else if (step == 1)
            memset(base + PAGE, 1, 3 * PAGE);
        else if (step == 2)
            memset(map(21, PAGES, 3, MAP_SHARED, fd, 0), 1, 2 * PAGE);
        else if (step == 3)
            mlock(base + PAGE, 2 * PAGE);
        else
            munmap(base, 100 * PAGE);
        for (unsigned i = 0; i < COUNT(keys); i++)
            FACT(kib(keys[i]) - before[i], "step %u %s", step, keys[i]);
    }
    close(fd);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    own_maps();
    subject = "smaps";
    own_smaps();
    own_pagemap();
    classes();
    return 0;
}
