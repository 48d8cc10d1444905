/* SPDX-License-Identifier: MIT */
/*
 * Whoever looks at memory is not in what is shown, finds no mistake where there
 * is none, and harms nobody: at rest, and while processes fork, share, page
 * out, move, splice and read from the disk all at once.
 *
 *   looks [PROCESSES [ROUNDS]]
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

#define AREA           24  /* pages that a worker has */
#define FRAMES_AT_ONCE 400 /* that are asked about in a round */
#define FRAMES         12288

static char text[16384];

/* What /proc/mm_verify says last. */
static const char *verdict(void)
{
    int fd = open("/proc/mm_verify", O_RDONLY);
    size_t len = 0;
    char *at;
    ssize_t n;

    while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)n;
    close(fd);
    text[len] = 0;
    at = strstr(text, "mm_verify: ");
    return at ? at : "";
}

static bool says(const char *words)
{
    return !strncmp(verdict(), words, strlen(words));
}

/* ---- at rest ---- */

/* Unwritten memory in a pipe: the zero page is pinned. */
static void pinned_zeroes(void)
{
    struct iovec v = {hot_pages(1), PAGE};
    int ends[2];

    hot_expect(*(volatile char *)v.iov_base == 0 && !pipe(ends) &&
                   vmsplice(ends[1], &v, 1, 0) == (ssize_t)PAGE,
               "a page of zeroes is in a pipe");
    hot_expect(says("mm_verify: 0 mistakes"), "which is no mistake");
    close(ends[0]);
    close(ends[1]);
    munmap(v.iov_base, PAGE);
}

/* Asked for by its address and by its number. */
static void shows(const char *page, int refs, const char *when)
{
    struct hot_page at, frame;

    hot_page_at(page, &at);
    hot_page_frame((uint64_t)hot_page_num(&at, "pfn"), &frame);
    hot_expect(hot_page_num(&at, "refs") == refs &&
                   hot_page_num(&frame, "refs") == refs,
               "a page %s has %d references", when, refs);
}

static void observers(void)
{
    char *page = hot_pages(1);

    page[0] = 1;
    shows(page, 1, "of one process");
    madvise(page, PAGE, MADV_PAGEOUT);
    (void)*(volatile char *)page;
    shows(page, 2, "in the swap cache");
    munmap(page, PAGE);
}

/* ---- at work ---- */

static void share(char *area)
{
    pid_t pid = fork();

    if (pid == 0) {
        for (unsigned i = 0; i < AREA; i += 2)
            area[i * PAGE] = 2;
        _exit(0);
    }
    waitpid(pid, NULL, 0);
}

static void splice_some(char *area)
{
    struct iovec v = {area, 4 * PAGE};
    int ends[2];

    if (pipe(ends))
        return;
    (void)!vmsplice(ends[1], &v, 1, 0);
    (void)!read(ends[0], text, 2 * PAGE);
    close(ends[0]);
    close(ends[1]);
}

static void work(int disk)
{
    const size_t len = AREA * PAGE;

    for (;;) {
        char *area = hot_pages(AREA), *moved;

        memset(area, 1, len);
        share(area);
        madvise(area, len, MADV_PAGEOUT);
        (void)!pread(disk, area, 4 * PAGE, 0);
        splice_some(area);
        moved = mremap(area, len, 2 * len, MREMAP_MAYMOVE);
        if (moved == MAP_FAILED)
            _exit(1);
        share(moved);
        munmap(moved, 2 * len);
    }
}

static void ask_about_frames(unsigned round)
{
    struct hot_page p;

    for (unsigned i = 0; i < FRAMES_AT_ONCE; i++)
        hot_page_frame((round * FRAMES_AT_ONCE + i) % FRAMES, &p);
}

static void look(unsigned rounds)
{
    unsigned clean = 0, busy = 0;

    for (unsigned i = 0; i < rounds; i++) {
        const char *v = verdict();

        if (strstr(v, " too busy to tell"))
            busy++;
        else if (strstr(v, " 0 mistakes"))
            clean++;
        else
            hot_say("%s", text);
        ask_about_frames(i);
    }
    hot_result("rounds=%u clean=%u busy=%u", rounds, clean, busy);
    hot_expect(clean + busy == rounds, "no mistakes in a healthy storm");
}

static void storm(unsigned processes, unsigned rounds)
{
    int disk = hot_open_disk("/dev/hda");
    unsigned ended = 0;
    pid_t *pids = calloc(processes, sizeof(*pids));

    for (unsigned i = 0; i < processes; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            work(disk);
    }
    look(rounds);
    for (unsigned i = 0; i < processes; i++)
        kill(pids[i], SIGKILL);
    for (unsigned i = 0; i < processes; i++) {
        int status;

        waitpid(pids[i], &status, 0);
        ended += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    }
    while (waitpid(-1, NULL, 0) > 0) /* their children are init's: ours */
        ;
    hot_expect(ended == processes, "all of them worked to the end");
    close(disk);
}

int main(int argc, char **argv)
{
    hot_begin("looks");
    hot_swapon();
    pinned_zeroes();
    observers();
    storm(argc > 1 ? (unsigned)atoi(argv[1]) : 6,
          argc > 2 ? (unsigned)atoi(argv[2]) : 20);
    return hot_end();
}
