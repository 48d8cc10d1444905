/* SPDX-License-Identifier: MIT */
/*
 * demo: a guided tour of two minutes, on this machine: copy on write, swap, a
 * disk read that is held while its page is taken away, and a memory module
 * that leaves. What it says is read from the machine as it goes.
 */
#define _GNU_SOURCE
#include "lib/pageinfo.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE        4096ul
#define PAGES_OUT   256
#define PATIENCE_MS 70000 /* longer than a removal takes to give up */
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

static const char usage[] =
    "usage: demo [-y]\n"
    "A tour of what this kernel is about; Enter goes on, -y does not wait.\n";

static bool in_a_hurry, with_host;
static unsigned wrong;

/* ---- telling ---- */

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
    fflush(stdout);
}

static void chapter(const char *title)
{
    say("\n== %s ==\n", title);
}

static void go_on(void)
{
    int c;

    if (in_a_hurry)
        return;
    printf("   [Enter] ");
    fflush(stdout);
    while ((c = getchar()) != '\n' && c != EOF)
        ;
}

/* Something that is so, or the tour has found a mistake. */
static void check(bool ok, const char *what)
{
    say("   %s %s", ok ? "So it is:" : "THIS SHOULD NOT BE:", what);
    wrong += !ok;
}

/* ---- looking ---- */

static char answer[8192];

static const char *look(const void *p)
{
    if (pageinfo_address(0, (unsigned long)p, answer, sizeof(answer)))
        snprintf(answer, sizeof(answer), "%s", strerror(errno));
    answer[strcspn(answer, "\n")] = 0;
    return answer;
}

static long frame_of(const void *p)
{
    return pageinfo_pfn(look(p));
}

static long number(const char *key)
{
    const char *at = strstr(answer, key);

    return at ? strtol(at + strlen(key), NULL, 0) : -1;
}

static unsigned long counter(const char *name)
{
    char line[128];
    unsigned long n = 0;
    FILE *f = fopen("/proc/vmstat", "r");
    size_t len = strlen(name);

    while (f && fgets(line, sizeof(line), f))
        if (!strncmp(line, name, len) && line[len] == ' ')
            n = strtoul(line + len, NULL, 10);
    if (f)
        fclose(f);
    return n;
}

static void print_file(const char *path)
{
    char line[256];
    FILE *f = fopen(path, "r");

    for (int i = 0; f && i < 2 && fgets(line, sizeof(line), f); i++)
        printf("   %s", line);
    if (f)
        fclose(f);
}

/* Does the design say this of itself, in /proc/cowinfo? */
static bool design_says(const char *what)
{
    char line[256];
    FILE *f = fopen("/proc/cowinfo", "r");
    bool yes = false;

    while (f && !yes && fgets(line, sizeof(line), f))
        yes = !strncmp(line, what, strlen(what));
    if (f)
        fclose(f);
    return yes;
}

static uint64_t *pages(size_t n)
{
    void *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        perror("demo: mmap");
        exit(1);
    }
    return p;
}

/* ---- the host ---- */

/* Run `host ...`, quietly. Did it say ok? */
static bool host(const char *words)
{
    char command[128];

    snprintf(command, sizeof(command), "host %s >/dev/null 2>&1", words);
    return with_host && system(command) == 0;
}

/* ---- 1 ---- */

static void copy_on_write(void)
{
    uint64_t *p = pages(1);
    int status;
    long before;

    chapter("1. Copy on write");
    p[0] = 1;
    before = frame_of(p);
    say("A process wrote 1 into a page. The kernel put it into frame 0x%lx:",
        before);
    say("   %s", answer);
    say("Now it forks. Nothing is copied: both page tables name that frame,\n"
        "and neither may write to it.");
    go_on();
    fflush(stdout);
    if (fork() == 0) {
        look(p);
        say("   child:  %s", answer);
        check(number(" map=") == 2, "two page tables map the page");
        say("The child writes 2. That is a fault, and the child gets a copy:");
        p[0] = 2;
        say("   child:  frame 0x%lx", frame_of(p));
        fflush(stdout);
        _exit(wrong + (frame_of(p) == before));
    }
    wait(&status);
    wrong += WIFEXITED(status) ? (unsigned)WEXITSTATUS(status) : 1;
    check(p[0] == 1 && frame_of(p) == before,
          "the parent still has its frame, and its 1");
    p[0] = 3;
    check(frame_of(p) == before,
          "the child is gone, and the parent's next write copies nothing");
    munmap(p, PAGE);
    go_on();
}

/* ---- 2 ---- */

static void swapping(void)
{
    uint64_t *p = pages(PAGES_OUT);
    unsigned long out = counter("pswpout"), in = counter("pswpin");
    bool same = true;

    chapter("2. Swap");
    for (size_t i = 0; i < PAGES_OUT; i++)
        p[i * 512] = i * 7;
    say("A mebibyte of pages is full, and we ask the kernel to page it out.");
    if (madvise(p, PAGES_OUT * PAGE, MADV_PAGEOUT))
        say("   madvise: %s", strerror(errno));
    say("   %s", look(p));
    if (counter("pswpout") == out) {
        say("   Nothing went: no swap is on. (swapon /dev/hdb)");
        munmap(p, PAGES_OUT * PAGE);
        return;
    }
    say("   %lu pages were written to the disk. What was a page-table entry\n"
        "   is a swap entry now. We read it all again:",
        counter("pswpout") - out);
    for (size_t i = 0; i < PAGES_OUT; i++)
        same = same && p[i * 512] == i * 7;
    say("   %lu pages were read back.", counter("pswpin") - in);
    check(same, "every word is what it was");
    munmap(p, PAGES_OUT * PAGE);
    go_on();
}

/* ---- 3 ---- */

static unsigned char *target;
static int disk;

static void *read_it(void *arg)
{
    (void)arg;
    return (void *)pread(disk, target, 512, 0);
}

/* Wait until the disk's DMA has the page pinned. */
static bool wait_pinned(unsigned long before)
{
    for (int i = 0; i < PATIENCE_MS; i++) {
        if (counter("pin_get") > before)
            return true;
        usleep(1000);
    }
    return false;
}

/* Byte i of the disk hda: see tests/harness/diskimage.py. */
static unsigned char pattern(unsigned i)
{
    return (unsigned char)(((i & ~7ull) + 1) * 0x9e3779b97f4a7c15ull >>
                           8 * (i & 7));
}

static unsigned arrived(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < 512; i++)
        n += target[i] == pattern(i);
    return n;
}

static void take_it_away(long frame)
{
    unsigned long refused = counter("unmap_refused");

    madvise(target, PAGE, MADV_PAGEOUT);
    if (counter("unmap_refused") > refused)
        say("   The design says no: a page that a stranger refers to is never\n"
            "   unmapped. It stays where it is.");
    else
        say("   The page is out of the page table: %s", look(target));
    say("Now the process writes one byte, at the end of that same page.");
    target[PAGE - 1] = 0x77;
    say("   It was in frame 0x%lx; it is in frame 0x%lx now.", frame,
        frame_of(target));
}

static void a_held_read(void)
{
    unsigned long pins = counter("pin_get");
    pthread_t reader;
    long frame;
    unsigned n;

    chapter("3. A read in flight: who owns the page?");
    disk = open("/dev/hda", O_RDONLY | O_DIRECT);
    if (disk < 0 || !host("hold")) {
        say("This needs the disk of make run: %s",
            disk < 0 ? strerror(errno) : "nobody answers on /dev/ttyS1");
        return;
    }
    target = (unsigned char *)pages(1);
    for (unsigned i = 0; i < 512; i++)
        target[i] = (unsigned char)~pattern(i); /* no byte looks arrived */
    frame = frame_of(target);
    say("A thread reads 512 bytes from the disk straight into frame 0x%lx, "
        "and\n"
        "the disk (a server on the host) has been told not to answer.",
        frame);
    pthread_create(&reader, NULL, read_it, NULL);
    if (!wait_pinned(pins))
        say("   The read has not begun?");
    say("   %s", look(target));
    say("One reference more than page tables account for: the DMA's pin. Now\n"
        "the kernel is asked to page that page out.");
    go_on();
    take_it_away(frame);
    say("And the disk may answer.");
    host("release");
    pthread_join(reader, NULL);
    n = arrived();
    say("   %u of 512 bytes arrived.", n);
    if (n == 0)
        say("   They went into a frame that nobody maps.");
    if (design_says("loses_nothing: given up"))
        check(n == 0 && target[PAGE - 1] == 0x77,
              "this design loses them, and says so");
    if (design_says("loses_nothing: promised"))
        check(n == 512 && target[PAGE - 1] == 0x77,
              "this design promises that nothing is lost");
    munmap(target, PAGE);
    close(disk);
    go_on();
}

/* ---- 4 ---- */

/* The frame numbers of DIMMs begin at 4 GiB. */
static long in_a_module(const uint64_t *p, size_t n)
{
    long found = 0;

    for (size_t i = 0; i < n; i++)
        found += frame_of(p + i * 512) >= 0x100000;
    return found;
}

static bool wait_moved(unsigned long removals)
{
    unsigned long failed = counter("removal_failed");

    for (int i = 0; i < PATIENCE_MS; i++) {
        if (counter("removal_done") > removals)
            return true;
        if (counter("removal_failed") > failed)
            return false;
        usleep(1000);
    }
    return false;
}

/* The host sees module 0 go a moment after its last page has been moved. Until
   then its slot is not free, and a new module would go into another one. */
static void wait_gone(void)
{
    char said[256];

    for (int i = 0; i < PATIENCE_MS; i++) {
        FILE *f = popen("host dimms", "r");
        bool there =
            f && fgets(said, sizeof(said), f) && !strncmp(said, "ok: 0 (", 7);

        if (f)
            pclose(f);
        if (!there)
            return;
        usleep(1000);
    }
}

static void a_module_leaves(void)
{
    unsigned long removals = counter("removal_done"),
                  moved = counter("pgmigrate_success");
    uint64_t *p = pages(PAGES_OUT);
    bool same = true;

    chapter("4. A memory module leaves");
    for (size_t i = 0; i < PAGES_OUT; i++)
        p[i * 512] = i * 11;
    say("Of %d pages that we filled, %ld are in memory modules that can be\n"
        "pulled out (memmap shows them). We ask the host to take module 0.",
        PAGES_OUT, in_a_module(p, PAGES_OUT));
    go_on();
    if (!host("unplug 0")) {
        say("   There is no module 0, or nobody asks for it here. Put one in\n"
            "   (host plug 64M) or start with make run DIMMS=2x64M.");
        return;
    }
    if (!wait_moved(removals)) {
        say("   It has not left yet; the console says why.");
        return;
    }
    say("   %lu pages were moved to other frames while we waited, and the\n"
        "   module is gone.",
        counter("pgmigrate_success") - moved);
    for (size_t i = 0; i < PAGES_OUT; i++)
        same = same && p[i * 512] == i * 11;
    check(same, "our pages hold what they held, at the same addresses");
    munmap(p, PAGES_OUT * PAGE);
    wait_gone();
    if (host("plug 64M"))
        say("   (Another one of 64 MiB has been put in.)");
}

int main(int argc, char **argv)
{
    in_a_hurry = argc == 2 && !strcmp(argv[1], "-y");
    if (argc > 1 && !in_a_hurry) {
        fputs(usage, strcmp(argv[1], "-h") ? stderr : stdout);
        return strcmp(argv[1], "-h") ? 2 : 0;
    }
    with_host = access("/dev/ttyS1", F_OK) == 0;
    say("hotcow: who owns a page? This kernel's answer:");
    print_file("/proc/cowinfo");
    go_on();
    copy_on_write();
    swapping();
    a_held_read();
    a_module_leaves();
    chapter(wrong ? "The tour found mistakes" : "That was the tour");
    say("Try the same under another design: make run DESIGN=naive, ptepin or\n"
        "mapcount. On the host, make compare runs the argument as "
        "experiments.");
    return wrong != 0;
}
