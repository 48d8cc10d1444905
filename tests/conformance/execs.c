/* SPDX-License-Identifier: MIT */
/* What exec takes, by path and by number; and what becomes of a process whose
   parent ends. */
#include "say.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define LONGEST (32 * PAGE) /* of one string, with its 0 byte */

static char *word; /* LONGEST bytes and more */
static char *args[64], *env[] = {NULL};

/* n strings of `len` bytes; the program says how many there are. */
static void pass(unsigned n, unsigned long len, const char *name)
{
    int status = 0;

    memset(word, 'x', len - 1);
    word[len - 1] = 0;
    args[0] = "execs";
    for (unsigned i = 1; i <= n; i++)
        args[i] = word;
    args[n + 1] = NULL;
    fflush(stdout);
    if (fork() == 0) {
        execve("/proc/self/exe", args, env);
        _exit(100 + errno);
    }
    wait(&status);
    FACT(WEXITSTATUS(status), "%s", name);
}

static void set_stack(unsigned long soft)
{
    struct rlimit r = {soft, RLIM_INFINITY};

    setrlimit(RLIMIT_STACK, &r);
}

static void sizes(void)
{
    subject = "exec-size";
    word = malloc(2 * LONGEST);
    pass(1, LONGEST, "the longest");
    pass(1, LONGEST + 1, "too long");
    pass(1, 2 * LONGEST, "twice");
    pass(15, LONGEST, "fifteen of them");
    pass(17, LONGEST, "seventeen of them");
    set_stack(1 << 20);
    pass(1, LONGEST, "one, of a quarter of 1 MiB");
    pass(3, LONGEST, "three");
    set_stack(256 << 10);
    pass(1, LONGEST - 1000, "one, at least 128 KiB");
    pass(2, LONGEST / 2, "two halves and a name");
    set_stack(8 << 20);
}

/* ---- execveat ---- */

static int at(int dirfd, const char *path, int flags)
{
    char *argv[] = {"x", NULL};
    int status = 0;

    fflush(stdout);
    if (fork() == 0) {
        syscall(SYS_execveat, dirfd, path, argv, env, flags);
        _exit(100 + errno);
    }
    wait(&status);
    return WEXITSTATUS(status);
}

static void by_number(void)
{
    int dir = open("/tmp/execs", O_RDONLY), file = open("file", O_RDONLY);
    int place = open("prog", O_PATH), prog = open("prog", O_RDONLY);
    int link = open("link", O_PATH | O_NOFOLLOW);

    subject = "execveat";
    FACT(at(dir, "prog", 0), "in a folder");
    FACT(at(dir, "script", 0), "a script in a folder");
    FACT(at(dir, "link", 0), "a link");
    FACT(at(dir, "link", AT_SYMLINK_NOFOLLOW), "a link itself");
    FACT(at(dir, "prog", AT_SYMLINK_NOFOLLOW), "no link");
    FACT(at(dir, "nothing", 0), "nothing");
    FACT(at(dir, "file", 0), "no program");
    FACT(at(dir, "", 0), "no name");
    FACT(at(dir, "", AT_EMPTY_PATH), "the folder");
    FACT(at(AT_FDCWD, "prog", 0), "where we are");
    FACT(at(AT_FDCWD, "", AT_EMPTY_PATH), "where we are itself");
    FACT(at(99, "/tmp/execs/prog", 0), "an absolute path");
    FACT(at(99, "prog", 0), "in no folder");
    FACT(at(99, "", AT_EMPTY_PATH), "no file");
    FACT(at(file, "prog", 0), "in a file");
    FACT(at(file, "", AT_EMPTY_PATH), "a file that is none");
    FACT(at(prog, "", AT_EMPTY_PATH), "an open one");
    FACT(at(prog, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW),
         "the same, no link");
    FACT(at(place, "", AT_EMPTY_PATH), "a place");
    FACT(at(link, "", AT_EMPTY_PATH), "a link's place");
    FACT(at(dir, "prog", 1), "unknown flags");
    FACT(at(dir, KERNEL, 0), "the kernel's name");
}

/* ---- the parent ends ---- */

/* A child's child, whose parent ends at once, or when it is told to. What it
   writes into `end` is told. */
static void orphan(void child(int end), const char *name)
{
    int p[2];
    char c = '-';

    if (pipe(p))
        return;
    fflush(stdout);
    if (fork() == 0) {
        int ready[2];

        if (pipe(ready) || fork())
            _exit(read(ready[0], &c, 1) < 0);
        signal(SIGUSR1, SIG_IGN);
        if (!prctl(PR_SET_PDEATHSIG, SIGUSR1))
            child(ready[1]);
        (void)!write(p[1], "l", 1);
        _exit(0);
    }
    close(p[1]);
    wait(NULL);
    (void)!read(p[0], &c, 1);
    printf("%s.%s: %c\n", subject, name, c);
    close(p[0]);
    while (wait(NULL) > 0)
        ;
}

/* Blocked, it waits for us to take it. */
static void waits(int ready)
{
    sigset_t s;
    int sig;

    sigemptyset(&s);
    sigaddset(&s, SIGUSR1);
    sigprocmask(SIG_BLOCK, &s, NULL);
    signal(SIGUSR1, SIG_DFL);
    (void)!write(ready, "", 1);
    sigwait(&s, &sig);
}

static void dies(int ready)
{
    signal(SIGUSR1, SIG_DFL);
    (void)!write(ready, "", 1);
    for (;;)
        pause();
}

static void parents(void)
{
    int v = -1, status = 0;

    subject = "parent";
    NUM(prctl(PR_GET_PDEATHSIG, &v), "get the signal");
    FACT(v, "the signal");
    NUM(prctl(PR_SET_PDEATHSIG, 64), "set 64");
    NUM(prctl(PR_SET_PDEATHSIG, 65), "set 65");
    NUM(prctl(PR_SET_PDEATHSIG, -1), "set -1");
    NUM(prctl(PR_GET_PDEATHSIG, &v), "get it again");
    FACT(v, "the signal then");
    NUM(prctl(PR_GET_PDEATHSIG, KERNEL), "into the kernel");
    if (fork() == 0) {
        prctl(PR_GET_PDEATHSIG, &v);
        _exit(v);
    }
    wait(&status);
    FACT(WEXITSTATUS(status), "a child's");
    prctl(PR_SET_PDEATHSIG, 0);
    orphan(waits, "told by a signal");
    orphan(dies, "killed by a signal");
}

/* Does the orphan become ours? */
static void adopts(const char *name)
{
    int ready[2], status = 0, n = 0;
    char c;

    if (pipe(ready))
        return;
    fflush(stdout);
    if (fork() == 0) {
        if (fork() == 0) {
            close(ready[1]);
            (void)!read(ready[0], &c, 1); /* until our parent's parent says */
            _exit(7);
        }
        _exit(0);
    }
    wait(&status);
    close(ready[1]);
    while (wait(&status) > 0)
        n++;
    FACT(n, "%s, orphans", name);
    FACT(n ? WEXITSTATUS(status) : 0, "%s, status", name);
    close(ready[0]);
}

static void reapers(void)
{
    int v = -1, status = 0;

    subject = "subreaper";
    NUM(prctl(PR_GET_CHILD_SUBREAPER, &v), "get");
    FACT(v, "is one");
    adopts("not one");
    NUM(prctl(PR_SET_CHILD_SUBREAPER, 5), "set 5");
    NUM(prctl(PR_GET_CHILD_SUBREAPER, &v), "get again");
    FACT(v, "is one then");
    NUM(prctl(PR_GET_CHILD_SUBREAPER, KERNEL), "into the kernel");
    adopts("one");
    fflush(stdout);
    if (fork() == 0) {
        prctl(PR_GET_CHILD_SUBREAPER, &v);
        _exit(v);
    }
    wait(&status);
    FACT(WEXITSTATUS(status), "a child is");
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static void slack(void)
{
    int status = 0;

    subject = "slack";
    NUM(prctl(PR_GET_TIMERSLACK), "get");
    NUM(prctl(PR_SET_TIMERSLACK, 12345), "set");
    NUM(prctl(PR_GET_TIMERSLACK), "get again");
    fflush(stdout);
    if (fork() == 0)
        _exit(prctl(PR_GET_TIMERSLACK) == 12345);
    wait(&status);
    FACT(WEXITSTATUS(status), "a child has it");
    NUM(prctl(PR_SET_TIMERSLACK, 0), "set 0");
    NUM(prctl(PR_GET_TIMERSLACK), "and then");
}

int main(int argc, char **argv)
{
    if (argc && strcmp(argv[0], "/conformance/execs"))
        return strcmp(argv[0], "execs") ? 50 : argc;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (system("rm -rf /tmp/execs; mkdir -p /tmp/execs") ||
        chdir("/tmp/execs") ||
        system("cp /proc/$PPID/exe prog; echo text > file; ln -s prog link; "
               "printf '#!/tmp/execs/prog\\n' > script; chmod +x script"))
        return 1;
    sizes();
    by_number();
    parents();
    reapers();
    slack();
    return 0;
}
