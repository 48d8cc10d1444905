/* SPDX-License-Identifier: MIT */
/* Names, opens, seeks, descriptors, pipes. */
#include "say.h"
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>

#define FIGETBSZ 2 /* musl does not name it */

static char long_name[300], long_path[5000];

static void make_tree(void)
{
    mkdir("/tmp/c", 0755);
    if (chdir("/tmp/c"))
        exit(1);
    close(open("file", O_CREAT | O_RDWR, 0644));
    mkdir("dir", 0755);
    mkdir("full", 0755);
    close(open("full/x", O_CREAT, 0644));
    (void)!symlink("file", "link");
    (void)!symlink("dir", "dirlink");
    (void)!symlink("nothing", "dangling");
    (void)!symlink("loop2", "loop1");
    (void)!symlink("loop1", "loop2");
    mknod("fifo", S_IFIFO | 0644, 0);
    memset(long_name, 'n', sizeof(long_name) - 1);
    memset(long_path, '/', sizeof(long_path) - 1);
}

static const char *const names[] = {
    "",         "file",           "file/",         "dir",      "dir/",
    "full",     "link",           "link/",         "dirlink",  "dirlink/",
    "dangling", "loop1",          "nothing",       "nothing/", "nothing/x",
    "file/x",   "dir/.",          "dir/..",        ".",        "..",
    "/",        "//tmp//c//file", "./dir/../file", long_name,  long_path,
    "loop1/x",  "fifo/x",
};

static const char *shown(const char *name)
{
    return name == long_name ? "LONG" : name == long_path ? "LONGPATH" : name;
}

/* Each name, to a call that changes nothing, or that a second one undoes. */
static void lookups(void)
{
    struct stat st;
    char buf[16];

    for (unsigned i = 0; i < COUNT(names); i++) {
        const char *n = names[i], *s = shown(n);
        int fd;

        subject = "name";
        NUM(stat(n, &st), "stat %s", s);
        NUM(lstat(n, &st), "lstat %s", s);
        NUM(access(n, F_OK), "access %s", s);
        NUM(access(n, X_OK), "access x %s", s);
        NUM(readlink(n, buf, sizeof(buf)), "readlink %s", s);
        if (!strcmp(n, "fifo/x") || strchr(n, 'f') != n || n[1] != 'i' ||
            n[2] != 'f') {
            fd = open(n, O_RDONLY | O_NONBLOCK);
            OKAY(fd, "open %s", s);
            close(fd);
            fd = open(n, O_WRONLY | O_NONBLOCK);
            OKAY(fd, "open to write %s", s);
            close(fd);
            fd = open(n, O_RDONLY | O_DIRECTORY);
            OKAY(fd, "open folder %s", s);
            close(fd);
            fd = open(n, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
            OKAY(fd, "open nofollow %s", s);
            close(fd);
        }
        fd = open(n, O_CREAT | O_EXCL | O_RDWR, 0600);
        OKAY(fd, "create %s", s);
        if (fd >= 0) {
            close(fd);
            unlink(n);
        }
        int made = mkdir(n, 0700);

        NUM(made, "mkdir %s", s);
        if (!made)
            rmdir(n);
        if (strcmp(n, "dir") && strcmp(n, "dir/"))
            NUM(rmdir(n), "rmdir %s", s);
        if (strcmp(n, "file") && strcmp(n, "link") && strcmp(n, "dangling") &&
            strcmp(n, "loop1") && strcmp(n, "dirlink") && !strstr(n, "/file") &&
            strcmp(n, "//tmp//c//file"))
            NUM(unlink(n), "unlink %s", s);
        if (strcmp(n, "/") && strcmp(n, "..") && strcmp(n, "dir/.."))
            NUM(chdir(n), "chdir %s", s);
        if (chdir("/tmp/c"))
            return;
        NUM(truncate(n, 0), "truncate %s", s);
        NUM(link(n, "newlink"), "link %s", s);
        unlink("newlink");
        NUM(link("file", n), "link to %s", s);
        NUM(symlink("x", n), "symlink to %s", s);
        if (!strcmp(s, "nothing")) {
            unlink("nothing");
        }
        NUM(rename("nofile", n), "rename nothing to %s", s);
    }
}

static void renames(void)
{
    static const char *const kinds[] = {"file",    "dir",      "full",   "link",
                                        "dirlink", "dangling", "nothing"};

    subject = "rename";
    for (unsigned a = 0; a < COUNT(kinds); a++)
        for (unsigned b = 0; b < COUNT(kinds); b++) {
            if (system("rm -rf /tmp/c") || (chdir("/tmp"), 0))
                return;
            make_tree();
            NUM(rename(kinds[a], kinds[b]), "%s to %s", kinds[a], kinds[b]);
        }
    NUM(rename("full", "full/y"), "into itself");
    NUM(rename("file", "file"), "to itself");
    NUM(rename(".", "z"), "dot");
}

static void opens(void)
{
    static const int flags[] = {
        O_RDONLY,
        O_WRONLY,
        O_RDWR,
        3,
        O_RDONLY | O_TRUNC,
        O_RDWR | O_APPEND,
        O_CREAT,
        O_CREAT | O_EXCL,
        O_CREAT | O_DIRECTORY,
        O_DIRECTORY,
        O_NOFOLLOW,
        O_PATH,
        O_TMPFILE | O_RDWR,
        O_TMPFILE | O_RDONLY,
        O_RDWR | O_SYNC,
        O_RDONLY | O_NOATIME,
        O_RDWR | 0x40000000,
    };
    static const char *const what[] = {
        "file", "dir", "link", "dirlink", "dangling", "nothing2", "."};

    subject = "open";
    for (unsigned w = 0; w < COUNT(what); w++)
        for (unsigned f = 0; f < COUNT(flags); f++) {
            int fd = open(what[w], flags[f], 0600);

            OKAY(fd, "%s %x", what[w], flags[f]);
            if (fd >= 0)
                NUM(fcntl(fd, F_GETFL) & ~0x8000, "%s %x flags", what[w],
                    flags[f]);
            close(fd);
            unlink("nothing2");
            unlink("nothing");
        }
}

static void seeks(void)
{
    static const long offs[] = {0, 5, -5, 1l << 40, -(1l << 40), ~(1ul << 63)};
    static const char *const what[] = {"file", "dir", "/dev/null", "/dev/zero"};

    subject = "lseek";
    for (unsigned w = 0; w < COUNT(what); w++) {
        int fd = open(what[w], O_RDONLY);

        for (int whence = 0; whence < 6; whence++)
            for (unsigned o = 0; o < COUNT(offs); o++) {
                if (whence > 2 && w != 0)
                    continue;
                lseek(fd, 0, SEEK_SET);
                if (w == 1)
                    OKAY(lseek(fd, offs[o], whence), "%s %d %lx", what[w],
                         whence, offs[o]);
                else
                    NUM(lseek(fd, offs[o], whence), "%s %d %lx", what[w],
                        whence, offs[o]);
            }
        close(fd);
    }
}

static void descriptors(void)
{
    int fd = open("file", O_RDWR), p[2];

    subject = "fcntl";
    for (int cmd = 0; cmd < 18; cmd++)
        if (cmd < 5 || cmd > 9)
            OKAY(fcntl(fd, cmd, 0), "cmd %d", cmd);
    OKAY(fcntl(fd, 1030, 50), "dupfd_cloexec");
    NUM(fcntl(50, F_GETFD), "its flag");
    NUM(fcntl(fd, 0, -1), "dupfd below");
    NUM(fcntl(fd, 0, 1 << 30), "dupfd above");
    NUM(fcntl(fd, F_SETFL, O_APPEND), "set append");
    NUM(fcntl(fd, F_GETFL) & ~0x8000, "flags then");
    NUM(dup2(fd, -1), "dup2 to -1");
    NUM(dup2(fd, 1 << 30), "dup2 to much");
    NUM(dup3(fd, fd, 0), "dup3 to itself");
    NUM(dup3(fd, 60, 1), "dup3 with odd flags");
    subject = "pipe";
    NUM(pipe2(p, 0x10), "pipe2 odd flags");
    NUM(pipe2(p, O_NONBLOCK), "pipe2");
    char c;

    NUM(read(p[0], &c, 1), "read of an empty one");
    NUM(write(p[0], &c, 1), "write to the wrong end");
    NUM(read(p[1], &c, 1), "read of the wrong end");
    NUM(lseek(p[0], 0, 0), "lseek");
    NUM(fcntl(p[0], 1032), "size");
    NUM(fcntl(p[0], 1031, 1), "set size");
    long total = 0, n;
    static char block[4096];

    while ((n = write(p[1], block, sizeof(block))) > 0)
        total += n;
    FACT(total, "holds");
    NUM(n, "then");
    struct pollfd pf = {p[1], POLLOUT | POLLIN, 0};

    NUM(poll(&pf, 1, 0), "poll of a full one");
    close(p[0]);
    signal(SIGPIPE, SIG_IGN);
    NUM(write(p[1], &c, 1), "without readers");
    NUM(poll(&pf, 1, 0), "poll then");
    FACT(pf.revents, "poll says");
    close(p[1]);
}

static void contents(void)
{
    char buf[64] = "";
    int fd = open("data", O_RDWR | O_CREAT | O_TRUNC, 0600);
    struct iovec v[3] = {{"abc", 3}, {NULL, 0}, {"defg", 4}};
    struct stat st;

    subject = "data";
    NUM(writev(fd, v, 3), "writev");
    NUM(writev(fd, v, -1), "writev -1");
    NUM(writev(fd, v, 1025), "writev 1025");
    NUM(writev(fd, v, 0), "writev 0");
    NUM(pwrite(fd, "Z", 1, 100), "pwrite beyond");
    fstat(fd, &st);
    FACT(st.st_size, "size");
    NUM(pread(fd, buf, 10, 5), "pread");
    FACT(buf[2], "a hole");
    NUM(pread(fd, buf, 10, -1), "pread at -1");
    NUM(pread(fd, buf, 10, 101), "pread at the end");
    NUM(ftruncate(fd, -1), "ftruncate -1");
    NUM(ftruncate(fd, 4), "ftruncate 4");
    NUM(ftruncate(fd, 10), "ftruncate 10");
    NUM(pread(fd, buf, 10, 0), "then");
    FACT(!memcmp(buf, "abcd\0\0\0\0\0\0", 10), "and contents");
    NUM(unlink("data"), "unlink");
    fstat(fd, &st);
    FACT(st.st_nlink, "links then");
    NUM(pread(fd, buf, 10, 0), "and read");
    close(fd);
    for (int mode = 0; mode < 8; mode++) {
        fd = open("data2", O_RDWR | O_CREAT | O_TRUNC, 0600);
        NUM(fallocate(fd, mode, 0, 8192), "fallocate mode %d", mode);
        fstat(fd, &st);
        FACT(st.st_size, "fallocate mode %d size", mode);
        close(fd);
    }
}

static void modes(void)
{
    struct stat st;

    subject = "mode";
    umask(022);
    close(open("m", O_CREAT, 0777));
    stat("m", &st);
    FACT(st.st_mode, "created 777");
    NUM(chmod("m", 04751), "chmod");
    stat("m", &st);
    FACT(st.st_mode, "then");
    umask(0);
    mkdir("md", 01777);
    stat("md", &st);
    FACT(st.st_mode, "mkdir 1777");
    FACT(st.st_nlink, "links of a folder");
    mkdir("md/a", 0);
    stat("md", &st);
    FACT(st.st_nlink, "with one in it");
    NUM(mknod("node", S_IFREG | 0600, 0), "mknod a file");
    NUM(mknod("node2", S_IFDIR | 0600, 0), "mknod a folder");
    NUM(mknod("node3", S_IFCHR | 0600, 0x103), "mknod a device");
    NUM(mknod("node4", 0170000, 0), "mknod of no kind");
}

static void listing(void)
{
    DIR *d = opendir("full");
    struct dirent *e;
    int n = 0, dots = 0;

    subject = "readdir";
    while (d && (e = readdir(d))) {
        n++;
        dots += e->d_name[0] == '.';
        if (!strcmp(e->d_name, "x"))
            FACT(e->d_type, "type of x");
    }
    FACT(n, "entries");
    FACT(dots, "dots");
    closedir(d);
    int fd = open("file", O_RDONLY);
    char buf[512];

    NUM(syscall(SYS_getdents64, fd, buf, sizeof(buf)), "of a file");
    close(fd);
    fd = open("full", O_RDONLY);
    NUM(syscall(SYS_getdents64, fd, buf, 10), "into too little");
    NUM(read(fd, buf, 10), "read of a folder");
    close(fd);
}

static void controls_of(const char *name, int fd)
{
    int on = 1, off = 0, n = -1;

    subject = "ioctl";
    NUM(ioctl(fd, FIOCLEX), "%s FIOCLEX", name);
    FACT(fcntl(fd, F_GETFD), "%s closed by exec", name);
    NUM(ioctl(fd, FIONCLEX), "%s FIONCLEX", name);
    FACT(fcntl(fd, F_GETFD), "%s not any more", name);
    NUM(ioctl(fd, FIONBIO, &on), "%s FIONBIO 1", name);
    FACT(fcntl(fd, F_GETFL) & O_NONBLOCK, "%s does not wait", name);
    NUM(ioctl(fd, FIONBIO, &off), "%s FIONBIO 0", name);
    FACT(fcntl(fd, F_GETFL) & O_NONBLOCK, "%s waits", name);
    NUM(ioctl(fd, FIONBIO, NOWHERE), "%s FIONBIO nowhere", name);
    NUM(ioctl(fd, FIOASYNC, &off), "%s FIOASYNC 0", name);
    NUM(ioctl(fd, FIOASYNC, NOWHERE), "%s FIOASYNC nowhere", name);
    NUM(ioctl(fd, FIONREAD, &n), "%s FIONREAD", name);
    FACT(n, "%s to read", name);
    NUM(ioctl(fd, FIONREAD, NOWHERE), "%s FIONREAD nowhere", name);
    NUM(ioctl(fd, 0x4711, &n), "%s of nobody", name);
    NUM(ioctl(fd, TIOCGWINSZ, &n), "%s window", name);
    close(fd);
}

static void system_of(const char *path)
{
    struct statfs fs;

    NUM(statfs(path, &fs), "statfs %s", path);
    FACT(fs.f_files > 0 && fs.f_ffree <= fs.f_files, "%s has inodes", path);
}

static void controls(void)
{
    int fds[2], fd = open("told", O_CREAT | O_RDWR, 0644);

    (void)!write(fd, "0123456789", 10);
    lseek(fd, 3, SEEK_SET);
    NUM(ioctl(fd, FIGETBSZ, &fds[0]), "FIGETBSZ");
    FACT(fds[0], "block size");
    controls_of("file", fd);
    controls_of("dir", open("dir", O_RDONLY));
    controls_of("null", open("/dev/null", O_RDWR));
    controls_of("epoll", epoll_create1(0));
    controls_of("eventfd", eventfd(3, 0));
    if (pipe(fds) == 0) {
        (void)!write(fds[1], "abc", 3);
        controls_of("pipe", fds[0]);
        controls_of("pipe's end", fds[1]);
    }
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0) {
        (void)!write(fds[1], "abcd", 4);
        controls_of("socket", fds[0]);
        controls_of("its peer", fds[1]);
    }
}

int main(void)
{
    make_tree();
    lookups();
    renames();
    opens();
    seeks();
    descriptors();
    contents();
    modes();
    listing();
    controls();
    subject = "system";
    system_of("/tmp");
    system_of("dir");
    return 0;
}
