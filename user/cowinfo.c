/* SPDX-License-Identifier: MIT */
/* cowinfo: which design this kernel has, its rule, and what it decided. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *key, *meaning;
} words[] = {
    {"keeps_apart", "no process reads what another one wrote"},
    {"loses_nothing", "what a device brings in arrives"},
    {"lets_memory_leave", "raw I/O cannot hold memory for ever"},
    {"copies_only_when_needed", "a page with one owner is not copied"},
    {"cow_copy", "write faults that copied the page"},
    {"cow_reuse", "write faults that kept it"},
    {"cow_fork_copy", "pages copied at fork"},
    {"unmap_done", "pages taken out of all page tables"},
    {"unmap_refused", "unmaps that the design refused"},
    {"pin_get", "pins taken by raw I/O"},
    {"pgmigrate_success", "pages moved to another frame"},
};

static const char *meaning(const char *key)
{
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (!strcmp(words[i].key, key))
            return words[i].meaning;
    return "";
}

int main(int argc, char **argv)
{
    char line[512], *colon;
    FILE *f;

    if (argc > 1) {
        fprintf(stderr,
                "usage: %s\nSays which COW design this kernel was "
                "built with (make DESIGN=...), and what it did.\n",
                argv[0]);
        return strcmp(argv[1], "-h") ? 2 : 0;
    }
    f = fopen("/proc/cowinfo", "r");
    if (!f) {
        fprintf(stderr, "cowinfo: /proc/cowinfo: %s\n", strerror(errno));
        return 1;
    }
    while (fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = 0;
        colon = strstr(line, ": ");
        if (!colon)
            continue;
        *colon = 0;
        if (!strcmp(line, "design") || !strcmp(line, "rule"))
            printf("%-7s %s\n", line, colon + 2);
        else
            printf("%12s  %s\n", colon + 2, meaning(line));
    }
    fclose(f);
    return 0;
}
