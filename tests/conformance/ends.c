/* SPDX-License-Identifier: MIT */
/* How threads end, and processes with several of them. */
#include "sleeps.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

static void *exit_6(struct sleeper *s)
{
    (void)s;
    exit(6);
}

static void *exec_me(struct sleeper *s)
{
    char pid[16], *const argv[] = {"ends", pid, NULL}, *const envp[] = {NULL};

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
    make_sleeps();
    endings();
    return 0;
}
