/* SPDX-License-Identifier: MIT */
/*
 * The memory system calls, a group at a time: what they do, and how they
 * refuse. Runs on Linux too, as root.
 *
 *   memcalls [remap]
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

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

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } groups[] = {{"remap", remap}};

    hot_begin("memcalls");
    swapon("/dev/hdc", 0);
    for (unsigned i = 0; i < sizeof(groups) / sizeof(*groups); i++)
        if (argc < 2 || !strcmp(argv[1], groups[i].name))
            groups[i].run();
    return hot_end();
}
