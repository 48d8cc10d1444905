/* SPDX-License-Identifier: MIT */
/*
 * Question 4: why not simply take pages off the free list one by one until all
 * are gone?
 *
 * A DIMM is taken offline twice: by draining its free list only, and by moving
 * what is in use; while a process (1) keeps its memory in it, (2) frees its
 * memory slowly, (3) does not exist. The host adds the DIMM at the sync
 * "plug", so that nothing of ours lies in it.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FIRST    2048 /* section of 4 GiB */
#define SECTIONS 32   /* 64 MiB */
#define PAGES    1024 /* what the process holds */
#define BATCH    16   /* ... and frees at a time, if it does */
#define LIMIT_MS 400  /* how long a removal may try */
#define REMOVAL  "/sys/devices/system/memory/removal"

static void say(char what)
{
    if (write(1, &what, 1) != 1)
        _exit(1);
}

/* The process: takes its memory, says so, then keeps or frees it, and says of
   each batch that it is free. */
static int holder(const char *how)
{
    unsigned char *p = hot_pages(PAGES);
    struct timespec ms = {0, 1000000};

    for (unsigned i = 0; i < PAGES; i++)
        p[i * PAGE] = (unsigned char)i;
    say('R');
    if (!strcmp(how, "keeping"))
        for (;;)
            pause();
    for (unsigned i = 0; i < PAGES; i += BATCH) {
        nanosleep(&ms, NULL);
        madvise(p + i * PAGE, BATCH * PAGE, MADV_DONTNEED);
        say('F');
    }
    return 0; /* the rest goes with the process */
}

/* vfork, so that starting it does not make us copy pages into the DIMM. What
   it says comes from *from. */
static pid_t start_holder(const char *how, int *from)
{
    int fds[2];
    char c = 0;
    pid_t pid;

    if (pipe(fds))
        hot_die("pipe");
    pid = vfork();
    if (pid == 0) {
        dup2(fds[1], 1);
        close(fds[0]);
        execl("/bin/q4", "q4", "--hold", how, (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    if (pid < 0 || read(fds[0], &c, 1) != 1 || c != 'R')
        hot_die("the process that %s its memory did not start", how);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    *from = fds[0];
    return pid;
}

/* How many of its pages the process has freed. */
static unsigned freed_by(int from)
{
    unsigned n = 0;
    char c;

    while (read(from, &c, 1) == 1)
        n += BATCH;
    close(from);
    return n;
}

static int offline(const char *method)
{
    char line[128];

    snprintf(line, sizeof(line),
             "offline %d %d method=%s timeout_ms=%d passes=0", FIRST, SECTIONS,
             method, LIMIT_MS);
    return hot_write_file(REMOVAL, line);
}

static void one(int step, const char *process, const char *method)
{
    int from = -1;
    pid_t pid = strcmp(process, "no") ? start_holder(process, &from) : 0;
    uint64_t moved = hot_stat("pgmigrate_success");
    int err = offline(method);
    unsigned freed = pid ? freed_by(from) : 0;
    const char *how_much = freed == PAGES ? "all" : freed ? "some" : "none";
    char line[64];

    hot_step(step, "%s process; removal by %s: %s%s%s", process, method,
             err ? "gives up" : "done", pid ? ", the process has freed " : "",
             pid ? how_much : "");
    hot_result("process=%s method=%s error=%d freed=%s migrated=%lu", process,
               method, -err, pid ? how_much : "-",
               (unsigned long)(hot_stat("pgmigrate_success") - moved));
    snprintf(line, sizeof(line), "online %d %d", FIRST, SECTIONS);
    if (!err && hot_write_file(REMOVAL, line))
        hot_die("cannot bring the DIMM back online");
    if (pid) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

int main(int argc, char **argv)
{
    static const char *const processes[] = {"no", "slow", "keeping"};
    static const char *const methods[] = {"drain", "migrate"};

    if (argc > 2 && !strcmp(argv[1], "--hold"))
        return holder(argv[2]);
    hot_begin("q4");
    hot_design();
    hot_warm_up(); /* touch all that we shall need before the DIMM is there */
    hot_sync("plug");
    for (int p = 0; p < 3; p++)
        for (int m = 0; m < 2; m++)
            one(2 * p + m + 1, processes[p], methods[m]);
    return hot_end();
}
