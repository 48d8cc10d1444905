/* SPDX-License-Identifier: MIT */
/* The PS/2 keyboard: what is typed goes to the virtual terminal that is
   seen. */
#ifndef DRIVERS_KEYBOARD_KEYBOARD_H
#define DRIVERS_KEYBOARD_KEYBOARD_H

/* Find it and start. At boot, once interrupts can be had. */
void keyboard_init(void);

#endif
