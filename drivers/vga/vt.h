/* SPDX-License-Identifier: MIT */
/*
 * Virtual terminals: several screens and one keyboard. One of them is seen,
 * and what is typed is for that one; the others go on in memory. Numbers
 * count from 0 here; Linux's names (tty1) from 1.
 */
#ifndef DRIVERS_VGA_VT_H
#define DRIVERS_VGA_VT_H

#include <kernel/types.h>

#define NR_VTS 2

/* From now on they take text, which is kept until there is a screen. Before
   anything is printed. */
void vt_early_init(void);
/* Find the screen, and show what there is. At boot, once memory can be
   mapped. False: there is none. */
bool vt_init(void);
bool vt_is_there(void);

/* Write whole, as a program: escape sequences do what they do. Any context. */
void vt_write(unsigned nr, const char *buf, size_t n);
/* A message of the kernel, on the first one: lines in plain colours, whatever
   a program is just doing there. Any context. */
void vt_message(const char *buf, size_t n);
/* What terminal `nr` itself has to say (to a program that asked where the
   cursor is): bytes, to be taken as typed. Any context. */
size_t vt_take_reply(unsigned nr, char *buf, size_t size);

/* Any context. show: a number that is none does nothing. */
void vt_show(unsigned nr);
unsigned vt_shown(void);
/* Do the cursor keys of the one that is seen say ESC O instead of ESC [? */
bool vt_app_cursor(void);

/* Call fn(nr, c) for each byte that is typed, in interrupt context. Once, at
   boot, before the keyboard starts. */
void vt_set_input(void (*fn)(unsigned nr, u8 c));
/* The keyboard: bytes for the one that is seen. In an interrupt. */
void vt_type(const char *buf, size_t n);

/* panic: the first one is seen, and the lock is not asked for any more. */
void vt_take_over(void);

#endif
