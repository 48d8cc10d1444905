/* SPDX-License-Identifier: MIT */
/*
 * A DIMM is to leave, and what lies in it fits nowhere else: there is no swap,
 * and the rest of memory is smaller. The removal must fail, and every byte
 * stay.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <sys/mman.h>

#define PAGES (48 * 256) /* 48 MiB */

int main(void)
{
    unsigned char *p = hot_pages(PAGES);
    unsigned wrong = 0;

    hot_begin("noroom");
    for (unsigned i = 0; i < PAGES; i++)
        p[i * PAGE] = p[i * PAGE + PAGE - 1] = (unsigned char)(i * 5 + 1);
    hot_sync("unplug");
    for (unsigned i = 0; i < PAGES; i++)
        wrong += p[i * PAGE] != (unsigned char)(i * 5 + 1) ||
                 p[i * PAGE + PAGE - 1] != (unsigned char)(i * 5 + 1);
    hot_expect(wrong == 0, "every page is as it was");
    hot_expect(hot_stat("oom_kill") == 0, "nobody was killed for it");
    return hot_end();
}
