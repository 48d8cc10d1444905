/* SPDX-License-Identifier: MIT */
/* A program that runs is not written, and one that is written does not run. */
#include "say.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PROGRAM "/tmp/program"
#define SCRIPT  "/tmp/script"
#define RUNS    "runs" /* the argument of one that says so, and waits */

static void copy_self(const char *to)
{
    static char block[PAGE];
    int in = open("/proc/self/exe", O_RDONLY);
    int out = open(to, O_CREAT | O_TRUNC | O_WRONLY, 0755);
    long n;

    while ((n = read(in, block, sizeof(block))) > 0)
        (void)!write(out, block, (size_t)n);
    close(in);
    close(out);
}

/* Its descriptors 0 and 1 are pipes: it has begun, it may end. */
static int say_and_wait(void)
{
    char c = 0;

    (void)!write(1, "x", 1);
    return (int)read(0, &c, 1);
}

struct child {
    int pid, to, from;
};

static struct child run(const char *path)
{
    int to[2], from[2];
    char c;

    if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
        exit(1);
    fflush(stdout);
    struct child child = {fork(), to[1], from[0]};

    if (child.pid == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        execl(path, path, RUNS, NULL);
        _exit(1);
    }
    close(to[0]);
    close(from[1]);
    (void)!read(child.from, &c, 1);
    return child;
}

static void end(struct child child)
{
    close(child.to);
    close(child.from);
    waitpid(child.pid, NULL, 0);
}

static void opens(const char *path, const char *when)
{
    static const int flags[] = {O_RDONLY,
                                O_WRONLY,
                                O_RDWR,
                                O_WRONLY | O_APPEND,
                                O_RDONLY | O_TRUNC,
                                O_WRONLY | O_TRUNC,
                                O_CREAT | O_WRONLY,
                                O_WRONLY | O_DIRECTORY};

    for (unsigned i = 0; i < COUNT(flags); i++) {
        if ((flags[i] & O_TRUNC) && !strcmp(when, "ended"))
            continue;
        int fd = open(path, flags[i], 0755);

        OKAY(fd, "%s open %o", when, flags[i]);
        close(fd);
    }
}

static int status_of(const char *path)
{
    int status = 0;

    fflush(stdout);
    if (fork() == 0) {
        close(0);
        close(1);
        execl(path, path, RUNS, NULL);
        _exit(errno == ETXTBSY ? 100 : 101);
    }
    wait(&status);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void running(void)
{
    struct child child = run(PROGRAM), again;
    struct stat st;

    subject = "running";
    opens(PROGRAM, "runs");
    NUM(truncate(PROGRAM, 0), "truncate");
    NUM(truncate(PROGRAM, -1), "truncate to -1");
    NUM(stat(PROGRAM, &st), "stat");
    FACT(st.st_size > 0, "is whole");
    NUM(chmod(PROGRAM, 0700), "chmod");
    NUM(link(PROGRAM, "/tmp/other name"), "link");
    NUM(truncate("/tmp/other name", 0), "truncate by it");
    NUM(rename(PROGRAM, "/tmp/third name"), "rename");
    NUM(rename("/tmp/third name", PROGRAM), "and back");
    again = run(PROGRAM);
    end(child);
    NUM(truncate(PROGRAM, 0), "truncate, the first has ended");
    end(again);
    opens(PROGRAM, "ended");
}

/* The children of a program run it, too; and a shell runs a script. */
static void forked(void)
{
    struct child child = run(PROGRAM);
    int fd;

    kill(child.pid, SIGKILL);
    waitpid(child.pid, NULL, 0);
    fd = open(PROGRAM, O_WRONLY);
    OKAY(fd, "open, it was killed");
    close(fd);
    fd = open("/proc/self/exe", O_WRONLY);
    OKAY(fd, "open of oneself");
    fflush(stdout);
    if (fork() == 0) {
        NUM(truncate("/proc/self/exe", 0), "truncate of oneself, by a child");
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
}

static void written(void)
{
    int fd = open(PROGRAM, O_RDONLY), copy;
    void *p;

    subject = "written";
    FACT(status_of(PROGRAM), "open to be read");
    close(fd);
    fd = open(PROGRAM, O_RDWR);
    FACT(status_of(PROGRAM), "open to be written");
    copy = dup(fd);
    close(fd);
    FACT(status_of(PROGRAM), "open by a copy");
    p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, copy, 0);
    close(copy);
    FACT(status_of(PROGRAM), "mapped to be written");
    munmap(p, PAGE);
    FACT(status_of(PROGRAM), "not any more");
    fd = open(PROGRAM, O_WRONLY | O_APPEND);
    unlink(PROGRAM);
    FACT(status_of("/tmp/other name"), "open, by another name");
    close(fd);
    FACT(status_of("/tmp/other name"), "closed");
}

static void scripts(void)
{
    int fd = open(SCRIPT, O_CREAT | O_TRUNC | O_WRONLY, 0755);
    struct child child;

    subject = "script";
    (void)!write(fd, "#!" PROGRAM " " RUNS "\n", 16 + sizeof(RUNS));
    copy_self(PROGRAM);
    FACT(status_of(SCRIPT), "open to be written");
    close(fd);
    FACT(status_of(SCRIPT), "closed");
    child = run(SCRIPT);
    fd = open(SCRIPT, O_WRONLY);
    OKAY(fd, "open while it runs");
    close(fd);
    fd = open(PROGRAM, O_WRONLY);
    OKAY(fd, "open of its interpreter");
    close(fd);
    end(child);
}

/* One has the file in hand, as it has no name to be opened by. */
static void in_memory(void)
{
    int fd = (int)syscall(SYS_memfd_create, "running", 0), again;
    char path[40];

    subject = "memfd";
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    copy_self(path);
    FACT(status_of(path), "open as it was made");
    again = open(path, O_WRONLY);
    FACT(status_of(path), "open to be written");
    close(again);
    close(fd);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], RUNS))
        return say_and_wait();
    signal(SIGPIPE, SIG_IGN);
    copy_self(PROGRAM);
    running();
    forked();
    written();
    scripts();
    in_memory();
    return 0;
}
