/* SPDX-License-Identifier: MIT */
/* Where a thread can be asleep when somebody cancels or ends it. */
#ifndef CONFORMANCE_SLEEPS_H
#define CONFORMANCE_SLEEPS_H

#include "threads.h"
#include <semaphore.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static sem_t sem;
static int ends[2]; /* a pipe's */

static inline void make_sleeps(void)
{
    if (pipe(ends))
        exit(1);
    sem_init(&sem, 0, 0);
}

static inline void *in_read(struct sleeper *s)
{
    char c;

    s->result = read(ends[0], &c, 1);
    return NULL;
}

static inline void *in_nanosleep(struct sleeper *s)
{
    struct timespec long_time = {1000, 0};

    s->result = nanosleep(&long_time, NULL);
    return NULL;
}

static inline void unlock(void *m)
{
    pthread_mutex_unlock(m);
}

static inline void *in_cond(struct sleeper *s)
{
    pthread_mutex_lock(&lock);
    pthread_cleanup_push(unlock, &lock);
    s->result = pthread_cond_wait(&cond, &lock);
    pthread_cleanup_pop(1);
    return NULL;
}

static inline void *in_sem(struct sleeper *s)
{
    s->result = sem_wait(&sem);
    return NULL;
}

static inline void *in_pause(struct sleeper *s)
{
    s->result = pause();
    return NULL;
}

#endif
