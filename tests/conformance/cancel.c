/* SPDX-License-Identifier: MIT */
/* Threads that are cancelled, wherever they are. */
#include "sleeps.h"
#include <poll.h>
#include <signal.h>

static volatile int cleaned;

static void clean(void *arg)
{
    cleaned = cleaned * 10 + (int)(long)arg;
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

int main(void)
{
    struct sleeper other;

    setvbuf(stdout, NULL, _IOLBF, 0);
    subject = "cancel";
    make_sleeps();
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
    return 0;
}
