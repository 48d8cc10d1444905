/* SPDX-License-Identifier: MIT */
/*
 * Plenty of memory is free, but no two frames in a row: raw reads of many pages
 * are in flight all the same, and nobody is killed for them. Where the kernel
 * does want a row (the table of a process's open files), it makes one.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <linux/aio_abi.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define REQUESTS 450
#define PIECES   128 /* each: the end of a page and the start of another */
#define PIECE    1024u
#define BIG      (3u << 20)
#define CHILDREN 95
#define LEFT     700u /* frames that are free before the hog lets go */
#define HOG_MAX  (64u * 256)

static int ready[2];

/* Take nearly all memory, and free every other page. */
static void hog(void)
{
    char *p = mmap(NULL, HOG_MAX * PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    unsigned n = 0;

    while (n < HOG_MAX && hot_stat("nr_free_pages") > LEFT)
        for (unsigned i = 0; i < 16 && n < HOG_MAX; i++)
            p[n++ * PAGE] = 1;
    for (unsigned i = 0; i < n; i += 2)
        madvise(p + i * PAGE, PAGE, MADV_DONTNEED);
    write(ready[1], "r", 1);
    for (;;)
        pause();
}

static void submit(aio_context_t ctx, int fd, int op, void *buf, uint64_t n)
{
    struct iocb cb = {.aio_fildes = (uint32_t)fd,
                      .aio_lio_opcode = (uint16_t)op,
                      .aio_buf = (uintptr_t)buf,
                      .aio_nbytes = n};
    struct iocb *list = &cb;

    if (syscall(SYS_io_submit, ctx, 1, &list) != 1)
        hot_expect(false, "a request is taken");
}

/* Children, each with room for thousands of open files: how many are there? */
static unsigned make_children(void)
{
    const struct rlimit limit = {4096, 4096};
    unsigned n = 0;
    pid_t pid;

    setrlimit(RLIMIT_NOFILE, &limit);
    dup2(0, 4000);
    while (n < CHILDREN && (pid = fork()) >= 0) {
        if (pid == 0)
            for (;;)
                pause();
        n++;
    }
    return n;
}

/* How many requests ended with so many bytes? */
static unsigned collect(aio_context_t ctx, unsigned n, int64_t bytes)
{
    struct io_event e;
    unsigned good = 0;

    while (n-- > 0 && syscall(SYS_io_getevents, ctx, 1, 1, &e, NULL) == 1)
        good += e.res == bytes;
    return good;
}

int main(void)
{
    int fd = hot_open_disk("/dev/hda");
    char *buf = hot_pages(2 * PIECES), *big = hot_pages(BIG / PAGE + 1), c;
    struct iovec iov[PIECES];
    aio_context_t ctx = 0;
    unsigned wrong = 0;

    hot_begin("scattered");
    memset(buf, 1, 2 * PIECES * PAGE);
    memset(big, 1, BIG + PAGE);
    for (unsigned i = 0; i < PIECES; i++)
        iov[i] = (struct iovec){buf + (2 * i + 1) * PAGE - PIECE / 2, PIECE};
    if (pipe(ready) || syscall(SYS_io_setup, REQUESTS + 1, &ctx))
        hot_die("io_setup");
    if (fork() == 0)
        hog();
    read(ready[0], &c, 1);
    hot_result("free=%lu", (unsigned long)hot_stat("nr_free_pages"));
    for (unsigned i = 0; i < REQUESTS; i++)
        submit(ctx, fd, IOCB_CMD_PREADV, iov, PIECES);
    submit(ctx, fd, IOCB_CMD_PREAD, big + 512, BIG);
    hot_expect(hot_stat("oom_kill") == 0, "nobody is killed");
    hot_sync("release");
    hot_expect(collect(ctx, REQUESTS, PIECES * PIECE) == REQUESTS,
               "%d requests of %d pages are done", REQUESTS, 2 * PIECES);
    hot_expect(collect(ctx, 1, BIG) == 1, "and one of %u", BIG / 4096 + 1);
    hot_expect(make_children() == CHILDREN, "%d children are made", CHILDREN);
    hot_result("compacted=%lu", (unsigned long)hot_stat("compact_stall"));
    hot_expect(hot_stat("oom_kill") == 0, "nobody is killed for them");
    for (unsigned i = 0; i < PIECES; i++)
        wrong += hot_wrong_bytes(iov[i].iov_base, i * PIECE / 512, PIECE);
    hot_expect(wrong + hot_wrong_bytes(big + 512, 0, BIG) == 0,
               "every byte is the disk's");
    kill(-1, SIGKILL);
    while (wait(NULL) > 0)
        ;
    return hot_end();
}
