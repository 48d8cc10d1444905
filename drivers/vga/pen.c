/* SPDX-License-Identifier: MIT */
/*
 * Colours and styles: ESC [ ... m. The VGA has 16 colours; what a program says
 * in 256, or in millions, becomes the nearest of them.
 */
#include <drivers/vga/escape.h>

/* One of the 16 for a red, green and blue of 0..255. */
static u8 nearest(unsigned r, unsigned g, unsigned b)
{
    unsigned most = r > g ? r : g;
    u8 bits;

    most = b > most ? b : most;
    if (most < 0x40)
        return 0;
    bits = (u8)((r > most / 2) | (g > most / 2) << 1 | (b > most / 2) << 2);
    if (bits == 7 && most < 0x90)
        return 8; /* dark grey */
    return most > 0xc0 ? bits | 8 : bits;
}

/* xterm's 256: the 16, a cube of 6 x 6 x 6, and greys. */
static u8 of_256(unsigned n)
{
    static const u8 level[] = {0, 95, 135, 175, 215, 255};
    unsigned grey = 8 + (n - 232) * 10;

    if (n < 16)
        return (u8)n;
    if (n >= 232)
        return nearest(grey, grey, grey);
    n -= 16;
    return nearest(level[n / 36], level[n / 6 % 6], level[n % 6]);
}

/* 38;5;n and 38;2;r;g;b: from args[*i] on, which is left at the last one. */
static void extended_colour(const struct screen *s, unsigned *i, u8 *colour)
{
    unsigned kind = csi_arg(s, *i + 1, 0);

    if (kind == 5) {
        *colour = of_256(csi_arg(s, *i + 2, 0) & 0xff);
        *i += 2;
    } else if (kind == 2) {
        *colour = nearest(csi_arg(s, *i + 2, 0), csi_arg(s, *i + 3, 0),
                          csi_arg(s, *i + 4, 0));
        *i += 4;
    }
}

static void set_colour(struct screen *s, unsigned n)
{
    struct pen *pen = &s->now.pen;

    if (n >= 30 && n <= 37)
        pen->fg = (u8)(n - 30);
    else if (n >= 40 && n <= 47)
        pen->bg = (u8)(n - 40);
    else if (n >= 90 && n <= 97)
        pen->fg = (u8)(n - 90 + 8);
    else if (n >= 100 && n <= 107)
        pen->bg = (u8)(n - 100 + 8);
    else if (n == 39)
        pen->fg = 7;
    else if (n == 49)
        pen->bg = 0;
}

/* False: it is a colour, or nothing that we know. */
static bool set_style(struct screen *s, unsigned n)
{
    struct pen *pen = &s->now.pen;

    switch (n) {
    case 0:
        *pen = (struct pen){.fg = 7};
        return true;
    case 1:
    case 22:
        pen->bold = n == 1;
        return true;
    case 4:
    case 24:
        pen->underline = n == 4;
        return true;
    case 5:
    case 25:
        pen->blink = n == 5;
        return true;
    case 7:
    case 27:
        pen->reverse = n == 7;
        return true;
    case 10: /* the font: as usual, or every byte is a glyph */
    case 11:
    case 12:
        s->now.charset[0] = n == 10 ? CHARSET_ASCII : CHARSET_RAW;
        s->now.shift = 0;
        return true;
    }
    return false;
}

void csi_pen(struct screen *s)
{
    for (unsigned i = 0; i < s->parser.nr; i++) {
        unsigned n = s->parser.args[i];

        if (n == 38)
            extended_colour(s, &i, &s->now.pen.fg);
        else if (n == 48)
            extended_colour(s, &i, &s->now.pen.bg);
        else if (!set_style(s, n))
            set_colour(s, n);
    }
}
