/* SPDX-License-Identifier: MIT */
/*
 * No memory left: somebody must go, and it must be the one who took it all.
 *
 * A small process keeps a few pages with known contents. A large one takes
 * memory until it is killed. Then the small one's pages are as they were, and
 * the large one's memory is free again.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

static void take_everything(void)
{
    for (;;) {
        char *p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED)
            _exit(1);
        for (unsigned i = 0; i < 64; i++)
            p[i * PAGE] = 1;
    }
}

static int one_round(void)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0)
        take_everything();
    waitpid(pid, &status, 0);
    return status;
}

int main(void)
{
    unsigned char *small = hot_pages(32);
    bool kept = true;

    hot_begin("oom");
    swapon("/dev/hdc", 0);
    memset(small, 0x5a, 32 * PAGE);
    for (int i = 0; i < 3; i++) {
        int status = one_round();

        hot_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
                   "round %d: the greedy process is killed", i);
    }
    for (unsigned i = 0; i < 32 * PAGE; i++)
        kept &= small[i] == 0x5a;
    hot_expect(kept, "the small process has lost nothing");
    hot_result("oom_kill=%lu", (unsigned long)hot_stat("oom_kill"));
    hot_expect(hot_stat("oom_kill") >= 3, "the OOM killer was at work");
    return hot_end();
}
