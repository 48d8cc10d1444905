/* SPDX-License-Identifier: MIT */
/* Linux AIO, for the rest of the kernel. */
#ifndef FS_AIO_H
#define FS_AIO_H

struct mm;

void aio_init(void); /* boot */
/* The last user of this mm goes: its contexts end. Waits for what the disk
   still has. May sleep; no locks held. */
void aio_exit_mm(struct mm *mm);

#endif
