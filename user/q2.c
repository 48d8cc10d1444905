/* SPDX-License-Identifier: MIT */
/*
 * Question 2: what good is the page lock, when raw I/O does not take it?
 *
 * Two processes, P and C, own page A. P's reclaim of A is stopped between the
 * two counts (a kernel built with TESTPOINTS=1), holding the page lock. What
 * can others see, and what can they do? The first process, O, looks on.
 * Needs two processors: P's spins at the point.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

#define POINT  "unmap.between_counts"
#define OWNERS 2

static int to_p[2], from_p[2], to_c[2], from_c[2];

static void tell(int fd, char what)
{
    if (write(fd, &what, 1) != 1)
        _exit(90);
}

static char hear(int fd)
{
    char what = 0;

    if (read(fd, &what, 1) != 1)
        _exit(91);
    return what;
}

/* In which frame the page is. */
static void tell_frame(int fd, const volatile unsigned char *page)
{
    struct hot_page p;
    uint64_t frame;

    hot_page_at((void *)page, &p);
    frame = (uint64_t)hot_page_num(&p, "pfn");
    if (write(fd, &frame, sizeof(frame)) != sizeof(frame))
        _exit(92);
}

static uint64_t hear_frame(int fd)
{
    uint64_t frame = 0;

    if (read(fd, &frame, sizeof(frame)) != sizeof(frame))
        hot_die("a process has gone");
    return frame;
}

/* C writes to A when it is told to, and says what it then reads there, and in
   which frame. */
static void child_c(volatile unsigned char *page)
{
    hear(to_c[0]);
    page[0] = 'C';
    tell(from_c[1], (char)page[0]);
    tell_frame(from_c[1], page);
    hear(to_c[0]);
    _exit(0);
}

/* P has A reclaimed when it is told to, and says what it then reads. */
static void child_p(void)
{
    unsigned char *page = hot_pages(1);

    page[0] = 'P';
    if (fork() == 0)
        child_c(page);
    tell_frame(from_p[1], page);
    hear(to_p[0]);
    madvise(page, PAGE, MADV_PAGEOUT);
    tell(from_p[1], 'd');
    hear(to_p[0]);
    tell(from_p[1], (char)*(volatile unsigned char *)page);
    tell_frame(from_p[1], page);
    waitpid(-1, NULL, 0);
    _exit(0);
}

static bool somebody_waits(void)
{
    char text[512];
    int fd = open("/proc/testpoint", O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (n < 0)
        hot_die("no /proc/testpoint: is the kernel built with TESTPOINTS=1?");
    close(fd);
    text[n] = 0;
    return strstr(text, " waiting=1") != NULL; /* no other point is armed */
}

static int sum_of(uint64_t frame, const char *when)
{
    struct hot_page p;
    int maps, swaps;

    hot_page_frame(frame, &p);
    maps = (int)hot_page_num(&p, "map");
    swaps = (int)hot_page_num(&p, "swap");
    hot_result("when=%s mapcount=%d swapcount=%d sum=%d", when, maps, swaps,
               maps + swaps);
    return maps + swaps;
}

/* Has C's write come through? It may take as many turns as it likes. */
static bool c_has_written(void)
{
    int flags = fcntl(from_c[0], F_GETFL);
    char c;
    bool yes = false;

    fcntl(from_c[0], F_SETFL, flags | O_NONBLOCK);
    for (int turn = 0; turn < 200 && !yes; turn++) {
        sched_yield();
        yes = read(from_c[0], &c, 1) == 1;
    }
    fcntl(from_c[0], F_SETFL, flags);
    return yes;
}

static void race(uint64_t frame)
{
    uint64_t frame_of_c, frame_of_p;

    hot_step(1, "P and C own page A (frame %lx)", (unsigned long)frame);
    hot_expect(sum_of(frame, "before") == OWNERS, "the sum is %d", OWNERS);
    if (hot_write_file("/proc/testpoint", "arm " POINT))
        hot_die("cannot arm " POINT);
    tell(to_p[1], 'g');
    while (!somebody_waits())
        sched_yield();
    hot_step(2, "P's reclaim of A stops between the counts, page lock held");
    hot_expect(sum_of(frame, "between") > OWNERS,
               "a reader without the lock sees a sum that is too high");
    tell(to_c[1], 'g');
    hot_step(3, "C writes to A on the other processor");
    hot_expect(!c_has_written(), "C's decision waits for the page lock");
    hot_write_file("/proc/testpoint", "release " POINT);
    hot_step(4, "the reclaim goes on; the lock is free");
    hot_expect(hear(from_c[0]) == 'C', "C reads what it wrote");
    frame_of_c = hear_frame(from_c[0]);
    hear(from_p[0]);
    tell(to_p[1], 'r');
    hot_expect(hear(from_p[0]) == 'P', "P still reads its own byte");
    /* Not of A's old frame: once A is in swap, that is free for C's copy. */
    frame_of_p = hear_frame(from_p[0]);
    hot_expect(frame_of_c != frame_of_p, "C got a copy (frame %lx, P's is %lx)",
               (unsigned long)frame_of_c, (unsigned long)frame_of_p);
}

int main(void)
{
    hot_begin("q2");
    hot_swapon();
    if (pipe(to_p) || pipe(from_p) || pipe(to_c) || pipe(from_c))
        hot_die("pipe");
    if (fork() == 0)
        child_p();
    race(hear_frame(from_p[0]));
    tell(to_c[1], 'x');
    waitpid(-1, NULL, 0);
    return hot_end();
}
