/* SPDX-License-Identifier: MIT */
/* The kernel's log, as dmesg reads it. */
#include "say.h"
#include <fcntl.h>
#include <sys/klog.h>

#define READ_ALL  3
#define CLEAR     5
#define NR_TYPES  11 /* and a few that are none */
#define MARK      "hotcow-mark"
#define LOG_BYTES (1 << 20)

static char buf[LOG_BYTES + 1];

static void bad_arguments(void)
{
    static const int lens[] = {-1, 0, 1, 7, 8, 9};

    subject = "syslog";
    for (int type = -1; type < NR_TYPES + 2; type++) {
        for (unsigned i = 0; i < COUNT(lens); i++) {
            OKAY(klogctl(type, NULL, lens[i]), "type %d none %d", type,
                 lens[i]);
            OKAY(klogctl(type, KERNEL, lens[i]), "type %d bad %d", type,
                 lens[i]);
        }
        OKAY(klogctl(type, buf, 8), "type %d", type);
    }
}

static void put_mark(void)
{
    int fd = open("/dev/kmsg", O_WRONLY);

    OKAY(write(fd, MARK "\n", sizeof(MARK)), "kmsg");
    close(fd);
}

static void what_is_read(void)
{
    long all, some;

    put_mark();
    put_mark();
    all = klogctl(READ_ALL, buf, LOG_BYTES);
    buf[all > 0 ? all : 0] = 0;
    NUM(strstr(buf, MARK) != NULL, "all has the mark");
    NUM(buf[0] == '<', "all begins with a level");
    NUM(all > 0 && buf[all - 1] == '\n', "all ends with a line");
    memset(buf, 0, sizeof(buf));
    some = klogctl(READ_ALL, buf, 60);
    NUM(some > 0 && some <= 60, "some fits");
    NUM(buf[0] == '<' && buf[some - 1] == '\n', "some is whole lines");
    NUM(strstr(buf, MARK) != NULL, "some is the end");
    NUM(klogctl(CLEAR, NULL, 0), "clear");
    NUM(klogctl(READ_ALL, buf, LOG_BYTES), "all after a clear");
    put_mark();
    NUM(klogctl(READ_ALL, buf, LOG_BYTES) > 0, "all after one more");
}

int main(void)
{
    bad_arguments();
    what_is_read();
    return 0;
}
