/* SPDX-License-Identifier: MIT */
/*
 * A PC's keyboard, US layout: scancodes of set 1 become the bytes that a
 * Linux console sends. It knows no device: tests feed it.
 */
#ifndef DRIVERS_KEYBOARD_KEYMAP_H
#define DRIVERS_KEYBOARD_KEYMAP_H

#include <kernel/types.h>

#define KEY_BYTES 8 /* the longest that a key says, and more */

/* Which keys are down, and what was read of a scancode so far. Starts as all
   zeroes. */
struct keymap {
    u8 down; /* MOD_*, left and right apart */
    bool caps_lock, num_lock;
    bool extended; /* e0 came */
    u8 skip;       /* bytes of a scancode that we know (e1: Pause) */
};

enum key_kind {
    KEY_NOTHING,
    KEY_TYPED,  /* n bytes in text */
    KEY_SCREEN, /* Alt and a function key: show terminal `screen`, from 0 */
};

struct key {
    enum key_kind kind;
    unsigned screen;
    unsigned n;
    char text[KEY_BYTES];
};

/* A byte of the keyboard. app_cursor: the arrows say ESC O, not ESC [. */
struct key keymap_byte(struct keymap *map, u8 byte, bool app_cursor);

#endif
