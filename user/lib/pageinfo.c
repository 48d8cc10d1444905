/* SPDX-License-Identifier: MIT */
#include "pageinfo.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int ask(const char *question, char *buf, size_t size)
{
    int fd = open("/proc/pageinfo", O_RDWR);
    size_t len = strlen(question);
    ssize_t n = -1;

    if (fd < 0)
        return -1;
    if (write(fd, question, len) == (ssize_t)len)
        n = pread(fd, buf, size - 1, 0);
    close(fd);
    if (n < 0)
        return -1;
    buf[n] = 0;
    return 0;
}

int pageinfo_frame(unsigned long pfn, char *buf, size_t size)
{
    char question[64];

    snprintf(question, sizeof(question), "pfn 0x%lx", pfn);
    return ask(question, buf, size);
}

int pageinfo_address(int pid, unsigned long addr, char *buf, size_t size)
{
    char question[64];

    snprintf(question, sizeof(question), "%d 0x%lx", pid, addr);
    return ask(question, buf, size);
}

long pageinfo_pfn(const char *answer)
{
    const char *at = strstr(answer, "pfn=");

    return at ? (long)strtoul(at + 4, NULL, 16) : -1;
}
