/* SPDX-License-Identifier: MIT */
/* What our user programs share; see hot.h. Nothing here allocates. */
#define _GNU_SOURCE
#include "hot.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <unistd.h>

static const char *scenario = "none";
static bool failed;

/* One write for one line, so that lines of threads do not mix. */
static void say(const char *head, const char *fmt, va_list ap)
{
    char line[600];
    int n = snprintf(line, sizeof(line), "%s", head);

    n += vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
    if (n > (int)sizeof(line) - 2)
        n = sizeof(line) - 2;
    line[n++] = '\n';
    if (write(1, line, (size_t)n) != n)
        _exit(99);
}

static void sayf(const char *head, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(head, fmt, ap);
    va_end(ap);
}

void hot_begin(const char *name)
{
    scenario = name;
    sayf("@begin ", "%s", name);
}

void hot_part(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("@part ", fmt, ap);
    va_end(ap);
}

void hot_step(int n, const char *fmt, ...)
{
    char head[24];
    va_list ap;

    snprintf(head, sizeof(head), "@step %d ", n);
    va_start(ap, fmt);
    say(head, fmt, ap);
    va_end(ap);
}

void hot_result(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("@result ", fmt, ap);
    va_end(ap);
}

void hot_say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("", fmt, ap);
    va_end(ap);
}

bool hot_expect(bool ok, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    sayf("@expect ", "%s: %s", text, ok ? "ok" : "FAILED");
    failed |= !ok;
    return ok;
}

void hot_sync(const char *name)
{
    char line[64];
    size_t n = 0;

    sayf("@sync ", "%s", name);
    while (n < sizeof(line) - 1 && read(0, line + n, 1) == 1) {
        if (line[n] == '\n') {
            line[n] = 0;
            if (!strcmp(line, name))
                return;
            n = 0; /* a line for somebody else */
        } else {
            n++;
        }
    }
    hot_die("the host went away at sync %s", name);
}

void hot_die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("@expect set-up works: FAILED ", fmt, ap);
    va_end(ap);
    sayf("@end ", "%s fail", scenario);
    exit(2);
}

static ssize_t read_file(const char *path, char *buf, size_t size)
{
    int fd = open(path, O_RDONLY);
    ssize_t n, total = 0;

    if (fd < 0)
        return -errno;
    while ((n = read(fd, buf + total, size - 1 - (size_t)total)) > 0)
        total += n;
    close(fd);
    buf[total] = 0;
    return n < 0 ? -errno : total;
}

/* The kernel's last word about its own counts, line by line. */
static void verify(void)
{
    static char text[16384];
    char *save = NULL, *last = NULL;

    if (read_file("/proc/mm_verify", text, sizeof(text)) < 0)
        hot_die("cannot read /proc/mm_verify");
    for (char *l = strtok_r(text, "\n", &save); l;
         l = strtok_r(NULL, "\n", &save)) {
        sayf("", "%s", l);
        last = l;
    }
    hot_expect(last && strstr(last, "mm_verify: 0 mistakes"),
               "every count adds up");
}

int hot_end(void)
{
    if (!getenv("HOT_BUSY"))
        verify();
    sayf("@end ", "%s %s", scenario, failed ? "fail" : "pass");
    return failed;
}

void hot_warm_up(void)
{
    char below[4 * PAGE];

    memset(below, 1, sizeof(below)); /* the stack, as deep as we go */
    __asm__ volatile("" : : "r"(below) : "memory");
    hot_stat("pgfault");
    verify();
}

uint64_t hot_stat(const char *name)
{
    static char text[8192];
    size_t len = strlen(name);

    if (read_file("/proc/vmstat", text, sizeof(text)) < 0)
        hot_die("cannot read /proc/vmstat");
    for (char *l = text; l && *l; l = strchr(l, '\n')) {
        l += *l == '\n';
        if (!strncmp(l, name, len) && l[len] == ' ')
            return strtoull(l + len, NULL, 10);
    }
    hot_die("/proc/vmstat has no %s", name);
}

void hot_design(void)
{
    static char text[2048];
    char *save = NULL;

    if (read_file("/proc/cowinfo", text, sizeof(text)) < 0)
        hot_die("cannot read /proc/cowinfo");
    for (char *l = strtok_r(text, "\n", &save); l;
         l = strtok_r(NULL, "\n", &save))
        sayf("@design ", "%s", l);
}

static void ask(const char *question, struct hot_page *out)
{
    int fd = open("/proc/pageinfo", O_RDWR);
    ssize_t n;

    if (fd < 0 || write(fd, question, strlen(question)) < 0)
        hot_die("/proc/pageinfo: %s: %s", question, strerror(errno));
    lseek(fd, 0, SEEK_SET);
    n = read(fd, out->text + 1, sizeof(out->text) - 2);
    close(fd);
    if (n < 0)
        hot_die("/proc/pageinfo: read: %s", strerror(errno));
    out->text[0] = ' '; /* so that every key has one before it */
    out->text[n + 1] = 0;
}

void hot_page_at(const void *addr, struct hot_page *out)
{
    char line[64];

    snprintf(line, sizeof(line), "0 0x%lx", (unsigned long)addr);
    ask(line, out);
}

void hot_page_frame(uint64_t pfn, struct hot_page *out)
{
    char line[64];

    snprintf(line, sizeof(line), "pfn 0x%lx", (unsigned long)pfn);
    ask(line, out);
}

static const char *value_of(const struct hot_page *p, const char *key)
{
    char pattern[32];
    const char *at;

    snprintf(pattern, sizeof(pattern), " %s=", key);
    at = strstr(p->text, pattern);
    return at ? at + strlen(pattern) : NULL;
}

int64_t hot_page_num(const struct hot_page *p, const char *key)
{
    const char *v = value_of(p, key);

    return v ? (int64_t)strtoull(v, NULL, strcmp(key, "pfn") ? 10 : 16) : -1;
}

bool hot_page_is(const struct hot_page *p, const char *key, const char *word)
{
    const char *v = value_of(p, key);
    size_t len = strlen(word);

    return v && !strncmp(v, word, len) &&
           (v[len] == ' ' || v[len] == '\n' || v[len] == 0);
}

int hot_write_file(const char *path, const char *line)
{
    int fd = open(path, O_WRONLY);
    int err = 0;

    if (fd < 0)
        return -errno;
    if (write(fd, line, strlen(line)) < 0)
        err = -errno;
    close(fd);
    return err;
}

void *hot_pages(size_t n)
{
    void *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        hot_die("mmap of %zu pages: %s", n, strerror(errno));
    return p;
}

int hot_child(int (*fn)(void *), void *arg)
{
    enum { PAGES = 8 };
    char *stack = hot_pages(PAGES);
    int pid = clone(fn, stack + PAGES * PAGE, SIGCHLD, arg);

    if (pid < 0)
        hot_die("clone: %s", strerror(errno));
    return pid;
}

unsigned hot_wrong_bytes(const void *buf, uint64_t sector, unsigned len)
{
    const uint8_t *b = buf;
    unsigned wrong = 0;

    for (unsigned i = 0; i < len; i++)
        wrong += b[i] != hot_pattern(sector + i / 512, i % 512);
    return wrong;
}

void hot_fill_unlike(void *page, uint64_t sector)
{
    uint8_t *b = page;

    for (unsigned i = 0; i < PAGE; i++)
        b[i] = (uint8_t)~hot_pattern(sector + i / 512, i % 512);
}

void hot_swapon(void)
{
    if (swapon("/dev/hdc", 0))
        hot_die("swapon /dev/hdc: %s", strerror(errno));
}

int hot_open_disk(const char *path)
{
    int fd = open(path, O_RDWR | O_DIRECT);

    if (fd < 0)
        hot_die("%s: %s", path, strerror(errno));
    return fd;
}
