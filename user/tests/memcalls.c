/* SPDX-License-Identifier: MIT */
/*
 * The memory system calls, a group at a time: what they do, and how they
 * refuse. Runs on Linux too, as root.
 *
 *   memcalls [remap|lock|ask|advise|limits|overcommit|stack]
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif
#define MADV_NONE_SUCH 99

#define OK(cond)         hot_expect((cond), "%s", #cond)
#define FAILS(call, err) OK((long)(call) == -1 && errno == (err))
#define RW               (PROT_READ | PROT_WRITE)

/* Addresses that nothing else has. */
static char *const place = (char *)0x10000000000ul;

static sigjmp_buf back;
static volatile int got_signal;

static void on_fault(int sig)
{
    got_signal = sig;
    siglongjmp(back, 1);
}

/* What does touching this byte do? 0, or the signal. */
static int touch(volatile char *p, bool write)
{
    signal(SIGSEGV, on_fault);
    signal(SIGBUS, on_fault);
    got_signal = 0;
    if (!sigsetjmp(back, 1)) {
        if (write)
            *p = *p;
        else
            (void)*p;
    }
    signal(SIGSEGV, SIG_DFL);
    signal(SIGBUS, SIG_DFL);
    return got_signal;
}

static void fill(char *p, unsigned pages, unsigned seed)
{
    for (unsigned i = 0; i < pages; i++)
        *(volatile unsigned *)(p + i * PAGE) = seed + i;
}

static bool filled(const char *p, unsigned pages, unsigned seed)
{
    unsigned wrong = 0;

    for (unsigned i = 0; i < pages; i++)
        wrong += *(const volatile unsigned *)(p + i * PAGE) != seed + i;
    return wrong == 0;
}

static char *map_at(char *where, unsigned pages)
{
    return mmap(where, pages * PAGE, RW,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static long peak_kb(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

/* The most memory at a time counts what comes back from swap. */
static void peak(void)
{
    char *p = hot_pages(600);
    long before;

    fill(p, 600, 1);
    OK(madvise(p, 600 * PAGE, MADV_PAGEOUT) == 0);
    OK(hot_write_file("/proc/self/clear_refs", "5") == 0);
    before = peak_kb();
    OK(filled(p, 600, 1) && munmap(p, 600 * PAGE) == 0);
    OK(peak_kb() >= before + 600 * (long)(PAGE / 1024) - 16);
}

static void remap_moves(void)
{
    char *p = map_at(place, 700), *q = place + 5000 * PAGE, *r;
    pid_t pid;
    int status;

    fill(p, 600, 1);
    OK(!madvise(p + 100 * PAGE, 100 * PAGE, MADV_PAGEOUT));
    pid = fork();
    if (pid == 0) { /* the parent's moves are not the child's */
        r = mremap(p, 700 * PAGE, 900 * PAGE, MREMAP_MAYMOVE);
        fill(r + 50 * PAGE, 50, 999);
        _exit(!(filled(r, 50, 1) && filled(r + 100 * PAGE, 500, 101)));
    }
    OK(mremap(p, 700 * PAGE, 800 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q) ==
       q);
    OK(touch(p, false) == SIGSEGV && touch(q + 799 * PAGE, true) == 0);
    OK(waitpid(pid, &status, 0) == pid && status == 0);
    OK(!madvise(q, 600 * PAGE, MADV_PAGEOUT) && filled(q, 600, 1));
    r = mremap(q, 600 * PAGE, 600 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
               NULL);
    OK(r != MAP_FAILED && filled(r, 600, 1) && *q == 0 && q[PAGE] == 0);
    OK(!munmap(r, 600 * PAGE) && !munmap(q, 800 * PAGE));
}

static void remap_in_place(void)
{
    char *p = map_at(place, 4), *shared;

    fill(p, 4, 1);
    OK(mremap(p, 4 * PAGE, 9 * PAGE, 0) == p && touch(p + 8 * PAGE, true) == 0);
    OK(mremap(p, 9 * PAGE, 2 * PAGE, 0) == p);
    OK(touch(p + 2 * PAGE, false) == SIGSEGV && filled(p, 2, 1));
    shared = mmap(NULL, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fill(shared, 4, 5);
    p = mremap(shared, 0, 4 * PAGE, MREMAP_MAYMOVE);
    OK(p != MAP_FAILED && p != shared && filled(p, 4, 5));
    fill(p, 4, 50);
    OK(filled(shared, 4, 50));
    OK(!munmap(p, 4 * PAGE) && !munmap(shared, 4 * PAGE));
    OK(!munmap(place, 2 * PAGE));
}

static void remap_refuses(void)
{
    const int fixed = MREMAP_MAYMOVE | MREMAP_FIXED;
    char *p = map_at(place, 4), *wall = map_at(place + 8 * PAGE, 1);

    FAILS(mremap(p, 4 * PAGE, 4 * PAGE, 8), EINVAL);
    FAILS(mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_FIXED, p + 99 * PAGE), EINVAL);
    FAILS(mremap(p, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0ul),
          EINVAL);
    FAILS(mremap(p + 1, PAGE, PAGE, MREMAP_MAYMOVE), EINVAL);
    FAILS(mremap(p, PAGE, 0, MREMAP_MAYMOVE), EINVAL);
    FAILS(mremap(p, 0, PAGE, MREMAP_MAYMOVE), EINVAL);
    FAILS(mremap(p + 4 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE), EFAULT);
    FAILS(mremap(p, 8 * PAGE, 9 * PAGE, MREMAP_MAYMOVE), EFAULT);
    FAILS(mremap(p, 4 * PAGE, 9 * PAGE, 0), ENOMEM);
    FAILS(mremap(p, 4 * PAGE, 4 * PAGE, fixed, p + 2 * PAGE), EINVAL);
    FAILS(mremap(p, 4 * PAGE, 4 * PAGE, fixed, p + 99 * PAGE + 1), EINVAL);
    OK(!munmap(p, 4 * PAGE) && !munmap(wall, PAGE));
}

static void remap(void)
{
    remap_moves();
    remap_in_place();
    remap_refuses();
}

/* ---- mlock, mincore, msync ---- */

/* How many of the pages are in memory? */
static int resident(char *p, unsigned pages)
{
    unsigned char vec[1024];
    int n = 0;

    if (mincore(p, pages * PAGE, vec))
        return -1;
    for (unsigned i = 0; i < pages; i++)
        n += vec[i] & 1;
    return n;
}

static void lock_ranges(void)
{
    char *p = map_at(place, 64), *none;

    OK(mlock(p + 1, 10 * PAGE) == 0 && resident(p, 64) == 11);
    OK(mlock2(p + 20 * PAGE, 10 * PAGE, MLOCK_ONFAULT) == 0);
    OK(resident(p, 64) == 11);
    fill(p, 64, 1);
    FAILS(madvise(p, PAGE, MADV_PAGEOUT), EINVAL);
    FAILS(madvise(p, PAGE, MADV_DONTNEED), EINVAL);
    FAILS(msync(p, PAGE, MS_INVALIDATE | MS_SYNC), EBUSY);
    OK(munlock(p, 64 * PAGE) == 0 && madvise(p, PAGE, MADV_DONTNEED) == 0);
    FAILS(mlock(p + 60 * PAGE, 10 * PAGE), ENOMEM);
    FAILS(munlock(p + 70 * PAGE, PAGE), ENOMEM);
    FAILS(mlock2(p, PAGE, 2), EINVAL);
    none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    FAILS(mlock(none, PAGE), ENOMEM);
    OK(munmap(none, PAGE) == 0 && munmap(p, 64 * PAGE) == 0);
}

static void lock_all(void)
{
    char *p = map_at(place, 16), *shared;

    FAILS(mlockall(0), EINVAL);
    FAILS(mlockall(MCL_ONFAULT), EINVAL);
    FAILS(mlockall(64), EINVAL);
    OK(mlockall(MCL_CURRENT) == 0 && resident(p, 16) == 16);
    OK(munmap(p, 16 * PAGE) == 0 && mlockall(MCL_FUTURE) == 0);
    p = map_at(place, 16);
    OK(resident(p, 16) == 16);
    OK(mremap(p, 16 * PAGE, 20 * PAGE, 0) == p && resident(p, 20) == 20);
    OK(mlockall(MCL_FUTURE | MCL_ONFAULT) == 0 && munmap(p, 20 * PAGE) == 0);
    p = map_at(place, 16);
    OK(resident(p, 16) == 0 && munlockall() == 0);
    shared = mmap(NULL, 8 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_LOCKED,
                  -1, 0);
    OK(resident(shared, 8) == 8 && munmap(shared, 8 * PAGE) == 0);
    OK(munmap(p, 16 * PAGE) == 0);
}

static void lock(void)
{
    lock_ranges();
    lock_all();
}

static void ask(void)
{
    char *p = map_at(place, 8);
    unsigned char vec[16];

    OK(resident(p, 8) == 0);
    fill(p, 3, 1);
    OK(resident(p, 8) == 3);
    FAILS(mincore(p + 1, PAGE, vec), EINVAL);
    FAILS(mincore(p, 9 * PAGE, vec), ENOMEM);
    FAILS(mincore(p, PAGE, (unsigned char *)8), EFAULT);
    OK(mincore(p, 0, vec) == 0);
    OK(msync(p, 8 * PAGE, MS_SYNC) == 0 && msync(p, PAGE, 0) == 0);
    FAILS(msync(p, 9 * PAGE, MS_SYNC), ENOMEM);
    FAILS(msync(p + 1, PAGE, MS_SYNC), EINVAL);
    FAILS(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
    FAILS(msync(p, PAGE, 64), EINVAL);
    OK(munmap(p, 8 * PAGE) == 0);
}

/* ---- madvise ---- */

static void advise_pages(void)
{
    char *p = map_at(place, 64);

    OK(madvise(p, 8 * PAGE, MADV_POPULATE_WRITE) == 0 && resident(p, 64) == 8);
    OK(madvise(p, 16 * PAGE, MADV_POPULATE_READ) == 0);
    OK(resident(p, 64) == 16);
    fill(p, 64, 1);
    OK(madvise(p, 64 * PAGE, MADV_COLD) == 0);
    OK(madvise(p, 64 * PAGE, MADV_PAGEOUT) == 0);
    OK(madvise(p, 64 * PAGE, MADV_WILLNEED) == 0 && filled(p, 64, 1));
    OK(madvise(p, 4 * PAGE, MADV_DONTNEED) == 0 && p[0] == 0);
    OK(filled(p + 4 * PAGE, 60, 5));
    OK(madvise(p, 64 * PAGE, MADV_FREE) == 0);
    fill(p, 64, 7);
    OK(filled(p, 64, 7));
    OK(madvise(p, 64 * PAGE, MADV_SEQUENTIAL) == 0);
    OK(madvise(p, 64 * PAGE, MADV_DONTDUMP) == 0);
    OK(madvise(p, 0, MADV_DONTNEED) == 0);
    FAILS(madvise(p, 65 * PAGE, MADV_DONTNEED), ENOMEM);
    OK(p[63 * PAGE] == 0); /* and yet it was done */
    FAILS(madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL);
    FAILS(madvise(p, 0, MADV_NONE_SUCH), EINVAL);
    FAILS(madvise(p, PAGE, MADV_REMOVE), EINVAL);
    OK(mprotect(p, PAGE, PROT_READ) == 0);
    FAILS(madvise(p, PAGE, MADV_POPULATE_WRITE), EINVAL);
    OK(munmap(p, 64 * PAGE) == 0);
}

static void advise_shared(void)
{
    char *p = mmap(NULL, 8 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    fill(p, 8, 1);
    OK(madvise(p + 2 * PAGE, 2 * PAGE, MADV_REMOVE) == 0);
    OK(p[2 * PAGE] == 0 && filled(p, 2, 1) && filled(p + 4 * PAGE, 4, 5));
    OK(madvise(p, 8 * PAGE, MADV_DONTNEED) == 0 && filled(p, 2, 1));
    FAILS(madvise(p, PAGE, MADV_FREE), EINVAL);
    FAILS(madvise(p, PAGE, MADV_WIPEONFORK), EINVAL);
    OK(munmap(p, 8 * PAGE) == 0);
}

static void advise_fork(void)
{
    char *p = map_at(place, 12);
    int status = -1;

    fill(p, 12, 1);
    OK(madvise(p, 4 * PAGE, MADV_WIPEONFORK) == 0);
    OK(madvise(p + 4 * PAGE, 4 * PAGE, MADV_DONTFORK) == 0);
    if (fork() == 0)
        _exit(p[0] != 0 || touch(p + 5 * PAGE, false) != SIGSEGV ||
              !filled(p + 8 * PAGE, 4, 9));
    OK(wait(&status) > 0 && status == 0 && filled(p, 12, 1));
    OK(madvise(p, 4 * PAGE, MADV_KEEPONFORK) == 0);
    OK(madvise(p, 8 * PAGE, MADV_DOFORK) == 0);
    if (fork() == 0)
        _exit(!filled(p, 12, 1));
    OK(wait(&status) > 0 && status == 0);
    OK(munmap(p, 12 * PAGE) == 0);
}

static void advise(void)
{
    advise_pages();
    advise_shared();
    advise_fork();
}

/* ---- limits ---- */

static void set_limit(int which, rlim_t soft)
{
    struct rlimit r;

    getrlimit(which, &r);
    r.rlim_cur = soft;
    OK(setrlimit(which, &r) == 0);
}

static void *map_more(unsigned long bytes, int prot)
{
    return mmap(NULL, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void note_signal(int sig)
{
    got_signal = sig;
}

static void size_limit(void)
{
    int fd = open("/tmp/fsize", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char buf[64] = "";

    signal(SIGXFSZ, note_signal);
    set_limit(RLIMIT_FSIZE, 100);
    OK(fd >= 0 && write(fd, buf, 64) == 64 && write(fd, buf, 64) == 36);
    FAILS(write(fd, buf, 64), EFBIG);
    OK(got_signal == SIGXFSZ);
    FAILS(ftruncate(fd, 101), EFBIG);
    OK(ftruncate(fd, 100) == 0 && ftruncate(fd, 10) == 0);
    FAILS(pwrite(fd, buf, 1, 100), EFBIG);
    OK(pwrite(fd, buf, 0, 200) == 0);
    set_limit(RLIMIT_FSIZE, RLIM_INFINITY);
    signal(SIGXFSZ, SIG_DFL);
    OK(close(fd) == 0 && unlink("/tmp/fsize") == 0);
}

static void limits(void)
{
    struct rlimit r;
    char *p;
    int fd[2];

    OK(getrlimit(RLIMIT_STACK, &r) == 0 && r.rlim_cur == 8ul << 20);
    set_limit(RLIMIT_AS, 64ul << 20);
    FAILS(map_more(64ul << 20, PROT_NONE), ENOMEM);
    p = map_more(8ul << 20, RW);
    OK(p != MAP_FAILED);
    FAILS(mremap(p, 8ul << 20, 65ul << 20, MREMAP_MAYMOVE), ENOMEM);
    set_limit(RLIMIT_AS, RLIM_INFINITY);
    OK(munmap(p, 8ul << 20) == 0);
    set_limit(RLIMIT_DATA, 16ul << 20);
    FAILS(map_more(16ul << 20, RW), ENOMEM);
    p = map_more(16ul << 20, PROT_READ);
    OK(p != MAP_FAILED);
    FAILS(mprotect(p, 16ul << 20, RW), ENOMEM);
    set_limit(RLIMIT_DATA, RLIM_INFINITY);
    OK(mprotect(p, 16ul << 20, RW) == 0 && munmap(p, 16ul << 20) == 0);
    FAILS(map_more(1ul << 45, RW), ENOMEM); /* more than there could be */
    p = mmap(NULL, 1ul << 36, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
             -1, 0);
    OK(p != MAP_FAILED && munmap(p, 1ul << 36) == 0);
    set_limit(RLIMIT_NOFILE, 3);
    FAILS(pipe(fd), EMFILE);
    set_limit(RLIMIT_NOFILE, 64);
    OK(pipe(fd) == 0 && close(fd[0]) == 0 && close(fd[1]) == 0);
    OK(getrlimit(RLIMIT_NOFILE, &r) == 0);
    r.rlim_max = 2ul << 20;
    FAILS(setrlimit(RLIMIT_NOFILE, &r), EPERM);
    r.rlim_cur = r.rlim_max + 1;
    FAILS(setrlimit(RLIMIT_NOFILE, &r), EINVAL);
    FAILS(getrlimit(99, &r), EINVAL);
    size_limit();
}

/* ---- the policies of overcommit: not to be played with elsewhere ---- */

static void overcommit(void)
{
    void *p;

    if (access("/proc/mm_verify", F_OK))
        return;
    OK(hot_write_file("/proc/sys/vm/overcommit_memory", "1") == 0);
    p = map_more(1ul << 40, RW);
    OK(p != MAP_FAILED && munmap(p, 1ul << 40) == 0);
    OK(hot_write_file("/proc/sys/vm/overcommit_memory", "2") == 0);
    OK(hot_write_file("/proc/sys/vm/overcommit_kbytes", "4096") == 0);
    p = map_more(1ul << 30, PROT_NONE);
    OK(p != MAP_FAILED);
    FAILS(mprotect(p, 1ul << 30, RW), ENOMEM);
    FAILS(mmap(p, 1ul << 30, RW,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0),
          ENOMEM);
    FAILS(mmap(NULL, 1ul << 30, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
               -1, 0),
          ENOMEM);
    OK(mprotect(p, 1ul << 20, RW) == 0 && munmap(p, 1ul << 30) == 0);
    OK(hot_write_file("/proc/sys/vm/overcommit_ratio", "50") == 0);
    OK(hot_write_file("/proc/sys/vm/overcommit_memory", "0") == 0);
    OK(hot_write_file("/proc/sys/vm/max_map_count", "8") == 0);
    p = map_more(8 * PAGE, RW);
    OK(p == MAP_FAILED || mprotect((char *)p + PAGE, PAGE, PROT_READ) == -1);
    OK(errno == ENOMEM);
    OK(hot_write_file("/proc/sys/vm/max_map_count", "65530") == 0);
    OK(p == MAP_FAILED || munmap(p, 8 * PAGE) == 0);
}

/* ---- stacks and tables ---- */

static volatile uintptr_t low;

/* Use so much of the stack, not for the compiler to see through. */
static __attribute__((noinline)) void use_stack(unsigned long bytes)
{
    volatile char frame[65536];

    frame[0] = 1;
    low = (uintptr_t)frame;
    if (bytes > sizeof(frame))
        use_stack(bytes - sizeof(frame));
    frame[65535] = 1;
}

static int status_of_stack(unsigned long bytes, rlim_t limit, bool neighbour)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        set_limit(RLIMIT_STACK, limit);
        use_stack(1);
        if (neighbour)
            mmap((char *)(low & ~(PAGE - 1)) - (2ul << 20), PAGE, RW,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        use_stack(bytes);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return status;
}

/* As far down as there were pages below the place where it was made; and what
   is below it stays free, unless somebody insists. */
static void growing(void)
{
    const int grows = MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED;
    char *p = mmap((char *)(32 * PAGE), 4 * PAGE, RW, grows, -1, 0), *q;
    int fd = open("/tmp/grows", O_RDWR | O_CREAT, 0600);

    fill(p, 4, 1);
    OK(mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place) ==
       place);
    OK(touch(place - 32 * PAGE, true) == 0);
    OK(touch(place - 33 * PAGE, true) == SIGSEGV);
    OK(madvise(place, 4 * PAGE, MADV_PAGEOUT) == 0 && filled(place, 4, 1));
    q = mmap(place - 34 * PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    OK(q != MAP_FAILED && q != place - 34 * PAGE);
    OK(munmap(q, PAGE) == 0 && munmap(place - 32 * PAGE, 36 * PAGE) == 0);
    FAILS(mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_GROWSDOWN, fd, 0), EINVAL);
    OK(close(fd) == 0 && unlink("/tmp/grows") == 0);
}

static void stack(void)
{
    unsigned wrong = 0;
    char *p;

    growing();
    OK(status_of_stack(6ul << 20, 8ul << 20, false) == 0);
    OK(WTERMSIG(status_of_stack(6ul << 20, 4ul << 20, false)) == SIGSEGV);
    OK(status_of_stack(16ul << 20, 32ul << 20, false) == 0);
    OK(status_of_stack(512ul << 10, 8ul << 20, true) == 0);
    OK(WTERMSIG(status_of_stack(1536ul << 10, 8ul << 20, true)) == SIGSEGV);
    /* Many tables come and go, under pages that stay. */
    for (unsigned long i = 0; i < 200; i++) {
        p = map_at(place + i * (2ul << 20), 2);
        fill(p, 2, (unsigned)i);
        wrong += !filled(p, 2, (unsigned)i) || munmap(p, 2 * PAGE);
    }
    OK(wrong == 0);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } groups[] = {{"remap", remap},   {"lock", lock},
                  {"ask", ask},       {"advise", advise},
                  {"limits", limits}, {"overcommit", overcommit},
                  {"stack", stack},   {"peak", peak}};

    hot_begin("memcalls");
    swapon("/dev/hdc", 0);
    for (unsigned i = 0; i < sizeof(groups) / sizeof(*groups); i++)
        if (argc < 2 || !strcmp(argv[1], groups[i].name))
            groups[i].run();
    return hot_end();
}
