/* SPDX-License-Identifier: MIT */
/*
 * Storms of processes: what the kernel needed for them comes back.
 *
 *   storm [PROCESSES [STORMS]]
 *
 * That many processes live at the same time, then all end; again and again.
 * Each time the memory of their kernel stacks is given back, and the next
 * storm's stacks, in the same places, are whole.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_KB 16

static long stacks_kb(void)
{
    FILE *f = fopen("/proc/meminfo", "r");
    char line[100];
    long kb = -1;

    while (f && fgets(line, sizeof(line), f))
        sscanf(line, "KernelStack: %ld", &kb);
    if (f)
        fclose(f);
    return kb;
}

/* All wait for the end of the pipe, and do something with their stacks. */
static int live(int wait_for)
{
    char c;

    return read(wait_for, &c, 1) == 0 && stacks_kb() > 0 ? 0 : 1;
}

static unsigned begin(unsigned n, int pipe_ends[2])
{
    unsigned born = 0;

    while (born < n) {
        pid_t pid = fork();

        if (pid == 0) {
            close(pipe_ends[1]);
            _exit(live(pipe_ends[0]));
        }
        if (pid < 0)
            break;
        born++;
    }
    return born;
}

static unsigned end(void)
{
    unsigned well = 0;
    int status;

    while (wait(&status) > 0)
        well += status == 0;
    return well;
}

static void storm(unsigned n, long before)
{
    int ends[2];
    unsigned born, well;
    long most;

    if (pipe(ends) < 0)
        hot_die("no pipe");
    born = begin(n, ends);
    most = stacks_kb();
    close(ends[1]);
    close(ends[0]);
    well = end();
    hot_expect(born == n, "%u of %u processes", born, n);
    hot_expect(well == born, "%u of them end well", well);
    hot_expect(most >= before + (long)n * STACK_KB / 2,
               "their stacks are %ld KiB, of %ld before", most, before);
    while (stacks_kb() > before + 100 * STACK_KB)
        sched_yield(); /* kswapd gives them back; who hangs here fails */
    hot_say("%ld KiB afterwards", stacks_kb());
}

int main(int argc, char **argv)
{
    unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 400;
    unsigned storms = argc > 2 ? (unsigned)atoi(argv[2]) : 3;
    long before = stacks_kb();

    setvbuf(stdout, NULL, _IOLBF, 0);
    hot_begin("storm");
    while (storms-- > 0)
        storm(n, before);
    return hot_end();
}
