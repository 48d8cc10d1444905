/* SPDX-License-Identifier: MIT */
/* Flags of open, fcntl(F_SETFL), preadv2 and pwritev2 on every kind of file:
   each bit is honoured, ignored or refused, and F_GETFL tells. */
#include "say.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

static void get_flags(int fd, const char *name, unsigned bit)
{
    printf("%s.%s %o flags: %o\n", subject, name, bit,
           (unsigned)fcntl(fd, F_GETFL) & ~0100000u);
}

/* Those that only say how to look a name up are in files.c. */
static void opens(void)
{
    static const unsigned bits[] = {O_APPEND, O_DSYNC,   O_ASYNC,
                                    O_DIRECT, O_NOATIME, O_SYNC & ~O_DSYNC,
                                    O_SYNC,   1u << 22,  1u << 28};
    static const char *const names[] = {
        "file",      "dir",          "fifo",     "/dev/null",
        "/dev/zero", "/dev/urandom", "/dev/tty", "/proc/self/stat"};

    subject = "openflag";
    for (unsigned n = 0; n < COUNT(names); n++)
        for (unsigned b = 0; b < COUNT(bits); b++) {
            int fd = open(names[n], (int)(bits[b] | O_NONBLOCK));

            OKAY(fd, "%s %o", names[n], bits[b]);
            if (fd >= 0)
                get_flags(fd, names[n], bits[b]);
            close(fd);
        }
}

static int fds[16];
static const char *kinds[16];
static unsigned nr;

static void kind(const char *name, int fd)
{
    kinds[nr] = name;
    fds[nr++] = fd;
}

static void open_kinds(void)
{
    int p[2], s[2];

    kind("file", open("file", O_RDWR));
    kind("reader", open("file", O_RDONLY));
    kind("dir", open("dir", O_RDONLY));
    kind("fifo", open("fifo", O_RDWR));
    kind("null", open("/dev/null", O_RDWR));
    kind("zero", open("/dev/zero", O_RDWR));
    kind("full", open("/dev/full", O_RDWR));
    kind("urandom", open("/dev/urandom", O_RDWR));
    kind("stat", open("/proc/self/stat", O_RDONLY));
    if (pipe(p) || socketpair(AF_UNIX, SOCK_STREAM, 0, s))
        return;
    (void)!write(p[1], "piped", 5);
    (void)!write(s[1], "paired", 6);
    kind("pipe", p[0]);
    kind("pipe in", p[1]);
    kind("socket", s[0]);
    kind("eventfd", eventfd(1, 0));
    kind("timerfd", timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
    kind("memfd", memfd_create("m", 0));
}

static void settings(void)
{
    subject = "setfl";
    for (unsigned n = 0; n < nr; n++)
        for (unsigned bit = 0; bit < 24; bit++) {
            int before = fcntl(fds[n], F_GETFL);

            NUM(fcntl(fds[n], F_SETFL, 1u << bit), "%s %o", kinds[n],
                1u << bit);
            get_flags(fds[n], kinds[n], 1u << bit);
            fcntl(fds[n], F_SETFL, before);
        }
}

static long vector(long call, int fd, const struct iovec *io, long pos,
                   unsigned flags)
{
    return syscall(call, fd, io, 1, pos, pos >> 63, flags);
}

static void transfers(void)
{
    static char data[64] = "eightbytes";
    struct iovec io = {data, 8}, none = {data, 0};

    subject = "rwf";
    for (unsigned n = 0; n < nr; n++)
        for (unsigned bit = 0; bit < 7; bit++) {
            fcntl(fds[n], F_SETFL, O_NONBLOCK);
            io.iov_len = 8;
            NUM(vector(SYS_pwritev2, fds[n], &io, -1, 1 << bit), "%s write %x",
                kinds[n], 1 << bit);
            io.iov_len = 4;
            NUM(vector(SYS_preadv2, fds[n], &io, -1, 1 << bit), "%s read %x",
                kinds[n], 1 << bit);
            if (n == 0)
                NUM(vector(SYS_preadv2, fds[n], &none, -1, 1 << bit),
                    "nothing %x", 1 << bit);
        }
    NUM(vector(SYS_preadv2, 99, &io, -1, 1 << 20), "of none");
    NUM(vector(SYS_preadv2, fds[0], &io, -2, 1 << 20), "at -2");
    NUM(vector(SYS_preadv2, fds[0], KERNEL, -1, 1 << 20), "a bad list");
    NUM(vector(SYS_pwritev2, fds[0], &io, 1, 16), "append at 1");
    NUM(lseek(fds[0], 0, SEEK_CUR), "where it is then");
    NUM(vector(SYS_pwritev2, fds[0], &io, -1, 16), "append");
    NUM(lseek(fds[0], 0, SEEK_CUR), "and then");
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGIO, SIG_IGN);
    setvbuf(stdout, NULL, _IONBF, 0);
    if (system("rm -rf /tmp/flags; mkdir -p /tmp/flags/dir") ||
        chdir("/tmp/flags") || system("echo content > file; mkfifo fifo"))
        return 1;
    opens();
    open_kinds();
    settings();
    transfers();
    return 0;
}
