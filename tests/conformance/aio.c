/* SPDX-License-Identifier: MIT */
/* Linux AIO on files in memory: contexts, requests, events, their errors. */
#include "say.h"
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

static aio_context_t ctx;
static int file, reader, ends[2];
static char buf[64] = "0123456789";

static long submit(struct iocb *cb)
{
    return syscall(SYS_io_submit, ctx, 1, &cb);
}

static void contexts(void)
{
    static const long sizes[] = {0, -1, 1l << 31, 1l << 23, 65537, 1};
    aio_context_t c;

    subject = "aio-setup";
    for (unsigned i = 0; i < COUNT(sizes); i++) {
        c = 0;
        NUM(syscall(SYS_io_setup, sizes[i], &c), "%ld", sizes[i]);
        FACT(c != 0, "%ld: a context", sizes[i]);
    }
    NUM(syscall(SYS_io_setup, 1, &c), "one that is there");
    FACT(*(volatile unsigned char *)c * 0, "its page can be read");
    NUM(syscall(SYS_io_setup, 1, KERNEL), "the kernel's");
    NUM(syscall(SYS_io_destroy, c), "destroy");
    NUM(syscall(SYS_io_destroy, c), "destroy again");
    NUM(msync((void *)c, PAGE, MS_ASYNC), "its page then");
    NUM(syscall(SYS_io_destroy, 0), "destroy none");
    NUM(syscall(SYS_io_destroy, -1), "destroy -1");
}

static void lists(void)
{
    struct iocb cb = {.aio_fildes = (unsigned)file,
                      .aio_lio_opcode = IOCB_CMD_PREAD,
                      .aio_buf = (uintptr_t)buf,
                      .aio_nbytes = 4},
                bad = {.aio_fildes = 999}, *two[] = {&cb, &bad},
                *none[] = {&cb, KERNEL};
    struct io_event e[4];

    subject = "aio-submit";
    NUM(syscall(SYS_io_submit, 0, 1, two), "no context");
    NUM(syscall(SYS_io_submit, ctx, -1, two), "-1");
    NUM(syscall(SYS_io_submit, ctx, 0, two), "0");
    NUM(syscall(SYS_io_submit, ctx, 1, KERNEL), "a bad list");
    NUM(syscall(SYS_io_submit, ctx, 2, none), "the second is nowhere");
    NUM(syscall(SYS_io_submit, ctx, 1, none + 1), "the first is nowhere");
    NUM(syscall(SYS_io_submit, ctx, 2, two), "the second is bad");
    NUM(syscall(SYS_io_submit, ctx, 1, two + 1), "the first is bad");
    NUM(syscall(SYS_io_getevents, ctx, 2, 4, e, NULL), "events");
    FACT(e[0].res, "result");
    FACT(e[0].obj == (uintptr_t)&cb, "object");
    struct timespec zero = {0, 0};

    subject = "aio-events";
    NUM(syscall(SYS_io_getevents, 0, 0, 1, e, &zero), "no context");
    NUM(syscall(SYS_io_getevents, ctx, -1, 1, e, &zero), "min -1");
    NUM(syscall(SYS_io_getevents, ctx, 2, 1, e, &zero), "min above max");
    NUM(syscall(SYS_io_getevents, ctx, 0, 0, e, &zero), "none");
    NUM(syscall(SYS_io_getevents, ctx, 1, 1, e, &zero), "no time");
    NUM(syscall(SYS_io_getevents, ctx, 1, 1, e, KERNEL), "a bad time");
    NUM(submit(&cb), "one");
    NUM(syscall(SYS_io_getevents, ctx, 1, 1, KERNEL, &zero), "bad events");
    NUM(syscall(SYS_io_getevents, ctx, 1, 4, e, &zero), "and good ones");
    NUM(syscall(SYS_io_cancel, ctx, &cb, e), "cancel what has ended");
    NUM(syscall(SYS_io_cancel, 0, &cb, e), "cancel without context");
    NUM(syscall(SYS_io_cancel, ctx, KERNEL, e), "cancel the kernel's");
}

/* One request, and what became of it. */
static void try(const char *name, struct iocb cb)
{
    struct timespec zero = {0, 0};
    struct io_event e = {.res = -999};
    long n;

    cb.aio_data = 77;
    NUM(submit(&cb), "%s", name);
    n = syscall(SYS_io_getevents, ctx, 0, 1, &e, &zero);
    if (n == 1 && e.res < 0)
        printf("%s.%s event: %s\n", subject, name, error_name((int)-e.res));
    else if (n == 1)
        FACT(e.res, "%s event", name);
    FACT(n == 1 && e.data == 77, "%s data", name);
}

#define REQUEST(fd, op, ...)                                           \
    (struct iocb)                                                      \
    {                                                                  \
        .aio_fildes = (unsigned)(fd), .aio_lio_opcode = IOCB_CMD_##op, \
        .aio_buf = (uintptr_t)buf, __VA_ARGS__                         \
    }

/* RWF_*, one by one. */
static void flags(void)
{
    static const char *const names[] = {"flag 1", "flag 2",  "flag 4",
                                        "flag 8", "flag 10", "flag 20"};
    struct iocb cb = REQUEST(file, PWRITE, .aio_nbytes = 4);
    struct stat st;

    for (unsigned i = 0; i < COUNT(names); i++) {
        cb.aio_rw_flags = 1 << i;
        try(names[i], cb);
    }
    FACT(fstat(file, &st) ? -1 : st.st_size, "size then");
    cb = REQUEST(file, FSYNC, .aio_offset = 0);
    cb.aio_buf = 0;
    cb.aio_rw_flags = 2;
    try("fsync with flags", cb);
}

static void requests(void)
{
    struct iocb odd = REQUEST(file, PREAD, .aio_nbytes = 4);
    eventfd_t count;

    subject = "aio";
    try("write", REQUEST(file, PWRITE, .aio_nbytes = 10));
    try("read", REQUEST(file, PREAD, .aio_nbytes = 64));
    try("read at 8", REQUEST(file, PREAD, .aio_nbytes = 64, .aio_offset = 8));
    try("read past the end",
        REQUEST(file, PREAD, .aio_nbytes = 64, .aio_offset = 99));
    try("read at -1", REQUEST(file, PREAD, .aio_nbytes = 4, .aio_offset = -1));
    try("read nothing", REQUEST(file, PREAD, .aio_nbytes = 0));
    try("read too much", REQUEST(file, PREAD, .aio_nbytes = ~0ul));
    try("write to a reader", REQUEST(reader, PWRITE, .aio_nbytes = 1));
    try("of a file that is none", REQUEST(-1, PREAD, .aio_nbytes = 1));
    try("fsync", REQUEST(file, FSYNC, .aio_offset = 0));
    try("fdsync", REQUEST(file, FDSYNC, .aio_offset = 0));
    try("fsync of a pipe", REQUEST(ends[0], FSYNC, .aio_offset = 0));
    try("noop", REQUEST(file, NOOP, .aio_offset = 0));
    odd = (struct iocb){.aio_fildes = (unsigned)file,
                        .aio_lio_opcode = IOCB_CMD_FSYNC};
    try("fsync without a buffer", odd);
    odd.aio_lio_opcode = 99;
    try("operation 99", odd);
    odd = REQUEST(file, PREAD, .aio_nbytes = 4);
    odd.aio_buf = (uintptr_t)NOWHERE;
    try("into nowhere", odd);
    odd.aio_buf = (uintptr_t)buf;
    odd.aio_reserved2 = 1;
    try("reserved", odd);
    odd.aio_reserved2 = 0;
    odd.aio_rw_flags = 1 << 20;
    try("odd flags for reading", odd);
    odd.aio_rw_flags = 0;
    odd.aio_flags = IOCB_FLAG_RESFD;
    odd.aio_resfd = (unsigned)file;
    try("told to a file", odd);
    odd.aio_resfd = 999;
    try("told to none", odd);
    odd.aio_resfd = (unsigned)eventfd(5, EFD_NONBLOCK);
    try("told to an eventfd", odd);
    try("told again", odd);
    FACT(eventfd_read((int)odd.aio_resfd, &count), "its counter can be read");
    FACT(count, "what it was told");
    odd.aio_fildes = 999;
    try("of none, told", odd);
    FACT(eventfd_read((int)odd.aio_resfd, &count), "it is told nothing");
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    file = open("/tmp/aio", O_RDWR | O_CREAT | O_TRUNC, 0600);
    reader = open("/tmp/aio", O_RDONLY);
    if (pipe(ends) || syscall(SYS_io_setup, 8, &ctx))
        return 1;
    contexts();
    lists();
    requests();
    flags();
    return 0;
}
