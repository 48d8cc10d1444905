/* SPDX-License-Identifier: MIT */
/* Every call that takes an offset, on every kind of file. */
#include "say.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#define SIZE 10 /* of a file, and what is in a pipe */

static char buf[16];

/* ---- the kinds ---- */

static int fill(int fd)
{
    (void)!write(fd, "0123456789", SIZE);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static int open_regular(int flags)
{
    close(fill(open("regular", O_CREAT | O_TRUNC | O_RDWR, 0644)));
    return open("regular", flags);
}

static int open_reader(void)
{
    return open_regular(O_RDONLY);
}

static int open_writer(void)
{
    return open_regular(O_WRONLY);
}

static int open_both(void)
{
    return open_regular(O_RDWR);
}

static int open_appender(void)
{
    return open_regular(O_RDWR | O_APPEND);
}

static int open_memfd(void)
{
    return fill((int)syscall(SYS_memfd_create, "offsets", 0));
}

static int open_proc(void)
{
    return open("/proc", O_RDONLY);
}

static int open_folder(void)
{
    mkdir("folder", 0755);
    return open("folder", O_RDONLY);
}

static int open_null(void)
{
    return open("/dev/null", O_RDWR);
}

static int open_zero(void)
{
    return open("/dev/zero", O_RDWR);
}

static int open_full(void)
{
    return open("/dev/full", O_RDWR);
}

static int open_random(void)
{
    return open("/dev/urandom", O_RDWR);
}

static int open_version(void)
{
    return open("/proc/version", O_RDONLY);
}

static int open_maps(void)
{
    return open("/proc/self/maps", O_RDONLY);
}

static int open_pagemap(void)
{
    return open("/proc/self/pagemap", O_RDONLY);
}

/* One end of something with two; the other one stays open. */
static int open_end(int make(int *), int which)
{
    int ends[2];

    if (make(ends))
        return -1;
    (void)!write(ends[1], "0123456789", SIZE);
    return dup(ends[which]);
}

static int make_pipe(int *ends)
{
    return pipe2(ends, O_NONBLOCK);
}

static int make_pair(int *ends)
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends);
}

static int open_pipe_out(void)
{
    return open_end(make_pipe, 0);
}

static int open_pipe_in(void)
{
    return open_end(make_pipe, 1);
}

static int open_socket(void)
{
    return open_end(make_pair, 0);
}

static int open_its_peer(void)
{
    return open_end(make_pair, 1);
}

static int open_fifo(void)
{
    mknod("fifo", S_IFIFO | 0644, 0);
    return fill(open("fifo", O_RDWR | O_NONBLOCK));
}

static int open_eventfd(void)
{
    return eventfd(1, EFD_NONBLOCK);
}

static int open_epoll(void)
{
    return epoll_create1(0);
}

static int open_timerfd(void)
{
    return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
}

static int open_signalfd(void)
{
    sigset_t none;

    sigemptyset(&none);
    return signalfd(-1, &none, SFD_NONBLOCK);
}

static const struct kind {
    const char *name;
    int (*open)(void);
} kinds[] = {
    {"reader", open_reader},     {"writer", open_writer},
    {"both", open_both},         {"appender", open_appender},
    {"memfd", open_memfd},       {"folder", open_folder},
    {"proc folder", open_proc},  {"null", open_null},
    {"zero", open_zero},         {"full", open_full},
    {"random", open_random},     {"version", open_version},
    {"maps", open_maps},         {"pagemap", open_pagemap},
    {"pipe", open_pipe_out},     {"pipe's end", open_pipe_in},
    {"socket", open_socket},     {"its peer", open_its_peer},
    {"fifo", open_fifo},         {"eventfd", open_eventfd},
    {"epoll", open_epoll},       {"timerfd", open_timerfd},
    {"signalfd", open_signalfd},
};

/* ---- the calls; each has the file to itself ---- */

static const long places[] = {0, 4, -1, -5, INT64_MAX};

static void seek(const char *name, int fd, long at, int whence)
{
    lseek(fd, 0, SEEK_SET);
    NUM(lseek(fd, at, whence), "%s lseek %d %lx", name, whence, at);
}

static void seeks(const char *name, int fd)
{
    for (int whence = 0; whence < 6; whence++)
        for (unsigned i = 0; i < COUNT(places); i++)
            seek(name, fd, places[i], whence);
    seek(name, fd, 4096, SEEK_SET);
    OKAY(read(fd, buf, 8), "%s read at 1000", name);
    seek(name, fd, 1l << 61, SEEK_SET);
    OKAY(read(fd, buf, 8), "%s read at 2000000000000000", name);
    seek(name, fd, INT64_MAX, SEEK_SET);
    OKAY(read(fd, buf, 8), "%s read at 7fffffffffffffff", name);
}

static void reads(const char *name, int fd)
{
    struct iovec v = {buf, sizeof(buf)};

    for (unsigned i = 0; i < COUNT(places); i++) {
        long at = places[i];

        OKAY(pread(fd, buf, 8, at), "%s pread %lx", name, at);
        OKAY(pread(fd, buf, 0, at), "%s pread nothing %lx", name, at);
        OKAY(pread(fd, KERNEL, 8, at), "%s pread to nowhere %lx", name, at);
        OKAY(preadv(fd, &v, 1, at), "%s preadv %lx", name, at);
        OKAY(preadv(fd, &v, 0, at), "%s preadv nothing %lx", name, at);
        OKAY(preadv(fd, &v, -1, at), "%s preadv -1 %lx", name, at);
        OKAY(syscall(SYS_preadv2, fd, &v, 1, at, 0, 0), "%s preadv2 %lx", name,
             at);
        OKAY(syscall(SYS_preadv2, fd, &v, 1, at, 0, 16),
             "%s preadv2 append %lx", name, at);
        OKAY(syscall(SYS_preadv2, fd, &v, 1, at, 0, 32), "%s preadv2 20 %lx",
             name, at);
    }
}

static void writes(const char *name, int fd)
{
    struct iovec v = {"0", 1};

    for (unsigned i = 0; i < COUNT(places); i++) {
        long at = places[i];

        OKAY(pwrite(fd, "0", 1, at), "%s pwrite %lx", name, at);
        OKAY(pwrite(fd, "0", 0, at), "%s pwrite nothing %lx", name, at);
        OKAY(pwrite(fd, KERNEL, 1, at), "%s pwrite of nowhere %lx", name, at);
        OKAY(pwritev(fd, &v, 1, at), "%s pwritev %lx", name, at);
        OKAY(pwritev(fd, &v, 0, at), "%s pwritev nothing %lx", name, at);
        OKAY(pwritev(fd, &v, -1, at), "%s pwritev -1 %lx", name, at);
        OKAY(syscall(SYS_pwritev2, fd, &v, 1, at, 0, 0), "%s pwritev2 %lx",
             name, at);
        OKAY(syscall(SYS_pwritev2, fd, &v, 1, at, 0, 16),
             "%s pwritev2 append %lx", name, at);
        OKAY(syscall(SYS_pwritev2, fd, &v, 1, at, 0, 32), "%s pwritev2 20 %lx",
             name, at);
    }
}

static void sizes(const char *name, int fd)
{
    struct stat st;

    for (unsigned i = 0; i < COUNT(places); i++) {
        long at = places[i];

        for (int mode = 0; mode < 4; mode++)
            NUM(fallocate(fd, mode, at, 4), "%s fallocate %d %lx", name, mode,
                at);
        NUM(fallocate(fd, 3, at, 0), "%s fallocate of nothing %lx", name, at);
        if (at != INT64_MAX) /* how long a file may be is another matter */
            NUM(ftruncate(fd, at), "%s ftruncate %lx", name, at);
    }
    if (!fstat(fd, &st) && S_ISREG(st.st_mode))
        FACT(st.st_size, "%s size then", name);
}

static void advice(const char *name, int fd)
{
    for (unsigned i = 0; i < COUNT(places); i++) {
        long at = places[i];

        NUM(readahead(fd, at, 4), "%s readahead %lx", name, at);
        NUM(syscall(SYS_fadvise64, fd, at, 4, 3), "%s fadvise %lx", name, at);
        NUM(syscall(SYS_fadvise64, fd, at, 4, 9), "%s fadvise 9 %lx", name, at);
        NUM(syscall(SYS_fadvise64, fd, 0, at, 3), "%s fadvise to %lx", name,
            at);
        NUM(sync_file_range(fd, at, 4, 2), "%s sync range %lx", name, at);
        NUM(sync_file_range(fd, 0, at, 2), "%s sync range to %lx", name, at);
    }
    NUM(sync_file_range(fd, 0, 4, 8), "%s sync range 8", name);
}

/* `other` takes or gives what the kind gives or takes. */
static void moves_to(const char *name, int fd, const char *to, int other)
{
    for (unsigned i = 0; i < COUNT(places); i++) {
        long at = places[i], zero = 0;

        OKAY(sendfile(other, fd, &at, 4), "%s sendfile to %s %lx", name, to,
             places[i]);
        at = places[i];
        OKAY(splice(fd, &at, other, NULL, 4, 2), "%s splice to %s %lx", name,
             to, places[i]);
        at = places[i];
        OKAY(syscall(SYS_copy_file_range, fd, &at, other, &zero, 4, 0),
             "%s copy to %s %lx", name, to, places[i]);
    }
    OKAY(sendfile(other, fd, NULL, 4), "%s sendfile to %s", name, to);
    OKAY(splice(fd, NULL, other, NULL, 4, 2), "%s splice to %s", name, to);
}

static void moves_from(const char *name, int fd, const char *from, int other)
{
    for (unsigned i = 0; i < COUNT(places); i++) {
        long at = places[i], zero = 0;

        OKAY(splice(other, NULL, fd, &at, 4, 2), "%s splice from %s %lx", name,
             from, places[i]);
        at = places[i];
        OKAY(syscall(SYS_copy_file_range, other, &zero, fd, &at, 4, 0),
             "%s copy from %s %lx", name, from, places[i]);
    }
    OKAY(sendfile(fd, other, NULL, 4), "%s sendfile from %s", name, from);
    OKAY(splice(other, NULL, fd, NULL, 4, 2), "%s splice from %s", name, from);
}

static void moves(const char *name, int fd)
{
    int file = fill(open("other", O_CREAT | O_TRUNC | O_RDWR, 0644)), ends[2];

    if (make_pipe(ends))
        return;
    moves_to(name, fd, "a file", file);
    moves_to(name, fd, "a pipe", ends[1]);
    (void)!write(ends[1], buf, sizeof(buf));
    moves_from(name, fd, "a pipe", ends[0]);
    (void)!ftruncate(file, SIZE);
    lseek(file, 0, SEEK_SET);
    moves_from(name, fd, "a file", file);
    close(file);
    close(ends[0]);
    close(ends[1]);
}

static void (*const calls[])(const char *, int) = {seeks, reads,  writes,
                                                   sizes, advice, moves};

int main(void)
{
    mkdir("/tmp/offsets", 0755);
    if (chdir("/tmp/offsets"))
        return 1;
    subject = "offset";
    for (unsigned k = 0; k < COUNT(kinds); k++)
        for (unsigned c = 0; c < COUNT(calls); c++) {
            int fd = kinds[k].open();

            if (fd < 0)
                FACT(errno, "%s does not open", kinds[k].name);
            else
                calls[c](kinds[k].name, fd);
            close(fd);
        }
    return 0;
}
