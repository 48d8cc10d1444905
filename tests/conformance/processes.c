/* SPDX-License-Identifier: MIT */
/* Processes, signals, limits, clocks. */
#include "say.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

static volatile int seen;
static siginfo_t info;

static void on_signal(int s)
{
    seen = s;
}

static void on_info(int s, siginfo_t *si, void *ctx)
{
    (void)ctx;
    seen = s;
    info = *si;
}

static void actions(void)
{
    struct sigaction sa = {.sa_handler = on_signal}, old;

    subject = "sigaction";
    for (int s = -1; s < 67; s++)
        if (s < 32 || s > 34) /* musl keeps these to itself */
            NUM(sigaction(s, &sa, &old), "%d", s);
    for (int s = 1; s < 65; s++)
        if (s < 32 || s > 34)
            signal(s, SIG_DFL);
    sa = (struct sigaction){.sa_sigaction = on_info, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &sa, NULL);
    NUM(kill(getpid(), SIGUSR1), "kill");
    FACT(seen, "seen");
    FACT(info.si_code, "code of kill");
    FACT(info.si_pid == getpid(), "its pid");
    NUM(raise(SIGUSR1), "raise");
    FACT(info.si_code, "code of tgkill");
    union sigval v = {.sival_int = 42};

    NUM(sigqueue(getpid(), SIGUSR1, v), "sigqueue");
    FACT(info.si_code, "code of sigqueue");
    FACT(info.si_value.sival_int, "its value");
    sa.sa_flags = SA_SIGINFO | SA_RESETHAND;
    sigaction(SIGUSR2, &sa, NULL);
    raise(SIGUSR2);
    sigaction(SIGUSR2, NULL, &old);
    FACT(old.sa_handler == SIG_DFL, "SA_RESETHAND");
}

static void masks(void)
{
    sigset_t set, old, pending;

    subject = "sigmask";
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    for (int how = -1; how < 5; how++)
        NUM(syscall(SYS_rt_sigprocmask, how, &set, &old, 8), "how %d", how);
    NUM(syscall(SYS_rt_sigprocmask, 0, &set, &old, 4), "size 4");
    sigprocmask(SIG_BLOCK, &set, NULL);
    seen = 0;
    raise(SIGUSR1);
    FACT(seen, "blocked");
    sigpending(&pending);
    FACT(sigismember(&pending, SIGUSR1), "pending");
    struct timespec zero = {0, 0};

    NUM(sigtimedwait(&set, NULL, &zero), "sigtimedwait");
    NUM(sigtimedwait(&set, NULL, &zero), "and again");
    sigfillset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    sigprocmask(SIG_SETMASK, NULL, &old);
    FACT(sigismember(&old, SIGKILL), "SIGKILL cannot be blocked");
    sigemptyset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
}

static void kills(void)
{
    static const int pids[] = {0x7fffffff, -0x7fffffff, 99999};

    subject = "kill";
    for (unsigned p = 0; p < COUNT(pids); p++)
        NUM(kill(pids[p], 0), "%d", pids[p]);
    NUM(kill(getpid(), 65), "signal 65");
    NUM(kill(getpid(), -1), "signal -1");
    NUM(kill(getpid(), 0), "signal 0");
    NUM(syscall(SYS_tgkill, getpid(), 99999, 0), "tgkill");
    NUM(syscall(SYS_tgkill, -1, 1, 0), "tgkill -1");
    NUM(syscall(SYS_tkill, -1, 0), "tkill -1");
}

/* How the parent sees a child that ends so. */
static void ends(void)
{
    static const int signals[] = {1, 2, 3, 6, 8, 9, 11, 13, 14, 15, 17, 18, 23};
    int status;

    subject = "wait";
    for (int code = 0; code < 300; code += 37) {
        if (fork() == 0)
            _exit(code);
        wait(&status);
        FACT(status, "exit %d", code);
    }
    for (unsigned s = 0; s < COUNT(signals); s++) {
        if (fork() == 0) {
            kill(getpid(), signals[s]);
            _exit(7);
        }
        wait(&status);
        FACT(status & ~0x80, "signal %d", signals[s]);
    }
    NUM(wait(&status), "nobody");
    NUM(waitpid(-1, &status, 0x100), "odd options");
    NUM(waitpid(99999, &status, WNOHANG), "somebody else's");
    pid_t pid = fork();

    if (pid == 0) {
        raise(SIGSTOP);
        _exit(3);
    }
    NUM(waitpid(pid, &status, WUNTRACED) == pid, "stopped");
    FACT(status, "stopped status");
    NUM(waitpid(pid, &status, WNOHANG), "nothing new");
    kill(pid, SIGCONT);
    NUM(waitpid(pid, &status, WCONTINUED) == pid, "continued");
    FACT(status, "continued status");
    waitpid(pid, &status, 0);
    FACT(status, "and ended");
    siginfo_t si = {0};

    pid = fork();
    if (pid == 0)
        _exit(5);
    NUM(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT), "waitid, and stays");
    FACT(si.si_code, "its code");
    FACT(si.si_status, "its status");
    NUM(waitid(P_PID, (id_t)pid, &si, 0), "waitid for nothing");
    NUM(waitid(77, (id_t)pid, &si, WEXITED), "waitid of what");
    waitpid(pid, NULL, 0);
}

static void groups(void)
{
    int status;

    subject = "group";
    if (fork() == 0) {
        FACT(getpgid(0) == getpgrp(), "getpgid 0");
        NUM(setpgid(0, 0), "setpgid");
        FACT(getpgrp() == getpid(), "leader");
        NUM(setsid(), "setsid of a leader");
        NUM(setpgid(0, 99999), "into nobody's");
        NUM(setpgid(-1, 0), "of -1");
        NUM(setpgid(0, -1), "to -1");
        NUM(getpgid(99999), "getpgid of nobody");
        NUM(getsid(99999), "getsid of nobody");
        fflush(stdout);
        _exit(0);
    }
    wait(&status);
    if (fork() == 0) {
        FACT(setsid() == getpid(), "setsid");
        NUM(setpgid(0, 0), "setpgid of a session leader");
        fflush(stdout);
        _exit(0);
    }
    wait(&status);
}

static void rlimits(void)
{
    struct rlimit r;

    subject = "rlimit";
    for (int i = -1; i < 18; i++)
        NUM(getrlimit(i, &r), "get %d", i);
    r = (struct rlimit){10, 5};
    NUM(setrlimit(RLIMIT_CORE, &r), "soft above hard");
    getrlimit(RLIMIT_NOFILE, &r);
    r.rlim_cur = 10;
    NUM(setrlimit(RLIMIT_NOFILE, &r), "files");
    int fds[20], n = 0;

    while (n < 20 && (fds[n] = open("/dev/null", O_RDONLY)) >= 0)
        n++;
    FACT(n < 10, "fewer than ten open");
    FACT(errno == EMFILE, "EMFILE");
    while (n-- > 0)
        close(fds[n]);
    struct rusage u;

    for (int who = -3; who < 3; who++)
        NUM(getrusage(who, &u), "getrusage %d", who);
    errno = 0;
    NUM(getpriority(PRIO_PROCESS, 0), "getpriority");
    NUM(getpriority(7, 0), "getpriority of what");
    NUM(syscall(SYS_prlimit64, 99999, 0, NULL, &r), "prlimit of nobody");
}

static void clocks(void)
{
    struct timespec t, long_ago = {0, 0};

    subject = "clock";
    for (int c = -1; c < 14; c++) {
        if (c == 10 || c == 11 || c == 8 || c == 9)
            continue; /* TAI, alarms */
        NUM(syscall(SYS_clock_gettime, c, &t), "get %d", c);
        NUM(syscall(SYS_clock_getres, c, &t), "res %d", c);
        NUM(syscall(SYS_clock_nanosleep, c, 1, &long_ago, NULL), "sleep %d", c);
    }
    t = (struct timespec){0, 1000000000};
    NUM(nanosleep(&t, NULL), "too many ns");
    t = (struct timespec){-1, 0};
    NUM(nanosleep(&t, NULL), "negative");
    struct itimerval it = {{0, 0}, {0, 0}}, old;

    for (int w = -1; w < 4; w++)
        NUM(setitimer(w, &it, &old), "setitimer %d", w);
    it.it_value.tv_usec = 1000000;
    NUM(setitimer(0, &it, NULL), "too many us");
    signal(SIGALRM, on_signal);
    seen = 0;
    it = (struct itimerval){{0, 0}, {0, 1000}};
    setitimer(0, &it, NULL);
    NUM(pause(), "pause");
    FACT(seen, "alarm");
    signal(SIGALRM, SIG_IGN);
    it = (struct itimerval){{0, 100}, {0, 100}};
    setitimer(0, &it, NULL);
    usleep(20000);
    getitimer(0, &it);
    FACT(it.it_value.tv_usec, "ignored: left");
    FACT(it.it_interval.tv_usec, "ignored: interval");
    signal(SIGALRM, on_signal);
    seen = 0;
    usleep(20000);
    FACT(seen, "ignored, then not");
    kill(getpid(), SIGALRM); /* any SIGALRM that is taken starts it again */
    pause();
    FACT(seen, "started again");
    it = (struct itimerval){{0, 0}, {0, 0}};
    setitimer(0, &it, NULL);
    FACT(alarm(100), "alarm 100");
    FACT(alarm(0) > 98, "alarm 0");
}

/* One string may have 32 pages, with its 0 byte. */
static void long_strings(void)
{
    static char text[(32 << 12) + 1];
    char *args[] = {"true", text, NULL}, *none[] = {NULL};
    int status = -1;

    memset(text, 'a', sizeof(text) - 1);
    NUM(execve("/bin/true", args, none), "a long argument");
    NUM(execve("/bin/true", none, args), "a long variable");
    text[sizeof(text) - 2] = 0;
    if (fork() == 0)
        _exit(execve("/bin/true", args, args) + 100);
    wait(&status);
    FACT(status, "the longest strings");
}

static void clones(void)
{
    static const unsigned long flags[] = {
        CLONE_THREAD,
        CLONE_SIGHAND,
        CLONE_THREAD | CLONE_SIGHAND,
        CLONE_FS | CLONE_NEWNS,
    };

    subject = "clone";
    for (unsigned f = 0; f < COUNT(flags); f++)
        NUM(syscall(SYS_clone, flags[f], 0, 0, 0, 0), "flags %lx", flags[f]);
    subject = "prctl";
    char name[20] = "";

    NUM(prctl(PR_SET_NAME, "a name longer than 16"), "set name");
    NUM(prctl(PR_GET_NAME, name), "get name");
    FACT(strlen(name), "its length");
    NUM(prctl(PR_SET_PDEATHSIG, 70), "death signal 70");
    NUM(prctl(PR_GET_DUMPABLE), "dumpable");
    NUM(prctl(9999), "9999");
    subject = "exec";
    char *none[] = {NULL};

    NUM(execve("/nothing", none, none), "nothing");
    NUM(execve("/tmp", none, none), "a folder");
    NUM(execve("", none, none), "no name");
    long_strings();
    subject = "affinity";
    unsigned long mask = 1;

    NUM(syscall(SYS_sched_setaffinity, 0, 8, &mask), "set 1");
    mask = 0;
    NUM(syscall(SYS_sched_setaffinity, 0, 8, &mask), "set none");
    NUM(syscall(SYS_sched_getaffinity, 0, 1, &mask), "get into 1");
    NUM(syscall(SYS_sched_getaffinity, 99999, 8, &mask), "of nobody");
}

static void unknown(void)
{
    static const int nrs[] = {-1, 180, 181, 236, 335, 500, 100000};

    subject = "unknown";
    for (unsigned i = 0; i < COUNT(nrs); i++)
        NUM(syscall(nrs[i], 0, 0, 0, 0, 0, 0), "call %d", nrs[i]);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    actions();
    masks();
    kills();
    ends();
    groups();
    rlimits();
    clocks();
    clones();
    unknown();
    return 0;
}
