/* SPDX-License-Identifier: MIT */
/*
 * A read into the DIMM is held; the DIMM is asked for; somebody tells the
 * kernel to give up; the DIMM is asked for again when the read is over.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static unsigned char *page;
static ssize_t got;

static void *read_it(void *arg)
{
    got = pread(*(int *)arg, page, 512, 300 * 512);
    return NULL;
}

int main(void)
{
    int fd = hot_open_disk("/dev/hda");
    struct hot_page before, after;
    pthread_t t;

    hot_begin("refuse");
    page = hot_pages(1);
    memset(page, 0x77, PAGE);
    if (pthread_create(&t, NULL, read_it, &fd))
        hot_die("pthread_create");
    hot_sync("reading");
    hot_page_at(page, &before);
    hot_expect(hot_page_num(&before, "pfn") >= 0x100000, "A is in the DIMM");
    hot_sync("unplug");
    hot_expect(hot_write_file("/sys/devices/system/memory/removal",
                              "cancel") == 0,
               "the removal is told to give up");
    hot_sync("refused");
    hot_page_at(page, &after);
    hot_expect(hot_page_num(&after, "pfn") == hot_page_num(&before, "pfn"),
               "A is where it was");
    hot_expect(page[PAGE - 1] == 0x77, "and holds what it held");
    hot_sync("again");
    pthread_join(t, NULL);
    hot_expect(got == 512 && hot_wrong_bytes(page, 300, 512) == 0,
               "the read's data are right after the move");
    hot_page_at(page, &after);
    hot_expect(hot_page_num(&after, "pfn") < 0x100000, "A has moved");
    return hot_end();
}
