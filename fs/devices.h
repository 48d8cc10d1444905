/* SPDX-License-Identifier: MIT */
/* The parts of /dev; fs/ only. */
#ifndef FS_DEVICES_H
#define FS_DEVICES_H

#include <fs/file.h>

extern const struct file_ops random_ops; /* fs/random.c */
void tty_init(void); /* fs/terminals.c: all of them */
/* The device number of the session's terminal, as in /proc/PID/stat; 0: it
   has none. */
int tty_of_session(int sid);
int tty_foreground(int sid); /* the group that it listens to; -1: none */
void ports_init(void);  /* fs/port.c */
void blkdev_init(void); /* a node for each disk */
struct blockdev;
unsigned blkdev_major(const struct blockdev *dev);
unsigned blkdev_minor(const struct blockdev *dev);

#endif
