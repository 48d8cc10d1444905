/* SPDX-License-Identifier: MIT */
/*
 * The other serial ports, COM2 and COM3: plain lines of bytes, by which
 * programs and whoever runs the machine talk (fs/port.c makes files of them).
 */
#ifndef DRIVERS_PORT_H
#define DRIVERS_PORT_H

#include <kernel/types.h>

#define NR_PORTS 2 /* ttyS1 and ttyS2 */

/* Is it there? Then call fn(arg, byte) for each byte that comes, in interrupt
   context. At boot, once. */
bool port_open(unsigned port, void (*fn)(void *arg, u8 c), void *arg);
/* Write all; may be mixed with what others write at the same time. Polls. */
void port_write(unsigned port, const char *buf, size_t len);

#endif
