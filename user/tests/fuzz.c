/* SPDX-License-Identifier: MIT */
/*
 * Random system calls: fuzz SEED FIRST ROUNDS [CALLS]. Each round a child makes
 * CALLS calls whose arguments are drawn from what is most likely to be wrong;
 * its own children and threads go on with it. Then it is killed, if it has not
 * died yet. We are init: nothing that it does may stop us, or the kernel.
 *
 * A round depends on the seed and its number only, so that the one that fails
 * can be run alone. What it meets on its way (which frame is free, which of its
 * threads runs first) is the machine's.
 */
#define _GNU_SOURCE
#include "lib/fuzz_calls.h"
#include "lib/hot.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE   4  /* children of ours */
#define PROCESSES 40 /* with all that they have made */
#define PATIENCE  40 /* looks at a child that does not end, 1 ms apart */

static const char *const paths[] = {
    "/tmp", "/tmp/a", "/tmp/b", "/tmp/b/c", "", "/", ".", "..", "/nothing",
    "/dev/null", "/dev/zero", "/dev/full", "/dev/hda", "/dev/hdc",
    "/dev/ptmx", "/proc/self/maps", "/proc/self/smaps", "/proc/self/pagemap",
    "/proc/self/fd", "/proc/self/exe", "/proc/self/stat", "/proc/pageinfo",
    "/proc/kpagecount", "/proc/kpageflags", "/proc/meminfo", "/proc/vmstat",
    "/proc/mm_verify", "/proc/framemap", "/proc/self/oom_score_adj",
    "/proc/self/clear_refs", "/proc/sys/vm/overcommit_memory",
    "/proc/sys/vm/drop_caches", "/sys/devices/system/memory/memory2048/state",
    "/sys/devices/system/memory/memory2050/online", "/bin/busybox",
};

#define NR(a) (sizeof(a) / sizeof((a)[0]))

static __thread uint64_t random_state;
static char *arena;           /* where most addresses lie */
static int *processes;        /* how many there are; shared, atomic */

#define ARENA (64 * PAGE)

static uint64_t rnd(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static uint64_t below(uint64_t n)
{
    return rnd() % n;
}

static uint64_t some_bits(void)
{
    uint64_t bits = 0;

    for (unsigned n = (unsigned)below(5); n > 0; n--)
        bits |= 1ull << below(below(8) ? 24 : 64);
    return bits;
}

/* An edge: where arithmetic goes wrong. */
static uint64_t edge(void)
{
    static const uint64_t edges[] = {
        0, 1, 2, 4095, 4096, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
        0x7ffffffff000, 0x800000000000, 0x7fffffffffffffff,
        0x8000000000000000, 0xffff800000000000, 0xffffffff80000000,
        0xfffffffffffff000, 0xffffffffffffffff,
    };

    return edges[below(NR(edges))] + below(3) - 1;
}

static uint64_t some_address(void)
{
    switch (below(16)) {
    case 0:
        return 0;
    case 1:
        return edge();
    case 2:
        return (uint64_t)&random_state;
    case 3:
        return (uint64_t)__builtin_frame_address(0) - below(64 * PAGE);
    case 4:
        return (uint64_t)arena + below(ARENA);
    case 5: /* across the end of a page */
        return (uint64_t)arena + (1 + below(62)) * PAGE - 1 - below(16);
    default:
        return (uint64_t)arena + below(64) * PAGE;
    }
}

static uint64_t some_length(void)
{
    switch (below(8)) {
    case 0:
        return edge();
    case 1:
        return below(100);
    case 2:
        return below(1 << 20);
    default:
        return (1 + below(16)) * PAGE;
    }
}

static uint64_t some_process(void)
{
    switch (below(8)) {
    case 0:
        return (uint64_t)-1;
    case 1:
        return 1;
    case 2:
        return (uint64_t)getppid();
    case 3:
        return below(200);
    default:
        return (uint64_t)getpid();
    }
}

/* Words of the arena, filled anew: a structure of whatever kind. */
static uint64_t some_data(void)
{
    static uint64_t words[4][32];
    uint64_t *w = words[below(4)];

    for (unsigned i = 0; i < 32; i++) {
        const uint64_t kinds[] = {0, 0, below(64), some_address(), edge(),
                                  rnd(), some_bits(), some_length()};

        w[i] = kinds[below(NR(kinds))];
    }
    return (uint64_t)w;
}

static uint64_t some_iovec(void)
{
    static struct iovec vec[2][16];
    struct iovec *v = vec[below(2)];

    for (unsigned i = 0; i < 16; i++)
        v[i] = (struct iovec){(void *)some_address(), some_length()};
    return (uint64_t)v;
}

static uint64_t some_time(void)
{
    static struct timespec t;

    t.tv_sec = below(8) ? 0 : (time_t)edge();
    t.tv_nsec = (long)below(2000000);
    return below(8) ? (uint64_t)&t : some_address();
}

static uint64_t argument(char kind)
{
    switch (kind) {
    case 'a':
        return some_address();
    case 'l':
        return some_length();
    case 'f':
        return below(16) ? below(24) : edge();
    case 'p':
        return below(16) ? (uint64_t)paths[below(NR(paths))] : some_address();
    case 'b':
        return some_bits();
    case 'n':
        return below(8) ? below(34) : edge();
    case 'o':
        return below(4) ? below(64) * 512 : edge();
    case 's':
        return below(66);
    case 'i':
        return some_process();
    case 'v':
        return some_iovec();
    case 'd':
        return below(8) ? some_data() : some_address();
    case 't':
        return some_time();
    case 'c':
        return below(12);
    case 'k':
        return below(8) ? below(5) : edge();
    default:
        return below(2) ? rnd() : edge();
    }
}

/* A child of a child has a life of its own. */
static void born(void)
{
    random_state += (uint64_t)getpid() * 0x5851f42d4c957f2dull;
    if (__atomic_add_fetch(processes, 1, __ATOMIC_RELAXED) > PROCESSES)
        syscall(SYS_exit, 0);
}

static void one_call(void)
{
    const struct call *c = &calls[below(NR(calls))];
    uint64_t a[6] = {0};
    bool makes = c->nr == SYS_fork || c->nr == SYS_vfork ||
                 c->nr == SYS_clone || c->nr == SYS_clone3;

    for (unsigned i = 0; i < 6 && c->args[i]; i++)
        a[i] = argument(c->args[i]);
    if (below(50) == 0)
        a[below(6)] = rnd();
    if (c->nr == SYS_exit && below(8))
        return;
    /* Root may do that to init; it proves nothing. */
    if (c->nr == SYS_process_vm_writev || c->nr == SYS_prlimit64)
        a[0] = below(2) ? 0 : (uint64_t)getpid();
    if (c->nr == SYS_clone && below(2)) /* as fork has it */
        a[0] = SIGCHLD, a[1] = 0;
    if (syscall(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]) == 0 && makes)
        born();
}

static void touch(void)
{
    volatile char *p = arena + below(ARENA);

    if (below(2))
        *p = (char)rnd();
    else
        (void)*p;
}

/* The arena: private, shared, of a file, of a disk. */
static void prepare_arena(void)
{
    int how[] = {MAP_PRIVATE | MAP_ANONYMOUS, MAP_SHARED | MAP_ANONYMOUS};
    int fd;

    arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (unsigned i = 0; i < 4; i++)
        mmap(arena + below(60) * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE,
             how[below(2)] | MAP_FIXED, -1, 0);
    fd = memfd_create("fuzz", MFD_ALLOW_SEALING);
    if (fd >= 0 && ftruncate(fd, 8 * PAGE) == 0)
        mmap(arena + below(56) * PAGE, 8 * PAGE, PROT_READ | PROT_WRITE,
             (below(2) ? MAP_PRIVATE : MAP_SHARED) | MAP_FIXED, fd, 0);
}

static int null; /* opened before anybody can rename it */

static void open_some(void)
{
    int pair[2];

    for (int fd = 0; fd < 3; fd++) /* not our lines */
        dup2(null, fd);
    for (unsigned i = 0; i < 6; i++)
        (void)open(paths[below(NR(paths))],
                   O_RDWR | O_NONBLOCK | (below(3) ? 0 : O_DIRECT));
    (void)pipe2(pair, O_NONBLOCK);
    (void)open("/dev/hda", O_RDWR | O_DIRECT);
}

static void ignore(int sig)
{
    (void)sig;
}

static unsigned nr_calls;

/* Of each thread. They share what they tell the kernel, which so may change
   while it looks. */
static void *make_calls(void *seed)
{
    random_state = (uint64_t)seed;
    for (unsigned i = 0; i < nr_calls; i++) {
        one_call();
        if (below(8) == 0)
            touch();
    }
    return NULL;
}

static void child(uint64_t seed)
{
    pthread_t thread;

    random_state = seed;
    if (below(2))
        for (int sig = 1; sig < 32; sig++)
            if (sig != SIGSEGV && sig != SIGBUS)
                signal(sig, ignore);
    prepare_arena();
    open_some();
    for (unsigned n = (unsigned)below(4); n > 0; n--)
        (void)pthread_create(&thread, NULL, make_calls, (void *)rnd());
    make_calls((void *)rnd());
    _exit(0);
}

/* ---- init ---- */

static pid_t running[AT_ONCE];
static unsigned nr_killed, nr_ended;

static void reap(void)
{
    pid_t pid;

    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
        for (unsigned i = 0; i < AT_ONCE; i++)
            if (running[i] == pid) {
                running[i] = 0;
                nr_ended++;
            }
}

static void wait_a_little(void)
{
    struct timespec t = {0, 1000000};

    nanosleep(&t, NULL);
    reap();
}

/* All that is left, with what it has made: SIGKILL has to end it. */
static void end_all(void)
{
    for (unsigned i = 0; i < PATIENCE; i++)
        wait_a_little();
    for (unsigned i = 0; i < AT_ONCE; i++)
        nr_killed += running[i] != 0;
    kill(-1, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
    memset(running, 0, sizeof(running));
    *processes = 0;
}

static void rounds(uint64_t seed, uint64_t first, uint64_t n)
{
    for (uint64_t r = first; r < first + n; r++) {
        unsigned slot = (unsigned)(r % AT_ONCE);

        running[slot] = fork();
        if (running[slot] == 0)
            child(seed * 1000003 + r);
        if (slot == AT_ONCE - 1 || r == first + n - 1)
            end_all();
        if (r % 100 == 99)
            hot_say("round %lu", (unsigned long)r + 1);
    }
}

static uint64_t number(char **argv, int argc, int i, uint64_t otherwise)
{
    return i < argc ? strtoull(argv[i], NULL, 0) : otherwise;
}

int main(int argc, char **argv)
{
    uint64_t seed = number(argv, argc, 1, 1);

    hot_begin("fuzz");
    hot_swapon();
    hot_write_file("/proc/self/oom_score_adj", "-1000");
    processes = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (processes == MAP_FAILED)
        hot_die("no memory");
    null = open("/dev/null", O_RDWR);
    hot_say("seed %lu", (unsigned long)seed);
    nr_calls = (unsigned)number(argv, argc, 4, 300);
    rounds(seed, number(argv, argc, 2, 0), number(argv, argc, 3, 400));
    hot_result("ended=%u killed=%u", nr_ended, nr_killed);
    return hot_end();
}
