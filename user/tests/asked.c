/* SPDX-License-Identifier: MIT */
/*
 * A section of a DIMM is to leave, for as long as it takes, and one of its
 * pages is in a pipe. Meanwhile its owner uses the page; another removal waits,
 * and is killed; the host puts in a second DIMM, and asks for the first one,
 * of which every second section is offline.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define REMOVAL "/sys/devices/system/memory/removal"
#define FIRST   2048ul /* the DIMM's, at 4 GiB */

static int ask(const char *fmt, unsigned long section)
{
    char line[80];

    snprintf(line, sizeof(line), fmt, section);
    return hot_write_file(REMOVAL, line);
}

static void *offline(void *section)
{
    return (void *)(long)ask("offline %lu 1 passes=0 timeout_ms=0",
                             *(unsigned long *)section);
}

static unsigned long section_of(void *page)
{
    struct hot_page p;

    hot_page_at(page, &p);
    return (unsigned long)hot_page_num(&p, "pfn") / 512;
}

static void put_in_pipe(int pipe_end, void *page)
{
    struct iovec piece = {page, 512};

    if (vmsplice(pipe_end, &piece, 1, 0) != 512)
        hot_die("vmsplice");
}

/* Every second one, but for the page's. */
static unsigned leave_holes(unsigned sections, unsigned long keep)
{
    unsigned left = 0;

    for (unsigned long nr = FIRST + (keep + 1) % 2; nr < FIRST + sections;
         nr += 2)
        left += ask("offline %lu 1", nr) == 0;
    return left;
}

/* A removal that has its turn after this one, if ever. */
static void kill_one_that_waits(unsigned long section)
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        _exit(ask("offline %lu 1 passes=0 timeout_ms=0", section) ? 1 : 0);
    for (int turn = 0; turn < 100; turn++)
        sched_yield();
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    hot_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
               "a removal that waits for its turn can be killed");
}

static void wait_for_tries(uint64_t before)
{
    while (hot_stat("pgmigrate_fail") == before)
        sched_yield();
}

/* The page's last pin goes: nothing keeps the DIMM. */
static void let_it_leave(int pipe_end, volatile unsigned char *page,
                         unsigned long section)
{
    unsigned char got[512];

    hot_expect(read(pipe_end, got, 512) == 512 && got[0] == 0x66,
               "the pipe is read");
    hot_sync("left");
    hot_step(3, "the DIMM has left");
    hot_expect(page[0] == 0x66 && page[600] == 1 &&
                   section_of((void *)page) != section,
               "the page is elsewhere");
}

int main(int argc, char **argv)
{
    unsigned sections = argc > 1 ? (unsigned)atoi(argv[1]) : 16;
    volatile unsigned char *page = hot_pages(1);
    unsigned long section;
    uint64_t tries;
    pthread_t thread;
    void *error;
    int fds[2];

    hot_begin("asked");
    if (pipe(fds))
        hot_die("pipe");
    memset((void *)page, 0x66, PAGE);
    section = section_of((void *)page);
    put_in_pipe(fds[1], (void *)page);
    hot_expect(leave_holes(sections, section) == sections / 2,
               "every second section leaves");
    tries = hot_stat("pgmigrate_fail");
    if (pthread_create(&thread, NULL, offline, &section))
        hot_die("pthread_create");
    wait_for_tries(tries);
    hot_step(1, "section %lu is to leave, but a page of it is in a pipe",
             section);
    page[600] = 1;
    hot_expect(page[600] == 1, "its owner goes on");
    kill_one_that_waits(section ^ 2);
    hot_sync("asked");
    hot_step(2, "a second DIMM came; the first one is asked for, and waits");
    hot_expect(hot_write_file(REMOVAL, "cancel") == 0, "the removal gives up");
    pthread_join(thread, &error);
    hot_expect((long)error == -EINTR, "and says so (%ld)", (long)error);
    let_it_leave(fds[0], page, section);
    return hot_end();
}
