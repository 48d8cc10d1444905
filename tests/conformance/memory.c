/* SPDX-License-Identifier: MIT */
/* mmap and its like: every combination that may make a difference. */
#include "say.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

static const struct {
    const char *name;
    unsigned long addr;
} addrs[] = {
    {"any", 0},
    {"hint", 0x7000000000},
    {"odd", 0x7000000001},
    {"low", PAGE},
    {"top", 0x7ffffffff000},
    {"kernel", (unsigned long)KERNEL},
    {"minus", ~0xffful},
};
static const unsigned long lens[] = {0, 1, PAGE, 3 * PAGE, 1ul << 47, ~0ul};
static const int prots[] = {0, 1, 2, 3, 4, 5, 7, 8, 0x100, 0x01000003};
static const int flags[] = {
    0,
    MAP_PRIVATE,
    MAP_SHARED,
    3,
    MAP_ANONYMOUS,
    MAP_PRIVATE | MAP_ANONYMOUS,
    MAP_SHARED | MAP_ANONYMOUS,
    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
    MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN,
    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK,
    MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED,
    MAP_PRIVATE | MAP_ANONYMOUS | 0x40000000,
};

static void try_mmap(const char *name, unsigned long addr, unsigned long len,
                     int prot, int flag, int fd, long off)
{
    long p = syscall(SYS_mmap, addr, len, prot, flag, fd, off);

    say_result(p == -1 ? -1 : 0, 0,
               "mmap %s len=%lx prot=%x flags=%x %s off=%lx", name, len, prot,
               flag, fd < 0 ? "-" : "fd", off);
    if (p != -1)
        munmap((void *)p, len);
}

static void anonymous(void)
{
    subject = "mmap";
    for (unsigned f = 0; f < COUNT(flags); f++)
        for (unsigned l = 0; l < COUNT(lens); l++)
            try_mmap("any", 0, lens[l], 3, flags[f], -1, 0);
    for (unsigned a = 0; a < COUNT(addrs); a++)
        for (unsigned f = 5; f < 9; f++)
            try_mmap(addrs[a].name, addrs[a].addr, PAGE, 3, flags[f], -1, 0);
    for (unsigned p = 0; p < COUNT(prots); p++)
        for (unsigned f = 5; f < 7; f++)
            try_mmap("any", 0, PAGE, prots[p], flags[f], -1, 0);
}

static void files(void)
{
    static const int modes[] = {O_RDONLY, O_WRONLY, O_RDWR};
    static const long offs[] = {
        0,
        1,
        4096,
        -4096,
        1l << 40,
        1l << 62,
        0x7fffffffffffe000,
        0x7ffffffffffff000,
    };

    subject = "mmap-file";
    close(open("/tmp/f", O_CREAT | O_RDWR | O_TRUNC, 0600));
    if (truncate("/tmp/f", 3 * (long)PAGE))
        return;
    for (unsigned m = 0; m < COUNT(modes); m++) {
        int fd = open("/tmp/f", modes[m]);

        for (int prot = 0; prot < 8; prot++)
            for (int share = 1; share <= 2; share++) {
                printf("%d ", modes[m]);
                try_mmap("any", 0, PAGE, prot, share, fd, 0);
            }
        close(fd);
    }
    int fd = open("/tmp/f", O_RDWR);

    for (unsigned o = 0; o < COUNT(offs); o++)
        for (int share = 1; share <= 2; share++)
            try_mmap("any", 0, PAGE, 3, share, fd, offs[o]);
    for (int share = 1; share <= 2; share++)
        try_mmap("any", 0, PAGE, 3, share | MAP_GROWSDOWN, fd, 0);
    close(fd);
    try_mmap("closed", 0, PAGE, 3, MAP_SHARED, fd, 0);
    fd = open("/tmp", O_RDONLY);
    try_mmap("folder", 0, PAGE, 1, MAP_SHARED, fd, 0);
    close(fd);
    fd = open("/dev/null", O_RDWR);
    try_mmap("null", 0, PAGE, 1, MAP_SHARED, fd, 0);
    close(fd);
    fd = open("/dev/zero", O_RDWR);
    try_mmap("zero", 0, PAGE, 3, MAP_PRIVATE, fd, 0);
    try_mmap("zero", 0, PAGE, 3, MAP_PRIVATE | MAP_GROWSDOWN, fd, 0);
    close(fd);
    for (unsigned o = 0; o < COUNT(offs); o++)
        try_mmap("none", 0, PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, offs[o]);
    fd = open("/tmp/f", O_RDWR);
    for (int type = 0; type < 9; type++) {
        try_mmap("type", 0, PAGE, 3, type, fd, 0);
        try_mmap("type", 0, PAGE, 3, type | MAP_ANONYMOUS, -1, 0);
    }
    for (int bit = 6; bit < 32; bit++)
        if (1 << bit != MAP_FIXED_NOREPLACE)
            for (int share = 1; share <= 3; share += 2)
                try_mmap("bit", 0, PAGE, 3, share | 1 << bit, fd, 0);
    close(fd);
    fd = open("/tmp/f", O_RDONLY);
    try_mmap("read-only", 0, PAGE, 3, 0, fd, 0);
    try_mmap("read-only", 0, PAGE, 3, MAP_SHARED_VALIDATE, fd, 0);
    char *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    NUM(mprotect(p, PAGE, PROT_READ | PROT_WRITE),
        "write to a read-only share");
    munmap(p, PAGE);
    p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    NUM(mprotect(p, PAGE, PROT_READ | PROT_WRITE), "write to a private one");
    munmap(p, PAGE);
    close(fd);
}

static char *area(unsigned pages)
{
    return mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Three pages, of which the middle one is not mapped. */
static char *with_hole(void)
{
    char *p = area(3);

    munmap(p + PAGE, PAGE);
    return p;
}

static void ranges(void)
{
    static const struct {
        const char *name;
        int call;
    } calls[] = {{"munmap", SYS_munmap},
                 {"mprotect", SYS_mprotect},
                 {"msync", SYS_msync},
                 {"mlock", SYS_mlock},
                 {"munlock", SYS_munlock}};
    static const unsigned long sizes[] = {0, 1, PAGE, 1ul << 47, ~0ul};

    subject = "range";
    for (unsigned c = 0; c < COUNT(calls); c++)
        for (unsigned a = 0; a < COUNT(addrs); a++)
            for (unsigned l = 0; l < COUNT(sizes); l++)
                NUM(syscall(calls[c].call, addrs[a].addr, sizes[l],
                            c == 2 ? 4 : 1),
                    "%s %s %lx", calls[c].name, addrs[a].name, sizes[l]);
    for (unsigned c = 0; c < COUNT(calls); c++) {
        char *p = with_hole();

        NUM(syscall(calls[c].call, p, 3 * PAGE, c == 2 ? 4 : 1),
            "%s over a hole", calls[c].name);
        NUM(syscall(calls[c].call, p + 1, PAGE, c == 2 ? 4 : 1), "%s unaligned",
            calls[c].name);
        munmap(p, 3 * PAGE);
    }
}

static void advice(void)
{
    char *p = area(4),
         *s = mmap(NULL, PAGE, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    subject = "madvise";
    for (int a = -1; a < 30; a++) {
        if (a == 21 || a == 14 || a == 15 || a == 12 || a == 13 || a == 25)
            continue; /* Debian has huge pages; paging out depends on swap */
        p[0] = 1;
        NUM(madvise(p, PAGE, a), "private %d", a);
        s[0] = 1;
        NUM(madvise(s, PAGE, a), "shared %d", a);
        FACT(s[0], "shared %d then", a);
    }
    NUM(madvise(p + 1, PAGE, 4), "unaligned");
    NUM(madvise(p, 0, 4), "nothing");
    NUM(madvise(p, ~0ul, 4), "too much");
    NUM(madvise(NOWHERE, PAGE, 4), "nowhere");
    munmap(p, 4 * PAGE);
    p = with_hole();
    memset(p, 1, PAGE);
    memset(p + 2 * PAGE, 1, PAGE);
    NUM(madvise(p, 3 * PAGE, MADV_DONTNEED), "over a hole");
    FACT(p[0] + p[2 * PAGE], "over a hole then");
    mlock(p, PAGE);
    NUM(madvise(p, PAGE, MADV_DONTNEED), "locked");
    munmap(p, 3 * PAGE);
}

static void moving(void)
{
    static const int mflags[] = {0, 1, 2, 3, 4, 5, 7, 8};
    static const unsigned long to[] = {0, 1, PAGE, 2 * PAGE, 8 * PAGE, ~0ul};

    subject = "mremap";
    for (unsigned f = 0; f < COUNT(mflags); f++)
        for (unsigned l = 0; l < COUNT(to); l++) {
            char *p = area(6), *q;

            munmap(p + 4 * PAGE, 2 * PAGE);
            mmap(p + 4 * PAGE, PAGE, 1, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                 -1, 0); /* in the way */
            memset(p, 7, 4 * PAGE);
            q = (char *)syscall(SYS_mremap, p, 4 * PAGE, to[l], mflags[f],
                                p + 100 * PAGE);
            say_result(q == MAP_FAILED ? -1 : 0, 0, "flags=%d to %lx",
                       mflags[f], to[l]);
            if (q != MAP_FAILED) {
                FACT(q == p, "flags=%d to %lx stays", mflags[f], to[l]);
                FACT(q[0], "flags=%d to %lx holds", mflags[f], to[l]);
                munmap(q, to[l]);
            }
            munmap(p, 6 * PAGE);
        }
    char *p = area(4);

    NUM(syscall(SYS_mremap, p + 1, PAGE, PAGE, 1, 0), "unaligned");
    NUM(syscall(SYS_mremap, NOWHERE, PAGE, 2 * PAGE, 1, 0), "nowhere");
    NUM(syscall(SYS_mremap, p, 4 * PAGE, 4 * PAGE, 3, p + PAGE), "overlap");
    NUM(syscall(SYS_mremap, p, PAGE, PAGE, 3, 1), "to unaligned");
    NUM(syscall(SYS_mremap, p, PAGE, PAGE, 3, KERNEL), "to the kernel");
    NUM(syscall(SYS_mremap, p, 0, PAGE, 1, 0), "private, from nothing");
    munmap(p, 4 * PAGE);
}

static void residency(void)
{
    unsigned char vec[8];
    char *p = area(4);

    subject = "mincore";
    p[PAGE] = 1;
    memset(vec, 9, sizeof(vec));
    NUM(mincore(p, 4 * PAGE, vec), "four");
    for (int i = 0; i < 5; i++)
        FACT(vec[i] == 9 ? 9 : vec[i] & 1, "page %d", i);
    NUM(mincore(p + 1, PAGE, vec), "unaligned");
    NUM(mincore(p, PAGE, NOWHERE), "bad vector");
    NUM(mincore(p, PAGE, KERNEL), "the kernel's vector");
    NUM(mincore(p, 0, vec), "nothing");
    NUM(mincore(KERNEL, PAGE, vec), "the kernel");
    munmap(p + PAGE, PAGE);
    NUM(mincore(p, 4 * PAGE, vec), "a hole");
    subject = "msync";
    for (int f = 0; f < 9; f++)
        NUM(msync(p, PAGE, f), "flags %d", f);
    subject = "mlockall";
    for (int f = 0; f < 9; f++)
        NUM(mlockall(f), "flags %d", f);
    NUM(munlockall(), "munlockall");
    subject = "mlock2";
    for (unsigned f = 0; f < 3; f++)
        NUM(syscall(SYS_mlock2, p, PAGE, f), "flags %u", f);
    munmap(p, 4 * PAGE);
}

static void heap(void)
{
    char *start = sbrk(0);

    subject = "brk";
    FACT(syscall(SYS_brk, 0) == (long)start, "asked");
    FACT(syscall(SYS_brk, start + 5 * PAGE) == (long)start + 5 * (long)PAGE,
         "grown");
    start[4 * PAGE] = 1;
    FACT(syscall(SYS_brk, start + 1) == (long)start + 1, "cut");
    FACT(syscall(SYS_brk, start + 5 * PAGE) == (long)start + 5 * (long)PAGE,
         "grown again");
    FACT(start[4 * PAGE], "is empty");
    FACT(syscall(SYS_brk, 1) == (long)start + 5 * (long)PAGE, "below");
    FACT(syscall(SYS_brk, ~0ul) == (long)start + 5 * (long)PAGE, "above");
    syscall(SYS_brk, start);
}

static void limits(void)
{
    struct rlimit old, r;

    subject = "limits";
    getrlimit(RLIMIT_AS, &old);
    r = (struct rlimit){64ul << 20, old.rlim_max};
    setrlimit(RLIMIT_AS, &r);
    try_mmap("AS", 0, 128ul << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    try_mmap("AS", 0, 1ul << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    setrlimit(RLIMIT_AS, &old);
    getrlimit(RLIMIT_DATA, &old);
    r = (struct rlimit){1ul << 20, old.rlim_max};
    setrlimit(RLIMIT_DATA, &r);
    try_mmap("DATA", 0, 8ul << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    try_mmap("DATA", 0, 8ul << 20, 1, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    try_mmap("DATA", 0, 8ul << 20, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    setrlimit(RLIMIT_DATA, &old);
}

int main(void)
{
    anonymous();
    files();
    ranges();
    advice();
    moving();
    residency();
    heap();
    limits();
    return 0;
}
