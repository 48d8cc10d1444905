/* SPDX-License-Identifier: MIT */
/*
 * What the cases with several threads share. Nothing here waits for a time: a
 * thread is asleep when /proc says so.
 */
#ifndef CONFORMANCE_THREADS_H
#define CONFORMANCE_THREADS_H

#include "say.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

/* The letter of a thread's state, 0 if there is none. */
static inline char state_of(int pid, int tid)
{
    char name[64], text[256], *end;
    long n;
    int fd;

    snprintf(name, sizeof(name), "/proc/%d/task/%d/stat", pid, tid);
    fd = open(name, O_RDONLY);
    if (fd < 0)
        return 0;
    n = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    end = strrchr(text, ')');
    return end ? end[2] : 0;
}

static inline void until_asleep(int pid, int tid)
{
    while (state_of(pid, tid) != 'S')
        sched_yield();
}

static inline int my_tid(void)
{
    return (int)syscall(SYS_gettid);
}

/* A thread that tells its number first, so that others can wait for it. */
struct sleeper {
    pthread_t thread;
    volatile int tid;
    volatile int done;
    void *(*fn)(struct sleeper *);
    void *arg;
    long result;
};

static inline void *sleeper_main(void *arg)
{
    struct sleeper *s = arg;
    void *ret;

    s->tid = my_tid();
    ret = s->fn(s);
    s->done = 1;
    return ret;
}

static inline void start(struct sleeper *s, void *(*fn)(struct sleeper *),
                         void *arg)
{
    *s = (struct sleeper){.fn = fn, .arg = arg};
    if (pthread_create(&s->thread, NULL, sleeper_main, s))
        exit(1);
    while (!s->tid)
        sched_yield();
}

/* The same, and it sleeps in fn when this returns. */
static inline void start_asleep(struct sleeper *s,
                                void *(*fn)(struct sleeper *), void *arg)
{
    start(s, fn, arg);
    until_asleep(getpid(), s->tid);
}

#endif
