/* SPDX-License-Identifier: MIT */
/*
 * The screen of a terminal in memory, and what a stream of bytes does to it:
 * a Linux console ($TERM is linux), 25 lines of 80.
 *
 * Nothing here knows a device, a lock or a process: screen_write changes the
 * struct and says in it which rows have changed. Who owns the struct guards
 * it (drivers/vga/vt.c: its lock).
 */
#ifndef DRIVERS_VGA_SCREEN_H
#define DRIVERS_VGA_SCREEN_H

#include <kernel/types.h>

#define SCREEN_ROWS  25
#define SCREEN_COLS  80
#define ESCAPE_ARGS  16
#define SCREEN_REPLY 32

struct pen { /* colours are ANSI's: 1 is red, 8 and above are bright */
    u8 fg, bg;
    bool bold, underline, blink, reverse;
};

struct spot { /* what a program can save and restore */
    u8 row, col;
    bool wrap;   /* the last column is written: the next one wraps */
    bool origin; /* rows count from the top of the region */
    struct pen pen;
    u8 charset[2]; /* G0 and G1: enum charset */
    u8 shift;      /* which of them */
};

/* Where in a control sequence or a character we are. */
struct parser {
    u8 state; /* enum in escape.c */
    u8 mark;  /* CSI: '?', '>' and so on, or 0 */
    u8 more;  /* bytes to swallow; bytes of UTF-8 to come */
    u8 nr;    /* of args */
    u16 args[ESCAPE_ARGS];
    u32 code; /* UTF-8: so far */
    u8 of;    /* UTF-8: length of the whole */
};

struct screen {
    u16 cells[SCREEN_ROWS][SCREEN_COLS];  /* glyph | attribute << 8 */
    u16 hidden[SCREEN_ROWS][SCREEN_COLS]; /* the main one under ?1049h */
    struct spot now, saved, under;        /* under: of the hidden one */
    struct parser parser;
    u8 top, bottom; /* the scroll region: first row, behind the last */
    bool alternate, insert, autowrap, newline, cursor_hidden, app_cursor;
    bool tabs[SCREEN_COLS];
    u8 last_glyph;               /* for REP */
    u8 changed_from, changed_to; /* rows; the owner resets them */
    char reply[SCREEN_REPLY];    /* what the terminal itself says */
    u8 reply_len;
};

/* As if just switched on. */
void screen_reset(struct screen *s);
/* What a program or the kernel prints. Split anywhere. */
void screen_write(struct screen *s, const char *buf, size_t n);

/* ---- between screen.c and escape.c ---- */

void screen_put(struct screen *s, u8 glyph);
void screen_move(struct screen *s, int row, int col); /* kept within */
void screen_line_feed(struct screen *s);
void screen_reverse_feed(struct screen *s);
/* The region from `top` on: up or down by n rows. */
void screen_scroll_up(struct screen *s, unsigned top, unsigned n);
void screen_scroll_down(struct screen *s, unsigned top, unsigned n);
/* Cells [from, to), counted through all rows. */
void screen_clear(struct screen *s, unsigned from, unsigned to);
void screen_insert_cells(struct screen *s, unsigned n);
void screen_delete_cells(struct screen *s, unsigned n);
void screen_save(struct screen *s);
void screen_restore(struct screen *s);
void screen_alternate(struct screen *s, bool on);
void screen_tab_stops(struct screen *s, bool on); /* every eighth, or none */
void screen_next_tab(struct screen *s);
void screen_previous_tab(struct screen *s);

/* ---- drivers/vga/charset.c ---- */

enum charset { CHARSET_ASCII, CHARSET_LINES, CHARSET_RAW };

/* The glyph of code page 437 for a character of Unicode. '?': there is none;
   0: it takes no place (a combining character). */
u8 charset_glyph(u32 code);
/* What DEC's line drawing shows for a byte. */
u8 charset_lines(u8 c);

#endif
