/* SPDX-License-Identifier: MIT */
/*
 * Swap at its edges: headers that promise what is not there, and more reads
 * than there are requests for.
 *
 * /dev/hda has 64 pages, /dev/hdb is too small for a header, /dev/hdc is swap,
 * whose reads the host holds between two syncs.
 */
#define _GNU_SOURCE
#include "lib/ok.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

#define DISK_PAGES 64u
#define MAX_BAD    637u
#define REQUESTS   64u /* as many reads as the kernel has under way */

struct header {
    uint8_t boot[1024];
    uint32_t version, last_page, nr_bad, other[125], bad[MAX_BAD];
    char unused[2], signature[10];
};

/* ---- headers ---- */

/* swapon of hda with this header: 0 (it is off again) or the error. */
static int try_header(const struct header *h)
{
    int fd = open("/dev/hda", O_RDWR);
    bool written = pwrite(fd, h, sizeof(*h), 0) == sizeof(*h);

    close(fd);
    if (!written)
        hot_die("/dev/hda: %s", strerror(errno));
    if (swapon("/dev/hda", 0))
        return errno;
    return swapoff("/dev/hda") ? -errno : 0;
}

static struct header good(void)
{
    struct header h = {.version = 1, .last_page = DISK_PAGES - 1};

    memcpy(h.signature, "SWAPSPACE2", 10);
    return h;
}

/* With a list of bad pages: nr of them, from `first` on, `step` apart. */
static int try_bad(unsigned nr, uint32_t first, uint32_t step)
{
    struct header h = good();

    h.nr_bad = nr;
    for (unsigned i = 0; i < nr && i < MAX_BAD; i++)
        h.bad[i] = first + i * step;
    return try_header(&h);
}

static int try_last(uint32_t last)
{
    struct header h = good();

    h.last_page = last;
    return try_header(&h);
}

static void headers(void)
{
    struct header h = good();

    OK(try_header(&h) == 0);
    h.version = 2;
    OK(try_header(&h) == EINVAL);
    h = good();
    memcpy(h.signature, "SWAP-SPACE", 10);
    OK(try_header(&h) == EINVAL);
    OK(try_last(0) == EINVAL);
    OK(try_last(1) == 0);
    OK(try_last(DISK_PAGES) == EINVAL);
    OK(try_last(~0u) == EINVAL);
    OK(try_bad(1, DISK_PAGES - 1, 0) == 0);
    OK(try_bad(8, 5, 0) == 0);
    OK(try_bad(DISK_PAGES - 2, 1, 1) == 0);
    OK(try_bad(DISK_PAGES - 1, 1, 1) == EINVAL);
    OK(try_bad(1, 0, 0) == EINVAL);
    OK(try_bad(1, DISK_PAGES, 0) == EINVAL);
    OK(try_bad(1, 0xfffffff0, 0) == EINVAL);
    OK(try_bad(MAX_BAD + 1, 1, 0) == EINVAL);
    OK(try_bad(~0u, 1, 0) == EINVAL);
    FAILS(swapon("/dev/hdb", 0), EINVAL);
}

/* ---- requests ---- */

static unsigned char *pages;
static int reader_tid;

static void *touch_last(void *arg)
{
    (void)arg;
    __atomic_store_n(&reader_tid, (int)syscall(SYS_gettid), __ATOMIC_RELEASE);
    return (void *)(uintptr_t)pages[REQUESTS * PAGE];
}

/* Does the thread sleep? */
static bool asleep(int tid)
{
    char name[64], state = 0;
    FILE *f;

    snprintf(name, sizeof(name), "/proc/self/task/%d/stat", tid);
    f = fopen(name, "r");
    if (!f || fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
        hot_die("%s: no state", name);
    fclose(f);
    return state == 'S' || state == 'D';
}

/* A fault that finds all requests in use waits for the disk, and holds up
   nobody who changes the address space meanwhile. */
static void all_requests(void)
{
    pthread_t thread;
    void *got;
    int tid;

    hot_swapon();
    pages = hot_pages(REQUESTS + 1);
    memset(pages, 0x44, (REQUESTS + 1) * PAGE);
    OK(hot_write_file("/proc/sys/vm/page-cluster", "0") == 0);
    OK(madvise(pages, (REQUESTS + 1) * PAGE, MADV_PAGEOUT) == 0);
    hot_sync("hold");
    OK(madvise(pages, REQUESTS * PAGE, MADV_WILLNEED) == 0);
    OK(pthread_create(&thread, NULL, touch_last, NULL) == 0);
    while (!(tid = __atomic_load_n(&reader_tid, __ATOMIC_ACQUIRE)) ||
           !asleep(tid))
        sched_yield();
    OK(munmap(hot_pages(1), PAGE) == 0);
    hot_sync("release");
    OK(pthread_join(thread, &got) == 0);
    OK((uintptr_t)got == 0x44);
    OK(pages[0] == 0x44 && pages[(REQUESTS - 1) * PAGE] == 0x44);
    munmap(pages, (REQUESTS + 1) * PAGE);
}

int main(void)
{
    hot_begin("swaps");
    headers();
    all_requests();
    return hot_end();
}
