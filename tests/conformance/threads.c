/* SPDX-License-Identifier: MIT */
/* POSIX threads, as a C library makes them of the kernel's calls. */
#include "sleeps.h"
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define THREADS 4

static struct sleeper sleepers[THREADS];
static volatile int ready, handled;

static void start_all(void *(*fn)(struct sleeper *))
{
    for (unsigned i = 0; i < THREADS; i++)
        start_asleep(&sleepers[i], fn, (void *)(long)i);
}

static long join_all(void)
{
    long sum = 0;

    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(sleepers[i].thread, NULL);
        sum += sleepers[i].result;
    }
    return sum;
}

static long how_many_done(unsigned at_least)
{
    for (;;) {
        unsigned n = 0;

        for (unsigned i = 0; i < THREADS; i++)
            n += sleepers[i].done != 0;
        if (n >= at_least)
            return n;
        sched_yield();
    }
}

/* ---- condition variables ---- */

static void *wait_for_cond(struct sleeper *s)
{
    pthread_mutex_lock(&lock);
    s->result = pthread_cond_wait(&cond, &lock);
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void conditions(void)
{
    static const struct timespec past = {1, 0}, bad = {0, 1000000000};
    static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC};

    subject = "cond";
    start_all(wait_for_cond);
    ERR(pthread_cond_signal(&cond), "signal");
    FACT(how_many_done(1), "signal: one");
    ERR(pthread_cond_broadcast(&cond), "broadcast");
    FACT(join_all(), "broadcast: all");
    FACT(how_many_done(4), "broadcast: four");
    ERR(pthread_cond_signal(&cond), "signal nobody");
    for (unsigned c = 0; c < COUNT(clocks); c++) {
        pthread_condattr_t attr;
        pthread_cond_t timed;
        struct timespec soon;

        pthread_condattr_init(&attr);
        ERR(pthread_condattr_setclock(&attr, clocks[c]), "clock %u", c);
        pthread_cond_init(&timed, &attr);
        pthread_mutex_lock(&lock);
        ERR(pthread_cond_timedwait(&timed, &lock, &past), "clock %u, past", c);
        ERR(pthread_cond_timedwait(&timed, &lock, &bad), "clock %u, bad", c);
        clock_gettime(clocks[c], &soon);
        soon.tv_nsec += 2000000;
        soon.tv_sec += soon.tv_nsec / 1000000000;
        soon.tv_nsec %= 1000000000;
        ERR(pthread_cond_timedwait(&timed, &lock, &soon), "clock %u, soon", c);
        FACT(pthread_mutex_trylock(&lock) == EBUSY, "clock %u: has the lock",
             c);
        pthread_mutex_unlock(&lock);
        pthread_cond_destroy(&timed);
    }
}

/* ---- barriers, read-write locks, semaphores, once ---- */

static pthread_barrier_t barrier;

static void *meet(struct sleeper *s)
{
    s->result = pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
    return NULL;
}

static void barriers(void)
{
    subject = "barrier";
    ERR(pthread_barrier_init(&barrier, NULL, 0), "of none");
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    for (int round = 0; round < 3; round++) {
        start_all(meet);
        FACT(how_many_done(0), "round %d: before", round);
        int serial = pthread_barrier_wait(&barrier) != 0;

        FACT(join_all() + serial, "round %d: serial threads", round);
    }
    pthread_barrier_destroy(&barrier);
    pthread_barrier_init(&barrier, NULL, 1);
    FACT(pthread_barrier_wait(&barrier), "of one");
    pthread_barrier_destroy(&barrier);
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

static void *read_it(struct sleeper *s)
{
    s->result = pthread_rwlock_rdlock(&rwlock);
    ready++;
    pthread_rwlock_unlock(&rwlock);
    return NULL;
}

static void *write_it(struct sleeper *s)
{
    s->result = pthread_rwlock_wrlock(&rwlock);
    ready++;
    pthread_rwlock_unlock(&rwlock);
    return NULL;
}

static void rwlocks(void)
{
    struct timespec past = {1, 0};

    subject = "rwlock";
    pthread_rwlock_rdlock(&rwlock);
    ERR(pthread_rwlock_tryrdlock(&rwlock), "read while read");
    pthread_rwlock_unlock(&rwlock);
    ERR(pthread_rwlock_trywrlock(&rwlock), "write while read");
    ERR(pthread_rwlock_timedwrlock(&rwlock, &past), "write while read, timed");
    ready = 0;
    start_all(write_it);
    FACT(ready, "writers behind a reader");
    pthread_rwlock_unlock(&rwlock);
    FACT(join_all(), "their errors");
    FACT(ready, "writers");
    pthread_rwlock_wrlock(&rwlock);
    ERR(pthread_rwlock_tryrdlock(&rwlock), "read while written");
    ERR(pthread_rwlock_timedrdlock(&rwlock, &past), "the same, timed");
    ready = 0;
    start_all(read_it);
    FACT(ready, "readers behind a writer");
    pthread_rwlock_unlock(&rwlock);
    FACT(join_all(), "their errors");
    FACT(ready, "readers");
}

static void *take(struct sleeper *s)
{
    s->result = sem_wait(&sem);
    return NULL;
}

static void semaphores(void)
{
    struct timespec past = {1, 0};
    int value;

    subject = "sem";
    sem_init(&sem, 0, 1);
    NUM(sem_trywait(&sem), "try");
    NUM(sem_trywait(&sem), "try again");
    NUM(sem_timedwait(&sem, &past), "timed");
    start_all(take);
    sem_post(&sem);
    FACT(how_many_done(1), "one");
    for (int i = 1; i < THREADS; i++)
        sem_post(&sem);
    FACT(join_all(), "all");
    sem_getvalue(&sem, &value);
    FACT(value, "value");
    sem_t *shared = mmap(NULL, PAGE, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;

    sem_init(shared, 1, 0);
    pid_t pid = fork();

    if (pid == 0)
        _exit(sem_wait(shared));
    until_asleep(pid, pid);
    NUM(sem_post(shared), "to another process");
    waitpid(pid, &status, 0);
    FACT(status, "another process");
    munmap(shared, PAGE);
}

/* ---- mutexes ---- */

static pthread_mutex_t mutex;

static void make_mutex(int type, int robust, int shared, pthread_mutex_t *m)
{
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, type);
    if (robust)
        pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    if (shared)
        pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(m, &attr);
}

static void *lock_and_go(struct sleeper *s)
{
    s->result = pthread_mutex_lock(&mutex);
    return NULL;
}

static void *lock_it(struct sleeper *s)
{
    s->result = pthread_mutex_lock(&mutex);
    ready++;
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void *unlock_it(struct sleeper *s)
{
    s->result = pthread_mutex_unlock(&mutex);
    return NULL;
}

static void mutexes(void)
{
    static const int types[] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE,
                                PTHREAD_MUTEX_ERRORCHECK};
    struct timespec past = {1, 0};

    subject = "mutex";
    for (unsigned t = 0; t < COUNT(types); t++) {
        make_mutex(types[t], 0, 0, &mutex);
        ERR(pthread_mutex_lock(&mutex), "type %u, lock", t);
        ERR(pthread_mutex_trylock(&mutex), "type %u, try again", t);
        ERR(pthread_mutex_timedlock(&mutex, &past), "type %u, timed", t);
        if (types[t]) {
            start(&sleepers[0], unlock_it, NULL);
            pthread_join(sleepers[0].thread, NULL);
            ERR((int)sleepers[0].result, "type %u, another's unlock", t);
        }
        while (t == 1 && !pthread_mutex_unlock(&mutex))
            ;
        if (t == 1)
            pthread_mutex_lock(&mutex);
        ready = 0;
        start_all(lock_it);
        FACT(ready, "type %u, behind it", t);
        pthread_mutex_unlock(&mutex);
        FACT(join_all(), "type %u, errors", t);
        FACT(ready, "type %u, had it", t);
    }
    make_mutex(PTHREAD_MUTEX_NORMAL, 1, 0, &mutex);
    start(&sleepers[0], lock_and_go, NULL);
    pthread_join(sleepers[0].thread, NULL);
    ERR(pthread_mutex_lock(&mutex), "robust: its owner ended");
    ERR(pthread_mutex_consistent(&mutex), "robust: consistent");
    ERR(pthread_mutex_unlock(&mutex), "robust: unlock");
    ERR(pthread_mutex_lock(&mutex), "robust: lock again");
    pthread_mutex_unlock(&mutex);
    start(&sleepers[0], lock_and_go, NULL);
    pthread_join(sleepers[0].thread, NULL);
    ERR(pthread_mutex_trylock(&mutex), "robust: its owner ended again");
    ERR(pthread_mutex_unlock(&mutex), "robust: not made consistent");
    ERR(pthread_mutex_lock(&mutex), "robust: lost");
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    ERR(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT),
        "priorities inherited");
}

/* A process is killed with the lock held, while another waits for it. */
static void robust_processes(void)
{
    pthread_mutex_t *m = mmap(NULL, PAGE, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int *held = (int *)(m + 1), status;
    pid_t owner, waiter;

    subject = "robust";
    make_mutex(PTHREAD_MUTEX_ERRORCHECK, 1, 1, m);
    owner = fork();
    if (owner == 0) {
        pthread_mutex_lock(m);
        *(volatile int *)held = 1;
        for (;;)
            pause();
    }
    while (!*(volatile int *)held)
        sched_yield();
    waiter = fork();
    if (waiter == 0)
        _exit(pthread_mutex_lock(m) == EOWNERDEAD ? 4 : 5);
    until_asleep(waiter, waiter);
    kill(owner, SIGKILL);
    waitpid(owner, &status, 0);
    FACT(status, "the owner");
    waitpid(waiter, &status, 0);
    FACT(status, "who waited, and ended with it");
    ERR(pthread_mutex_lock(m), "the next");
    ERR(pthread_mutex_consistent(m), "is consistent");
    ERR(pthread_mutex_unlock(m), "unlock");
    munmap(m, PAGE);
}

/* ---- signals ---- */

static void on_signal(int s)
{
    (void)s;
    handled = my_tid();
}

static void *blocks_usr2(struct sleeper *s)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    in_read(s);
    sigpending(&set);
    s->result = sigismember(&set, SIGUSR2);
    return NULL;
}

static void *what_it_has(struct sleeper *s)
{
    sigset_t mask, pending;
    stack_t alt;

    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    sigpending(&pending);
    sigaltstack(NULL, &alt);
    s->result = sigismember(&mask, SIGUSR1) |
                sigismember(&pending, SIGUSR1) << 1 |
                (alt.ss_flags == SS_DISABLE) << 2;
    return NULL;
}

static void wait_handled(void)
{
    while (!handled)
        sched_yield();
}

static void signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    static char alternate[16384];
    stack_t alt = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
    struct sleeper a, b;
    sigset_t set;

    subject = "thread-signal";
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    start_asleep(&a, blocks_usr2, NULL);
    start_asleep(&b, in_read, NULL);
    handled = 0;
    ERR(pthread_kill(a.thread, SIGUSR1), "to one");
    wait_handled();
    FACT(handled == a.tid, "to one: there");
    ERR(pthread_kill(a.thread, 65), "65 to one");
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    handled = 0;
    kill(getpid(), SIGUSR2);
    wait_handled();
    FACT(handled == b.tid, "to all: who does not block it");
    pthread_kill(a.thread, SIGUSR2);
    (void)!write(ends[1], "xy", 2);
    pthread_join(a.thread, NULL);
    pthread_join(b.thread, NULL);
    FACT(a.result, "to one, blocked: pending there");
    sigpending(&set);
    FACT(sigismember(&set, SIGUSR2), "to one, blocked: gone with it");
    kill(getpid(), SIGUSR1);
    sigaltstack(&alt, NULL);
    start(&a, what_it_has, NULL);
    pthread_join(a.thread, NULL);
    FACT(a.result & 1, "a new thread has the mask");
    FACT(a.result >> 1 & 1, "a new thread sees what the process has");
    FACT(a.result >> 2, "a new thread has no other stack");
    pthread_kill(pthread_self(), SIGUSR2);
    start(&a, what_it_has, NULL);
    pthread_join(a.thread, NULL);
    sigemptyset(&set);
    pthread_sigmask(SIG_SETMASK, &set, NULL);
    alt.ss_flags = SS_DISABLE;
    sigaltstack(&alt, NULL);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    make_sleeps();
    conditions();
    barriers();
    rwlocks();
    semaphores();
    mutexes();
    robust_processes();
    signals();
    return 0;
}
