/* SPDX-License-Identifier: MIT */
/* Linux AIO, for the rest of the kernel. */
#ifndef FS_AIO_H
#define FS_AIO_H

#include <kernel/types.h>

void aio_init(void); /* boot */

/* /proc/sys/fs: how many requests all contexts may have at a time, and what has
   been promised. Written whole, read any time. */
extern u64 aio_max_nr;
u64 aio_nr(void);

#endif
