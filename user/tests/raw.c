/* SPDX-License-Identifier: MIT */
/*
 * Disks as programs use them: O_DIRECT at every alignment that is allowed, in
 * one piece and in many, by AIO, and without O_DIRECT. The disk is 8 MiB of
 * the pattern; the last MiB is written to.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE    (8ul << 20)
#define SCRATCH (7ul << 20)
#define PAGES   600

static unsigned char *p;
static int fd;

static void alignment(void)
{
    hot_expect(pread(fd, p + 512, 512, 512) == 512 &&
                   hot_wrong_bytes(p + 512, 1, 512) == 0,
               "a read to the middle of a page");
    hot_expect(pread(fd, p + 3584, 9216, 5 * 512) == 9216 &&
                   hot_wrong_bytes(p + 3584, 5, 9216) == 0,
               "a read across pages");
    hot_expect(pread(fd, p + 256, 512, 0) < 0 && errno == EINVAL,
               "a buffer that is not aligned");
    hot_expect(pread(fd, p, 500, 0) < 0 && errno == EINVAL,
               "a length that is not aligned");
    hot_expect(pread(fd, p, 512, 100) < 0 && errno == EINVAL,
               "an offset that is not aligned");
    hot_expect(pread(fd, (void *)0x1000, 512, 0) < 0 && errno == EFAULT,
               "a buffer that is not there");
    hot_expect(pread(fd, (void *)0xffff888000000000ul, 512, 0) < 0 &&
                   errno == EFAULT,
               "a buffer in the kernel");
}

static void sizes(void)
{
    memset(p, 0, PAGES * PAGE);
    hot_expect(pread(fd, p, 2ul << 20, 4096) == 2l << 20 &&
                   hot_wrong_bytes(p, 8, 2u << 20) == 0,
               "two MiB in one call");
    hot_expect(pread(fd, p, 4096, SIZE - 1024) == 1024 &&
                   hot_wrong_bytes(p, SIZE / 512 - 2, 1024) == 0,
               "a read over the end is short");
    hot_expect(pread(fd, p, 512, SIZE) == 0, "a read at the end");
    hot_expect(pwrite(fd, p, 512, SIZE) < 0 && errno == ENOSPC,
               "a write at the end");
}

/* Two segments in one page, and a third somewhere else. */
static void segments(void)
{
    struct iovec v[3] = {{p + 512, 512}, {p + 2048, 1024}, {p + 8192, 512}};

    memset(p, 0x55, 3 * PAGE);
    hot_expect(preadv(fd, v, 3, 20 * 512) == 2048, "readv of three segments");
    hot_expect(hot_wrong_bytes(p + 512, 20, 512) == 0 &&
                   hot_wrong_bytes(p + 2048, 21, 1024) == 0 &&
                   hot_wrong_bytes(p + 8192, 23, 512) == 0,
               "each has its bytes");
    hot_expect(p[0] == 0x55 && p[1024] == 0x55 && p[3072] == 0x55,
               "and nothing else has");
}

static void writing(void)
{
    int plain = open("/dev/hda", O_RDWR);
    char word[8] = "";

    memset(p, 0x77, 3 * PAGE);
    hot_expect(pwrite(fd, p + 512, 9216, SCRATCH) == 9216, "a raw write");
    hot_expect(pwrite(plain, "hello", 5, SCRATCH + 1021) == 5,
               "five bytes at an odd place without O_DIRECT");
    hot_expect(pread(fd, p, 4096, SCRATCH) == 4096 && p[1020] == 0x77 &&
                   !memcmp(p + 1021, "hello", 5) && p[1026] == 0x77,
               "both ways see the same bytes");
    hot_expect(pread(plain, word, 5, SCRATCH + 1021) == 5 &&
                   !strcmp(word, "hello"),
               "and back");
    hot_expect(fsync(fd) == 0, "fsync");
    close(plain);
}

static void facts(void)
{
    unsigned long long bytes = 0;
    int sector = 0;

    hot_expect(ioctl(fd, BLKGETSIZE64, &bytes) == 0 && bytes == SIZE,
               "BLKGETSIZE64");
    hot_expect(ioctl(fd, BLKSSZGET, &sector) == 0 && sector == 512,
               "BLKSSZGET");
}

/* What the disk says that it has read. */
static unsigned long sectors_read(void)
{
    char text[256] = "";
    unsigned long sectors = 0;
    int stat = open("/sys/block/hda/stat", O_RDONLY);

    if (read(stat, text, sizeof(text) - 1) <= 0 ||
        sscanf(text, "%*u %*u %lu", &sectors) != 1)
        hot_die("/sys/block/hda/stat says \"%s\"", text);
    close(stat);
    return sectors;
}

static void statistics(void)
{
    unsigned long before = sectors_read();

    hot_expect(pread(fd, p, 64 * PAGE, 0) == 64 * PAGE &&
                   sectors_read() == before + 64 * PAGE / 512,
               "the disk counts its sectors");
}

#define REQUESTS 16

/* The disk's interrupt tells it of each request that has ended. */
static void wait_until_told(int told, unsigned n)
{
    eventfd_t sum = 0, count;

    while (sum < n && eventfd_read(told, &count) == 0)
        sum += count;
    hot_expect(sum == n, "an eventfd is told of each of them");
}

static void asynchronous(void)
{
    int told = eventfd(0, 0);
    struct iocb cb[REQUESTS], *list[REQUESTS];
    struct io_event events[REQUESTS];
    aio_context_t ctx = 0;
    unsigned wrong = 0;
    long got;

    memset(cb, 0, sizeof(cb));
    memset(p, 0, REQUESTS * 512);
    hot_expect(syscall(SYS_io_setup, REQUESTS, &ctx) == 0, "io_setup");
    for (unsigned i = 0; i < REQUESTS; i++) {
        cb[i].aio_fildes = (unsigned)fd;
        cb[i].aio_lio_opcode = IOCB_CMD_PREAD;
        cb[i].aio_buf = (uint64_t)(p + 512 * i); /* eight share a page */
        cb[i].aio_nbytes = 512;
        cb[i].aio_offset = (int64_t)(512 * (100 + 3 * i));
        cb[i].aio_data = i;
        cb[i].aio_flags = IOCB_FLAG_RESFD;
        cb[i].aio_resfd = (unsigned)told;
        list[i] = &cb[i];
    }
    hot_expect(syscall(SYS_io_submit, ctx, REQUESTS, list) == REQUESTS,
               "io_submit of %d", REQUESTS);
    wait_until_told(told, REQUESTS);
    close(told);
    got = syscall(SYS_io_getevents, ctx, REQUESTS, REQUESTS, events, NULL);
    hot_expect(got == REQUESTS, "io_getevents gives them all");
    for (long i = 0; i < got; i++)
        wrong += events[i].res != 512;
    for (unsigned i = 0; i < REQUESTS; i++)
        wrong += hot_wrong_bytes(p + 512 * i, 100 + 3 * i, 512);
    hot_expect(wrong == 0, "every byte of every request is right");
    hot_expect(syscall(SYS_io_destroy, ctx) == 0, "io_destroy");
    hot_expect(syscall(SYS_io_destroy, ctx) < 0 && errno == EINVAL,
               "twice is an error");
}

/* A process ends while its requests are in flight: pins must go with them. Its
   eventfd is told of it when it has no other user any more. */
static void exits_in_flight(void)
{
    struct iocb cb = {.aio_fildes = (unsigned)fd,
                      .aio_lio_opcode = IOCB_CMD_PREAD,
                      .aio_buf = (uint64_t)p,
                      .aio_nbytes = 64 * PAGE,
                      .aio_flags = IOCB_FLAG_RESFD};
    struct iocb *list = &cb;
    aio_context_t ctx = 0;
    int status = 0;

    if (fork() == 0) {
        cb.aio_resfd = (unsigned)eventfd(0, 0);
        syscall(SYS_io_setup, 1, &ctx);
        _exit(syscall(SYS_io_submit, ctx, 1, &list) != 1);
    }
    wait(&status);
    hot_expect(status == 0, "a process may end with a request in flight");
}

static long requests_promised(void)
{
    char text[32] = "";
    int nr = open("/proc/sys/fs/aio-nr", O_RDONLY);

    if (nr < 0 || read(nr, text, sizeof(text) - 1) <= 0)
        return -1;
    close(nr);
    return atol(text);
}

/* A program makes a context, and becomes another: the context was the old
   one's. We are it, with an argument. */
static void exec_ends_contexts(void)
{
    aio_context_t ctx = 0;
    int status = -1;

    if (fork() == 0) {
        if (syscall(SYS_io_setup, 8, &ctx) || requests_promised() != 8)
            _exit(2);
        execl("/tests/raw", "raw", "again", NULL);
        _exit(3);
    }
    wait(&status);
    hot_expect(status == 0, "exec ends AIO contexts");
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return requests_promised() != 0;
    hot_begin("raw");
    fd = hot_open_disk("/dev/hda");
    p = hot_pages(PAGES);
    memset(p, 0, PAGES * PAGE);
    alignment();
    sizes();
    segments();
    writing();
    facts();
    statistics();
    asynchronous();
    exits_in_flight();
    exec_ends_contexts();
    hot_expect(hot_stat("pin_get") == hot_stat("pin_put"),
               "every pin was released");
    return hot_end();
}
