/* SPDX-License-Identifier: MIT */
/*
 * Memory that is shared by name or by number: System V segments, memfd, files
 * without names, locks on files. Runs on Linux too.
 */
#define _GNU_SOURCE
#include "lib/ok.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void system_v(void)
{
    struct shmid_ds d;
    int id = shmget(0x1234, 10000, IPC_CREAT | IPC_EXCL | 0600), status;
    char *p = shmat(id, NULL, 0), *q;

    OK(id >= 0 && p != (void *)-1 && p[9999] == 0);
    FAILS(shmget(0x1234, 10000, IPC_CREAT | IPC_EXCL), EEXIST);
    FAILS(shmget(0x1234, 20000, 0), EINVAL);
    FAILS(shmget(0x4321, 1, 0), ENOENT);
    FAILS(shmget(IPC_PRIVATE, 0, IPC_CREAT), EINVAL);
    OK(shmget(0x1234, 5000, 0) == id);
    q = shmat(id, NULL, SHM_RDONLY);
    OK(q != p && shmctl(id, IPC_STAT, &d) == 0 && d.shm_nattch == 2);
    OK(d.shm_segsz == 10000 && d.shm_cpid == getpid());
    p[5000] = 'x';
    OK(q[5000] == 'x' && shmdt(q) == 0);
    FAILS(shmdt(q), EINVAL);
    OK((long)shmat(id, p + 4096, 0) == -1 && errno == EINVAL);
    if (fork() == 0) {
        p[1] = 'c';
        _exit(p[5000] == 'x' ? 0 : 1);
    }
    OK(wait(&status) > 0 && status == 0 && p[1] == 'c');
    OK(shmctl(id, IPC_RMID, NULL) == 0 && p[1] == 'c');
    FAILS(shmget(0x1234, 1, 0), ENOENT);
    q = shmat(id, NULL, 0); /* as only Linux allows */
    OK(q != (void *)-1 && q[1] == 'c');
    OK(shmdt(q) == 0 && munmap(p, 12288) == 0);
    FAILS(shmctl(id, IPC_STAT, &d), EINVAL);
}

static void no_names(void)
{
    int fd = memfd_create("m", MFD_CLOEXEC), t;
    struct stat st;
    char *p, c;

    OK(fd >= 0 && ftruncate(fd, 8192) == 0 && fstat(fd, &st) == 0);
    OK(st.st_size == 8192 && S_ISREG(st.st_mode));
    p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    p[4096] = 'm';
    OK(pread(fd, &c, 1, 4096) == 1 && c == 'm');
    OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 4096) ==
           0 && p[4096] == 0);
    OK(fallocate(fd, 0, 8000, 10000) == 0 && fstat(fd, &st) == 0);
    OK(st.st_size == 18000);
    OK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 100000) == 0);
    FAILS(fallocate(fd, 0, 0, 0), EINVAL);
    OK(munmap(p, 8192) == 0 && close(fd) == 0);
    fd = open("/dev/zero", O_RDWR);
    p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    OK(p != MAP_FAILED && p[4096] == 0 && (p[1] = 1) == 1);
    OK(munmap(p, 8192) == 0 && close(fd) == 0);
    t = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    OK(t >= 0 && write(t, "abc", 3) == 3 && fstat(t, &st) == 0);
    OK(st.st_nlink == 0 && close(t) == 0);
    FAILS(open("/tmp", O_TMPFILE | O_RDONLY), EINVAL);
}

/* The longest file that may be written. */
static void size_limit(void)
{
    struct rlimit old, small = {4096, RLIM_INFINITY};
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    static char buf[5000];

    OK(getrlimit(RLIMIT_FSIZE, &old) == 0);
    OK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    OK(setrlimit(RLIMIT_FSIZE, &small) == 0);
    OK(write(fd, buf, sizeof(buf)) == 4096);
    FAILS(write(fd, buf, 1), EFBIG);
    OK(pwrite(fd, buf, 1, 0) == 1 && setrlimit(RLIMIT_FSIZE, &old) == 0);
    OK(write(fd, buf, 1) == 1 && close(fd) == 0);
}

static int lock(int fd, int cmd, int type, off_t start, off_t len)
{
    struct flock l = {.l_type = (short)type, .l_start = start, .l_len = len};

    return fcntl(fd, cmd, &l);
}

/* In a child: what does it see of the parent's locks? */
static int as_another(int (*ask)(int fd), int fd)
{
    int status;

    if (fork() == 0)
        _exit(ask(fd));
    wait(&status);
    return WEXITSTATUS(status);
}

static int upper_half_free(int fd)
{
    struct flock l = {.l_type = F_WRLCK, .l_len = 0};

    if (lock(fd, F_SETLK, F_RDLCK, 50, 10) == 0 || errno != EAGAIN)
        return 1;
    if (lock(fd, F_SETLK, F_WRLCK, 100, 0))
        return 2;
    return fcntl(fd, F_GETLK, &l) || l.l_type != F_WRLCK || l.l_start != 0 ||
           l.l_len != 40 || l.l_pid != getppid();
}

static int all_free(int fd)
{
    return lock(fd, F_SETLK, F_WRLCK, 0, 0) != 0;
}

static int flock_busy(int fd)
{
    int again = open("/tmp/k", O_RDWR);

    (void)fd;
    return flock(again, LOCK_SH | LOCK_NB) == 0 || errno != EAGAIN;
}

static void locks(void)
{
    int fd = open("/tmp/k", O_CREAT | O_RDWR, 0600), other;

    OK(lock(fd, F_SETLK, F_WRLCK, 0, 100) == 0);
    OK(lock(fd, F_SETLK, F_UNLCK, 40, 10) == 0);
    OK(as_another(upper_half_free, fd) == 0);
    other = open("/tmp/k", O_RDONLY);
    FAILS(lock(other, F_SETLK, F_WRLCK, 0, 1), EBADF);
    OK(close(other) == 0 && as_another(all_free, fd) == 0);
    OK(flock(fd, LOCK_EX) == 0 && as_another(flock_busy, fd) == 0);
    OK(as_another(all_free, fd) == 0 && flock(fd, LOCK_UN) == 0);
    FAILS(flock(fd, 77), EINVAL);
    OK(as_another(flock_busy, fd) == 1);
    close(fd);
    unlink("/tmp/k");
}

int main(void)
{
    hot_begin("shared");
    system_v();
    no_names();
    size_limit();
    locks();
    return hot_end();
}
