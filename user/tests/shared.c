/* SPDX-License-Identifier: MIT */
/*
 * Shared memory, more than there is, with every word checked.
 *
 *   shared MIB [PROCESSES [ROUNDS [churn]]]
 *
 * In each round every process takes the stripe that its neighbour had in the
 * round before, checks what is there, and writes it anew: so all that is read
 * was written by somebody else, through a page table that is gone. In the end
 * the parent reads all of it, by its mapping and by read(2). With "churn" the
 * host adds and removes memory meanwhile, until the sync "churn" is over.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 512
#define MOST  16 /* processes */

static uint64_t *memory;
static uint64_t stripe; /* pages */
static atomic_int *enough;

static uint64_t word_of(uint64_t page, unsigned i, uint64_t round)
{
    return (page * WORDS + i + 1) * 0x9e3779b97f4a7c15ull ^ round;
}

static unsigned check(const uint64_t *p, uint64_t page, uint64_t round)
{
    unsigned wrong = 0;

    for (unsigned i = 0; i < WORDS; i++)
        wrong += p[i] != word_of(page, i, round);
    return wrong;
}

static void fill(uint64_t *p, uint64_t page, uint64_t round)
{
    for (unsigned i = 0; i < WORDS; i++)
        p[i] = word_of(page, i, round);
}

static int work(unsigned nr, uint64_t round)
{
    uint64_t first = nr * stripe;
    unsigned wrong = 0;

    for (uint64_t page = first; page < first + stripe; page++) {
        if (round)
            wrong += check(memory + page * WORDS, page, round);
        fill(memory + page * WORDS, page, round + 1);
    }
    return wrong != 0;
}

static int one_round(unsigned processes, uint64_t round)
{
    pid_t pids[MOST];
    int status, bad = 0;

    for (unsigned i = 0; i < processes; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(work((unsigned)((i + round) % processes), round));
    }
    for (unsigned i = 0; i < processes; i++) /* there is the churner, too */
        bad += waitpid(pids[i], &status, 0) < 0 || !WIFEXITED(status) ||
               WEXITSTATUS(status);
    return bad;
}

/* By the mapping, and by the file. */
static unsigned check_all(int fd, uint64_t pages, uint64_t round)
{
    static uint64_t buf[WORDS];
    unsigned wrong = 0;

    for (uint64_t page = 0; page < pages; page++) {
        wrong += check(memory + page * WORDS, page, round);
        if (pread(fd, buf, PAGE, (off_t)(page * PAGE)) != PAGE)
            wrong++;
        wrong += check(buf, page, round);
    }
    return wrong;
}

static int make_file(uint64_t pages)
{
    int fd = open("/shared", O_RDWR | O_CREAT | O_TRUNC, 0600);

    hot_expect(fd >= 0 && !ftruncate(fd, (off_t)(pages * PAGE)), "a file");
    memory =
        mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    enough = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    hot_expect(memory != MAP_FAILED && enough != MAP_FAILED, "mappings of it");
    return fd;
}

static pid_t start_churn(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        hot_sync("churn");
        atomic_store(enough, 1);
        _exit(0);
    }
    return pid;
}

int main(int argc, char **argv)
{
    uint64_t mib = argc > 1 ? strtoul(argv[1], NULL, 0) : 16;
    unsigned processes = argc > 2 ? (unsigned)atoi(argv[2]) : 2;
    uint64_t rounds = argc > 3 ? strtoul(argv[3], NULL, 0) : 3, done = 0;
    bool churn = argc > 4 && !strcmp(argv[4], "churn");
    unsigned bad = 0;
    pid_t churner = 0;
    int fd;

    if (processes < 1 || processes > MOST)
        hot_die("1 to %d processes", MOST);
    hot_begin("shared");
    swapon("/dev/hdc", 0);
    stripe = mib * 256 / processes;
    fd = make_file(stripe * processes);
    if (churn)
        churner = start_churn();
    while (done < rounds || (churn && !atomic_load(enough)))
        bad += (unsigned)one_round(processes, done++);
    if (churn)
        waitpid(churner, NULL, 0);
    hot_expect(bad == 0, "every word that a neighbour wrote is right");
    hot_expect(check_all(fd, stripe * processes, done) == 0,
               "every word is right, mapped and read");
    hot_expect(!unlink("/shared") && !close(fd), "the file goes");
    hot_result("rounds=%lu swapped_out=%lu swapped_in=%lu migrated=%lu",
               (unsigned long)done, (unsigned long)hot_stat("pswpout"),
               (unsigned long)hot_stat("pswpin"),
               (unsigned long)hot_stat("pgmigrate_success"));
    return hot_end();
}
