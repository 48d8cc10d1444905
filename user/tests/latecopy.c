/* SPDX-License-Identifier: MIT */
/*
 * The copy that comes too late (mm/fault.h): an entry whose value is what it
 * was, and which is another entry all the same. A thread's write fault is
 * stopped when it has decided to copy (a kernel built with TESTPOINTS=1);
 * meanwhile the page becomes the process's alone, is kept, written to, paged
 * out and read in again.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

#define POINT "/proc/testpoint"

static volatile unsigned char *page;

static void *first_thread(void *arg)
{
    if (hot_write_file(POINT, "arm fault.spare"))
        hot_die("no " POINT ": is the kernel built with TESTPOINTS=1?");
    page[0] = '1';
    return arg;
}

/* Nothing here faults: the point would stop us instead. */
static void wait_until_it_stops(void)
{
    static char text[512];
    int fd = open(POINT, O_RDONLY);

    do {
        sched_yield();
        memset(text, 0, sizeof(text));
        if (pread(fd, text, sizeof(text) - 1, 0) < 0)
            hot_die("cannot read " POINT);
    } while (!strstr(text, "fault.spare armed=0 waiting=1"));
    close(fd);
}

/* Out, and in again: read-only, in the same frame if somebody still looks at
   it. */
static void out_and_in(void)
{
    if (madvise((void *)page, PAGE, MADV_PAGEOUT))
        hot_die("MADV_PAGEOUT");
    (void)page[100];
}

int main(void)
{
    pthread_t thread;
    pid_t child;
    int gate[2];
    char c;

    hot_begin("latecopy");
    hot_swapon();
    page = hot_pages(1);
    page[0] = page[8] = 'o';
    if (pipe(gate) < 0)
        hot_die("no pipe");
    child = fork();
    if (child == 0) {
        close(gate[1]);
        _exit((int)read(gate[0], &c, 1));
    }
    out_and_in();
    hot_step(1, "P maps page A read-only, C owns it by a swap entry");
    pthread_create(&thread, NULL, first_thread, NULL);
    wait_until_it_stops();
    hot_step(2, "P's first thread writes to A: two owners, it is to copy");
    close(gate[1]);
    waitpid(child, NULL, 0);
    hot_step(3, "C ends");
    page[8] = '2';
    out_and_in();
    hot_step(4, "P's second thread writes to A; A is paged out, and read in");
    hot_write_file(POINT, "release fault.spare");
    pthread_join(thread, NULL);
    hot_step(5, "the first thread goes on");
    hot_expect(page[0] == '1', "the first thread's write is there");
    hot_expect(page[8] == '2', "the second thread's write is there");
    return hot_end();
}
