/* SPDX-License-Identifier: MIT */
/*
 * A disk writes into a page of a file, and the file is to be sealed against
 * writing. The host holds the read; the area through which the page was pinned
 * is gone by then, and with it every owner but the file.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SECTOR 7

static int file;
static aio_context_t ctx;

static void start_read(int disk)
{
    unsigned char *p =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    struct iocb cb = {.aio_fildes = (unsigned)disk,
                      .aio_lio_opcode = IOCB_CMD_PREAD,
                      .aio_buf = (uint64_t)p,
                      .aio_nbytes = 512,
                      .aio_offset = (int64_t)SECTOR * 512};
    struct iocb *list = &cb;

    if (p == MAP_FAILED || syscall(SYS_io_setup, 1, &ctx) < 0 ||
        syscall(SYS_io_submit, ctx, 1, &list) != 1)
        hot_die("the read does not start");
    munmap(p, PAGE);
}

static void check_bytes(void)
{
    unsigned char got[512];

    hot_expect(pread(file, got, sizeof(got), 0) == sizeof(got) &&
                   hot_wrong_bytes(got, SECTOR, sizeof(got)) == 0,
               "the file holds what the disk sent");
}

int main(void)
{
    int disk = hot_open_disk("/dev/hda");
    struct io_event event;

    hot_begin("sealed");
    file = memfd_create("sealed", MFD_ALLOW_SEALING);
    if (file < 0 || ftruncate(file, PAGE) < 0)
        hot_die("no memfd");
    start_read(disk);
    hot_step(1, "a read into the file's page is under way, nobody maps it");
    errno = 0;
    hot_expect(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE) < 0 && errno == EBUSY,
               "the file cannot be sealed");
    hot_sync("release");
    hot_expect(syscall(SYS_io_getevents, ctx, 1, 1, &event, NULL) == 1 &&
                   event.res == 512,
               "the read has ended");
    hot_step(2, "the disk is done");
    hot_expect(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE) == 0, "it is sealed");
    check_bytes();
    hot_expect(pwrite(file, "x", 1, 0) < 0 && errno == EPERM,
               "nobody writes to it any more");
    return hot_end();
}
