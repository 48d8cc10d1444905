/* SPDX-License-Identifier: MIT */
/* /proc/framemap, read into memory: what each frame is used for. */
#ifndef USER_LIB_FRAMEMAP_H
#define USER_LIB_FRAMEMAP_H

#include <stdbool.h>
#include <stddef.h>

#define SECTION_FRAMES 512

struct section {
    unsigned long nr;  /* its first frame is nr * SECTION_FRAMES */
    char state[10];    /* online, offline, going */
    char zone[10];     /* normal, movable */
    int dimm;          /* slot; -1: soldered */
    const char *frame; /* SECTION_FRAMES letters, or NULL */
};

struct framemap {
    char *text;
    struct section *section;
    size_t nr;
};

/* Read it (again). False: errno says why. */
bool framemap_read(struct framemap *m);

/* What a letter means, or NULL; which letters there are, the most telling
   first: a cell of many frames shows that one. */
const char *framemap_meaning(char letter);
extern const char framemap_letters[];

#endif
