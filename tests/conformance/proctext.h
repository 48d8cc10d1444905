/* SPDX-License-Identifier: MIT */
/* Reading /proc: a file's text, and the line of it that begins with a key. */
#ifndef CONFORMANCE_PROCTEXT_H
#define CONFORMANCE_PROCTEXT_H

#include "say.h"
#include <ctype.h>
#include <fcntl.h>

static char text[1 << 18];

static inline const char *slurp(const char *path)
{
    int fd = open(path, O_RDONLY);
    long n, len = 0;

    while (fd >= 0 &&
           (n = read(fd, text + len, sizeof(text) - 1 - (size_t)len)) > 0)
        len += n;
    if (fd >= 0)
        close(fd);
    text[len] = 0;
    return text;
}

static inline const char *line_of(const char *from, const char *key)
{
    size_t n = strlen(key);

    while (from && *from) {
        if (!strncmp(from, key, n))
            return from;
        from = strchr(from, '\n');
        from += from != NULL;
    }
    return NULL;
}

#endif
