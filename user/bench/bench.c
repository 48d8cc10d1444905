/* SPDX-License-Identifier: MIT */
/*
 * bench: what the kernel charges for its services. It runs unchanged on
 * Linux and on hotcow, as init or by hand.
 *
 *   bench [boot] [cpu] [move] [disk]
 *
 * Each row is the least of several runs, in ticks of the time stamp counter.
 * Under QEMU's -icount a tick is an instruction of the guest; without, it
 * measures time, which is what the disk's row is for.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE  4096ul
#define MIB   (1ul << 20)
#define RUNS  5
#define PAGES 4096ul /* 16 MiB */

static uint64_t ticks(void)
{
    uint32_t lo, hi;

    __asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi)::"memory");
    return (uint64_t)hi << 32 | lo;
}

static void row(const char *name, double value)
{
    printf("@row %s %.1f\n", name, value);
    fflush(stdout);
}

/* The least of RUNS of fn, which says how many ticks one of its units took. */
static void measure(const char *name, double (*fn)(void))
{
    double best = fn();

    for (int i = 1; i < RUNS; i++) {
        double v = fn();

        best = v < best ? v : best;
    }
    row(name, best);
}

static char *area(size_t pages)
{
    char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return p;
}

static void touch(char *p, size_t pages)
{
    for (size_t i = 0; i < pages; i++)
        ((volatile char *)p)[i * PAGE] = (char)i;
}

static double per(uint64_t start, double n)
{
    return (double)(ticks() - start) / n;
}

/* ---- the processor's work ---- */

static double null_call(void)
{
    enum { N = 10000 };
    uint64_t start = ticks();

    for (int i = 0; i < N; i++)
        syscall(SYS_getppid);
    return per(start, N);
}

static double context_switch(void)
{
    enum { N = 500 };
    int there[2], back[2];
    uint64_t start;
    double result;
    char c = 0;

    if (pipe(there) || pipe(back))
        return -1;
    if (fork() == 0) {
        close(there[1]);
        while (read(there[0], &c, 1) == 1)
            if (write(back[1], &c, 1) != 1)
                break;
        _exit(0);
    }
    close(there[0]);
    start = ticks();
    for (int i = 0; i < N; i++)
        if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
            return -1;
    result = per(start, 2 * N);
    close(there[1]);
    close(back[0]);
    close(back[1]);
    wait(NULL);
    return result;
}

static double fork_exit_wait(void)
{
    enum { N = 20 };
    uint64_t start = ticks();

    for (int i = 0; i < N; i++) {
        if (fork() == 0)
            _exit(0);
        wait(NULL);
    }
    return per(start, N);
}

static double fork_of_64_mib(void)
{
    char *p = area(64 * MIB / PAGE);
    double result;

    touch(p, 64 * MIB / PAGE);
    uint64_t start = ticks();

    if (fork() == 0)
        _exit(0);
    wait(NULL);
    result = per(start, 1);
    munmap(p, 64 * MIB);
    return result;
}

static const char *self;

static double fork_exec_wait(void)
{
    enum { N = 10 };
    uint64_t start = ticks();

    for (int i = 0; i < N; i++) {
        if (fork() == 0) {
            execl(self, self, "exit", (char *)NULL);
            _exit(1);
        }
        wait(NULL);
    }
    return per(start, N);
}

static double write_fault(void)
{
    char *p = area(PAGES);
    uint64_t start = ticks();

    touch(p, PAGES);
    double result = per(start, PAGES);

    munmap(p, PAGES * PAGE);
    return result;
}

/* A parent's pages, after a fork: a child's writes copy them, and when it has
   gone the parent's keep them. */
static double after_fork(int which)
{
    double *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char *p = area(PAGES);
    double result;

    touch(p, PAGES);
    if (fork() == 0) {
        uint64_t start = ticks();

        touch(p, PAGES);
        *shared = per(start, PAGES);
        _exit(0);
    }
    wait(NULL);
    uint64_t start = ticks();

    touch(p, PAGES);
    result = which ? per(start, PAGES) : *shared;
    munmap(p, PAGES * PAGE);
    munmap(shared, PAGE);
    return result;
}

static double cow_copy(void)
{
    return after_fork(0);
}

static double cow_reuse(void)
{
    return after_fork(1);
}

static double unmap_page(void)
{
    char *p = area(PAGES);

    touch(p, PAGES);
    uint64_t start = ticks();

    munmap(p, PAGES * PAGE);
    return per(start, PAGES);
}

static double map_touch_unmap(void)
{
    enum { N = 500 };
    uint64_t start = ticks();

    for (int i = 0; i < N; i++) {
        char *p = area(1);

        *(volatile char *)p = 1;
        munmap(p, PAGE);
    }
    return per(start, N);
}

static void cpu_rows(void)
{
    measure("null system call", null_call);
    measure("context switch through a pipe", context_switch);
    measure("fork + exit + wait", fork_exit_wait);
    measure("fork + exit + wait, 64 MiB touched", fork_of_64_mib);
    measure("fork + exec + wait", fork_exec_wait);
    measure("anonymous write fault, a page", write_fault);
    measure("COW copy, a page", cow_copy);
    measure("COW reuse, a page", cow_reuse);
    measure("munmap, a page", unmap_page);
    measure("mmap + touch + munmap of a page", map_touch_unmap);
}

/* ---- memory that leaves ---- */

static int put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY), ok;

    if (fd < 0)
        return -1;
    ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return ok ? 0 : -1;
}

static double moved_so_far(void)
{
    char line[128];
    double n = 0;
    FILE *f = fopen("/proc/vmstat", "r");

    while (f && fgets(line, sizeof(line), f))
        if (!strncmp(line, "pgmigrate_success ", 18))
            n = atof(line + 18);
    if (f)
        fclose(f);
    return n;
}

/* In an online section of a DIMM that is all movable: valid_zones says so. */
static int movable(const char *section)
{
    char path[300], text[64] = "";
    FILE *f;

    snprintf(path, sizeof(path), "/sys/devices/system/memory/%s/valid_zones",
             section);
    f = fopen(path, "r");
    if (f && !fgets(text, sizeof(text), f))
        text[0] = 0;
    if (f)
        fclose(f);
    return strstr(text, "Movable") != NULL;
}

/* Offline every movable section; memory is full of a process's pages. */
static void move_row(void)
{
    DIR *d = opendir("/sys/devices/system/memory");
    size_t pages = 96 * MIB / PAGE;
    char path[300], *p = area(pages);
    double moved = moved_so_far();
    uint64_t taken = 0, start;
    struct dirent *e;

    touch(p, pages);
    while (d && (e = readdir(d))) {
        if (strncmp(e->d_name, "memory", 6) || !movable(e->d_name))
            continue;
        snprintf(path, sizeof(path), "/sys/devices/system/memory/%s/state",
                 e->d_name);
        start = ticks();
        if (put(path, "offline") == 0)
            taken += ticks() - start;
    }
    moved = moved_so_far() - moved;
    row("moving a page out of a DIMM", moved ? (double)taken / moved : -1);
    printf("@note %.0f pages moved\n", moved);
    munmap(p, pages * PAGE);
}

/* ---- the disk ---- */

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double raw_read(void)
{
    const char *names[] = {"/dev/hda", "/dev/sda"};
    char *buf = area(MIB / PAGE);
    double start, bytes = 0;
    int fd = -1;

    for (int i = 0; fd < 0 && i < 2; i++)
        fd = open(names[i], O_RDONLY | O_DIRECT);
    touch(buf, MIB / PAGE);
    start = now();
    while (fd >= 0 && read(fd, buf, MIB) == (ssize_t)MIB)
        bytes += MIB;
    start = now() - start;
    close(fd);
    munmap(buf, MIB);
    return bytes ? start * 1e9 / (bytes / MIB) : -1;
}

/* ---- as init ---- */

static void boot_rows(uint64_t first)
{
    struct sysinfo si;

    sysinfo(&si);
    row("boot, to the first instruction of init", (double)first);
    row("memory left free, KiB",
        (double)si.freeram * (double)si.mem_unit / 1024);
}

/* Linux's drivers are modules; hotcow's image has them, and no such folder. */
static void load_modules(void)
{
    struct dirent **names;
    char path[300];
    int n = scandir("/modules", &names, NULL, alphasort), fd;

    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "/modules/%s", names[i]->d_name);
        fd = names[i]->d_name[0] != '.' ? open(path, O_RDONLY) : -1;
        if (fd >= 0 && syscall(SYS_finit_module, fd, "", 0))
            perror(path);
        if (fd >= 0)
            close(fd);
    }
    for (int i = 0; n > 0 && i < 500 && access("/dev/sda", F_OK); i++)
        usleep(10000); /* it looks for its disks in the background */
}

static void set_up(void)
{
    mkdir("/proc", 0755);
    mkdir("/sys", 0755);
    mkdir("/dev", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sysfs", "/sys", "sysfs", 0, NULL);
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    load_modules();
}

static void help(void)
{
    puts("usage: bench [boot] [cpu] [move] [disk]\n"
         "boot: time and memory since the start; cpu: calls and faults;\n"
         "move: offline all movable memory; disk: read /dev/hda raw.");
}

static void run(const char *what, uint64_t first)
{
    if (!strcmp(what, "boot"))
        boot_rows(first);
    else if (!strcmp(what, "cpu"))
        cpu_rows();
    else if (!strcmp(what, "move"))
        move_row();
    else if (!strcmp(what, "disk"))
        measure("O_DIRECT read, a MiB (ns)", raw_read);
    else
        help();
}

int main(int argc, char **argv)
{
    uint64_t first = ticks();

    self = argv[0];
    if (argc == 2 && !strcmp(argv[1], "exit"))
        return 0;
    if (getpid() == 1)
        set_up();
    if (argc < 2)
        help();
    for (int i = 1; i < argc; i++)
        run(argv[i], first);
    puts("@done");
    if (getpid() == 1) {
        fflush(stdout);
        reboot(RB_POWER_OFF);
    }
    return 0;
}
