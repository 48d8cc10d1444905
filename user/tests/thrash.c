/* SPDX-License-Identifier: MIT */
/*
 * More memory than there is, through swap, with every word checked.
 *
 *   thrash MIB [PROCESSES [ROUNDS [swapoff|churn]]]
 *
 * Each process fills its share with words that say where they belong, then
 * goes over it in a scattered order: checks a page, writes it anew with the
 * round's number, moves on. With "swapoff" the first process switches swap off
 * while the others work (there must be room). With "churn" the host adds and
 * removes memory meanwhile: the work goes on until the sync "churn" is over.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

static volatile sig_atomic_t enough;

static void on_term(int sig)
{
    (void)sig;
    enough = 1;
}

static uint64_t word_of(uint64_t page, unsigned i, uint64_t round)
{
    return (page * 512 + i + 1) * 0x9e3779b97f4a7c15ull ^ round;
}

static void fill(uint64_t *p, uint64_t page, uint64_t round)
{
    for (unsigned i = 0; i < 512; i++)
        p[i] = word_of(page, i, round);
}

static unsigned check(const uint64_t *p, uint64_t page, uint64_t round)
{
    unsigned wrong = 0;

    for (unsigned i = 0; i < 512; i++)
        wrong += p[i] != word_of(page, i, round);
    return wrong;
}

/* Every page once, in an order that no read-ahead likes. */
static unsigned go_over(uint64_t *memory, uint64_t pages, uint64_t round)
{
    unsigned wrong = 0;

    for (uint64_t n = 0; n < pages; n++) {
        uint64_t page = (n * 7919 + round) % pages;
        uint64_t *p = memory + page * 512;

        wrong += check(p, page, round);
        fill(p, page, round + 1);
    }
    return wrong;
}

/* rounds = 0: until SIGTERM. */
static int work(uint64_t pages, unsigned rounds, bool page_out)
{
    uint64_t *memory = hot_pages(pages);
    unsigned wrong = 0;

    while (pages % 7919 == 0)
        pages--; /* the stride must reach every page */
    for (uint64_t page = 0; page < pages; page++)
        fill(memory + page * 512, page, 0);
    for (uint64_t r = 0; rounds ? r < rounds : !enough; r++) {
        wrong += go_over(memory, pages, r);
        if (page_out)
            madvise(memory, pages * PAGE, MADV_PAGEOUT);
    }
    return wrong != 0;
}

static int reap(unsigned processes)
{
    int status, bad = 0;

    for (unsigned i = 0; i < processes; i++) {
        if (wait(&status) < 0)
            return 100;
        if (WIFSIGNALED(status))
            hot_say("a process was killed by signal %d", WTERMSIG(status));
        bad += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
    return bad;
}

/* Off, once the others have paged out enough, and on again. */
static void swap_off_and_on(void)
{
    uint64_t enough_out = hot_stat("pswpout") + 500;

    while (hot_stat("pswpout") < enough_out)
        usleep(1000);
    int err = swapoff("/dev/hdc") ? errno : 0;

    hot_expect(err == 0, "swapoff under load: %s", strerror(err));
    hot_expect(swapon("/dev/hdc", 0) == 0, "swapon again");
}

int main(int argc, char **argv)
{
    unsigned long mib = argc > 1 ? strtoul(argv[1], NULL, 0) : 16;
    unsigned processes = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
    unsigned rounds = argc > 3 ? (unsigned)atoi(argv[3]) : 2;
    const char *extra = argc > 4 ? argv[4] : "";
    bool churn = !strcmp(extra, "churn"), off = !strcmp(extra, "swapoff");
    static pid_t pids[64];

    hot_begin("thrash");
    signal(SIGTERM, on_term);
    swapon("/dev/hdc", 0);
    for (unsigned i = 0; i < processes && i < 64; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(work(mib * 256 / processes, churn || off ? 0 : rounds, off));
    }
    for (unsigned i = 0; off && i < rounds; i++)
        swap_off_and_on();
    if (churn)
        hot_sync("churn");
    for (unsigned i = 0; (off || churn) && i < processes; i++)
        kill(pids[i], SIGTERM);
    hot_expect(reap(processes) == 0, "every word of every process is right");
    hot_result("swapped_out=%lu swapped_in=%lu migrated=%lu",
               (unsigned long)hot_stat("pswpout"),
               (unsigned long)hot_stat("pswpin"),
               (unsigned long)hot_stat("pgmigrate_success"));
    return hot_end();
}
