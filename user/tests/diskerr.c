/* SPDX-License-Identifier: MIT */
/*
 * A disk that errs: nothing but the process that needed the data is hurt.
 *
 * The host makes requests fail between the syncs.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

/* A write to swap that fails keeps the page in memory. */
static void swap_out(void)
{
    unsigned char *p = hot_pages(8);
    unsigned wrong = 0;

    memset(p, 0x11, 8 * PAGE);
    hot_sync("fail-writes");
    madvise(p, 8 * PAGE, MADV_PAGEOUT);
    hot_sync("mend");
    for (unsigned i = 0; i < 8 * PAGE; i++)
        wrong += p[i] != 0x11;
    hot_expect(wrong == 0, "a failed swap-out loses nothing");
    hot_expect(hot_stat("swap_write_errors") > 0, "the error was counted");
    munmap(p, 8 * PAGE);
}

/* A read from swap that fails kills the process that needs the page. */
static void swap_in(void)
{
    unsigned char *p = hot_pages(8);
    int status = 0;
    pid_t pid;

    memset(p, 0x22, 8 * PAGE);
    madvise(p, 8 * PAGE, MADV_PAGEOUT);
    hot_sync("fail-reads");
    pid = fork();
    if (pid == 0)
        _exit(*(volatile unsigned char *)p);
    waitpid(pid, &status, 0);
    hot_sync("mend");
    hot_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS,
               "a failed swap-in kills with SIGBUS (status %x)", status);
    hot_expect(p[7 * PAGE] == 0x22, "other pages are as they were");
    munmap(p, 8 * PAGE);
}

static void raw(void)
{
    unsigned char *p = hot_pages(4);
    int fd = hot_open_disk("/dev/hda");
    ssize_t n;

    memset(p, 0x33, 4 * PAGE);
    hot_sync("fail-raw");
    n = pread(fd, p, 4096, 0);
    hot_expect(n < 0 && errno == EIO, "a raw read that fails says EIO");
    n = pwrite(fd, p, 4096, 0);
    hot_expect(n < 0 && errno == EIO, "a raw write that fails says EIO");
    hot_expect(fsync(fd) < 0 && errno == EIO, "a flush that fails says EIO");
    hot_sync("mend");
    n = pread(fd, p, 4096, 4096);
    hot_expect(n == 4096 && hot_wrong_bytes(p, 8, 4096) == 0,
               "and the next one works");
    close(fd);
}

/* The host lets the next requests to either disk fail, as long as the driver
   goes on. */
static void passing(void)
{
    unsigned char *p = hot_pages(1);
    uint64_t errors = hot_stat("swap_write_errors");
    int fd = hot_open_disk("/dev/hda");

    hot_sync("stumble");
    hot_expect(pread(fd, p, 4096, 8192) == 4096 &&
                   hot_wrong_bytes(p, 16, 4096) == 0,
               "a raw read whose errors pass");
    hot_sync("stumble");
    hot_expect(pwrite(fd, p, 4096, 8192) == 4096,
               "a raw write whose errors pass");
    madvise(p, PAGE, MADV_PAGEOUT);
    hot_expect(hot_stat("swap_write_errors") == errors,
               "a swap-out whose errors pass");
    hot_sync("stumble");
    hot_expect(hot_wrong_bytes(p, 16, 4096) == 0,
               "a swap-in whose errors pass");
    hot_expect(hot_stat("swap_read_errors") == 0, "no error was counted");
    munmap(p, PAGE);
    close(fd);
}

int main(void)
{
    hot_begin("diskerr");
    hot_swapon();
    passing();
    raw();
    swap_out();
    swap_in();
    return hot_end();
}
