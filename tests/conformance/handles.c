/* SPDX-License-Identifier: MIT */
/* Descriptors that come and go while something is done with them. */
#include "threads.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ---- a lock, and the descriptor that it was asked for by ---- */

static struct flock lock_of(short type)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

static void *take(struct sleeper *s)
{
    struct flock l = lock_of(F_WRLCK);

    s->result = fcntl(*(int *)s->arg, F_SETLKW, &l) ? -errno : 0;
    return NULL;
}

/* Who else has the file locked, as a child sees it: 0 or 1. */
static int is_locked(const char *path)
{
    struct flock l = lock_of(F_WRLCK);
    int status;

    fflush(stdout);
    if (fork() == 0) {
        int fd = open(path, O_RDWR);

        _exit(fcntl(fd, F_GETLK, &l) || l.l_type != F_UNLCK);
    }
    wait(&status);
    return WEXITSTATUS(status);
}

/* Another process has the lock; a thread of ours waits for it; `gone` takes the
   descriptor away; then the lock is free. */
static void locked(const char *how, void gone(int fd))
{
    int fd = open("lock", O_CREAT | O_RDWR, 0644), go[2], pid;
    struct flock l = lock_of(F_WRLCK);
    struct sleeper s;
    char c;

    if (pipe(go))
        return;
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        close(go[1]);
        (void)!fcntl(fd, F_SETLK, &l);
        (void)!read(go[0], &c, 1);
        _exit(0);
    }
    while (fcntl(fd, F_GETLK, &l) || l.l_type == F_UNLCK) {
        sched_yield();
        l = lock_of(F_WRLCK);
    }
    start_asleep(&s, take, &fd);
    gone(fd);
    close(go[0]);
    close(go[1]);
    waitpid(pid, NULL, 0);
    pthread_join(s.thread, NULL);
    FACT(s.result, "%s", how);
    FACT(is_locked("lock"), "%s, and then it is locked", how);
    close(fd);
}

static void is_closed(int fd)
{
    close(fd);
}

static void is_another(int fd)
{
    int other = open("another", O_CREAT | O_RDWR, 0644);

    dup2(other, fd);
    close(other);
}

/* Its number is what was asked by; that another one leads there is nothing. */
static void is_elsewhere(int fd)
{
    (void)dup(fd);
    close(fd);
}

static void stays(int fd)
{
    (void)fd;
}

/* Which of several locks a child is told of, whatever order they came in. */
static void told(int fd, long start, const char *name)
{
    struct flock l = lock_of(F_WRLCK);
    int status = 0;

    fflush(stdout);
    if (fork() == 0) {
        l.l_start = start;
        _exit(fcntl(fd, F_GETLK, &l) || l.l_type == F_UNLCK ? 99
                                                            : (int)l.l_start);
    }
    wait(&status);
    FACT(WEXITSTATUS(status), "told from %ld, %s", start, name);
}

static void lock_part(int fd, short type, long start, long len)
{
    struct flock l = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};

    NUM(fcntl(fd, F_SETLK, &l), "part %d at %ld, %ld", type, start, len);
}

static void lowest(void)
{
    int fd = open("parts", O_CREAT | O_RDWR, 0644);

    lock_part(fd, F_WRLCK, 60, 5);
    lock_part(fd, F_RDLCK, 20, 5);
    lock_part(fd, F_WRLCK, 40, 5);
    told(fd, 0, "three of them");
    told(fd, 25, "the first is before");
    told(fd, 45, "two are");
    lock_part(fd, F_UNLCK, 20, 2);
    told(fd, 0, "cut");
    lock_part(fd, F_RDLCK, 10, 60);
    told(fd, 0, "covered");
    lock_part(fd, F_WRLCK, 30, 5);
    told(fd, 0, "in the middle");
    told(fd, 30, "from there");
    lock_part(fd, F_UNLCK, 32, 1);
    told(fd, 32, "a hole");
    told(fd, 33, "behind the hole");
    close(fd);
}

/* ---- numbers ---- */

static void fill(void)
{
    while (open("/dev/null", O_RDONLY) >= 0)
        ;
}

static void limits(void)
{
    struct rlimit limit, few = {20, 0};
    int first = dup(0), ends[2];
    struct stat st;

    close(first);
    getrlimit(RLIMIT_NOFILE, &limit);
    few.rlim_max = limit.rlim_max;
    subject = "number";
    close(open("kept", O_CREAT | O_WRONLY, 0644));
    (void)!truncate("kept", 7);
    setrlimit(RLIMIT_NOFILE, &few);
    fill();
    NUM(open("kept", O_RDONLY), "open");
    NUM(open("nothing", O_RDONLY), "open of nothing");
    NUM(open("made", O_CREAT | O_WRONLY, 0644), "create");
    NUM(stat("made", &st), "what it created");
    NUM(open("kept", O_WRONLY | O_TRUNC), "truncate");
    stat("kept", &st);
    FACT(st.st_size, "what it truncated");
    NUM(dup(0), "dup");
    NUM(pipe(ends), "pipe");
    NUM(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
    NUM(fcntl(0, F_DUPFD, 20), "dupfd at the limit");
    close(19);
    NUM(pipe(ends), "pipe with one place");
    NUM(dup(0), "the place is there still");
    few.rlim_cur = 10;
    setrlimit(RLIMIT_NOFILE, &few);
    NUM(dup2(0, 15), "dup2 beyond a lowered limit");
    close(5);
    close(15);
    NUM(dup(0), "dup below it");
    NUM(dup(0), "dup beyond it");
    for (int fd = first; fd < 20; fd++)
        close(fd);
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Numbers that the program could not be told are nobody's. */
static void untold(void)
{
    int next = dup(0);

    close(next);
    NUM(syscall(SYS_pipe2, NOWHERE, 0), "pipe to nowhere");
    NUM(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, NOWHERE),
        "socketpair to nowhere");
    FACT(dup(0) == next, "the next number is the same");
    close(next);
}

/* A number of an open that still sleeps: it is taken, and leads nowhere. */
static void *open_fifo(struct sleeper *s)
{
    s->result = open("fifo", O_RDONLY);
    return NULL;
}

static void sleeping_open(void)
{
    int next = dup(0), writer;
    struct sleeper s;

    close(next);
    mkfifo("fifo", 0644);
    start_asleep(&s, open_fifo, NULL);
    NUM(fcntl(next, F_GETFD), "of a sleeping open");
    NUM(syscall(SYS_dup2, 0, next), "dup2 to it"); /* musl's tries again */
    NUM(close(next), "close of it");
    FACT(dup(0) == next + 1, "dup gets the one behind it");
    writer = open("fifo", O_WRONLY);
    pthread_join(s.thread, NULL);
    FACT(s.result == next, "which the open gets");
    close(writer);
    close(next);
    close(next + 1);
}

/* ---- robust locks, and exec ---- */

static pthread_mutex_t *shared_mutex(void)
{
    pthread_mutex_t *m = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t a;

    pthread_mutexattr_init(&a);
    pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(m, &a);
    return m;
}

/* The child holds the lock, executes, and then lives on: by its end it would
   be told of anyhow. It closes the pipe by exec. */
static void executed(void)
{
    pthread_mutex_t *m = shared_mutex();
    int stays[2], begun[2], pid;
    char c;

    subject = "robust";
    if (pipe(stays) || pipe2(begun, O_CLOEXEC))
        return;
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        close(stays[1]);
        dup2(stays[0], 0);
        pthread_mutex_lock(m);
        execl("/bin/cat", "cat", NULL);
        _exit(1);
    }
    close(begun[1]);
    close(stays[0]);
    (void)!read(begun[0], &c, 1);
    ERR(pthread_mutex_trylock(m), "held over exec");
    NUM(waitpid(pid, NULL, WNOHANG), "it lives");
    ERR(pthread_mutex_consistent(m), "made good");
    ERR(pthread_mutex_unlock(m), "given back");
    close(stays[1]);
    waitpid(pid, NULL, 0);
}

static int execute(void *arg)
{
    (void)arg;
    execl("/bin/true", "true", NULL);
    return 1;
}

/* A word that the kernel clears when the child leaves the memory it shares. */
static void left(void)
{
    static char stack[4 * PAGE] __attribute__((aligned(16)));
    volatile int word = 77;
    int pid = clone(execute, stack + sizeof(stack),
                    CLONE_VM | CLONE_VFORK | CLONE_CHILD_CLEARTID | SIGCHLD,
                    NULL, NULL, NULL, &word);

    subject = "cleared";
    waitpid(pid, NULL, 0);
    FACT(word, "over exec");
}

int main(void)
{
    mkdir("/tmp/handles", 0755);
    if (chdir("/tmp/handles"))
        return 1;
    subject = "lock";
    locked("the number stays", stays);
    locked("the number is closed", is_closed);
    locked("the number is another file's", is_another);
    locked("the file has another number", is_elsewhere);
    lowest();
    limits();
    untold();
    sleeping_open();
    executed();
    left();
    return 0;
}
