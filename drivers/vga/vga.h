/* SPDX-License-Identifier: MIT */
/* The VGA in text mode. Callers take turns: drivers/vga/vt.c's lock. */
#ifndef DRIVERS_VGA_VGA_H
#define DRIVERS_VGA_VGA_H

#include <drivers/vga/screen.h>

/* Is there one, and does it show text? At boot, once memory can be mapped. */
bool vga_init(void);
/* Show rows [from, to). What has not changed is not written again. */
void vga_draw(u16 cells[SCREEN_ROWS][SCREEN_COLS], unsigned from, unsigned to);
void vga_cursor(unsigned row, unsigned col, bool shown);

#endif
