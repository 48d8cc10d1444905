/* SPDX-License-Identifier: MIT */
/* futex(2), each operation by itself; words that are cleared. */
#include "threads.h"
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define OPS 14 /* of futex(2), and one that there is not */

static long futex(volatile int *addr, int op, long val, const void *time_or_n,
                  volatile int *addr2, unsigned val3)
{
    return syscall(SYS_futex, addr, op, val, time_or_n, addr2, val3);
}

static int word, other;
static struct timespec zero;

/* ---- arguments ---- */

/* No operation may sleep here: the word has another value, or time is over. */
static void operations(void)
{
    static const int flags[] = {0, FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME,
                                FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME};

    subject = "futex-op";
    for (int op = 0; op <= OPS; op++)
        for (unsigned f = 0; f < COUNT(flags); f++) {
            word = INT_MAX; /* nobody's number */
            NUM(futex(&word, op | flags[f], 6, &zero, &other, 6),
                "op %d flags %d", op, flags[f]);
            NUM(futex((int *)((char *)&word + 1), op | flags[f], 6, &zero,
                      &other, 6),
                "op %d flags %d, odd address", op, flags[f]);
            NUM(futex(KERNEL, op | flags[f], 6, &zero, &other, 6),
                "op %d flags %d, the kernel's address", op, flags[f]);
        }
    NUM(futex(&word, 1000, 0, NULL, NULL, 0), "op 1000");
}

static void times(void)
{
    static const struct {
        const char *name;
        struct timespec t;
    } given[] = {
        {"zero", {0, 0}},   {"1 ms", {0, 1000000}},           {"-1 s", {-1, 0}},
        {"-1 ns", {0, -1}}, {"too many ns", {0, 1000000000}},
    };
    static const int ops[] = {FUTEX_WAIT, FUTEX_WAIT_BITSET,
                              FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME};

    subject = "futex-time";
    word = 5;
    for (unsigned o = 0; o < COUNT(ops); o++) {
        for (unsigned t = 0; t < COUNT(given); t++)
            for (int v = 5; v <= 6; v++)
                NUM(futex(&word, ops[o], v, &given[t].t, NULL, 1),
                    "op %x value %d, %s", ops[o], v, given[t].name);
        NUM(futex(&word, ops[o], 5, KERNEL, NULL, 1), "op %x, the kernel's",
            ops[o]);
        NUM(futex(&word, ops[o], 5, &zero, NULL, 0), "op %x, no bits", ops[o]);
    }
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    NUM(futex(&word, FUTEX_WAIT_BITSET, 5, &now, NULL, 1), "a time just over");
    now.tv_nsec = 0;
    now.tv_sec += 2;
    NUM(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, &now, NULL,
              1),
        "a time since boot, for the wall's clock");
}

static void pages(void)
{
    int *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    subject = "futex-page";
    for (int private = 0; private <= FUTEX_PRIVATE_FLAG; private += 128) {
        NUM(futex(p, FUTEX_WAIT | private, 1, NULL, NULL, 0),
            "wait for another value, read-only %d", private);
        NUM(futex(p, FUTEX_WAIT | private, 0, &zero, NULL, 0),
            "wait, read-only, %d", private);
        NUM(futex(p, FUTEX_WAKE | private, 1, NULL, NULL, 0),
            "wake, read-only, %d", private);
        NUM(futex(&word, FUTEX_WAKE_OP | private, 1, (void *)1, p, 0),
            "wake-op, read-only, %d", private);
    }
    munmap(p, PAGE);
    NUM(futex(p, FUTEX_WAIT, 0, NULL, NULL, 0), "wait, nothing mapped");
    NUM(futex(p, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0),
        "wait, nothing mapped, private");
    NUM(futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, p, 0),
        "wake-op, nothing mapped");
    NUM(futex(p, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)1, &other, 0),
        "cmp-requeue, nothing mapped");
}

/* ---- several sleepers ---- */

#define SLEEPERS 4

static struct sleeper sleepers[SLEEPERS];
static unsigned bits[SLEEPERS];

static void *wait_here(struct sleeper *s)
{
    unsigned i = (unsigned)(s - sleepers);
    long ret = futex(s->arg, FUTEX_WAIT_BITSET, 0, NULL, NULL, bits[i]);

    s->result = ret ? -errno : 0;
    return NULL;
}

static void fall_asleep(unsigned n, int *at)
{
    word = other = 0;
    for (unsigned i = 0; i < n; i++) {
        bits[i] = 1u << i;
        start_asleep(&sleepers[i], wait_here, at);
    }
}

/* Who of them are awake after n were woken. */
static long awake(unsigned n)
{
    long sum = 0;

    for (;;) {
        unsigned found = 0;

        sum = 0;
        for (unsigned i = 0; i < SLEEPERS; i++)
            if (sleepers[i].done) {
                found++;
                sum |= 1l << i;
            }
        if (found >= n)
            return sum;
        sched_yield();
    }
}

static void wake_rest(const char *name, int *a, int *b)
{
    long n = futex(a, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);

    FACT(n, "%s: left here", name);
    if (b) {
        n = futex(b, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
        FACT(n, "%s: left there", name);
    }
    for (unsigned i = 0; i < SLEEPERS; i++)
        pthread_join(sleepers[i].thread, NULL);
}

static void wakes(void)
{
    static const int counts[] = {1, 2, 4, 5, 0, -1, INT_MAX};

    subject = "futex-wake";
    for (unsigned c = 0; c < COUNT(counts); c++) {
        fall_asleep(SLEEPERS, &word);
        long n = futex(&word, FUTEX_WAKE, counts[c], NULL, NULL, 0);

        FACT(n, "%d of four", counts[c]);
        FACT(awake((unsigned)n), "%d of four: who", counts[c]);
        wake_rest("then", &word, NULL);
    }
    for (unsigned set = 0; set < 32; set += 3) {
        fall_asleep(SLEEPERS, &word);
        long n = futex(&word, FUTEX_WAKE_BITSET, 2, NULL, NULL, set);

        FACT(n, "two of bits %x", set);
        FACT(n > 0 ? awake((unsigned)n) : 0, "two of bits %x: who", set);
        wake_rest("then", &word, NULL);
    }
}

static void requeues(void)
{
    static const int how[][2] = {{0, 0}, {1, 0},       {0, 1},  {1, 1}, {1, 9},
                                 {9, 9}, {1, INT_MAX}, {-1, 1}, {1, -1}};

    for (int cmp = 0; cmp < 2; cmp++)
        for (unsigned h = 0; h < COUNT(how); h++) {
            int op = cmp ? FUTEX_CMP_REQUEUE : FUTEX_REQUEUE;
            char name[32];

            subject = "futex-requeue";
            fall_asleep(SLEEPERS, &word);
            snprintf(name, sizeof(name), "op %d, %d and %d", op, how[h][0],
                     how[h][1]);
            NUM(futex(&word, op, how[h][0], (void *)(long)how[h][1], &other, 0),
                "%s", name);
            wake_rest(name, &word, &other);
        }
    fall_asleep(SLEEPERS, &word);
    NUM(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, &other, 1),
        "another value");
    NUM(futex(&word, FUTEX_REQUEUE, 1, (void *)1, &word, 0), "to itself");
    NUM(futex(&word, FUTEX_REQUEUE, 0, (void *)(long)INT_MAX, &word, 0),
        "to itself, all");
    wake_rest("to itself", &word, NULL);
}

/* ---- wake-op: a word is changed, and two futexes woken ---- */

static void wake_ops(void)
{
    subject = "futex-wake-op";
    for (int op = 0; op < 16; op++)
        for (int arg = 0; arg < 4096; arg += 1365) {
            other = 0x1234;
            NUM(futex(&word, FUTEX_WAKE_OP, 0, NULL, &other,
                      (unsigned)FUTEX_OP(op, arg, FUTEX_OP_CMP_EQ, 0)),
                "op %d argument %d", op, arg);
            FACT(other, "op %d argument %d: the word", op, arg);
        }
    for (int cmp = 0; cmp < 8; cmp++)
        for (int old = -1; old < 2; old++) {
            other = old;
            NUM(futex(&word, FUTEX_WAKE_OP, 0, NULL, &other,
                      (unsigned)FUTEX_OP(FUTEX_OP_SET, 7, cmp, 0)),
                "compare %d with %d", cmp, old);
            FACT(other, "compare %d with %d: the word", cmp, old);
        }
    fall_asleep(SLEEPERS, &other);
    NUM(futex(&word, FUTEX_WAKE_OP, 1, (void *)2, &other,
              (unsigned)FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0)),
        "as compared");
    NUM(futex(&word, FUTEX_WAKE_OP, 1, (void *)2, &other,
              (unsigned)FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0)),
        "not as compared");
    FACT(other, "the word then");
    wake_rest("then", &other, NULL);
    fall_asleep(SLEEPERS, &word);
    NUM(futex(&word, FUTEX_WAKE_OP, 1, (void *)2, &word,
              (unsigned)FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_GE, 0)),
        "both the same");
    wake_rest("both the same", &word, NULL);
}

/* ---- which mapping ---- */

/* Does a wake at one address find who sleeps at another? */
static void meet(const char *name, int *at, int *from)
{
    fall_asleep(1, at);
    FACT(futex(from, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), "%s, private",
         name);
    FACT(futex(from, FUTEX_WAKE, 1, NULL, NULL, 0), "%s", name);
    futex(at, FUTEX_WAKE, 1, NULL, NULL, 0);
    pthread_join(sleepers[0].thread, NULL);
}

static void mappings(void)
{
    int fd = memfd_create("futex", 0);

    subject = "futex-mapping";
    if (ftruncate(fd, 2 * PAGE))
        return;
    int *a = mmap(NULL, 2 * PAGE, 3, MAP_SHARED, fd, 0),
        *b = mmap(NULL, 2 * PAGE, 3, MAP_SHARED, fd, 0),
        *second = mmap(NULL, PAGE, 3, MAP_SHARED, fd, PAGE),
        *own = mmap(NULL, 2 * PAGE, 3, MAP_PRIVATE, fd, 0),
        *none = mmap(NULL, PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
        *all = mmap(NULL, PAGE, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    meet("a share", a, a);
    meet("another view", a, b);
    meet("another word", a, b + 1);
    meet("another page", a, b + 1024);
    meet("a view of the second page", a + 1024, second);
    meet("a private view", a, own);
    meet("from a private view", own, a);
    meet("in a private view", own, own);
    meet("anonymous", none, none);
    meet("anonymous, shared", all, all);
    fall_asleep(1, a);
    munmap(a, 2 * PAGE);
    FACT(futex(b, FUTEX_WAKE, 1, NULL, NULL, 0), "its view is gone");
    pthread_join(sleepers[0].thread, NULL);
    close(fd);
}

/* A child sleeps, the parent wakes. */
static void processes(void)
{
    static const struct {
        const char *name;
        int kind, op;
    } how[] = {{"shared", MAP_SHARED, 0},
               {"shared, private wait", MAP_SHARED, FUTEX_PRIVATE_FLAG},
               {"private", MAP_PRIVATE, 0}};

    subject = "futex-process";
    for (unsigned h = 0; h < COUNT(how); h++) {
        int *p = mmap(NULL, PAGE, 3, how[h].kind | MAP_ANONYMOUS, -1, 0);
        int status;
        pid_t pid;

        *p = 0;
        pid = fork();
        if (pid == 0) {
            futex(p, FUTEX_WAIT | how[h].op, 0, NULL, NULL, 0);
            _exit(3);
        }
        until_asleep(pid, pid);
        long n = futex(p, FUTEX_WAKE, 1, NULL, NULL, 0);

        FACT(n, "%s", how[h].name);
        if (!n)
            kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        FACT(status, "%s: it ends", how[h].name);
        munmap(p, PAGE);
    }
}

/* ---- signals ---- */

static volatile int handled;

static void on_signal(int s)
{
    (void)s;
    handled = my_tid();
}

static void *interrupted(struct sleeper *s)
{
    struct timespec far = {1000, 0};
    long ret = futex(&word, FUTEX_WAIT, 0, s->arg ? &far : NULL, NULL, 0);

    s->result = ret ? errno : 0;
    return NULL;
}

static void signals(void)
{
    struct sleeper s;

    subject = "futex-signal";
    for (int restart = 0; restart < 2; restart++)
        for (long timed = 0; timed < 2; timed++) {
            struct sigaction sa = {.sa_handler = on_signal,
                                   .sa_flags = restart ? SA_RESTART : 0};
            const char *name = restart ? "restarted" : "not restarted";

            sigaction(SIGUSR1, &sa, NULL);
            word = handled = 0;
            start_asleep(&s, interrupted, (void *)timed);
            syscall(SYS_tgkill, getpid(), s.tid, SIGUSR1);
            while (!handled)
                sched_yield();
            FACT(handled == s.tid, "%s %ld: in its thread", name, timed);
            while (!s.done && state_of(getpid(), s.tid) != 'S')
                sched_yield();
            NUM(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), "%s %ld: sleeps",
                name, timed);
            pthread_join(s.thread, NULL);
            ERR((int)s.result, "%s %ld: result", name, timed);
        }
}

/* ---- numbers of threads, and words that are cleared ---- */

static char stack[65536] __attribute__((aligned(16)));

static int child(void *arg)
{
    return *(int *)arg;
}

static void cleared(void)
{
    volatile int *shared =
        mmap(NULL, PAGE, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    static int code = 4;
    volatile int tid = 0, parent = 0;
    int status;
    pid_t pid;

    subject = "clear-tid";
    FACT(syscall(SYS_set_tid_address, &tid) == my_tid(), "set_tid_address");
    pid = clone(child, stack + sizeof(stack),
                CLONE_VM | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID |
                    CLONE_PARENT_SETTID | SIGCHLD,
                &code, &parent, NULL, &tid);
    waitpid(pid, &status, 0);
    FACT(status, "in the same memory: status");
    FACT(tid, "in the same memory: the word");
    FACT(parent == pid, "in the same memory: the parent's word");
    pid = (pid_t)syscall(SYS_clone,
                         CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD, 0,
                         0, shared, 0);
    if (pid == 0)
        _exit(*shared == getpid() ? 1 : 2);
    waitpid(pid, &status, 0);
    FACT(status, "in memory of its own: status");
    FACT(*shared == pid, "in memory of its own: the word stays");
    tid = 7;
    pid = clone(child, stack + sizeof(stack), CLONE_VM | SIGCHLD, &code, NULL,
                NULL, (void *)&tid);
    waitpid(pid, &status, 0);
    FACT(tid, "not asked for");
    syscall(SYS_set_tid_address, NULL);
}

static void *no_more(struct sleeper *s)
{
    (void)s;
    return NULL;
}

static void *until_told(struct sleeper *s)
{
    char c;

    (void)!read(*(int *)s->arg, &c, 1);
    return NULL;
}

static void numbers(void)
{
    struct sleeper s;
    int ends[2];

    subject = "tid";
    if (pipe(ends))
        return;
    start(&s, no_more, NULL);
    pthread_join(s.thread, NULL);
    while (state_of(getpid(), s.tid))
        sched_yield();
    NUM(syscall(SYS_tgkill, getpid(), s.tid, 0), "tgkill of one that ended");
    NUM(syscall(SYS_tkill, s.tid, 0), "tkill of one that ended");
    NUM(kill(s.tid, 0), "kill of one that ended");
    start_asleep(&s, until_told, &ends[0]);
    FACT(my_tid() == getpid(), "the first thread's");
    FACT(s.tid != getpid(), "the second's");
    NUM(syscall(SYS_tgkill, getpid(), s.tid, 0), "tgkill");
    NUM(syscall(SYS_tgkill, s.tid, s.tid, 0), "tgkill in no such group");
    NUM(syscall(SYS_tgkill, getppid(), s.tid, 0), "tgkill in another's group");
    NUM(syscall(SYS_tgkill, 0, s.tid, 0), "tgkill in group 0");
    NUM(syscall(SYS_tgkill, getpid(), 0, 0), "tgkill of 0");
    NUM(syscall(SYS_tgkill, getpid(), s.tid, 65), "tgkill with 65");
    NUM(syscall(SYS_tgkill, getpid(), s.tid, -1), "tgkill with -1");
    NUM(syscall(SYS_tkill, s.tid, 0), "tkill");
    NUM(syscall(SYS_tkill, 0, 0), "tkill of 0");
    NUM(kill(s.tid, 0), "kill of a thread");
    NUM(getpgid(s.tid) == getpgrp(), "getpgid of a thread");
    NUM(getsid(s.tid) == getsid(0), "getsid of a thread");
    NUM(setpgid(s.tid, 0), "setpgid of a thread");
    NUM(waitpid(s.tid, NULL, 0), "waitpid of a thread");
    (void)!write(ends[1], "", 1);
    pthread_join(s.thread, NULL);
    close(ends[0]);
    close(ends[1]);
}

static void robust_lists(void)
{
    unsigned long head[3] = {0};
    void *got = NULL;
    size_t size = 0;

    subject = "robust-list";
    NUM(syscall(SYS_set_robust_list, head, 23), "set, size 23");
    NUM(syscall(SYS_set_robust_list, head, 0), "set, size 0");
    NUM(syscall(SYS_set_robust_list, NULL, sizeof(head)), "set to none");
    NUM(syscall(SYS_get_robust_list, 0, &got, &size), "get");
    FACT(got == NULL, "get: none");
    FACT(size, "get: size");
    head[0] = (unsigned long)head;
    NUM(syscall(SYS_set_robust_list, head, sizeof(head)), "set");
    NUM(syscall(SYS_get_robust_list, getpid(), &got, &size), "get mine");
    FACT(got == head, "get mine: head");
    NUM(syscall(SYS_get_robust_list, 99999, &got, &size), "get of nobody");
    NUM(syscall(SYS_get_robust_list, -1, &got, &size), "get of -1");
    NUM(syscall(SYS_get_robust_list, 0, KERNEL, &size), "get into the kernel");
    NUM(syscall(SYS_get_robust_list, 0, &got, NULL), "get no size");
    syscall(SYS_set_robust_list, NULL, sizeof(head));
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    operations();
    times();
    pages();
    wakes();
    requeues();
    wake_ops();
    mappings();
    processes();
    signals();
    cleared();
    numbers();
    robust_lists();
    return 0;
}
