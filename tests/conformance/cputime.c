/* SPDX-License-Identifier: MIT */
/* Processor time: timers of it, and its limit. */
#include "say.h"
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#define MS 1000000ll /* in ns */

static volatile sig_atomic_t came, last_code;

static void on_signal(int s, siginfo_t *info, void *frame)
{
    (void)s, (void)frame;
    last_code = info->si_code;
    came++;
}

static void handle(int s)
{
    struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};

    sigaction(s, &sa, NULL);
}

static long long used(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000 * MS + t.tv_nsec;
}

/* Compute until n signals have come, or for so long. */
static void work(int n, long long ns)
{
    long long end = used() + ns;

    while (came < n && used() < end)
        for (volatile int i = 0; i < 10000; i++)
            ;
}

static struct itimerval every(int first_ms, int then_ms)
{
    return (struct itimerval){{0, then_ms * 1000}, {0, first_ms * 1000}};
}

static int is_unset(int which)
{
    struct itimerval now;

    getitimer(which, &now);
    return now.it_value.tv_sec == 0 && now.it_value.tv_usec == 0;
}

static void timers(int which, int sig)
{
    struct itimerval once = every(20, 0), many = every(10, 10), now;
    long long begin;

    handle(sig);
    came = 0;
    NUM(getitimer(which, &now), "%d get", which);
    FACT(is_unset(which), "%d is not set", which);
    begin = used();
    NUM(setitimer(which, &once, NULL), "%d once", which);
    getitimer(which, &now);
    FACT(now.it_value.tv_usec > 0 && now.it_value.tv_usec <= 24000, "%d left",
         which);
    work(1, 5000 * MS);
    FACT(came, "%d came", which);
    FACT(last_code, "%d code", which);
    FACT(used() - begin >= 15 * MS, "%d not too early", which);
    FACT(is_unset(which), "%d is over", which);
    work(2, 50 * MS);
    FACT(came, "%d no more", which);

    came = 0;
    NUM(setitimer(which, &many, NULL), "%d many", which);
    work(3, 5000 * MS);
    FACT(came >= 3, "%d three", which);
    many = every(0, 10);
    NUM(setitimer(which, &many, &now), "%d stop", which);
    FACT(now.it_interval.tv_usec, "%d interval", which);
    getitimer(which, &now);
    FACT(now.it_interval.tv_usec, "%d interval when stopped", which);
    came = 0;
    work(1, 50 * MS);
    FACT(came, "%d stopped", which);
}

/* It is no clock on a wall. */
static void asleep(int which)
{
    struct itimerval soon = every(20, 0);
    struct timespec t = {0, 60 * MS};

    came = 0;
    setitimer(which, &soon, NULL);
    FACT(nanosleep(&t, NULL), "%d asleep", which);
    FACT(came, "%d came in sleep", which);
    FACT(is_unset(which), "%d over in sleep", which);
    work(1, 5000 * MS);
    FACT(came, "%d came awake", which);
}

static void *burn(void *arg)
{
    work(1, 5000 * MS);
    return arg;
}

static void of_threads(void)
{
    struct itimerval soon = every(50, 0);
    pthread_t t[3];

    came = 0;
    setitimer(ITIMER_PROF, &soon, NULL);
    for (int i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, burn, NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    FACT(came, "threads together");
}

static int status_of(int pid)
{
    int status;

    waitpid(pid, &status, 0);
    return status;
}

static void children(void)
{
    struct itimerval soon = every(100, 0);
    int pid;

    setitimer(ITIMER_PROF, &soon, NULL);
    pid = fork();
    if (pid == 0)
        _exit(is_unset(ITIMER_PROF));
    FACT(WEXITSTATUS(status_of(pid)), "not the child's");
    FACT(is_unset(ITIMER_PROF), "still set");
    soon = every(0, 0);
    setitimer(ITIMER_PROF, &soon, NULL);
    if ((pid = fork()) == 0) {
        soon = every(1, 0);
        signal(SIGPROF, SIG_DFL);
        setitimer(ITIMER_PROF, &soon, NULL);
        work(100, 5000 * MS);
        _exit(0);
    }
    FACT(status_of(pid), "nobody handles it");
}

/* ---- the limit ---- */

static void limit_to(int soft, int hard)
{
    struct rlimit r = {(rlim_t)soft, (rlim_t)hard};

    NUM(setrlimit(RLIMIT_CPU, &r), "limit %d %d", soft, hard);
    fflush(stdout);
}

static void warned_then_killed(void)
{
    struct rlimit r;

    handle(SIGXCPU);
    came = 0;
    limit_to(1, 2);
    work(1, 5000 * MS);
    FACT(came, "warned");
    FACT(last_code, "warned code");
    FACT(used() >= 950 * MS, "warned in time"); /* Linux counts in ticks */
    getrlimit(RLIMIT_CPU, &r);
    FACT(r.rlim_cur, "moved to");
    fflush(stdout);
    work(100, 5000 * MS);
    FACT(1, "still there");
    fflush(stdout);
}

static void limit(void)
{
    int pid;

    fflush(stdout);
    if ((pid = fork()) == 0) {
        warned_then_killed();
        _exit(0);
    }
    FACT(status_of(pid), "killed");
    fflush(stdout);
    if ((pid = fork()) == 0) {
        limit_to(1, 1);
        /* A child has its own time, and the same limit. */
        if ((pid = fork()) == 0) {
            work(1000, 3000 * MS);
            _exit(0);
        }
        FACT(status_of(pid), "of a child");
        fflush(stdout);
        _exit(0);
    }
    FACT(status_of(pid), "the parent");
}

int main(void)
{
    struct itimerval soon = every(10, 0);

    subject = "cputime";
    NUM(setitimer(3, &soon, NULL), "timer 3");
    NUM(getitimer(3, &soon), "get 3");
    timers(ITIMER_VIRTUAL, SIGVTALRM);
    timers(ITIMER_PROF, SIGPROF);
    asleep(ITIMER_VIRTUAL);
    asleep(ITIMER_PROF);
    of_threads();
    children();
    limit();
    return 0;
}
