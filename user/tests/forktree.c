/* SPDX-License-Identifier: MIT */
/*
 * A tree of processes that share memory by COW, checked byte by byte.
 *
 *   forktree [DEPTH [FANOUT [PAGES]]]
 *
 * Every process keeps a model: who wrote each page last, in its own line of
 * descent. It writes to some pages, forks, writes again, and checks every byte
 * of every page against the model, which is itself inherited by COW. One page
 * in four is paged out at a time, so that swap entries are forked too.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

static unsigned pages = 48, fanout = 3;
static unsigned char *memory;
static unsigned *model; /* model[i]: who wrote page i */

static unsigned char byte_of(unsigned who, unsigned page, unsigned i)
{
    return (unsigned char)(who * 31 + page * 7 + i);
}

static void write_page(unsigned who, unsigned page)
{
    unsigned char *p = memory + page * PAGE;

    for (unsigned i = 0; i < PAGE; i++)
        p[i] = byte_of(who, page, i);
    model[page] = who;
}

static unsigned wrong_bytes(void)
{
    unsigned wrong = 0;

    for (unsigned page = 0; page < pages; page++)
        for (unsigned i = 0; i < PAGE; i++)
            wrong += memory[page * PAGE + i] != byte_of(model[page], page, i);
    return wrong;
}

static void write_some(unsigned who, unsigned salt)
{
    for (unsigned page = salt % 3; page < pages; page += 3)
        write_page(who, page);
    madvise(memory + (salt % 4) * (pages / 4) * PAGE, pages / 4 * PAGE,
            MADV_PAGEOUT);
}

/* Returns how many processes of this branch saw something wrong. */
static int branch(unsigned who, int depth)
{
    int bad = 0, status;

    write_some(who, who);
    for (unsigned c = 0; depth > 0 && c < fanout; c++) {
        pid_t pid = fork();

        if (pid < 0)
            return bad + 1;
        if (pid == 0)
            _exit(branch(who * fanout + c + 1, depth - 1));
        write_some(who, who + c);
    }
    while (wait(&status) > 0)
        bad += WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    bad += wrong_bytes() != 0;
    return bad > 100 ? 100 : bad;
}

int main(int argc, char **argv)
{
    int depth = argc > 1 ? atoi(argv[1]) : 3;
    int bad;

    fanout = argc > 2 ? (unsigned)atoi(argv[2]) : fanout;
    pages = argc > 3 ? (unsigned)atoi(argv[3]) : pages;
    hot_begin("forktree");
    swapon("/dev/hdc", 0); /* there may be none: then nothing is paged out */
    memory = hot_pages(pages);
    model = hot_pages((pages * sizeof(*model) + PAGE - 1) / PAGE);
    for (unsigned page = 0; page < pages; page++)
        write_page(0, page);
    bad = branch(0, depth);
    hot_result("bad=%d copies=%lu reuses=%lu swapped_out=%lu", bad,
               (unsigned long)hot_stat("cow_copy"),
               (unsigned long)hot_stat("cow_reuse"),
               (unsigned long)hot_stat("pswpout"));
    hot_expect(bad == 0, "every byte of every process is as its model says");
    munmap(memory, pages * PAGE);
    return hot_end();
}
