/* SPDX-License-Identifier: MIT */
/*
 * Memory that moves in every way at once: mremap takes an area from place to
 * place, a thread has its pages put out, a child looks at it, and (churn) the
 * memory modules under it come and go. Every word is checked after each move.
 *
 *   moving MIB PROCESSES ROUNDS [churn]
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

/* They begin at different entries of a page table. */
static char *const places[2] = {(char *)0x10000000000ul,
                                (char *)0x20000000000ul + 77 * PAGE};

static uint64_t pages;      /* of each process's area */
static atomic_int *enough;  /* shared: the memory modules have come to rest */
static atomic_int finished; /* this process's thread is to end */

static uint64_t *word(char *base, uint64_t page)
{
    return (uint64_t *)(base + page * PAGE) + page % 512;
}

/* What a page says: its number, and when it was written last. */
static uint64_t value(uint64_t page, uint64_t round)
{
    uint64_t last = round - (round + page) % 3;

    return page << 32 | (uint32_t)last;
}

static void write_some(char *base, uint64_t round)
{
    for (uint64_t page = 0; page < pages; page++)
        if ((round + page) % 3 == 0)
            *word(base, page) = value(page, round);
}

static unsigned check(char *base, uint64_t round)
{
    unsigned wrong = 0;

    for (uint64_t page = 0; page < pages; page++)
        wrong += *word(base, page) != value(page, round);
    return wrong;
}

/* Wherever it is now; the other place is a hole, which is no error here. */
static void *put_out(void *arg)
{
    (void)arg;
    while (!atomic_load(&finished)) {
        madvise(places[0], pages * PAGE, MADV_PAGEOUT);
        madvise(places[1], pages * PAGE, MADV_PAGEOUT);
    }
    return NULL;
}

/* A child has what the parent had, where it was. */
static unsigned check_by_child(char *base, uint64_t round)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        char *other =
            mremap(base, pages * PAGE, 2 * pages * PAGE, MREMAP_MAYMOVE);

        _exit(other == MAP_FAILED || check(other, round) != 0);
    }
    return waitpid(pid, &status, 0) != pid || status != 0;
}

static unsigned one_move(char **base, uint64_t round)
{
    char *to = places[*base == places[0]];
    unsigned wrong;

    if (mremap(*base, pages * PAGE, pages * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
               to) != to)
        return 1;
    *base = to;
    wrong = check(to, round - 1);
    write_some(to, round);
    if (round % 4 == 0)
        wrong += check_by_child(to, round);
    return wrong;
}

static unsigned run(uint64_t rounds, bool churn)
{
    char *base = mmap(places[0], pages * PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    uint64_t round = 3;
    unsigned wrong = 0;
    pthread_t pager;

    for (uint64_t i = 1; i <= round; i++)
        write_some(base, i);
    if (pthread_create(&pager, NULL, put_out, NULL))
        return 1;
    while (round++ < rounds + 3 || (churn && !atomic_load(enough)))
        wrong += one_move(&base, round);
    atomic_store(&finished, 1);
    pthread_join(pager, NULL);
    return wrong;
}

static void start_churn(void)
{
    if (fork() == 0) {
        hot_sync("churn");
        atomic_store(enough, 1);
        _exit(0);
    }
}

int main(int argc, char **argv)
{
    uint64_t mib = argc > 1 ? strtoul(argv[1], NULL, 0) : 4;
    unsigned processes = argc > 2 ? (unsigned)atoi(argv[2]) : 2, bad = 0;
    uint64_t rounds = argc > 3 ? strtoul(argv[3], NULL, 0) : 20;
    bool churn = argc > 4 && !strcmp(argv[4], "churn");
    int status;

    hot_begin("moving");
    swapon("/dev/hdc", 0);
    pages = mib * 256 / processes;
    enough = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (churn)
        start_churn();
    for (unsigned i = 0; i < processes; i++)
        if (fork() == 0)
            _exit(run(rounds, churn) != 0);
    while (wait(&status) > 0)
        bad += status != 0;
    hot_expect(bad == 0, "every word is right after each move");
    hot_result("swapped_out=%lu swapped_in=%lu migrated=%lu",
               (unsigned long)hot_stat("pswpout"),
               (unsigned long)hot_stat("pswpin"),
               (unsigned long)hot_stat("pgmigrate_success"));
    return hot_end();
}
