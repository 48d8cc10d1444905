/* SPDX-License-Identifier: MIT */
/* System V shared memory. */
#ifndef KERNEL_SHM_H
#define KERNEL_SHM_H

#define SHM_SEGMENTS 4096         /* Linux's default */
#define SHM_MAX      (1ull << 46) /* bytes; memory is what really limits them */

void shm_init(void); /* boot */

/* Areas have gone: forget the segments that were marked for removal and have
   none any more. May sleep; no locks held. Cheap if there are none such. */
void shm_reap(void);

#endif
