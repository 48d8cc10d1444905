/* SPDX-License-Identifier: MIT */
/*
 * Code in memory that leaves the machine. A module that comes back may have
 * the numbers of the old one: what is put there then, at the same address, must
 * be what runs, whatever the processor remembers of the code that was there.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define DIMM   (4ull << 30 >> 12) /* its first frame */
#define PAGES  4096               /* more than it has */
#define AGAIN  64                 /* addresses that are used again */
#define CHANGE 0x10000            /* what the new code says more */

#define MIDDLE 2048

static uint64_t frames[PAGES]; /* of the first area's pages */

/* mov $value, %eax; ret. In the middle of the page: a debug kernel writes to
   the beginning of a frame that is freed. */
static void write_code(unsigned char *page, uint32_t value)
{
    unsigned char *at = page + MIDDLE;

    at[0] = 0xb8;
    memcpy(at + 1, &value, sizeof(value));
    at[5] = 0xc3;
}

static uint32_t run(const unsigned char *page)
{
    const unsigned char *at = page + MIDDLE;
    uint32_t (*code)(void);

    memcpy(&code, &at, sizeof(code));
    return code();
}

static uint64_t frame_of(const void *at)
{
    struct hot_page page;

    hot_page_at(at, &page);
    return (uint64_t)hot_page_num(&page, "pfn");
}

static unsigned char *area(void)
{
    unsigned char *p =
        mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        hot_die("mmap");
    return p;
}

/* Run code in every page. */
static unsigned char *old_code(void)
{
    unsigned char *p = area();
    unsigned wrong = 0;

    for (uint32_t i = 0; i < PAGES; i++)
        write_code(p + i * PAGE, i);
    for (uint32_t i = 0; i < PAGES; i++)
        wrong += run(p + i * PAGE) != i;
    for (uint32_t i = 0; i < PAGES; i++)
        frames[i] = frame_of(p + i * PAGE);
    hot_expect(wrong == 0, "the old code runs");
    return p;
}

/* The page of the first area that was in this frame, or PAGES. */
static uint32_t owner_of(uint64_t frame)
{
    uint32_t i = 0;

    while (i < PAGES && (frame < DIMM || frames[i] != frame))
        i++;
    return i;
}

/* Other code in the same frames, which mremap shows at the same addresses. */
static void new_code(unsigned char *old)
{
    unsigned char *p = area();
    unsigned again = 0, wrong = 0;

    for (uint32_t n = 0; n < PAGES && again < AGAIN; n++) {
        unsigned char *from = p + n * PAGE, *to;
        uint32_t i;

        write_code(from, 0);
        i = owner_of(frame_of(from));
        to = old + i * PAGE;
        if (i == PAGES)
            continue;
        write_code(from, i + CHANGE);
        if (from != to &&
            mremap(from, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
            hot_die("mremap");
        again++;
        wrong += run(to) != i + CHANGE;
    }
    hot_result("again=%u wrong=%u", again, wrong);
    hot_expect(again > 0 && wrong == 0, "the new code runs");
}

int main(void)
{
    unsigned char *p;

    hot_begin("newcode");
    hot_sync("begin");
    p = old_code();
    hot_sync("leave");
    munmap(p, PAGES * PAGE);
    new_code(p);
    return hot_end();
}
