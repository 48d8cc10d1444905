/* SPDX-License-Identifier: MIT */
/*
 * What a program does to its own registers, timers and turns costs nobody
 * else anything. For one processor; runs on Linux too.
 */
#define _GNU_SOURCE
#include "lib/ok.h"
#include <linux/futex.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define MS 1000000l

static long raw(long nr, long a, long b, long c)
{
    long ret;

    __asm__ volatile("syscall"
                     : "=a"(ret)
                     : "a"(nr), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return ret;
}

static int status_of(pid_t pid)
{
    int status;

    waitpid(pid, &status, 0);
    return status;
}

/* ---- segments ---- */

static uint64_t thread_pointer(void)
{
    uint64_t p;

    __asm__ volatile("mov %%fs:0, %0" : "=r"(p));
    return p;
}

static uint64_t selectors(void)
{
    uint16_t s[4];

    __asm__ volatile("mov %%ds, %0\n\tmov %%es, %1\n\tmov %%fs, %2\n\t"
                     "mov %%gs, %3"
                     : "=r"(s[0]), "=r"(s[1]), "=r"(s[2]), "=r"(s[3]));
    return s[0] | (uint64_t)s[1] << 16 | (uint64_t)s[2] << 32 |
           (uint64_t)s[3] << 48;
}

static void load_selectors(unsigned s)
{
    __asm__ volatile("mov %0, %%ds\n\tmov %0, %%es\n\tmov %0, %%fs\n\t"
                     "mov %0, %%gs"
                     :
                     : "r"(s));
}

/* Loads selectors, and takes turns with us. The C library is of no use to it
   from then on: its thread pointer is gone. */
static void spoiler(unsigned s, int from, int to)
{
    char c;

    load_selectors(s);
    while (raw(SYS_read, from, (long)&c, 1) == 1)
        raw(SYS_write, to, (long)&c, 1);
    raw(SYS_exit, selectors() != s * 0x1000100010001ull, 0, 0);
}

static void beside(unsigned s)
{
    uint64_t pointer = thread_pointer(), mine = selectors();
    int to[2], from[2];
    bool same = true;
    char c = 0;
    pid_t pid;

    OK(pipe(to) == 0 && pipe(from) == 0);
    pid = fork();
    if (pid == 0) {
        close(to[1]);
        spoiler(s, to[0], from[1]);
    }
    close(to[0]);
    for (unsigned i = 0; i < 10; i++) {
        same &= raw(SYS_write, to[1], (long)&c, 1) == 1;
        same &= raw(SYS_read, from[0], (long)&c, 1) == 1;
        same &= thread_pointer() == pointer && selectors() == mine;
    }
    close(to[1]);
    hot_expect(same, "beside one that loads %x, segments stay", s);
    hot_expect(status_of(pid) == 0, "and so do its own");
    close(from[0]);
    close(from[1]);
}

static void segments(void)
{
    unsigned stack;

    __asm__ volatile("mov %%ss, %0" : "=r"(stack));
    beside(0);
    beside(stack & 0xffff);
}

/* ---- floating point, flags ---- */

#define MXCSR 0x1f80u

static uint32_t mxcsr(void)
{
    uint32_t v;

    __asm__ volatile("stmxcsr %0" : "=m"(v));
    return v;
}

static uint32_t seen;

static void look(int sig)
{
    (void)sig;
    seen = mxcsr();
}

static void handler_is_clean(void)
{
    uint32_t odd = MXCSR & ~0x80u; /* faults at the first bad operation */

    signal(SIGUSR1, look);
    __asm__ volatile("ldmxcsr %0" : : "m"(odd));
    raise(SIGUSR1);
    OK(seen == MXCSR && mxcsr() == odd);
    odd = MXCSR;
    __asm__ volatile("ldmxcsr %0" : : "m"(odd));
}

/* An x87 error that was not told yet is told to whom it belongs. */
static void pending_error(void)
{
    const uint16_t all = 0x340;
    pid_t pid = fork(), child;

    if (pid == 0) {
        __asm__ volatile("fninit\n\tfldcw %0\n\tfld1\n\tfldz\n\tfdivrp"
                         :
                         : "m"(all));
        child = (pid_t)raw(SYS_fork, 0, 0, 0);
        if (child && !WIFSIGNALED(status_of(child)))
            _exit(1);
        __asm__ volatile("fwait");
        _exit(2);
    }
    OK(WTERMSIG(status_of(pid)) == SIGFPE);
    OK(raw(SYS_getppid, 0, 0, 0) >= 0 && mxcsr() == MXCSR);
}

/* Each with the kernel entered by a call, by a fault and by an interrupt. */
static void odd_flags(uint64_t flag)
{
    volatile char *page = hot_pages(1);
    struct timespec pause = {0, MS};

    __asm__ volatile("pushf\n\tor %0, (%%rsp)\n\tpopf" : : "r"(flag) : "cc");
    page[0] = 1;
    raw(SYS_nanosleep, (long)&pause, 0, 0);
    raw(SYS_getpid, 0, 0, 0);
    __asm__ volatile("pushf\n\tandq $~0x4400, (%%rsp)\n\tpopf" : : : "cc");
}

static volatile int traps;

static void on_trap(int sig)
{
    (void)sig;
    traps++;
}

static void flags(void)
{
    uint64_t f;

    signal(SIGTRAP, on_trap);
    odd_flags(1 << 10); /* DF */
    odd_flags(1 << 14); /* NT */
    __asm__ volatile("pushf\n\torq $0x100, (%%rsp)\n\tpopf\n\tsyscall\n\t"
                     "pushf\n\tandq $~0x100, (%%rsp)\n\tpopf"
                     :
                     : "a"(SYS_getpid)
                     : "rcx", "r11", "cc", "memory");
    __asm__ volatile("pushf\n\tpop %0" : "=r"(f));
    OK(traps >= 2 && (f & 0x4500) == 0);
}

/* ---- what a handler returns to ---- */

static int how;

static void change(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)sig;
    (void)info;
    switch (how) {
    case 0:
        uc->uc_mcontext.gregs[REG_RIP] = (greg_t)0x800000000000;
        break;
    case 1:
        uc->uc_mcontext.gregs[REG_RIP] = (greg_t)0xffffffff80100000;
        break;
    case 2:
        uc->uc_mcontext.fpregs = (void *)0xffff888000000000;
        break;
    case 3: /* survives: bits that the processor does not have are dropped */
        uc->uc_mcontext.fpregs->mxcsr = ~0u;
        break;
    case 4: /* survives: IOPL, NT, VM, VIP are not a program's to set */
        uc->uc_mcontext.gregs[REG_EFL] |= 0x127000;
        break;
    case 5: /* SIGSEGV as well, or ignored */
        uc->uc_mcontext.gregs[REG_CSGSFS] = 0x10;
        break;
    case 6: /* the fault is the program's own, with the next push */
        uc->uc_mcontext.gregs[REG_RSP] = (greg_t)0x8000000000000000;
        break;
    }
}

static void returns(void)
{
    struct sigaction a = {.sa_sigaction = change, .sa_flags = SA_SIGINFO};

    sigaction(SIGUSR1, &a, NULL);
    for (how = 0; how < 7; how++) {
        pid_t pid = fork();
        int status;

        if (pid == 0) {
            raw(SYS_kill, getpid(), SIGUSR1, 0);
            _exit(0);
        }
        status = status_of(pid);
        if (how < 3)
            OK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
        else if (how < 5)
            OK(status == 0);
        else
            OK(status == 0 || WIFSIGNALED(status));
    }
}

/* ---- timers that nobody listens to ---- */

/* Interrupts of the clock, from /proc/interrupts. */
static long clock_interrupts(void)
{
    FILE *f = fopen("/proc/interrupts", "r");
    char line[256];
    long n = -1;

    while (f && fgets(line, sizeof(line), f))
        if (strstr(line, "LOC:"))
            n = atol(strstr(line, "LOC:") + 4);
    if (f)
        fclose(f);
    return n;
}

static long interrupts_while_asleep(void)
{
    struct timespec rest = {0, 50 * MS};
    long before = clock_interrupts();

    nanosleep(&rest, NULL);
    return clock_interrupts() - before;
}

static void ignored_timers(void)
{
    struct itimerval soon = {{0, 1}, {0, 1}}, now, none = {{0, 0}, {0, 0}};
    struct itimerspec often = {{0, 1000}, {0, 1000}};
    timer_t t;

    signal(SIGALRM, SIG_IGN);
    setitimer(ITIMER_REAL, &soon, NULL);
    OK(interrupts_while_asleep() < 30);
    OK(getitimer(ITIMER_REAL, &now) == 0 && now.it_value.tv_usec == 0 &&
       now.it_interval.tv_usec == 1);
    setitimer(ITIMER_REAL, &none, NULL);
    OK(timer_create(CLOCK_MONOTONIC, NULL, &t) == 0);
    OK(timer_settime(t, 0, &often, NULL) == 0);
    OK(interrupts_while_asleep() < 30);
    timer_delete(t);
}

static void on_alarm(int sig)
{
    (void)sig;
    seen++;
}

/* Its signal blocked: pending once, and it goes on when that was taken. */
static void blocked_timer(void)
{
    struct itimerval often = {{0, 100}, {0, 100}}, none = {{0, 0}, {0, 0}};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGALRM, on_alarm);
    seen = 0;
    setitimer(ITIMER_REAL, &often, NULL);
    OK(interrupts_while_asleep() < 30);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    while (seen < 3)
        pause();
    setitimer(ITIMER_REAL, &none, NULL);
    OK(seen >= 3);
}

/* ---- turns ---- */

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / MS;
}

/* The busy one has a slice each time that we are ahead of it, and not for each
   of our yields. */
static void yields(void)
{
    enum { YIELDS = 1000 };
    pid_t pid = fork();
    uint64_t start;

    if (pid == 0)
        for (;;)
            ;
    start = now_ms();
    for (unsigned i = 0; i < YIELDS; i++)
        sched_yield();
    OK(now_ms() - start < YIELDS / 5);
    kill(pid, SIGKILL);
    status_of(pid);
}

/* ---- a futex that is requeued to itself ---- */

static int word;

static int sleeps(void *arg)
{
    (void)arg;
    raw(SYS_futex, (long)&word, FUTEX_WAIT_PRIVATE, 0);
    raw(SYS_exit, 0, 0, 0);
    return 0;
}

static void requeue(void)
{
    static char stacks[2][16384] __attribute__((aligned(16)));
    struct timespec pause = {0, 10 * MS};
    pid_t pid = fork();

    if (pid == 0) {
        long n;

        for (unsigned i = 0; i < 2; i++)
            clone(sleeps, stacks[i] + sizeof(stacks[i]),
                  CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                      CLONE_THREAD,
                  NULL);
        nanosleep(&pause, NULL);
        n = syscall(SYS_futex, &word, FUTEX_REQUEUE_PRIVATE, 0, INT_MAX, &word,
                    0);
        _exit((int)n);
    }
    OK(WEXITSTATUS(status_of(pid)) == 2);
}

int main(void)
{
    hot_begin("neighbours");
    segments();
    handler_is_clean();
    pending_error();
    flags();
    returns();
    ignored_timers();
    blocked_timer();
    yields();
    requeue();
    return hot_end();
}
