/* SPDX-License-Identifier: MIT */
/*
 * What can be waited for: timers by signal and by file, eventfd, signalfd,
 * ppoll. Runs on Linux too.
 */
#define _GNU_SOURCE
#include "lib/ok.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MS 1000000l

static void by_file(void)
{
    struct itimerspec s = {{0, MS}, {0, MS}}, left;
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct timespec pause = {0, 10 * MS};
    uint64_t n = 0;

    OK(fd >= 0 && timerfd_settime(fd, 0, &s, NULL) == 0);
    nanosleep(&pause, NULL);
    OK(read(fd, &n, 8) == 8 && n >= 9);
    FAILS(read(fd, &n, 7), EINVAL);
    OK(timerfd_gettime(fd, &left) == 0 && left.it_interval.tv_nsec == MS);
    s.it_value.tv_nsec = s.it_interval.tv_nsec = 0;
    OK(timerfd_settime(fd, 0, &s, &left) == 0 && left.it_value.tv_nsec <= MS);
    FAILS(read(fd, &n, 8), EAGAIN);
    s.it_value.tv_nsec = 1;
    OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &s, NULL) == 0);
    OK(fcntl(fd, F_SETFL, 0) == 0 && read(fd, &n, 8) == 8 && n == 1);
    s.it_value.tv_nsec = 1000 * MS;
    FAILS(timerfd_settime(fd, 0, &s, NULL), EINVAL);
    FAILS(timerfd_settime(0, 0, &left, NULL), EINVAL);
    FAILS(timerfd_create(99, 0), EINVAL);
    close(fd);
}

static volatile int rang, told;

static void on_timer(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    rang++;
    told = info->si_code == SI_TIMER ? info->si_int : -1;
}

static void by_signal(void)
{
    struct sigaction a = {.sa_sigaction = on_timer, .sa_flags = SA_SIGINFO};
    struct sigevent e = {.sigev_notify = SIGEV_SIGNAL,
                         .sigev_signo = SIGRTMIN,
                         .sigev_value.sival_int = 42};
    struct itimerspec s = {{0, MS}, {0, MS}};
    struct timespec pause = {0, 10 * MS};
    sigset_t set;
    timer_t t;

    sigaction(SIGRTMIN, &a, NULL);
    OK(timer_create(CLOCK_MONOTONIC, &e, &t) == 0);
    OK(timer_settime(t, 0, &s, NULL) == 0);
    while (rang < 3)
        nanosleep(&pause, NULL);
    OK(told == 42);
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    nanosleep(&pause, NULL);
    nanosleep(&pause, NULL);
    rang = 0;
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    OK(rang >= 1 && timer_getoverrun(t) >= 0);
    OK(timer_gettime(t, &s) == 0 && s.it_interval.tv_nsec == MS);
    OK(timer_delete(t) == 0);
    FAILS(syscall(SYS_timer_delete, t), EINVAL);
    e.sigev_signo = 99;
    FAILS(timer_create(CLOCK_MONOTONIC, &e, &t), EINVAL);
}

static void counters(void)
{
    int fd = eventfd(3, EFD_NONBLOCK), sem = eventfd(2, EFD_SEMAPHORE);
    struct pollfd p = {fd, POLLIN | POLLOUT, 0};
    uint64_t n = 4;

    OK(write(fd, &n, 8) == 8 && poll(&p, 1, 0) == 1 && p.revents & POLLIN);
    OK(read(fd, &n, 8) == 8 && n == 7);
    FAILS(read(fd, &n, 8), EAGAIN);
    OK(poll(&p, 1, 0) == 1 && p.revents == POLLOUT);
    n = ~0ull;
    FAILS(write(fd, &n, 8), EINVAL);
    n--;
    OK(write(fd, &n, 8) == 8);
    n = 1;
    FAILS(write(fd, &n, 8), EAGAIN);
    OK(read(sem, &n, 8) == 8 && n == 1 && read(sem, &n, 8) == 8 && n == 1);
    close(fd);
    close(sem);
}

static void signals_by_file(void)
{
    struct signalfd_siginfo info[2];
    struct pollfd p = {.events = POLLIN};
    struct timespec ms = {0, MS};
    sigset_t set, none;

    sigemptyset(&none);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    p.fd = signalfd(-1, &set, SFD_NONBLOCK);
    FAILS(read(p.fd, info, sizeof(info)), EAGAIN);
    OK(poll(&p, 1, 0) == 0 && raise(SIGUSR2) == 0 && poll(&p, 1, -1) == 1);
    OK(read(p.fd, info, sizeof(info)) == sizeof(info[0]));
    OK(info[0].ssi_signo == SIGUSR2 && info[0].ssi_pid == (uint32_t)getpid());
    OK(ppoll(&p, 1, &ms, &none) == 0);
    close(p.fd);
}

/* ---- one timer, set by several threads at once ---- */

#define SETTERS 8
#define SETS    20000

static volatile int alarms;

static void on_alarm(int sig)
{
    (void)sig;
    alarms++;
}

/* Every second one stops it, the others have it expire at once: the signal of
   one's expiry is taken when another has stopped it. */
static void *set_alarm(void *stops)
{
    struct itimerval soon = {{0, 200}, {0, 1}}, stop = {{0, 0}, {0, 0}};

    for (int i = 0; i < SETS; i++)
        setitimer(ITIMER_REAL, stops ? &stop : &soon, NULL);
    return NULL;
}

static void by_several(void)
{
    struct itimerval stop = {{0, 0}, {0, 0}}, left;
    pthread_t thread[SETTERS];

    signal(SIGALRM, on_alarm);
    for (long i = 0; i < SETTERS; i++)
        OK(pthread_create(&thread[i], NULL, set_alarm, (void *)(i % 2)) == 0);
    for (int i = 0; i < SETTERS; i++)
        pthread_join(thread[i], NULL);
    OK(setitimer(ITIMER_REAL, &stop, NULL) == 0 && alarms > 0);
    OK(getitimer(ITIMER_REAL, &left) == 0 && left.it_value.tv_sec == 0 &&
       left.it_value.tv_usec == 0);
}

int main(void)
{
    hot_begin("timers");
    by_file();
    by_signal();
    by_several();
    counters();
    signals_by_file();
    return hot_end();
}
