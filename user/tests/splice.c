/* SPDX-License-Identifier: MIT */
/*
 * Pipes as lists of pages: splice, tee, vmsplice, sizes, packets. Runs on
 * Linux too.
 */
#define _GNU_SOURCE
#include "lib/ok.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

static char buf[65536];
static bool on_hotcow;

static void sizes(void)
{
    int p[2], n;

    OK(pipe2(p, O_NONBLOCK) == 0 && fcntl(p[0], F_GETPIPE_SZ) == 65536);
    OK(write(p[1], buf, 65536) == 65536);
    FAILS(write(p[1], buf, 1), EAGAIN);
    FAILS(fcntl(p[1], F_SETPIPE_SZ, 4096), EBUSY);
    OK(fcntl(p[1], F_SETPIPE_SZ, 100000) == 131072);
    OK(write(p[1], buf, 65536) == 65536);
    OK(ioctl(p[0], FIONREAD, &n) == 0 && n == 131072);
    OK(read(p[0], buf, 65536) == 65536 && read(p[0], buf, 65536) == 65536);
    OK(fcntl(p[1], F_SETPIPE_SZ, 1) == 4096);
    OK(write(p[1], buf, 5000) == 4096);
    close(p[0]);
    close(p[1]);
}

static void packets(void)
{
    int p[2];
    struct iovec v[2] = {{buf, 2}, {buf + 100, 2}};

    OK(pipe2(p, O_DIRECT) == 0);
    OK(write(p[1], "abc", 3) == 3 && write(p[1], "defgh", 5) == 5);
    OK(read(p[0], buf, 100) == 3 && !memcmp(buf, "abc", 3));
    OK(readv(p[0], v, 2) == 4 && !memcmp(buf + 100, "fg", 2));
    OK(fcntl(p[0], F_SETFL, O_NONBLOCK) == 0);
    FAILS(read(p[0], buf, 1), EAGAIN);
    close(p[0]);
    close(p[1]);
}

static void files(void)
{
    int fd = open("/tmp/s", O_CREAT | O_RDWR | O_TRUNC, 0600), p[2], out;
    off_t off = 5000;

    for (unsigned i = 0; i < sizeof(buf); i++)
        buf[i] = (char)(i * 7 + i / 256);
    out = open("/tmp/o", O_CREAT | O_RDWR | O_TRUNC, 0600);
    OK(fd >= 0 && write(fd, buf, sizeof(buf)) == sizeof(buf));
    OK(pipe(p) == 0 && splice(fd, &off, p[1], NULL, 10000, 0) == 10000);
    OK(off == 15000 && lseek(fd, 0, SEEK_CUR) == sizeof(buf));
    OK(splice(p[0], NULL, out, NULL, 20000, 0) == 10000);
    OK(lseek(out, 0, SEEK_CUR) == 10000);
    static char got[10000];
    OK(pread(out, got, 10000, 0) == 10000 && !memcmp(got, buf + 5000, 10000));
    off = sizeof(buf);
    OK(splice(fd, &off, p[1], NULL, 1, 0) == 0);
    FAILS(splice(fd, NULL, out, NULL, 1, 0), EINVAL);
    FAILS(splice(p[0], NULL, p[1], NULL, 1, 0), EINVAL);
    FAILS(splice(p[1], NULL, out, NULL, 1, 0), EBADF);
    FAILS(splice(p[0], &off, out, NULL, 1, 0), ESPIPE);
    FAILS(splice(p[0], NULL, out, NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
    FAILS(splice(p[0], NULL, out, NULL, 1, 64), EINVAL);
    off = 100;
    OK(sendfile(out, fd, &off, 9000) == 9000 && off == 9100);
    OK(pread(out, got, 9000, 10000) == 9000 && !memcmp(got, buf + 100, 9000));
    off = 3;
    OK(copy_file_range(fd, &off, out, NULL, 50, 0) == 50 && off == 53);
    close(p[0]);
    close(p[1]);
    close(fd);
    close(out);
    unlink("/tmp/s");
    unlink("/tmp/o");
}

/* What does not fit is not passed over, wherever it was read from. */
static void not_all(void)
{
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY},
                        some = {5000, RLIM_INFINITY};
    int in = open("/tmp/s", O_RDWR | O_CREAT | O_TRUNC, 0600);
    int out = open("/tmp/o", O_RDWR | O_CREAT | O_TRUNC, 0600);
    off_t off = 100;

    OK(write(in, buf, 20000) == 20000 && lseek(in, 100, SEEK_SET) == 100);
    signal(SIGXFSZ, SIG_IGN);
    OK(setrlimit(RLIMIT_FSIZE, &some) == 0);
    OK(sendfile(out, in, &off, 9000) == 5000 && off == 5100);
    FAILS(sendfile(out, in, &off, 9000), EFBIG);
    OK(off == 5100 && lseek(out, 0, SEEK_SET) == 0);
    OK(sendfile(out, in, NULL, 9000) == 5000);
    OK(lseek(in, 0, SEEK_CUR) == 5100);
    OK(setrlimit(RLIMIT_FSIZE, &all) == 0);
    signal(SIGXFSZ, SIG_DFL);
    close(in);
    close(out);
    unlink("/tmp/s");
    unlink("/tmp/o");
}

static void between(void)
{
    int a[2], b[2];
    char got[16] = "";

    OK(pipe(a) == 0 && pipe(b) == 0);
    OK(write(a[1], "hello", 5) == 5);
    OK(tee(a[0], b[1], 3, 0) == 3 && write(a[1], "!", 1) == 1);
    OK(splice(a[0], NULL, b[1], NULL, 4, 0) == 4);
    OK(read(b[0], got, 16) == 7 && !memcmp(got, "helhell", 7));
    OK(read(a[0], got, 16) == 2 && !memcmp(got, "o!", 2));
    FAILS(tee(a[0], a[1], 1, 0), EINVAL);
    FAILS(tee(a[0], b[1], 1, SPLICE_F_NONBLOCK), EAGAIN);
    close(a[1]);
    OK(splice(a[0], NULL, b[1], NULL, 1, 0) == 0);
    close(a[0]);
    close(b[0]);
    close(b[1]);
}

/* Does the register of pins name this as a holder of the page? */
static bool pinned_by(const void *page, const char *what)
{
    struct hot_page info;

    if (!on_hotcow)
        return false;
    hot_page_at(page, &info);
    hot_page_frame((uint64_t)hot_page_num(&info, "pfn"), &info);
    return strstr(info.text, what) != NULL;
}

/* The reader of the pipe sees the pages themselves. */
static void memory(void)
{
    char *page = hot_pages(2), got[8];
    struct iovec v[2] = {{page, 4}, {page + PAGE - 2, 4}};
    int a[2], b[2];

    OK(pipe(a) == 0 && pipe(b) == 0);
    memcpy(page, "abcd", 4);
    memcpy(page + PAGE - 2, "wxyz", 4);
    OK(vmsplice(a[1], v, 2, 0) == 8);
    OK(!on_hotcow || pinned_by(page, "vmsplice"));
    OK(tee(a[0], b[1], 100, 0) == 8);
    page[0] = 'A';
    OK(read(a[0], got, 8) == 8 && !memcmp(got, "Abcdwxyz", 8));
    page[1] = 'B';
    OK(read(b[0], got, 8) == 8 && !memcmp(got, "ABcdwxyz", 8));
    OK(write(a[1], "12345678", 8) == 8);
    OK(vmsplice(a[0], v, 1, 0) == 4 && !memcmp(page, "1234", 4));
    v[0].iov_base = (void *)8;
    FAILS(vmsplice(a[1], v, 1, 0), EFAULT);
    close(a[1]);
    close(b[0]);
    close(a[0]);
    signal(SIGPIPE, SIG_IGN);
    v[0].iov_base = page;
    FAILS(vmsplice(b[1], v, 1, 0), EPIPE);
    OK(!pinned_by(page, "vmsplice"));
    close(b[1]);
}

int main(void)
{
    on_hotcow = access("/proc/pageinfo", F_OK) == 0;
    hot_begin("splice");
    sizes();
    packets();
    files();
    not_all();
    between();
    memory();
    return hot_end();
}
