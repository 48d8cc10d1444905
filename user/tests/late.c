/* SPDX-License-Identifier: MIT */
/*
 * A disk whose answers come after the driver's time-out: nothing is lost.
 *
 * The host holds one read, one write and two flushes until the driver has given
 * them up, the second flush until it has reset the drive.
 */
#include "lib/hot.h"
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

int main(void)
{
    unsigned char *p = hot_pages(1);
    int fd;

    hot_begin("late");
    fd = hot_open_disk("/dev/hda");
    hot_expect(pread(fd, p, 4096, 4096) == 4096 &&
                   hot_wrong_bytes(p, 8, 4096) == 0,
               "a read that is answered late");
    hot_expect(pwrite(fd, p, 4096, 8192) == 4096,
               "a write that is answered late");
    memset(p, 0, 4096);
    hot_expect(pread(fd, p, 4096, 8192) == 4096 &&
                   hot_wrong_bytes(p, 8, 4096) == 0,
               "it has arrived");
    hot_expect(fsync(fd) == 0, "a flush that is answered late");
    hot_expect(fsync(fd) == 0, "a flush that is taken back, and sent again");
    return hot_end();
}
