/* SPDX-License-Identifier: MIT */
/*
 * Raw reads that hold pins, behind the back of other programs: READS of them in
 * flight at a time, each into a page of its own, in a new buffer each round.
 * Every byte that arrives is checked. Ends well on SIGTERM, and says how many.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <errno.h>
#include <linux/aio_abi.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define READS        16
#define DISK_SECTORS 2048 /* 1 MiB */

static volatile sig_atomic_t enough;

static void end(int sig)
{
    (void)sig;
    enough = 1;
}

/* Read i of a round: somewhere in its page, from somewhere of the disk. */
static struct iocb read_of(int fd, unsigned char *buffer, unsigned i,
                           unsigned long round)
{
    return (struct iocb){
        .aio_data = i,
        .aio_fildes = (unsigned)fd,
        .aio_lio_opcode = IOCB_CMD_PREAD,
        .aio_buf = (uint64_t)(buffer + i * PAGE + (round + i) % 8 * 512),
        .aio_nbytes = 512,
        .aio_offset = (int64_t)((round * 37 + i * 101) % DISK_SECTORS * 512)};
}

static void submit(aio_context_t ctx, struct iocb *reads)
{
    for (unsigned i = 0; i < READS; i++) {
        struct iocb *one = &reads[i];

        if (syscall(SYS_io_submit, ctx, 1, &one) != 1)
            hot_die("io_submit: %s", strerror(errno));
    }
}

/* Wait for all of them; returns how many were not as they should be. */
static unsigned finish(aio_context_t ctx, const struct iocb *reads)
{
    unsigned wrong = 0;

    for (unsigned n = 0; n < READS;) {
        struct io_event event;
        const struct iocb *r;

        if (syscall(SYS_io_getevents, ctx, 1, 1, &event, NULL) != 1) {
            if (errno != EINTR)
                hot_die("io_getevents: %s", strerror(errno));
            continue;
        }
        r = &reads[event.data];
        wrong += event.res != 512 ||
                 hot_wrong_bytes((void *)r->aio_buf,
                                 (uint64_t)r->aio_offset / 512, 512);
        n++;
    }
    return wrong;
}

static unsigned one_round(int fd, aio_context_t ctx, unsigned long round)
{
    struct iocb reads[READS];
    unsigned char *buffer = hot_pages(READS);
    unsigned wrong;

    for (unsigned i = 0; i < READS; i++)
        reads[i] = read_of(fd, buffer, i, round);
    submit(ctx, reads);
    wrong = finish(ctx, reads);
    munmap(buffer, READS * PAGE);
    return wrong;
}

int main(void)
{
    unsigned long round = 0, wrong = 0;
    int fd = hot_open_disk("/dev/hda");
    aio_context_t ctx = 0;

    signal(SIGTERM, end);
    if (syscall(SYS_io_setup, READS, &ctx))
        hot_die("io_setup: %s", strerror(errno));
    while (!enough)
        wrong += one_round(fd, ctx, round++);
    hot_result("raw_reads=%lu", round * READS);
    return !hot_expect(wrong == 0, "every raw read has its bytes");
}
