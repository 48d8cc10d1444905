/* SPDX-License-Identifier: MIT */
/*
 * host: ask whoever runs this machine for something, over the second serial
 * port, and print the answer. Only `make run` answers there.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PORT    "/dev/ttyS1"
#define WAIT_MS 60000 /* a busy host takes its time */

static const char usage[] =
    "usage: host plug SIZE | unplug N | dimms | hold | release\n"
    "plug 64M    puts a memory module in     unplug 0  asks for it back\n"
    "hold        the disk hda answers no read from now on\n"
    "release     it does again               dimms     which modules there "
    "are\n";

/* A line, or -1. */
static int read_line(int fd, char *buf, size_t size)
{
    struct pollfd p = {fd, POLLIN, 0};
    size_t len = 0;

    while (len + 1 < size) {
        if (poll(&p, 1, WAIT_MS) <= 0 || read(fd, buf + len, 1) != 1)
            return -1;
        if (buf[len] == '\n')
            break;
        len++;
    }
    buf[len] = 0;
    return 0;
}

static int ask(char **words)
{
    char line[512] = "";
    int fd = open(PORT, O_RDWR);

    if (fd < 0) {
        fprintf(stderr, "host: %s: %s (start the machine with make run)\n",
                PORT, strerror(errno));
        return 1;
    }
    for (; *words; words++) {
        strncat(line, *words, sizeof(line) - strlen(line) - 2);
        strcat(line, words[1] ? " " : "\n");
    }
    if (write(fd, line, strlen(line)) < 0 ||
        read_line(fd, line, sizeof(line))) {
        fprintf(stderr, "host: nobody answers (start the machine with make "
                        "run)\n");
        return 1;
    }
    puts(line);
    return strncmp(line, "ok", 2) != 0;
}

int main(int argc, char **argv)
{
    if (argc < 2 || !strcmp(argv[1], "-h")) {
        fputs(usage, argc < 2 ? stderr : stdout);
        return argc < 2 ? 2 : 0;
    }
    return ask(argv + 1);
}
