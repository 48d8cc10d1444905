/* SPDX-License-Identifier: MIT */
/*
 * Question 3: raw I/O cannot be in flight for ever: why not simply make
 * removal wait for it?
 *
 *   q3 one       one read into a page of the DIMM is in flight
 *   q3 overlap   two threads keep overlapping reads into one page of it
 *
 * The host asks for the DIMM at the sync "unplug", and lets reads go as its
 * policy says.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIMM_PFN 0x100000 /* 4 GiB: DIMMs lie from there up */
#define READERS  2
#define AFTER    32 /* reads that follow the removal */

struct reader {
    pthread_t thread;
    int fd, id;
    volatile unsigned char *page;
    uint64_t done;  /* reads that returned 512 */
    unsigned wrong; /* bytes that were not the disk's, or not ours */
    unsigned errors;
};

static atomic_bool stop;
static atomic_ulong started;

static uint64_t sector_of(int id, uint64_t round)
{
    return 200 + (round * READERS + (unsigned)id) % 1000;
}

/* One read into the reader's own 512 bytes. The first reader also writes a
   number into the same page each time, which must still be there after the
   read; the second touches the page by its reads alone. */
static void read_once(struct reader *r, uint64_t round)
{
    volatile uint64_t *mark =
        (volatile uint64_t *)(r->page + 2048 + 64 * r->id);
    unsigned char *mine = (unsigned char *)r->page + 512 * r->id;
    uint64_t sector = sector_of(r->id, round);

    if (r->id == 0)
        *mark = round;
    atomic_fetch_add(&started, 1);
    if (pread(r->fd, mine, 512, (off_t)(sector * 512)) != 512)
        r->errors++;
    else
        r->done++;
    r->wrong +=
        hot_wrong_bytes(mine, sector, 512) + (r->id == 0 && *mark != round);
}

static void *reader_main(void *arg)
{
    struct reader *r = arg;

    for (uint64_t round = 1; !atomic_load(&stop); round++)
        read_once(r, round);
    return NULL;
}

static int64_t frame_of(volatile unsigned char *page)
{
    struct hot_page p;

    hot_page_at((void *)page, &p);
    return hot_page_num(&p, "pfn");
}

/* The last line of the kernel's own account of the removal. */
static void show_removal(void)
{
    static char text[8192];
    int fd = open("/sys/devices/system/memory/removal", O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    char *save = NULL;

    if (n < 0)
        hot_die("no /sys/devices/system/memory/removal");
    close(fd);
    text[n] = 0;
    for (char *l = strtok_r(text, "\n", &save); l;
         l = strtok_r(NULL, "\n", &save))
        hot_say("removal: %s", l);
}

static void start(struct reader *r, int id, int fd, unsigned char *page)
{
    *r = (struct reader){.id = id, .fd = fd, .page = page};
    if (pthread_create(&r->thread, NULL, reader_main, r))
        hot_die("pthread_create");
}

static void run(int readers)
{
    static struct reader r[READERS];
    unsigned char *page = hot_pages(1);
    uint64_t total = 0, slept = hot_stat("pin_slept");
    unsigned wrong = 0, errors = 0;
    unsigned long enough;
    int fd = hot_open_disk("/dev/hda");

    hot_fill_unlike(page, sector_of(0, 1));
    hot_expect(frame_of(page) >= DIMM_PFN, "A lies in the DIMM");
    for (int i = 0; i < readers; i++)
        start(&r[i], i, fd, page);
    hot_sync("reading");
    hot_step(1, "%s into page A, which lies in the DIMM",
             readers == 1 ? "a thread reads" : "two threads read");
    atomic_store(&stop, readers == 1);
    hot_step(2, "the host asks for the DIMM");
    hot_sync("unplug");
    enough = atomic_load(&started) + AFTER;
    hot_step(3, "the removal has ended: A %s",
             frame_of(page) < DIMM_PFN ? "has been moved out of the DIMM"
                                       : "is where it was");
    hot_sync("drain");
    while (readers > 1 && atomic_load(&started) < enough)
        sched_yield();
    atomic_store(&stop, true);
    for (int i = 0; i < readers; i++) {
        pthread_join(r[i].thread, NULL);
        total += r[i].done;
        wrong += r[i].wrong;
        errors += r[i].errors;
    }
    show_removal();
    hot_step(4, "every read has returned: %u bytes are lost", wrong);
    hot_expect(errors == 0, "no read of %lu fails", (unsigned long)total);
    hot_result("readers=%d reads=%lu lost=%u moved=%d pin_slept=%lu "
               "fault_slept=%lu migrated=%lu refused=%lu",
               readers, (unsigned long)total, wrong, frame_of(page) < DIMM_PFN,
               (unsigned long)(hot_stat("pin_slept") - slept),
               (unsigned long)hot_stat("fault_slept"),
               (unsigned long)hot_stat("pgmigrate_success"),
               (unsigned long)hot_stat("unmap_refused"));
}

int main(int argc, char **argv)
{
    bool overlap = argc > 1 && !strcmp(argv[1], "overlap");

    hot_begin(overlap ? "q3b" : "q3a");
    hot_design();
    run(overlap ? READERS : 1);
    return hot_end();
}
