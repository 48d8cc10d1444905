/* SPDX-License-Identifier: MIT */
/*
 * Where the kernel's messages go: console= on the command line, as Linux's.
 * console=ttyS0 is the serial line, console=tty0 (or tty1) the first virtual
 * terminal; there may be both, and the last word is also /dev/console. Without
 * a word it is the serial line.
 */
#ifndef KERNEL_CONSOLE_H
#define KERNEL_CONSOLE_H

#include <kernel/types.h>

/* Read the command line. Before anything is printed. */
void console_init(void);
/* Find the screen. At boot, once memory can be mapped. */
void console_find_screen(void);
/* Write whole, to all consoles. Any context. */
void console_write(const char *buf, size_t n);
/* Is /dev/console the screen (or else the serial line)? */
bool console_is_screen(void);
/* panic: no lock is asked for any more; everybody gets the message. */
void console_take_over(void);

#endif
