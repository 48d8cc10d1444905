/* SPDX-License-Identifier: MIT */
/* What the files that read a terminal's bytes share: drivers/vga/ only. */
#ifndef DRIVERS_VGA_ESCAPE_H
#define DRIVERS_VGA_ESCAPE_H

#include <drivers/vga/screen.h>

enum parser_state {
    GROUND,
    UTF8,   /* parser.more bytes are to come */
    ESCAPE, /* behind ESC */
    CSI,    /* behind ESC [ */
    ONE,    /* ESC and one of " #%()*+": one more byte; parser.mark is it */
    OSC,    /* behind ESC ] */
    STRING, /* up to BEL or ESC \ */
    SKIP,   /* parser.more bytes, whatever they are */
};

/* An argument of a sequence; 0 and none at all mean the same: what is usual. */
static inline unsigned csi_arg(const struct screen *s, unsigned i,
                               unsigned usual)
{
    return i < s->parser.nr && s->parser.args[i] ? s->parser.args[i] : usual;
}

/* Behind ESC [, and each byte from there on. */
void csi_begin(struct screen *s);
void csi_byte(struct screen *s, u8 c);
void csi_pen(struct screen *s); /* ESC [ ... m; pen.c */
/* The terminal says something: its owner takes it from s->reply. */
void screen_reply(struct screen *s, const char *text);

#endif
