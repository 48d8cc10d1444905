/* SPDX-License-Identifier: MIT */
/*
 * What is to be durable when the call returns: O_SYNC and O_DSYNC, RWF_SYNC
 * and RWF_DSYNC, in each way to write to a disk. The host looks at which writes
 * are followed by a flush, and lets the last ones fail.
 */
#define _GNU_SOURCE
#include "lib/ok.h"
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef RWF_DSYNC
#define RWF_DSYNC 2
#define RWF_SYNC  4
#endif

static unsigned char *p;
static aio_context_t ctx;

static int disk(int flags)
{
    int fd = open("/dev/hda", O_RDWR | flags);

    if (fd < 0)
        hot_die("/dev/hda: %s", strerror(errno));
    return fd;
}

static long pwritev2_one(int fd, long sector, int flags)
{
    struct iovec io = {p, 512};

    return syscall(SYS_pwritev2, fd, &io, 1, sector * 512, 0, flags);
}

/* What the event of a write says; -1: there is none. */
static long aio_write(int fd, long sector, int flags)
{
    struct iocb cb = {.aio_fildes = (unsigned)fd,
                      .aio_rw_flags = flags,
                      .aio_lio_opcode = IOCB_CMD_PWRITE,
                      .aio_buf = (uint64_t)p,
                      .aio_nbytes = 512,
                      .aio_offset = sector * 512},
                *one = &cb;
    struct io_event e;

    if (syscall(SYS_io_submit, ctx, 1, &one) != 1 ||
        syscall(SYS_io_getevents, ctx, 1, 1, &e, NULL) != 1)
        return -1;
    return (long)e.res;
}

int main(void)
{
    int sync_direct, dsync, plain, direct;
    struct iovec two[2];

    hot_begin("durable");
    p = hot_pages(2);
    sync_direct = disk(O_DIRECT | O_SYNC);
    dsync = disk(O_DSYNC);
    plain = disk(0);
    direct = disk(O_DIRECT);
    two[0] = (struct iovec){p, 512};
    two[1] = (struct iovec){p + PAGE, 512};
    OK(syscall(SYS_io_setup, 1, &ctx) == 0);
    OK((fcntl(sync_direct, F_GETFL) & O_SYNC) == O_SYNC);
    OK(pwrite(sync_direct, p, 512, 0) == 512);
    OK(pwrite(dsync, p, 512, 512) == 512);
    OK(pwritev(dsync, two, 2, 1024) == 1024);
    OK(pwritev2_one(plain, 4, RWF_DSYNC) == 512);
    OK(pwritev2_one(direct, 5, RWF_SYNC) == 512);
    OK(aio_write(sync_direct, 6, 0) == 512);
    OK(aio_write(direct, 7, RWF_DSYNC) == 512);
    OK(aio_write(plain, 8, RWF_DSYNC) == 512);
    OK(pread(sync_direct, p, 512, 0) == 512);
    OK(fcntl(plain, F_SETFL, O_SYNC) == 0);
    OK(!(fcntl(plain, F_GETFL) & O_SYNC));
    OK(pwrite(plain, p, 512, 9 * 512) == 512);
    OK(aio_write(direct, 10, 0) == 512);
    OK(fsync(plain) == 0);
    hot_sync("fail-flushes");
    FAILS(pwrite(dsync, p, 512, 11 * 512), EIO);
    FAILS(pwritev2_one(plain, 12, RWF_DSYNC), EIO);
    OK(aio_write(sync_direct, 13, 0) == -EIO);
    return hot_end();
}
