/* SPDX-License-Identifier: MIT */
/* Files that are none and addresses that are nobody's, for every call. */
#include "say.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct call {
    const char *name;
    int nr;
    long a[6];
};

static const struct {
    const char *name;
    void *p;
} bad[] = {{"null", NULL},     {"one", (void *)1}, {"nowhere", NOWHERE},
           {"kernel", KERNEL}, {"odd", ODD},       {"minus", (void *)-1}};

/* Calls with a file first. */
static const struct call with_fd[] = {
    {"read", SYS_read, {0, 0, 0}},
    {"write", SYS_write, {0, 0, 0}},
    {"close", SYS_close, {0}},
    {"fstat", SYS_fstat, {0, 0}},
    {"lseek", SYS_lseek, {0, 0, 0}},
    {"ioctl", SYS_ioctl, {0, 0x5401, 0}},
    {"pread64", SYS_pread64, {0, 0, 0, 0}},
    {"pwrite64", SYS_pwrite64, {0, 0, 0, 0}},
    {"readv", SYS_readv, {0, 0, 0}},
    {"writev", SYS_writev, {0, 0, 0}},
    {"dup", SYS_dup, {0}},
    {"dup2", SYS_dup2, {0, 0}},
    {"dup3", SYS_dup3, {0, 5, 0}},
    {"fcntl", SYS_fcntl, {0, 1, 0}},
    {"fsync", SYS_fsync, {0}},
    {"fdatasync", SYS_fdatasync, {0}},
    {"ftruncate", SYS_ftruncate, {0, 0}},
    {"fchmod", SYS_fchmod, {0, 0600}},
    {"fchown", SYS_fchown, {0, 0, 0}},
    {"fchdir", SYS_fchdir, {0}},
    {"getdents64", SYS_getdents64, {0, 0, 0}},
    {"fadvise64", SYS_fadvise64, {0, 0, 0, 0}},
    {"fstatfs", SYS_fstatfs, {0, 0}},
    {"flock", SYS_flock, {0, 2}},
    {"fallocate", SYS_fallocate, {0, 0, 0, 1}},
    {"preadv", SYS_preadv, {0, 0, 0, 0, 0}},
    {"pwritev", SYS_pwritev, {0, 0, 0, 0, 0}},
    {"splice", SYS_splice, {0, 0, 1, 0, 1, 0}},
    {"tee", SYS_tee, {0, 1, 1, 0}},
    {"vmsplice", SYS_vmsplice, {0, 0, 0, 0}},
    {"openat", SYS_openat, {0, (long)"x", 0}},
    {"mkdirat", SYS_mkdirat, {0, (long)"x", 0}},
    {"unlinkat", SYS_unlinkat, {0, (long)"x", 0}},
    {"newfstatat", SYS_newfstatat, {0, (long)"x", 0, 0}},
    {"timerfd_settime", SYS_timerfd_settime, {0, 0, 0, 0}},
};

static void files(void)
{
    static const int fds[] = {-1, 77, 100000, -100};

    subject = "fd";
    for (unsigned c = 0; c < COUNT(with_fd); c++)
        for (unsigned f = 0; f < COUNT(fds); f++) {
            const long *a = with_fd[c].a;

            if (fds[f] == -100 && a[1] == (long)"x")
                continue; /* AT_FDCWD */
            OKAY(syscall(with_fd[c].nr, fds[f], a[1], a[2], a[3], a[4], a[5]),
                 "%s of %d", with_fd[c].name, fds[f]);
        }
}

/* Calls with an address: its place among the arguments is marked by -77. */
#define HERE (-77)
static const struct call with_address[] = {
    {"read /dev/zero", SYS_read, {100, HERE, 64}},
    {"write /dev/null", SYS_write, {101, HERE, 64}},
    {"write to a file", SYS_write, {102, HERE, 64}},
    {"read of a file", SYS_read, {102, HERE, 64}},
    {"pread", SYS_pread64, {102, HERE, 64, 0}},
    {"write to a pipe", SYS_write, {104, HERE, 64}},
    {"readv", SYS_readv, {100, HERE, 1}},
    {"writev", SYS_writev, {102, HERE, 1}},
    {"stat", SYS_stat, {HERE, (long)"buf"}},
    {"stat into", SYS_stat, {(long)"/", HERE}},
    {"fstat into", SYS_fstat, {100, HERE}},
    {"open", SYS_open, {HERE, 0}},
    {"openat", SYS_openat, {-100, HERE, 0}},
    {"access", SYS_access, {HERE, 0}},
    {"mkdir", SYS_mkdir, {HERE, 0700}},
    {"rmdir", SYS_rmdir, {HERE}},
    {"unlink", SYS_unlink, {HERE}},
    {"rename from", SYS_rename, {HERE, (long)"/tmp/x"}},
    {"symlink", SYS_symlink, {HERE, (long)"/tmp/x"}},
    {"readlink", SYS_readlink, {HERE, 0, 10}},
    {"chdir", SYS_chdir, {HERE}},
    {"chmod", SYS_chmod, {HERE, 0}},
    {"truncate", SYS_truncate, {HERE, 0}},
    {"execve", SYS_execve, {HERE, 0, 0}},
    {"pipe", SYS_pipe, {HERE}},
    {"pipe2", SYS_pipe2, {HERE, 0}},
    {"getcwd", SYS_getcwd, {HERE, 100}},
    {"uname", SYS_uname, {HERE}},
    {"sysinfo", SYS_sysinfo, {HERE}},
    {"times", SYS_times, {HERE}},
    {"getrusage", SYS_getrusage, {0, HERE}},
    {"getrlimit", SYS_getrlimit, {7, HERE}},
    {"setrlimit", SYS_setrlimit, {4, HERE}},
    {"gettimeofday", SYS_gettimeofday, {HERE, 0}},
    {"clock_gettime", SYS_clock_gettime, {0, HERE}},
    {"clock_getres", SYS_clock_getres, {0, HERE}},
    {"nanosleep", SYS_nanosleep, {HERE, 0}},
    {"clock_nanosleep", SYS_clock_nanosleep, {1, 0, HERE, 0}},
    {"time", SYS_time, {HERE}},
    {"rt_sigaction new", SYS_rt_sigaction, {10, HERE, 0, 8}},
    {"rt_sigaction old", SYS_rt_sigaction, {10, 0, HERE, 8}},
    {"rt_sigprocmask new", SYS_rt_sigprocmask, {0, HERE, 0, 8}},
    {"rt_sigprocmask old", SYS_rt_sigprocmask, {0, 0, HERE, 8}},
    {"rt_sigpending", SYS_rt_sigpending, {HERE, 8}},
    {"sigaltstack", SYS_sigaltstack, {HERE, 0}},
    {"getitimer", SYS_getitimer, {0, HERE}},
    {"setitimer", SYS_setitimer, {0, HERE, 0}},
    {"wait4", SYS_wait4, {-1, HERE, 1, 0}},
    {"poll", SYS_poll, {HERE, 1, 0}},
    {"select",
     SYS_select,
     {8, HERE, 0, 0, (long)"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"}},
    {"futex wake", SYS_futex, {HERE, 1, 1, 0, 0, 0}},
    {"futex wait", SYS_futex, {HERE, 0, 1, 0, 0, 0}},
    {"getdents64", SYS_getdents64, {103, HERE, 1000}},
    {"statfs into", SYS_statfs, {(long)"/", HERE}},
    {"fstatfs into", SYS_fstatfs, {100, HERE}},
    {"sched_getaffinity", SYS_sched_getaffinity, {0, 128, HERE}},
    {"prctl get name", SYS_prctl, {16, HERE}},
    {"prctl set name", SYS_prctl, {15, HERE}},
    {"getrandom", SYS_getrandom, {HERE, 16, 0}},
    {"io_setup", SYS_io_setup, {1, HERE}},
    {"capget", SYS_capget, {HERE, 0}},
    {"memfd_create", SYS_memfd_create, {HERE, 0}},
    {"utimensat", SYS_utimensat, {-100, (long)"/tmp", HERE, 0}},
    {"sethostname", SYS_sethostname, {HERE, 5}},
    {"mincore", SYS_mincore, {HERE, 4096, 0}},
    {"epoll_ctl", SYS_epoll_ctl, {77, 1, 100, HERE}},
};

static void keep(int fd, int as)
{
    dup2(fd, as);
    close(fd);
}

/* The arguments that the cases refer to. */
static void open_files(void)
{
    int ends[2];

    keep(open("/dev/zero", O_RDWR), 100);
    keep(open("/dev/null", O_RDWR), 101);
    keep(open("/tmp/args", O_RDWR | O_CREAT | O_TRUNC, 0600), 102);
    keep(open("/tmp", O_RDONLY), 103);
    if (pipe(ends) || write(102, "0123456789", 10) != 10)
        return;
    keep(ends[1], 104);
    keep(ends[0], 105);
}

static void addresses(void)
{
    subject = "address";
    for (unsigned c = 0; c < COUNT(with_address); c++)
        for (unsigned b = 0; b < COUNT(bad); b++) {
            long a[6];

            for (int i = 0; i < 6; i++)
                a[i] = with_address[c].a[i] == HERE ? (long)bad[b].p
                                                    : with_address[c].a[i];
            lseek(102, 0, SEEK_SET);
            OKAY(
                syscall(with_address[c].nr, a[0], a[1], a[2], a[3], a[4], a[5]),
                "%s %s", with_address[c].name, bad[b].name);
        }
}

/* A buffer whose end is not there: what was copied before counts, or not. */
static void half_buffers(void)
{
    char *p = mmap(NULL, 2 * PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = open("/tmp/half", O_RDWR | O_CREAT | O_TRUNC, 0600);

    memset(p, 'x', 2 * PAGE);
    munmap(p + PAGE, PAGE);
    subject = "half";
    NUM(write(fd, p + PAGE - 10, 20), "write to a file");
    NUM(lseek(fd, 0, SEEK_END), "then it ends at");
    NUM(read(100, p + PAGE - 10, 20), "read /dev/zero");
    if (ftruncate(fd, 100))
        return;
    NUM(pread(fd, p + PAGE - 10, 20, 0), "pread of a file");
    NUM(syscall(SYS_open, p + PAGE - 4, 0), "a name without end");
    NUM(read(fd, p, 0), "read nothing");
    NUM(write(fd, KERNEL, 0), "write nothing");
    close(fd);
}

int main(void)
{
    open_files();
    files();
    addresses();
    half_buffers();
    return 0;
}
