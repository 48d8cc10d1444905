/* SPDX-License-Identifier: MIT */
/*
 * Question 1: how is a COW prevented while raw I/O is in flight, if the pte is
 * not pinned?
 *
 *   q1 read-first     the first access after reclaim is a read
 *   q1 write-first    ... is a write
 *   q1 cached         the read starts while A is in the swap cache already
 *   q1 two-owners     no read: a child owns A too, by a swap entry
 *   q1 device-reads   the disk reads from A; P owns it alone, after a fork
 *   q1 all            one after the other
 *
 * The host holds what is read from and written to sector SECTOR and those
 * after it until it is told otherwise; /dev/hdc is swap.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

#define SECTOR 100  /* of /dev/hda: one for each variant */
#define NEW    0xbb /* what P writes to the last byte of its page */

struct job {
    int fd;
    bool write;
    unsigned char *page;
    uint64_t sector;
    ssize_t got;
};

static void *transfer(void *arg)
{
    struct job *j = arg;
    off_t at = (off_t)(j->sector * 512);

    j->got = j->write ? pwrite(j->fd, j->page, 512, at)
                      : pread(j->fd, j->page, 512, at);
    return NULL;
}

static pthread_t start(struct job *j)
{
    pthread_t t;

    if (pthread_create(&t, NULL, transfer, j))
        hot_die("pthread_create");
    hot_sync("held");
    return t;
}

static int64_t frame_of(const void *addr)
{
    struct hot_page p;

    hot_page_at(addr, &p);
    return hot_page_num(&p, "pfn");
}

/* What the design can go by, in words. */
static const char *counts_of(const void *addr)
{
    static char text[96];
    struct hot_page p;

    hot_page_at(addr, &p);
    if (hot_page_num(&p, "pfn") < 0)
        return "pte a swap entry, and no frame has it";
    snprintf(text, sizeof(text),
             "pte %s, mapcount %ld, swapcount %ld, refs %ld",
             hot_page_is(&p, "pte", "present") ? "present" : "a swap entry",
             (long)hot_page_num(&p, "map"), (long)hot_page_num(&p, "swap"),
             (long)hot_page_num(&p, "refs"));
    return text;
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

static void reclaim(const char *variant, int step, volatile unsigned char *page)
{
    struct hot_page p;

    madvise((void *)page, PAGE, MADV_PAGEOUT);
    hot_page_at((void *)page, &p);
    hot_step(step, "reclaim is asked to take A: %s", counts_of((void *)page));
    hot_result("variant=%s unmap=%s", variant,
               hot_page_is(&p, "pte", "present") ? "refused" : "unmapped");
}

/* P's write, and what became of it: copy, reuse or none. */
static const char *write_to(int step, volatile unsigned char *page)
{
    uint64_t copies, reuses;
    const char *cow;

    hot_stat("cow_copy"); /* its buffer may be copied first, after a fork */
    copies = hot_stat("cow_copy");
    reuses = hot_stat("cow_reuse");
    page[PAGE - 1] = NEW;
    cow = hot_stat("cow_copy") > copies    ? "copy"
          : hot_stat("cow_reuse") > reuses ? "reuse"
                                           : "none";
    hot_step(step, "P writes to A's last byte: %s",
             !strcmp(cow, "copy")    ? "a fault, and the page is copied"
             : !strcmp(cow, "reuse") ? "a fault, and the page is kept"
                                     : "no fault");
    return cow;
}

/* Step `step`, and what is to be known of it. */
static void write_and_tell(const char *variant, int step,
                           volatile unsigned char *page)
{
    struct hot_page p;
    const char *cow;
    int64_t frame;

    hot_page_at((void *)page, &p);
    frame = hot_page_num(&p, "pfn");
    cow = write_to(step, page);
    hot_result("variant=%s cow=%s map=%ld swap=%ld refs=%ld same_frame=%d",
               variant, cow, (long)hot_page_num(&p, "map"),
               (long)hot_page_num(&p, "swap"), (long)hot_page_num(&p, "refs"),
               frame_of((void *)page) == frame);
}

/* ---- a raw read is in flight, and P is the one owner ---- */

static void raw_read(const char *variant, int fd, uint64_t sector)
{
    volatile unsigned char *page = hot_pages(1);
    struct job job = {fd, false, (unsigned char *)page, sector, 0};
    unsigned lost;
    int step = 1;
    pthread_t t;

    hot_fill_unlike((void *)page, sector);
    if (!strcmp(variant, "cached"))
        bring_into_swap_cache(page);
    t = start(&job);
    hot_step(step++, "P reads 512 bytes into page A, and the disk holds the "
                     "read");
    reclaim(variant, step++, page);
    if (strcmp(variant, "write-first")) {
        (void)page[PAGE - 1];
        hot_step(step++, "P reads A: %s", counts_of((void *)page));
    }
    write_and_tell(variant, step++, page);
    hot_sync("release");
    pthread_join(t, NULL);
    lost = hot_wrong_bytes((void *)page, sector, 512);
    hot_step(step, "the read returns %zd; %u of 512 bytes are lost", job.got,
             lost);
    hot_expect(job.got == 512, "%s: the read returns 512", variant);
    hot_expect(page[PAGE - 1] == NEW, "%s: P's own write is there", variant);
    hot_result("variant=%s lost=%u", variant, lost);
    munmap((void *)page, PAGE);
}

/* ---- no I/O: A has two owners, one of them by a swap entry ---- */

static int to_c[2], from_c[2];

/* C says what A's last byte is when it is asked to. */
static int child_c(void *arg)
{
    const volatile unsigned char *page = arg;
    unsigned char c;

    if (read(to_c[0], &c, 1) != 1)
        return 90;
    c = page[PAGE - 1];
    return write(from_c[1], &c, 1) != 1;
}

static unsigned char ask_c(void)
{
    unsigned char c = 0;

    if (write(to_c[1], "?", 1) != 1 || read(from_c[0], &c, 1) != 1)
        hot_die("C has gone");
    waitpid(-1, NULL, 0);
    return c;
}

static void two_owners(const char *variant)
{
    volatile unsigned char *page = hot_pages(1);
    unsigned char old, c;

    hot_fill_unlike((void *)page, SECTOR);
    old = page[PAGE - 1];
    if (pipe(to_c) || pipe(from_c))
        hot_die("pipe");
    hot_child(child_c, (void *)page);
    hot_step(1, "P and its child C own A: %s", counts_of((void *)page));
    reclaim(variant, 2, page);
    (void)page[PAGE - 1];
    hot_step(3, "P reads A: %s", counts_of((void *)page));
    write_and_tell(variant, 4, page);
    c = ask_c();
    hot_step(5, "C reads A's last byte: it is %s",
             c == old ? "what it was" : "what P has written");
    hot_result("variant=%s c_reads=%s", variant, c == old ? "old" : "new");
    munmap((void *)page, PAGE);
}

/* ---- the disk reads from A: a pin, and nothing that a copy could lose ---- */

static int leave(void *arg)
{
    (void)arg;
    return 0;
}

static void device_reads(const char *variant, int fd, uint64_t sector)
{
    volatile unsigned char *page = hot_pages(1);
    struct job job = {fd, true, (unsigned char *)page, sector, 0};
    pthread_t t;

    hot_fill_unlike((void *)page, sector);
    t = start(&job);
    hot_step(1, "P writes 512 bytes of A to the disk, which holds the request");
    hot_child(leave, NULL);
    waitpid(-1, NULL, 0);
    hot_step(2, "P has forked, its child has gone: A's %s",
             counts_of((void *)page));
    write_and_tell(variant, 3, page);
    hot_sync("release");
    pthread_join(t, NULL);
    hot_step(4, "the write returns %zd", job.got);
    hot_expect(job.got == 512, "%s: the write returns 512", variant);
    munmap((void *)page, PAGE);
}

static const struct {
    const char *name, *heading;
} variants[] = {
    {"read-first", "a raw read is in flight; after reclaim P reads, then "
                   "writes"},
    {"write-first", "a raw read is in flight; after reclaim P writes"},
    {"cached", "a raw read is in flight into a page of the swap cache"},
    {"two-owners", "no raw I/O; C owns A too, by a swap entry"},
    {"device-reads", "a raw write is in flight; P owns A alone"},
};

static void run(unsigned i, int fd)
{
    const char *name = variants[i].name;

    hot_part("%s: %s", name, variants[i].heading);
    if (!strcmp(name, "two-owners"))
        two_owners(name);
    else if (!strcmp(name, "device-reads"))
        device_reads(name, fd, SECTOR + i);
    else
        raw_read(name, fd, SECTOR + i);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "all";
    int fd;

    hot_begin("q1");
    hot_design();
    hot_swapon();
    fd = hot_open_disk("/dev/hda");
    for (unsigned i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
        if (!strcmp(what, "all") || !strcmp(what, variants[i].name))
            run(i, fd);
    return hot_end();
}
