/* SPDX-License-Identifier: MIT */
/* pageinfo: every count and every holder of a page. */
#include "lib/pageinfo.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: pageinfo PID ADDRESS     the page behind a process's address\n"
    "       pageinfo -f FRAME        a page frame, by its number\n"
    "Numbers may be hexadecimal (0x...). PID 0 is this process.\n"
    "\n"
    "refs  all references: page-table entries (map), swap cache, file, pins\n"
    "map   page-table entries that map the page\n"
    "swap  swap entries, in page tables, that mean it\n";

static char answer[16384];

static int number(const char *word, unsigned long *n)
{
    char *end;

    errno = 0;
    *n = strtoul(word, &end, 0);
    return *word && !*end && !errno ? 0 : -1;
}

static int failed(const char *what)
{
    fprintf(stderr, "pageinfo: %s: %s\n", what, strerror(errno));
    return 1;
}

static int by_frame(unsigned long pfn)
{
    if (pageinfo_frame(pfn, answer, sizeof(answer)))
        return failed("frame");
    fputs(answer, stdout);
    return 0;
}

static int by_address(unsigned long pid, unsigned long addr)
{
    long pfn;

    if (pageinfo_address((int)pid, addr, answer, sizeof(answer)))
        return failed(errno == ESRCH ? "no such process" : "address");
    fputs(answer, stdout);
    pfn = pageinfo_pfn(answer);
    return pfn >= 0 ? by_frame((unsigned long)pfn) : 0;
}

int main(int argc, char **argv)
{
    unsigned long a, b;

    if (argc == 2 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc == 3 && !strcmp(argv[1], "-f") && !number(argv[2], &a))
        return by_frame(a);
    if (argc == 3 && !number(argv[1], &a) && !number(argv[2], &b))
        return by_address(a, b);
    fputs(usage, stderr);
    return 2;
}
