/* SPDX-License-Identifier: MIT */
/* Seals: what nobody may do to a file any more. */
#include "say.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10
#endif

#define SIZE (4 * PAGE)

static char buf[SIZE];

static int make(void)
{
    int fd = (int)syscall(SYS_memfd_create, "seals", 2 /* to be sealed */);

    (void)!ftruncate(fd, SIZE);
    return fd;
}

static long seal(int fd, int seals)
{
    return fcntl(fd, F_ADD_SEALS, seals);
}

static int for_reading(int fd)
{
    char path[40];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return open(path, O_RDONLY);
}

static void *map(int fd, int prot, int flags)
{
    return mmap(NULL, SIZE, prot, flags, fd, 0);
}

static void try_map(const char *what, int fd, int prot, int flags)
{
    void *p = map(fd, prot, flags);

    OKAY(p == MAP_FAILED ? -1 : 0, "%s", what);
    if (p != MAP_FAILED)
        munmap(p, SIZE);
}

static void adding(void)
{
    int fd = (int)syscall(SYS_memfd_create, "plain", 0), reader, ends[2];

    subject = "seal";
    NUM(fcntl(fd, F_GET_SEALS), "those of a plain one");
    NUM(seal(fd, F_SEAL_SHRINK), "for a plain one");
    close(fd);
    fd = make();
    NUM(fcntl(fd, F_GET_SEALS), "none yet");
    NUM(seal(fd, 0x100), "unknown");
    reader = for_reading(fd);
    NUM(seal(reader, F_SEAL_SHRINK), "by a reader");
    NUM(fcntl(reader, F_GET_SEALS), "seen by a reader");
    close(reader);
    NUM(seal(fd, 0), "nothing");
    NUM(seal(fd, F_SEAL_SHRINK | F_SEAL_GROW), "two");
    NUM(fcntl(fd, F_GET_SEALS), "two that are there");
    NUM(seal(fd, F_SEAL_SEAL), "no more");
    NUM(seal(fd, F_SEAL_WRITE), "one more");
    NUM(fcntl(fd, F_GET_SEALS), "three");
    close(fd);
    if (pipe(ends) == 0) {
        NUM(fcntl(ends[0], F_GET_SEALS), "of a pipe");
        NUM(seal(ends[1], F_SEAL_SHRINK), "for a pipe");
        NUM(seal(ends[0], F_SEAL_SHRINK), "for a pipe's reader");
    }
    NUM(fcntl(99, F_GET_SEALS), "of nothing");
}

static void lengths(void)
{
    int fd = make();

    subject = "seal-shrink";
    seal(fd, F_SEAL_SHRINK);
    NUM(ftruncate(fd, PAGE), "shorter");
    NUM(ftruncate(fd, SIZE), "the same");
    NUM(ftruncate(fd, 2 * SIZE), "longer");
    NUM(fallocate(fd, 3, 0, PAGE), "a hole");
    close(fd);

    fd = make();
    subject = "seal-grow";
    seal(fd, F_SEAL_GROW);
    NUM(ftruncate(fd, 2 * SIZE), "longer");
    NUM(pwrite(fd, buf, PAGE, 0), "write within");
    NUM(pwrite(fd, buf, PAGE, SIZE), "write behind");
    NUM(pwrite(fd, buf, 2 * PAGE, SIZE - PAGE), "write over the end");
    NUM(pwrite(fd, buf, PAGE, SIZE - 10), "write ten bytes that fit");
    NUM(fallocate(fd, 0, 0, SIZE), "reserve within");
    NUM(fallocate(fd, 0, 0, SIZE + 1), "reserve more");
    NUM(fallocate(fd, 1, 0, SIZE + 1), "reserve more, keep the size");
    NUM(fallocate(fd, 3, 0, PAGE), "a hole");
    NUM(ftruncate(fd, 100), "shorter");
    NUM(pwrite(fd, buf, 50, 60), "write over the end of a part");
    NUM(pwrite(fd, buf, 40, 60), "write to the end of a part");
    NUM(ftruncate(fd, 101), "longer again");
    close(fd);
}

static void writing(void)
{
    int fd = make(), reader = for_reading(fd);
    char *p = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
    struct iovec piece = {buf, PAGE};
    void *q;

    subject = "seal-write";
    NUM(seal(fd, F_SEAL_WRITE), "while one can write");
    mprotect(p, SIZE, PROT_READ);
    NUM(seal(fd, F_SEAL_WRITE), "while one could write again");
    munmap(p, PAGE);
    NUM(seal(fd, F_SEAL_WRITE), "while a part is there");
    munmap(p + PAGE, SIZE - PAGE);
    p = map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    NUM(seal(fd, F_SEAL_WRITE), "while one has an own copy");
    p[0] = 'x';
    NUM(pwrite(fd, buf, 1, 0), "write");
    NUM(pwritev(fd, &piece, 1, 0), "writev");
    NUM(write(fd, buf, 0), "write nothing");
    NUM(fallocate(fd, 3, 0, PAGE), "a hole");
    NUM(fallocate(fd, 0, 0, SIZE + PAGE), "reserve");
    NUM(ftruncate(fd, PAGE), "shorter");
    NUM(ftruncate(fd, SIZE), "longer");
    try_map("shared, to write", fd, PROT_READ | PROT_WRITE, MAP_SHARED);
    try_map("shared, to read", fd, PROT_READ, MAP_SHARED);
    q = map(fd, PROT_READ, MAP_SHARED);
    NUM(mprotect(q, SIZE, PROT_READ | PROT_WRITE), "shared, and then to write");
    munmap(q, SIZE);
    try_map("private, to write", fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    try_map("shared, of a reader", reader, PROT_READ, MAP_SHARED);
    munmap(p, SIZE);
    close(reader);
    close(fd);
}

static void children(void)
{
    int fd = make(), pid, go[2];
    char *p = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED), c;

    if (pipe(go))
        return;
    fflush(stdout);
    if ((pid = fork()) == 0) {
        (void)!read(go[0], &c, 1);
        _exit(0);
    }
    munmap(p, SIZE);
    NUM(seal(fd, F_SEAL_WRITE), "while a child can write");
    (void)!write(go[1], "x", 1);
    waitpid(pid, NULL, 0);
    NUM(seal(fd, F_SEAL_WRITE), "the child has gone");
    close(fd);
}

static void future(void)
{
    int fd = make();
    char *p = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
    void *q;

    subject = "seal-future";
    NUM(seal(fd, F_SEAL_FUTURE_WRITE), "while one can write");
    p[0] = 'x';
    NUM(pread(fd, buf, 1, 0), "read");
    FACT(buf[0], "what was written");
    NUM(pwrite(fd, buf, 1, 0), "write");
    NUM(fallocate(fd, 3, 0, PAGE), "a hole");
    try_map("shared, to write", fd, PROT_READ | PROT_WRITE, MAP_SHARED);
    q = map(fd, PROT_READ, MAP_SHARED);
    OKAY(q == MAP_FAILED ? -1 : 0, "shared, to read");
    NUM(mprotect(q, SIZE, PROT_READ | PROT_WRITE), "and then to write");
    NUM(madvise(p, PAGE, MADV_REMOVE), "a hole, by the old one");
    NUM(pread(fd, buf, 1, 0), "read again");
    FACT(buf[0], "what is there still");
    NUM(mprotect(p, SIZE, PROT_READ), "the old one, to read");
    NUM(mprotect(p, SIZE, PROT_READ | PROT_WRITE), "and to write again");
    NUM(seal(fd, F_SEAL_WRITE), "all writing, while one can");
    munmap(p, SIZE);
    NUM(seal(fd, F_SEAL_WRITE), "all writing");
    munmap(q, SIZE);
    close(fd);
}

/* The area has gone; the page is in a pipe. */
static void pinned(void)
{
    int fd = make(), ends[2];
    char *p = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
    struct iovec page = {p, PAGE};

    subject = "seal-pinned";
    if (pipe(ends))
        return;
    p[0] = 'x';
    NUM(vmsplice(ends[1], &page, 1, 0), "into a pipe");
    munmap(p, SIZE);
    NUM(seal(fd, F_SEAL_WRITE), "while it is there");
    NUM(seal(fd, F_SEAL_GROW), "another one");
    NUM(read(ends[0], buf, PAGE), "out of the pipe");
    NUM(seal(fd, F_SEAL_WRITE), "when it is not");
    close(fd);
}

int main(void)
{
    adding();
    lengths();
    writing();
    children();
    future();
    pinned();
    return 0;
}
