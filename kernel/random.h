/* SPDX-License-Identifier: MIT */
/* Random bytes: from the processor's own source where it has one. */
#ifndef KERNEL_RANDOM_H
#define KERNEL_RANDOM_H

#include <kernel/types.h>

/* Any context. */
void random_bytes(void *buf, size_t len);
/* Kernel memory is stirred into what comes later. */
void random_add(const void *buf, size_t len);

#endif
