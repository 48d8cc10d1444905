/* SPDX-License-Identifier: MIT */
/*
 * Everything at once, until the host has had its way with the DIMMs: trees of
 * processes that share by COW, more memory than there is, and raw reads into
 * pages that are paged out and forked meanwhile.
 *
 *   stress [marks]
 *
 * With "marks" a reader also writes into its page while a read into it is in
 * flight, and both must be there afterwards. That is more than naive promises.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define READERS      2
#define BUFFER_PAGES 8
#define DISK_SECTORS 16384 /* 8 MiB */

/* What all processes share. */
struct shared {
    atomic_bool enough;
    atomic_ulong programs, reads, wrong;
};

static struct shared *shared;
static bool marks;

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return *state >> 33;
}

/* ---- other tests' programs, again and again ---- */

/* What it said is worth reading only if it failed. */
static void show(const char *path)
{
    static char line[512];
    FILE *f = fopen(path, "r");

    while (f && fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = 0;
        hot_say("  | %s", line);
    }
    if (f)
        fclose(f);
}

static int run_program(char *const argv[], const char *log)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);

        dup2(fd, 1);
        execv(argv[0], argv);
        _exit(127);
    }
    if (pid > 0)
        waitpid(pid, &status, 0);
    return status;
}

static int again(char *const argv[])
{
    char log[64];

    snprintf(log, sizeof(log), "/tmp/stress-%d", (int)getpid());
    do {
        int status = run_program(argv, log);

        if (status) {
            hot_say("%s ended with status %#x:", argv[0], (unsigned)status);
            show(log);
            return 1;
        }
        atomic_fetch_add(&shared->programs, 1);
    } while (!atomic_load(&shared->enough));
    return 0;
}

/* ---- raw reads ---- */

struct reader {
    int fd;
    aio_context_t ctx;
    unsigned char *buffer;
    uint64_t random;
};

/* A read of 512 bytes into some page: where to, and of which sector. */
struct one_read {
    unsigned char *to;
    uint64_t sector;
};

static void submit(struct reader *r, const struct one_read *o)
{
    struct iocb cb = {.aio_fildes = (unsigned)r->fd,
                      .aio_lio_opcode = IOCB_CMD_PREAD,
                      .aio_buf = (uint64_t)o->to,
                      .aio_nbytes = 512,
                      .aio_offset = (int64_t)(o->sector * 512)};
    struct iocb *list = &cb;

    if (syscall(SYS_io_submit, r->ctx, 1, &list) != 1)
        hot_die("io_submit: %s", strerror(errno));
}

static void finish(struct reader *r, const struct one_read *o)
{
    struct io_event event;

    while (syscall(SYS_io_getevents, r->ctx, 1, 1, &event, NULL) != 1)
        if (errno != EINTR)
            hot_die("io_getevents: %s", strerror(errno));
    if (event.res != 512 || hot_wrong_bytes(o->to, o->sector, 512))
        atomic_fetch_add(&shared->wrong, 1);
    atomic_fetch_add(&shared->reads, 1);
}

/* The page behind the read's bytes: written while the read is in flight. */
static void mark(const struct one_read *o, uint64_t value)
{
    *(volatile uint64_t *)(o->to + 2048) = value;
}

/* A child sees the buffer as it was when it was born. */
static void look_from_a_child(const struct one_read *o)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(hot_wrong_bytes(o->to, o->sector, 512) != 0);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
        atomic_fetch_add(&shared->wrong, 1);
}

static void read_once(struct reader *r, uint64_t round)
{
    struct one_read o = {
        .to = r->buffer + next_random(&r->random) % BUFFER_PAGES * PAGE +
              next_random(&r->random) % 4 * 512,
        .sector = next_random(&r->random) % DISK_SECTORS,
    };

    submit(r, &o);
    if (round % 2)
        madvise(r->buffer, BUFFER_PAGES * PAGE, MADV_PAGEOUT);
    if (marks)
        mark(&o, round);
    finish(r, &o);
    if (marks && *(volatile uint64_t *)(o.to + 2048) != round)
        atomic_fetch_add(&shared->wrong, 1);
    if (round % 16 == 0)
        look_from_a_child(&o);
}

static int reader(unsigned id)
{
    struct reader r = {.fd = hot_open_disk("/dev/hda"), .random = id};

    if (syscall(SYS_io_setup, 1, &r.ctx))
        hot_die("io_setup: %s", strerror(errno));
    r.buffer = hot_pages(BUFFER_PAGES);
    for (uint64_t round = 1; !atomic_load(&shared->enough); round++)
        read_once(&r, round);
    return 0;
}

/* ---- all of it ---- */

static void start(int (*fn)(unsigned), unsigned arg)
{
    pid_t pid = fork();

    if (pid < 0)
        hot_die("fork: %s", strerror(errno));
    if (pid == 0)
        _exit(fn(arg));
}

static int run_forktree(unsigned arg)
{
    (void)arg;
    return again((char *[]){"/tests/forktree", "2", "3", "16", NULL});
}

static int run_thrash(unsigned arg)
{
    (void)arg;
    return again((char *[]){"/tests/thrash", "64", "2", "1", NULL});
}

int main(int argc, char **argv)
{
    int status, bad = 0;

    marks = argc > 1 && !strcmp(argv[1], "marks");
    hot_begin("stress");
    setenv("HOT_BUSY", "1", 1);
    hot_swapon();
    shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        hot_die("mmap: %s", strerror(errno));
    start(run_forktree, 0);
    start(run_thrash, 0);
    for (unsigned id = 0; id < READERS; id++)
        start(reader, id);
    hot_sync("churn");
    atomic_store(&shared->enough, true);
    while (wait(&status) > 0)
        bad += status != 0;
    hot_expect(bad == 0, "every program ended well");
    hot_expect(atomic_load(&shared->wrong) == 0,
               "every raw read has its bytes (%lu wrong)",
               atomic_load(&shared->wrong));
    hot_expect(hot_stat("pin_get") == hot_stat("pin_put"),
               "every pin was released");
    hot_result("programs=%lu reads=%lu swapped_out=%lu swapped_in=%lu "
               "migrated=%lu refused=%lu copies=%lu",
               atomic_load(&shared->programs), atomic_load(&shared->reads),
               (unsigned long)hot_stat("pswpout"),
               (unsigned long)hot_stat("pswpin"),
               (unsigned long)hot_stat("pgmigrate_success"),
               (unsigned long)hot_stat("unmap_refused"),
               (unsigned long)hot_stat("cow_copy"));
    unsetenv("HOT_BUSY");
    return hot_end();
}
