/* SPDX-License-Identifier: MIT */
#include "framemap.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char framemap_letters[] = "Pwis.Aaftkmr";

const char *framemap_meaning(char letter)
{
    switch (letter) {
    case 'P':
        return "pinned";
    case 'w':
        return "being written to swap";
    case 'i':
        return "isolated";
    case 's':
        return "swap cache";
    case 'A':
        return "anonymous, shared";
    case 'a':
        return "anonymous";
    case 'f':
        return "file, shared memory";
    case 't':
        return "page table";
    case 'k':
        return "kernel";
    case 'm':
        return "struct pages";
    case 'r':
        return "reserved";
    case '.':
        return "free";
    default:
        return NULL;
    }
}

/* The whole file, as a string. NULL: errno says why. */
static char *read_all(const char *path)
{
    size_t room = 1 << 16, len = 0;
    char *buf = malloc(room);
    int fd = open(path, O_RDONLY);
    ssize_t n = -1;

    while (fd >= 0 && buf && (n = read(fd, buf + len, room - len - 1)) > 0) {
        len += (size_t)n;
        if (room - len < 4096)
            buf = realloc(buf, room *= 2);
    }
    if (fd >= 0)
        close(fd);
    if (n < 0 || !buf) {
        free(buf);
        return NULL;
    }
    buf[len] = 0;
    return buf;
}

static bool parse_line(char *line, struct section *s)
{
    char dimm[8];
    int at = 0;

    if (sscanf(line, "%lu %9s %9s %7s %n", &s->nr, s->state, s->zone, dimm,
               &at) < 4)
        return false;
    s->dimm = dimm[0] == '-' ? -1 : atoi(dimm);
    s->frame = strlen(line + at) == SECTION_FRAMES ? line + at : NULL;
    return true;
}

bool framemap_read(struct framemap *m)
{
    char *text = read_all("/proc/framemap"), *line, *rest;
    size_t lines = 0;

    if (!text)
        return false;
    free(m->text);
    free(m->section);
    for (char *p = text; *p; p++)
        lines += *p == '\n';
    m->text = text;
    m->section = calloc(lines + 1, sizeof(*m->section));
    m->nr = 0;
    for (line = strtok_r(text, "\n", &rest); m->section && line;
         line = strtok_r(NULL, "\n", &rest))
        m->nr += parse_line(line, &m->section[m->nr]);
    return m->section != NULL;
}
