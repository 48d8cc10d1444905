/* SPDX-License-Identifier: MIT */
/* Who sees which byte: fork, shared and private memory, pipes of pages. */
#include "say.h"
#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/uio.h>
#include <sys/wait.h>

static char *map(int flags, int fd)
{
    return mmap(NULL, 4 * PAGE, 3, flags, fd, 0);
}

/* What the child writes, and the parent sees; and the other way about. */
static void fork_with(const char *name, char *p)
{
    int to[2], from[2];
    char c = 0;

    if (pipe(to) || pipe(from))
        return;
    for (int i = 0; i < 4; i++)
        p[i * (long)PAGE] = (char)(10 + i);
    if (fork() == 0) {
        for (int i = 0; i < 2; i++)
            p[i * (long)PAGE] = (char)(20 + i);
        (void)!write(from[1], &c, 1);
        (void)!read(to[0], &c, 1);
        for (int i = 0; i < 4; i++)
            FACT(p[i * (long)PAGE], "%s: child sees %d", name, i);
        fflush(stdout);
        _exit(0);
    }
    (void)!read(from[0], &c, 1);
    p[3 * PAGE] = 33;
    (void)!write(to[1], &c, 1);
    wait(NULL);
    for (int i = 0; i < 4; i++)
        FACT(p[i * (long)PAGE], "%s: parent sees %d", name, i);
    close(to[0]);
    close(to[1]);
    close(from[0]);
    close(from[1]);
}

static int file(void)
{
    int fd = open("/tmp/share", O_RDWR | O_CREAT | O_TRUNC, 0600);

    if (ftruncate(fd, 4 * PAGE))
        exit(1);
    return fd;
}

static void views(void)
{
    int fd = file();
    char *a = map(MAP_SHARED, fd), *b = map(MAP_SHARED, fd),
         *c = map(MAP_PRIVATE, fd);
    char byte = 0;

    subject = "views";
    a[0] = 1;
    FACT(b[0], "another share");
    FACT(c[0], "a private one");
    (void)!pread(fd, &byte, 1, 0);
    FACT(byte, "read");
    c[0] = 2;
    FACT(a[0], "after a private write");
    byte = 3;
    (void)!pwrite(fd, &byte, 1, 0);
    FACT(a[0], "after write, a share");
    FACT(c[0], "after write, the private copy");
    (void)!pwrite(fd, &byte, 1, PAGE);
    FACT(c[PAGE], "after write, a private page not copied");
    NUM(mremap(a, 4 * PAGE, 2 * PAGE, 0) == a, "cut by mremap");
    FACT(b[PAGE], "the other share is whole");
    madvise(c, PAGE, MADV_DONTNEED);
    FACT(c[0], "private, dropped: the file's again");
    close(fd);
    FACT(b[0], "after close");
    unlink("/tmp/share");
    FACT(b[0], "after unlink");
}

static void segments(void)
{
    int id = shmget(IPC_PRIVATE, 3 * PAGE, IPC_CREAT | 0600);
    char *p = shmat(id, NULL, 0), *q = shmat(id, NULL, SHM_RDONLY);
    struct shmid_ds ds;

    subject = "shm";
    p[0] = 9;
    FACT(q[0], "two views");
    shmctl(id, IPC_STAT, &ds);
    FACT(ds.shm_nattch, "attached");
    FACT(ds.shm_segsz, "size");
    fork_with("shm", map(MAP_SHARED | MAP_ANONYMOUS, -1));
    (void)shmctl(id, IPC_STAT, &ds);
    FACT(ds.shm_ctime > 1000000000, "made since 2001");
    FACT(ds.shm_atime >= ds.shm_ctime, "attached since");
    NUM(shmctl(id, IPC_RMID, NULL), "remove");
    FACT(q[0], "still there");
    NUM(shmdt(p), "detach");
    NUM(shmdt(p), "detach again");
    NUM(shmdt(q), "detach the other");
    NUM(shmctl(id, IPC_STAT, &ds), "then");
    NUM((long)shmat(id, NULL, 0), "attach then");
    NUM(shmget(IPC_PRIVATE, 0, IPC_CREAT), "of no size");
    NUM(shmget(0x77, 100, 0), "that is not there");
}

static void spliced(void)
{
    int p[2], fd = file();
    char *page = map(MAP_PRIVATE | MAP_ANONYMOUS, -1), buf[16] = "";
    struct iovec v = {page, 8};

    subject = "splice";
    if (pipe(p))
        return;
    memcpy(page, "abcdefgh", 8);
    NUM(vmsplice(p[1], &v, 1, 0), "vmsplice");
    page[0] = 'X';
    NUM(read(p[0], buf, 8), "read");
    FACT(buf[0], "the page was shown, not copied");
    (void)!pwrite(fd, "0123456789", 10, 0);
    loff_t off = 2;

    NUM(splice(fd, &off, p[1], NULL, 4, 0), "from a file");
    FACT(off, "its offset");
    NUM(splice(p[0], NULL, fd, NULL, 4, 0), "to a file");
    (void)!pread(fd, buf, 4, 0);
    FACT(!memcmp(buf, "2345", 4), "contents");
    NUM(splice(fd, NULL, fd, NULL, 4, 0), "without a pipe");
    NUM(splice(p[0], &off, fd, NULL, 4, 0), "with an offset of a pipe");
    NUM(tee(p[0], fd, 1, 0), "tee to a file");
    NUM(vmsplice(fd, &v, 1, 0), "vmsplice to a file");
    struct iovec all = {mmap(NULL, 64 * PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS,
                             -1, 0),
                        64 * PAGE};
    NUM(vmsplice(p[1], &all, 1, 0), "vmsplice of more than fits");
    close(fd);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    subject = "fork";
    fork_with("private", map(MAP_PRIVATE | MAP_ANONYMOUS, -1));
    fork_with("shared", map(MAP_SHARED | MAP_ANONYMOUS, -1));
    fork_with("file, shared", map(MAP_SHARED, file()));
    fork_with("file, private", map(MAP_PRIVATE, file()));
    fork_with("memfd", ({
                  int fd = memfd_create("x", 0);
                  (void)!ftruncate(fd, 4 * PAGE);
                  map(MAP_SHARED, fd);
              }));
    views();
    segments();
    spliced();
    return 0;
}
