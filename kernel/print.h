/* SPDX-License-Identifier: MIT */
/*
 * Messages, formatting, and the end of the world.
 *
 * The formats are printf's: %d %u %x %lx %llx %s %c %p %%, with width, '0',
 * '-', 'l', 'll', 'z' and a precision for strings. Nothing allocates, nothing
 * sleeps: every function here may be called from any context, with any lock.
 */
#ifndef KERNEL_PRINT_H
#define KERNEL_PRINT_H

#include <kernel/types.h>
#include <stdarg.h>

/* Print on the console. A line is written whole, never mixed with another. What
   is not printable ASCII in a text (%s) comes out as "?": names are users' to
   choose, and must not forge lines. */
void printk(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* As C's: returns what would have been written; always ends with a 0 byte. */
int snprintf(char *buf, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);

/* Print what and where, stop every processor, end with a failing status. */
void panic(const char *fmt, ...) PRINTF_LIKE(1, 2) NORETURN;

/* The same without the backtrace: for who has better things to say, between
   the two, than how it came to call this. From the first on nothing else
   runs, and interrupts are off. */
void panic_begin(const char *fmt, ...) PRINTF_LIKE(1, 2);
void panic_end(void) NORETURN;

/* At boot: this machine has no memory for `what`. Says how much there is; no
   backtrace, as it is not the kernel's mistake. */
void panic_too_small(const char *what) NORETURN;

/* A broken rule of the kernel itself; never a user's or a device's doing. */
#define ASSERT(cond)                                                    \
    do {                                                                \
        if (unlikely(!(cond)))                                          \
            panic("%s:%d: broken rule: %s", __FILE__, __LINE__, #cond); \
    } while (0)

/* An event line for the record of memory events: a channel of its own, not
   the console. `line` ends with a newline; nothing sleeps. */
void event_write(const char *line, size_t len);

#endif
