/* SPDX-License-Identifier: MIT */
/* O_PATH: a number that says which file, and by which nothing can be done. */
#include "say.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>

static char buf[256];

/* What needs an open file. */
static void uses(const char *name, int fd)
{
    struct epoll_event e = {.events = EPOLLIN};
    struct iovec v = {buf, 1};
    int ep = epoll_create1(0);

    NUM(read(fd, buf, 1), "%s read", name);
    NUM(write(fd, buf, 1), "%s write", name);
    NUM(readv(fd, &v, 1), "%s readv", name);
    NUM(pread(fd, buf, 1, 0), "%s pread", name);
    NUM(lseek(fd, 0, SEEK_SET), "%s lseek", name);
    NUM(ftruncate(fd, 0), "%s ftruncate", name);
    NUM(fallocate(fd, 0, 0, 1), "%s fallocate", name);
    NUM(fsync(fd), "%s fsync", name);
    NUM(syscall(SYS_fchmod, fd, 0777), "%s fchmod", name);
    NUM(syscall(SYS_fchown, fd, 0, 0), "%s fchown", name);
    NUM(futimens(fd, NULL), "%s futimens", name);
    NUM(ioctl(fd, FIONREAD, buf), "%s ioctl", name);
    NUM(flock(fd, LOCK_EX | LOCK_NB), "%s flock", name);
    NUM(syscall(SYS_getdents64, fd, buf, sizeof(buf)), "%s getdents", name);
    NUM(syscall(SYS_fgetxattr, fd, "user.x", buf, 1), "%s fgetxattr", name);
    OKAY((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), "%s mmap",
         name);
    NUM(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e), "%s epoll_ctl", name);
    close(ep);
}

static void controls(const char *name, int fd)
{
    struct flock l = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    struct pollfd p = {.fd = fd, .events = POLLIN};

    NUM(fcntl(fd, F_GETFL), "%s flags", name);
    NUM(fcntl(fd, F_SETFL, O_APPEND), "%s set flags", name);
    NUM(fcntl(fd, F_GETFD), "%s of the number", name);
    NUM(fcntl(fd, F_SETFD, FD_CLOEXEC), "%s set those", name);
    NUM(fcntl(fd, F_GETLK, &l), "%s lock", name);
    NUM(fcntl(fd, F_GETPIPE_SZ), "%s pipe", name);
    NUM(poll(&p, 1, 0), "%s poll", name);
    FACT(p.revents, "%s polled", name);
}

/* What only asks which file it is. */
static void questions(const char *name, int fd)
{
    struct stat st = {0};
    struct statfs fs;
    char own[32];
    int again = dup(fd);

    NUM(fstat(fd, &st), "%s fstat", name);
    FACT(st.st_mode & S_IFMT, "%s kind", name);
    NUM(fstatat(fd, "", &st, AT_EMPTY_PATH), "%s fstatat", name);
    NUM(fstatfs(fd, &fs), "%s fstatfs", name);
    OKAY(again, "%s dup", name);
    NUM(fcntl(again, F_GETFL), "%s flags of that", name);
    NUM(close(again), "%s close that", name);
    NUM(fchdir(fd), "%s fchdir", name);
    if (chdir("/tmp/places"))
        return;
    OKAY(openat(fd, "file", O_RDONLY), "%s openat", name);
    snprintf(own, sizeof(own), "/proc/self/fd/%d", fd);
    again = open(own, O_RDONLY | O_NONBLOCK);
    OKAY(again, "%s opened for good", name);
    close(again);
}

static void kinds(void)
{
    static const char *const names[] = {"file",     "dir",  "link",
                                        "dangling", "fifo", "."};

    for (unsigned i = 0; i < COUNT(names); i++) {
        int fd = open(names[i], O_PATH | O_NOFOLLOW);

        OKAY(fd, "%s", names[i]);
        if (fd < 0)
            continue;
        uses(names[i], fd);
        controls(names[i], fd);
        questions(names[i], fd);
        NUM(readlinkat(fd, "", buf, sizeof(buf)), "%s readlinkat", names[i]);
        NUM(readlinkat(fd, "", buf, 0), "%s readlinkat of 0", names[i]);
        snprintf(buf, sizeof(buf), "/proc/self/fd/%d", fd);
        NUM(chmod(buf, 0755), "%s chmod", names[i]);
        close(fd);
    }
}

static void flags(void)
{
    static const int more[] = {
        O_RDWR,
        O_CREAT,
        O_CREAT | O_EXCL,
        O_TRUNC,
        O_DIRECTORY,
        O_CLOEXEC,
        O_APPEND,
        O_DIRECT,
        O_TMPFILE,
        3,
        O_DIRECTORY | O_NOFOLLOW,
    };
    static const char *const names[] = {"file", "dir", "link", "nothing"};
    struct stat st;

    for (unsigned n = 0; n < COUNT(names); n++)
        for (unsigned f = 0; f < COUNT(more); f++) {
            int fd = open(names[n], O_PATH | more[f], 0600);

            OKAY(fd, "open %s %x", names[n], more[f]);
            if (fd >= 0)
                NUM(fcntl(fd, F_GETFL), "open %s %x flags", names[n], more[f]);
            close(fd);
        }
    NUM(stat("file", &st), "still there");
    FACT(st.st_size, "its size");
}

/* Closing one ends no lock: it was never open. */
static void keeps_locks(void)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open("file", O_RDWR), other = open("file", O_RDWR);

    (void)fcntl(fd, F_SETLK, &l);
    close(open("file", O_PATH));
    NUM(fcntl(other, F_OFD_SETLK, &l), "the lock is still there");
    close(other);
    NUM(fcntl(open("file", O_RDWR), F_OFD_SETLK, &l), "until a real close");
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    subject = "place";
    if (system("rm -rf /tmp/places; mkdir -p /tmp/places/dir") ||
        chdir("/tmp/places") ||
        system("echo content > file; ln -s file link; ln -s no dangling; "
               "mkfifo fifo"))
        return 1;
    kinds();
    flags();
    keeps_locks();
    return 0;
}
