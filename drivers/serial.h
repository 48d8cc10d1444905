/* SPDX-License-Identifier: MIT */
/* The first serial port: the console. */
#ifndef DRIVERS_SERIAL_H
#define DRIVERS_SERIAL_H

#include <kernel/types.h>

/* Write whole; not mixed with what others write. Any context. */
void serial_write(const char *buf, size_t len);
/* Call fn for each byte that comes, in interrupt context. Once, at boot. */
void serial_set_input(void (*fn)(u8 c));
/* panic: from now on the lock is not asked for. */
void serial_take_over(void);

#endif
