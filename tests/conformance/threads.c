/* SPDX-License-Identifier: MIT */
/* POSIX threads, as a C library makes them of the kernel's calls. */
#include "threads.h"
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define THREADS 4

static struct sleeper sleepers[THREADS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static volatile int ready, handled, cleaned;
static int ends[2];

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

static sem_t sem;

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

/* ---- cancellation ---- */

static void clean(void *arg)
{
    cleaned = cleaned * 10 + (int)(long)arg;
}

static void *in_read(struct sleeper *s)
{
    char c;

    s->result = read(ends[0], &c, 1);
    return NULL;
}

static void *in_nanosleep(struct sleeper *s)
{
    struct timespec long_time = {1000, 0};

    s->result = nanosleep(&long_time, NULL);
    return NULL;
}

static void unlock(void *m)
{
    pthread_mutex_unlock(m);
}

static void *in_cond(struct sleeper *s)
{
    pthread_mutex_lock(&lock);
    pthread_cleanup_push(unlock, &lock);
    s->result = pthread_cond_wait(&cond, &lock);
    pthread_cleanup_pop(1);
    return NULL;
}

static void *in_sem(struct sleeper *s)
{
    s->result = sem_wait(&sem);
    return NULL;
}

static void *in_pause(struct sleeper *s)
{
    s->result = pause();
    return NULL;
}

static void *in_poll(struct sleeper *s)
{
    s->result = poll(NULL, 0, -1);
    return NULL;
}

static void *in_join(struct sleeper *s)
{
    s->result = pthread_join(*(pthread_t *)s->arg, NULL);
    return NULL;
}

static void *in_sigwait(struct sleeper *s)
{
    sigset_t set;
    int sig;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    s->result = sigwait(&set, &sig);
    return NULL;
}

static void *with_handlers(struct sleeper *s)
{
    pthread_cleanup_push(clean, (void *)1);
    pthread_cleanup_push(clean, (void *)2);
    in_read(s);
    pthread_cleanup_pop(1);
    pthread_cleanup_pop(1);
    return NULL;
}

static void *in_a_loop(struct sleeper *s)
{
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    for (;;)
        s->result++;
    return NULL;
}

/* Not now: it reads its byte first. */
static void *not_now(struct sleeper *s)
{
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    in_read(s);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    pthread_testcancel();
    s->result = 77;
    return NULL;
}

static void cancel(const char *name, void *(*fn)(struct sleeper *), void *arg)
{
    struct sleeper s;
    void *ret;

    if (fn == in_a_loop)
        start(&s, fn, arg);
    else
        start_asleep(&s, fn, arg);
    s.result = fn == in_a_loop ? 0 : 55;
    ERR(pthread_cancel(s.thread), "%s", name);
    if (fn == not_now)
        (void)!write(ends[1], "", 1);
    ERR(pthread_join(s.thread, &ret), "%s: join", name);
    FACT(ret == PTHREAD_CANCELED, "%s: cancelled", name);
    if (fn != in_a_loop)
        FACT(s.result, "%s: its call", name);
}

static void cancellations(void)
{
    struct sleeper other;

    subject = "cancel";
    if (pipe(ends))
        return;
    sem_init(&sem, 0, 0);
    cancel("read", in_read, NULL);
    cancel("nanosleep", in_nanosleep, NULL);
    cancel("cond", in_cond, NULL);
    ERR(pthread_mutex_trylock(&lock), "cond: the lock is free");
    pthread_mutex_unlock(&lock);
    cancel("sem", in_sem, NULL);
    cancel("pause", in_pause, NULL);
    cancel("poll", in_poll, NULL);
    cancel("sigwait", in_sigwait, NULL);
    cleaned = 0;
    cancel("handlers", with_handlers, NULL);
    FACT(cleaned, "handlers: in order");
    cancel("asynchronous", in_a_loop, NULL);
    cancel("disabled", not_now, NULL);
    start_asleep(&other, in_read, NULL);
    cancel("join", in_join, &other.thread);
    (void)!write(ends[1], "", 1);
    pthread_join(other.thread, NULL);
    FACT(other.result, "join: the other");
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

/* ---- ends ---- */

static void *exit_6(struct sleeper *s)
{
    (void)s;
    exit(6);
}

static void *exec_me(struct sleeper *s)
{
    char pid[16], *const argv[] = {"threads", pid, NULL},
                         *const envp[] = {NULL};

    (void)s;
    snprintf(pid, sizeof(pid), "%d", getpid());
    execve("/proc/self/exe", argv, envp);
    _exit(9);
}

static void *fault(struct sleeper *s)
{
    (void)s;
    *(volatile int *)NOWHERE = 1;
    return NULL;
}

static void *last_5(struct sleeper *s)
{
    char state;

    do {
        sched_yield();
        state = state_of(getpid(), getpid());
    } while (state && state != 'Z'); /* gone, or as good as */
    (void)s;
    syscall(SYS_exit, 5);
    return NULL;
}

static void *fork_2(struct sleeper *s)
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        _exit(my_tid() == getpid() ? 2 : 3);
    waitpid(pid, &status, 0);
    s->result = status;
    return NULL;
}

/* The first thread of a child, which has others asleep in all kinds of ways. */
static void asleep_everywhere(void)
{
    static struct sleeper s[5];

    start_asleep(&s[0], in_read, NULL);
    start_asleep(&s[1], in_nanosleep, NULL);
    start_asleep(&s[2], in_cond, NULL);
    start_asleep(&s[3], in_pause, NULL);
    start_asleep(&s[4], in_sem, NULL);
}

static void exit_first(void)
{
    exit(7);
}

static void exit_second(void)
{
    struct sleeper s;

    start(&s, exit_6, NULL);
    for (;;)
        pause();
}

static void exec_second(void)
{
    struct sleeper s;

    start(&s, exec_me, NULL);
    for (;;)
        pause();
}

static void fault_second(void)
{
    struct sleeper s;

    start(&s, fault, NULL);
    for (;;)
        pause();
}

static void killed(void)
{
    kill(getpid(), SIGKILL);
}

static void end_first(void)
{
    struct sleeper s;

    start(&s, last_5, NULL);
    syscall(SYS_exit, 3);
}

static void in_child(const char *name, void (*fn)(void), bool others)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        if (others)
            asleep_everywhere();
        fn();
        _exit(99);
    }
    FACT(waitpid(pid, &status, 0) == pid, "%s: ends", name);
    FACT(status & ~0x80, "%s: status", name);
}

static void endings(void)
{
    struct sleeper s;

    subject = "end";
    in_child("exit of the first", exit_first, true);
    in_child("exit of another", exit_second, true);
    in_child("exec of another", exec_second, true);
    in_child("a fault of another", fault_second, true);
    in_child("killed", killed, true);
    in_child("the first ends first", end_first, false);
    start(&s, fork_2, NULL);
    pthread_join(s.thread, NULL);
    FACT(s.result, "fork of another");
}

/* What another thread's exec made of us. */
static int after_exec(const char *pid)
{
    FACT(getpid() == atoi(pid), "exec: the number is the process's");
    FACT(my_tid() == getpid(), "exec: the first thread");
    fflush(stdout);
    return 8;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    subject = "end";
    if (argc > 1)
        return after_exec(argv[1]);
    conditions();
    barriers();
    rwlocks();
    semaphores();
    mutexes();
    robust_processes();
    cancellations();
    signals();
    endings();
    return 0;
}
