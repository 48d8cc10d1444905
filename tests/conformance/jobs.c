/* SPDX-License-Identifier: MIT */
/* Job control: a terminal, its session, and who is in the background. */
#include "say.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

static int tty; /* the terminal */
static int news[2];

static void tell(int s)
{
    char c = s == SIGHUP ? 'H' : s == SIGCONT ? 'C' : 'W';

    (void)!write(news[1], &c, 1);
}

static void only_wake(int s)
{
    (void)s;
}

static void set_handler(int s, void (*fn)(int))
{
    struct sigaction sa = {.sa_handler = fn};

    sigaction(s, &sa, NULL);
}

/* ---- what a background process may do ---- */

static long want_read(void)
{
    char c;

    return read(tty, &c, 1);
}

static long want_change(void)
{
    struct termios t;

    tcgetattr(tty, &t);
    return tcsetattr(tty, TCSANOW, &t);
}

static long want_foreground(void)
{
    return tcsetpgrp(tty, getpgrp());
}

static long want_ask(void)
{
    return tcgetpgrp(tty) > 0 ? 0 : -1;
}

static long want_write(void)
{
    return write(tty, "#\n", 2);
}

static const struct {
    const char *name;
    long (*fn)(void);
    int sig;
} wants[] = {{"read", want_read, SIGTTIN},
             {"tcsetattr", want_change, SIGTTOU},
             {"tcsetpgrp", want_foreground, SIGTTOU},
             {"tcgetpgrp", want_ask, SIGTTOU}};

enum { DEFAULT, IGNORED, BLOCKED, CAUGHT };
static const char *const manners[] = {"default", "ignored", "blocked",
                                      "caught"};

static void take_manner(int sig, int manner)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, sig);
    if (manner == IGNORED)
        signal(sig, SIG_IGN);
    if (manner == BLOCKED)
        sigprocmask(SIG_BLOCK, &set, NULL);
    if (manner == CAUGHT)
        set_handler(sig, only_wake);
}

/* In a group of its own. Ends with what it got: 0, or an errno. */
static void child(long (*fn)(void), int sig, int manner)
{
    setpgid(0, 0);
    take_manner(sig, manner);
    errno = 0;
    _exit(fn() < 0 ? errno : 0);
}

static void tell_outcome(pid_t pid, const char *what, const char *how)
{
    int status = 0;

    waitpid(pid, &status, WUNTRACED);
    if (WIFSTOPPED(status)) {
        printf("%s.%s, %s: stopped by %d\n", subject, what, how,
               WSTOPSIG(status));
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
    } else {
        printf("%s.%s, %s: %s\n", subject, what, how,
               error_name(WEXITSTATUS(status)));
    }
}

static void background(void)
{
    subject = "background";
    for (unsigned i = 0; i < COUNT(wants); i++)
        for (int manner = DEFAULT; manner <= CAUGHT; manner++) {
            pid_t pid;

            fflush(stdout);
            pid = fork();
            if (pid == 0)
                child(wants[i].fn, wants[i].sig, manner);
            tell_outcome(pid, wants[i].name, manners[manner]);
            signal(SIGTTOU, SIG_IGN); /* it may have taken the terminal */
            tcsetpgrp(tty, getpgrp());
            signal(SIGTTOU, SIG_DFL);
        }
}

static void output(void)
{
    struct termios t, old;
    pid_t pid;

    subject = "TOSTOP";
    tcgetattr(tty, &old);
    t = old;
    t.c_lflag |= TOSTOP;
    tcsetattr(tty, TCSANOW, &t);
    fflush(stdout);
    pid = fork();
    if (pid == 0)
        child(want_write, SIGTTOU, DEFAULT);
    tell_outcome(pid, "write", "default");
    tcsetattr(tty, TCSANOW, &old);
}

static void refusals(void)
{
    subject = "tcsetpgrp";
    NUM(tcsetpgrp(tty, 99999), "no such group");
    NUM(tcsetpgrp(tty, -1), "negative");
    NUM(tcsetpgrp(tty, getpgid(getppid())), "another session's");
    NUM(tcsetpgrp(tty, getpgrp()), "one's own");
    NUM(tcsetpgrp(news[0], getpgrp()), "a pipe");
    NUM(ioctl(tty, TIOCSPGRP, NOWHERE), "a bad address");
}

/* ---- orphans ---- */

/* Its only tie to the session ends before it reads. */
static void orphan_reads(void)
{
    int go[2];
    char c;

    subject = "orphan";
    (void)!pipe(go);
    fflush(stdout);
    if (fork() == 0) {
        if (fork() == 0) {
            setpgid(0, 0);
            (void)!read(go[0], &c, 1);
            c = want_read() == -1 && errno == EIO ? 'E' : '?';
            (void)!write(news[1], &c, 1);
            _exit(0);
        }
        _exit(0);
    }
    wait(NULL);
    (void)!write(go[1], "g", 1);
    (void)!read(news[0], &c, 1);
    FACT(c == 'E', "its read gets EIO");
    close(go[0]);
    close(go[1]);
}

/* Nobody would continue it: a terminal's signal does not stop it. */
static void orphan_goes_on(void)
{
    static const int signals[] = {SIGTSTP, SIGTTIN, SIGTTOU};
    char c = 0;

    fflush(stdout);
    if (fork() == 0) {
        setsid();
        for (unsigned i = 0; i < COUNT(signals); i++)
            raise(signals[i]);
        (void)!write(news[1], "w", 1);
        _exit(0);
    }
    wait(NULL);
    (void)!read(news[0], &c, 1);
    FACT(c == 'w', "SIGTSTP, SIGTTIN, SIGTTOU: it goes on");
}

static void wait_for_stop(pid_t pid)
{
    char path[64], line[256], state = 0;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    while (state != 'T') {
        FILE *f = fopen(path, "r");
        char *end;

        if (f && fgets(line, sizeof(line), f) && (end = strrchr(line, ')')))
            state = end[2];
        if (f)
            fclose(f);
    }
}

static void orphan_is_stopped(void)
{
    char said[2] = "";

    fflush(stdout);
    if (fork() == 0) {
        pid_t pid;

        setpgid(0, 0);
        pid = fork();
        if (pid == 0) {
            setpgid(0, 0);
            set_handler(SIGHUP, tell);
            set_handler(SIGCONT, tell);
            raise(SIGSTOP);
            _exit(0);
        }
        wait_for_stop(pid);
        _exit(0);
    }
    wait(NULL);
    (void)!read(news[0], &said[0], 1);
    (void)!read(news[0], &said[1], 1);
    FACT(strspn(said, "HC"), "stopped: is told to hang up and go on");
}

/* ---- a new size, the end ---- */

static void sizes(void)
{
    struct winsize w;
    char c;

    subject = "window";
    set_handler(SIGWINCH, tell);
    fcntl(news[0], F_SETFL, O_NONBLOCK);
    ioctl(tty, TIOCGWINSZ, &w);
    NUM(ioctl(tty, TIOCSWINSZ, &w), "the same size");
    FACT(read(news[0], &c, 1), "and no signal");
    w.ws_row++;
    NUM(ioctl(tty, TIOCSWINSZ, &w), "another size");
    FACT(read(news[0], &c, 1), "and a signal");
    w.ws_row--;
    signal(SIGWINCH, SIG_IGN);
    ioctl(tty, TIOCSWINSZ, &w);
    fcntl(news[0], F_SETFL, 0);
}

/* A session's leader, which leaves a member in the foreground behind. */
static void leader(void)
{
    subject = "leader";
    OKAY(setsid() > 0 ? 0 : -1, "setsid");
    NUM(tcgetpgrp(tty), "tcgetpgrp before it has it");
    NUM(ioctl(tty, TIOCSCTTY, 1), "TIOCSCTTY");
    FACT(tcgetpgrp(tty) == getpgrp(), "is in the foreground");
    FACT(tcgetsid(tty) == getpid(), "has it");
    background();
    output();
    refusals();
    orphan_reads();
    orphan_goes_on();
    orphan_is_stopped();
    sizes();
    fflush(stdout);
    if (fork() == 0) {
        set_handler(SIGHUP, tell);
        (void)!write(news[1], "r", 1);
        pause();
        _exit(0);
    }
    char c;

    (void)!read(news[0], &c, 1);
    _exit(0);
}

int main(void)
{
    char c = 0;

    setpgid(0, 0);
    tty = open("/dev/ttyS0", O_RDWR | O_NOCTTY);
    (void)!pipe(news);
    fflush(stdout);
    if (fork() == 0)
        leader();
    wait(NULL);
    subject = "leader";
    (void)!read(news[0], &c, 1);
    FACT(c == 'H', "its end hangs the foreground up");
    return 0;
}
