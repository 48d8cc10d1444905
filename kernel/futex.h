/* SPDX-License-Identifier: MIT */
/* Futexes: user-space locks sleep here when they must. */
#ifndef KERNEL_FUTEX_H
#define KERNEL_FUTEX_H

#include <kernel/types.h>

void futex_init(void); /* before the first process */
/* Wake one sleeper at this address of the current address space. */
void futex_wake_at(u64 addr);

#endif
