/* SPDX-License-Identifier: MIT */
/*
 * Question 1: how is a COW prevented while raw I/O is in flight, if the pte is
 * not pinned?
 *
 *   q1 read-first     the first access after reclaim is a read
 *   q1 write-first    ... is a write
 *   q1 cached         the read starts while A is in the swap cache already
 *   q1 all            the three, one after the other
 *
 * The host holds the read of sector SECTOR of /dev/hda until it is told
 * otherwise; /dev/hdc is swap.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

#define OLD 0xaa /* what the page holds before the read */
#define NEW 0xbb /* what P writes to its last byte */

struct read_job {
    int fd;
    unsigned char *page;
    uint64_t sector;
    ssize_t got;
};

static void *read_sector(void *arg)
{
    struct read_job *j = arg;

    j->got = pread(j->fd, j->page, 512, (off_t)(j->sector * 512));
    return NULL;
}

struct counters {
    uint64_t copy, reuse, refused, unmapped;
};

static struct counters counters_now(void)
{
    return (struct counters){hot_stat("cow_copy"), hot_stat("cow_reuse"),
                             hot_stat("unmap_refused"), hot_stat("unmap_done")};
}

static int64_t frame_of(const void *addr)
{
    struct hot_page p;

    hot_page_at(addr, &p);
    return hot_page_num(&p, "pfn");
}

static void bring_into_swap_cache(volatile unsigned char *page)
{
    struct hot_page p;

    madvise((void *)page, PAGE, MADV_PAGEOUT);
    (void)page[PAGE - 1];
    hot_page_at((void *)page, &p);
    hot_expect(hot_page_is(&p, "cache", "1"),
               "A is in the swap cache before the read");
}

static const char *reclaim(unsigned char *page)
{
    struct hot_page p;

    madvise(page, PAGE, MADV_PAGEOUT);
    hot_page_at(page, &p);
    hot_step(2, "A is reclaimed: %s", p.text + 1);
    return hot_page_is(&p, "pte", "present") ? "refused" : "unmapped";
}

static void touch(volatile unsigned char *page, bool read_first)
{
    if (read_first)
        hot_step(3, "P reads A: last byte is %02x", page[PAGE - 1]);
    page[PAGE - 1] = NEW;
    hot_step(4, "P writes another byte of A: frame %lx",
             (unsigned long)frame_of((void *)page));
}

static void run(const char *variant, int fd, uint64_t sector)
{
    bool read_first = strcmp(variant, "write-first") != 0;
    unsigned char *page = hot_pages(1);
    struct read_job job = {fd, page, sector, 0};
    struct counters before, after;
    const char *unmap;
    unsigned wrong;
    int64_t frame;
    pthread_t t;

    memset(page, OLD, PAGE);
    if (!strcmp(variant, "cached"))
        bring_into_swap_cache(page);
    if (pthread_create(&t, NULL, read_sector, &job))
        hot_die("pthread_create");
    hot_sync("held");
    before = counters_now();
    frame = frame_of(page);
    hot_step(1, "P reads 512 bytes into page A (frame %lx); the disk holds it",
             (unsigned long)frame);
    unmap = reclaim(page);
    touch(page, read_first);
    after = counters_now();
    hot_sync("release");
    pthread_join(t, NULL);
    wrong = hot_wrong_bytes(page, sector, 512);
    hot_step(5, "the read completes: %zd bytes; %u of 512 are not there",
             job.got, wrong);
    hot_expect(job.got == 512, "%s: the read returns 512", variant);
    hot_expect(page[PAGE - 1] == NEW, "%s: P's own write is there", variant);
    hot_result("variant=%s unmap=%s cow=%s same_frame=%d lost=%u copies=%lu "
               "reuses=%lu refused=%lu unmapped=%lu verified=512",
               variant, unmap,
               after.copy > before.copy     ? "copy"
               : after.reuse > before.reuse ? "reuse"
                                            : "none",
               frame == frame_of(page), wrong,
               (unsigned long)(after.copy - before.copy),
               (unsigned long)(after.reuse - before.reuse),
               (unsigned long)(after.refused - before.refused),
               (unsigned long)(after.unmapped - before.unmapped));
    munmap(page, PAGE);
}

int main(int argc, char **argv)
{
    static const char *const all[] = {"read-first", "write-first", "cached"};
    const char *what = argc > 1 ? argv[1] : "all";
    int fd;

    hot_begin("q1");
    hot_swapon();
    fd = hot_open_disk("/dev/hda");
    for (unsigned i = 0; i < 3; i++)
        if (!strcmp(what, "all") || !strcmp(what, all[i]))
            run(all[i], fd, 100 + i);
    return hot_end();
}
