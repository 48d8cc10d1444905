/* SPDX-License-Identifier: MIT */
/*
 * What comes between two steps of the kernel's, forced by points at which a
 * processor waits (a kernel built with TESTPOINTS=1; see kernel/testpoint.h).
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define REMOVAL "/sys/devices/system/memory/removal"
#define SECTOR  40
#define PAGEOUT 21
#define TURNS   3000 /* long enough for what nothing stands in the way of */

/* ---- points ---- */

static void point(const char *what, const char *name)
{
    char line[80];

    snprintf(line, sizeof(line), "%s %s", what, name);
    if (hot_write_file("/proc/testpoint", line))
        hot_die("%s: is the kernel built with TESTPOINTS=1?", line);
}

static void wait_at(const char *name)
{
    char text[512], want[80];
    ssize_t n;
    int fd;

    snprintf(want, sizeof(want), "%s armed=0 waiting=1\n", name);
    do {
        sched_yield();
        fd = open("/proc/testpoint", O_RDONLY);
        n = read(fd, text, sizeof(text) - 1);
        close(fd);
        text[n > 0 ? n : 0] = 0;
    } while (!strstr(text, want));
}

static void start(pthread_t *t, void *(*fn)(void *), void *arg)
{
    if (pthread_create(t, NULL, fn, arg))
        hot_die("pthread_create");
}

/* ---- a raw read of several pieces ---- */

struct reading {
    struct iovec piece[2];
    ssize_t got;
};

static void *read_pieces(void *arg)
{
    struct reading *r = arg;
    int fd = hot_open_disk("/dev/hda");

    r->got = preadv(fd, r->piece, 2, SECTOR * 512);
    close(fd);
    return NULL;
}

/* It stands between its first page and its second one. */
static void start_read(pthread_t *t, struct reading *r)
{
    point("arm", "pin.next");
    start(t, read_pieces, r);
    wait_at("pin.next");
}

static void end_read(pthread_t t, const struct reading *r)
{
    point("release", "pin.next");
    pthread_join(t, NULL);
    hot_expect(r->got == 1024, "the read gets all of it (%zd)", r->got);
}

static unsigned long frame_of(void *page)
{
    struct hot_page p;

    hot_page_at(page, &p);
    return (unsigned long)hot_page_num(&p, "pfn");
}

static void *offline(void *section)
{
    char line[80];

    snprintf(line, sizeof(line), "offline %lu 1 passes=0 timeout_ms=0",
             *(unsigned long *)section);
    return (void *)(long)hot_write_file(REMOVAL, line);
}

/* The removal sleeps for the page, with its lock, or has been refused it. */
static void wait_for_mover(unsigned long frame, uint64_t refused)
{
    struct hot_page p;

    do {
        sched_yield();
        hot_page_frame(frame, &p);
    } while (hot_page_num(&p, "lock") <= 0 &&
             hot_stat("unmap_refused") == refused);
}

/* The reader holds a pin on the page that the mover has locked, and then wants
   the same page once more. */
static void a_page_twice(void)
{
    unsigned char *page = hot_pages(1);
    struct reading r = {{{page, 512}, {page + 512, 512}}, 0};
    unsigned long frame, section;
    uint64_t refused;
    pthread_t reader, mover;
    void *error;
    char line[40];

    memset(page, 0x55, PAGE);
    frame = frame_of(page);
    section = frame / 512;
    start_read(&reader, &r);
    hot_step(1, "a read has pinned its page for its first piece");
    madvise(page, PAGE, PAGEOUT);
    refused = hot_stat("unmap_refused");
    start(&mover, offline, &section);
    wait_for_mover(frame, refused);
    hot_step(2, "the page's section is to leave, and waits for that pin");
    end_read(reader, &r);
    pthread_join(mover, &error);
    hot_expect(error == NULL, "the section leaves (%ld)", (long)error);
    hot_expect(hot_wrong_bytes(page, SECTOR, 512) == 0 &&
                   hot_wrong_bytes(page + 512, SECTOR + 1, 512) == 0 &&
                   page[1024] == 0x55,
               "the page holds what it should");
    snprintf(line, sizeof(line), "online %lu 1", section);
    hot_expect(hot_write_file(REMOVAL, line) == 0, "and comes back");
}

static bool seal(int file)
{
    errno = 0;
    return fcntl(file, F_ADD_SEALS, F_SEAL_WRITE) == 0;
}

/* The disk is going to write to the file's page, and is not asked to yet. */
static void a_seal(void)
{
    int file = memfd_create("sealed", MFD_ALLOW_SEALING);
    unsigned char *other = hot_pages(1), got[512], *win;
    struct reading r;
    pthread_t reader;

    if (file < 0 || ftruncate(file, PAGE))
        hot_die("no memfd");
    win = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    win[0] = 1;
    r = (struct reading){{{win, 512}, {other, 512}}, 0};
    start_read(&reader, &r);
    munmap(win, PAGE);
    hot_step(3, "a read has pinned a file's page, and wants more pages");
    hot_expect(!seal(file) && errno == EBUSY, "the file cannot be sealed");
    end_read(reader, &r);
    hot_expect(seal(file), "afterwards it can");
    hot_expect(pread(file, got, 512, 0) == 512 &&
                   hot_wrong_bytes(got, SECTOR, 512) == 0,
               "and holds what the disk sent");
    close(file);
}

/* ---- a write to another process ---- */

struct remote {
    pid_t pid;
    volatile uint64_t *word; /* where, in both */
    int tell, hear;
};

/* Forks when it is told to, and then writes beside the word. */
static void forking_process(struct remote *r, int from, int to)
{
    char c;

    while (read(from, &c, 1) == 1) {
        pid_t child = fork();

        if (child == 0)
            _exit(0);
        r->word[1]++;
        waitpid(child, NULL, 0);
        if (write(to, &c, 1) != 1)
            break;
    }
    _exit(0);
}

static void start_process(struct remote *r)
{
    int down[2], up[2];

    r->word = hot_pages(1);
    r->word[1] = 1;
    if (pipe(down) || pipe(up))
        hot_die("pipe");
    r->pid = fork();
    if (r->pid == 0) {
        close(down[1]);
        forking_process(r, down[0], up[1]);
    }
    close(down[0]);
    r->tell = down[1];
    r->hear = up[0];
}

static void *write_remote(void *arg)
{
    struct remote *r = arg;
    uint64_t value = 4711;
    struct iovec mine = {&value, 8}, theirs = {(void *)r->word, 8};

    return (void *)(long)process_vm_writev(r->pid, &mine, 1, &theirs, 1, 0);
}

static bool has_forked(struct remote *r)
{
    char c;
    bool yes = false;

    fcntl(r->hear, F_SETFL, O_NONBLOCK);
    for (int turn = 0; turn < TURNS && !yes; turn++) {
        sched_yield();
        yes = read(r->hear, &c, 1) == 1;
    }
    fcntl(r->hear, F_SETFL, 0);
    return yes;
}

static void a_fork(void)
{
    struct remote r;
    struct iovec mine, theirs;
    uint64_t value = 0;
    pthread_t writer;
    void *wrote;
    char c = 'f';
    bool forked;

    start_process(&r);
    point("arm", "remote.copy");
    start(&writer, write_remote, &r);
    wait_at("remote.copy");
    hot_step(4, "a write to another process has found its page");
    if (write(r.tell, &c, 1) != 1)
        hot_die("pipe");
    forked = has_forked(&r);
    point("release", "remote.copy");
    pthread_join(writer, &wrote);
    if (!forked && read(r.hear, &c, 1) != 1)
        hot_die("pipe");
    hot_step(5, "that process has forked, and has its own page again");
    mine = (struct iovec){&value, 8};
    theirs = (struct iovec){(void *)r.word, 8};
    hot_expect((long)wrote == 8 &&
                   process_vm_readv(r.pid, &mine, 1, &theirs, 1, 0) == 8 &&
                   value == 4711,
               "it has what was written (%lu)", (unsigned long)value);
    close(r.tell);
    waitpid(r.pid, NULL, 0);
}

/* ---- sections that come ---- */

static void *online_three(void *first)
{
    char line[40];

    snprintf(line, sizeof(line), "online %lu 3", *(unsigned long *)first);
    return (void *)(long)hot_write_file(REMOVAL, line);
}

static unsigned pages_in(unsigned char *area, unsigned n, unsigned long section)
{
    unsigned found = 0;
    uint64_t e;
    int fd = open("/proc/self/pagemap", O_RDONLY);

    for (unsigned i = 0; i < n; i++)
        if (pread(fd, &e, 8, (off_t)((uintptr_t)(area + i * PAGE) / 512)) == 8)
            found += (e & ((1ull << 55) - 1)) / 512 == section;
    close(fd);
    return found;
}

/* The third of three is online already. Until that is known, nobody gets a
   frame of the first one. */
static void three_sections(void)
{
    enum { PAGES = 1500 };
    unsigned long first = 2048 + 10;
    unsigned char *area = hot_pages(PAGES);
    pthread_t thread;
    void *error;

    hot_expect(hot_write_file(REMOVAL, "offline 2058 2") == 0,
               "two sections leave");
    point("arm", "online.section");
    start(&thread, online_three, &first);
    wait_at("online.section");
    hot_step(6, "the first of three sections has come");
    memset(area, 1, PAGES * PAGE);
    hot_expect(pages_in(area, PAGES, first) == 0, "nobody has a frame of it");
    point("release", "online.section");
    pthread_join(thread, &error);
    hot_expect((long)error == -EBUSY, "as one is online, none comes");
    hot_expect(hot_write_file(REMOVAL, "online 2058 2") == 0,
               "the two that are not come");
}

int main(void)
{
    hot_begin("between");
    hot_swapon();
    a_page_twice();
    a_seal();
    a_fork();
    three_sections();
    return hot_end();
}
