/* SPDX-License-Identifier: MIT */
/*
 * The cells, and what can be done to them. Rows and columns count from 0; a
 * program's count from 1 (escape.c). A write to the last column leaves the
 * cursor there, and only the next one wraps: a program may fill the corner
 * without a scroll.
 */
#include <drivers/vga/screen.h>
#include <kernel/string.h>

static const u8 vga_colour[8] = {0, 4, 2, 6, 1, 5, 3, 7};

static u8 vga(u8 ansi)
{
    return (u8)(vga_colour[ansi & 7] | (ansi & 8));
}

/* The attribute byte: foreground below, background above; 8 is "bright" in
   both. Reverse swaps colours, and leaves brightness where it was. */
static u16 attribute(const struct pen *pen)
{
    u8 fg = pen->underline ? 6 : pen->fg, bg = pen->bg;

    if (pen->reverse) {
        u8 old = fg;

        fg = (u8)((fg & 8) | (bg & 7));
        bg = (u8)((bg & 8) | (old & 7));
    }
    fg |= pen->bold ? 8 : 0;
    bg |= pen->blink ? 8 : 0;
    return (u16)((vga(bg) << 4 | vga(fg)) << 8);
}

/* What is erased gets the background that is set, and no more of the pen. */
static u16 blank(const struct screen *s)
{
    struct pen pen = {.fg = s->now.pen.fg, .bg = s->now.pen.bg};

    return attribute(&pen) | ' ';
}

static void changed(struct screen *s, unsigned from, unsigned to)
{
    if (from < s->changed_from)
        s->changed_from = (u8)from;
    if (to > s->changed_to)
        s->changed_to = (u8)to;
}

void screen_clear(struct screen *s, unsigned from, unsigned to)
{
    u16 *cells = &s->cells[0][0], empty = blank(s);

    if (from >= to)
        return;
    for (unsigned i = from; i < to; i++)
        cells[i] = empty;
    changed(s, from / SCREEN_COLS, (to + SCREEN_COLS - 1) / SCREEN_COLS);
}

static void clear_rows(struct screen *s, unsigned from, unsigned to)
{
    screen_clear(s, from * SCREEN_COLS, to * SCREEN_COLS);
}

void screen_scroll_up(struct screen *s, unsigned top, unsigned n)
{
    unsigned rows = s->bottom - top;

    n = n < rows ? n : rows;
    memmove(s->cells[top], s->cells[top + n], (rows - n) * sizeof(s->cells[0]));
    clear_rows(s, s->bottom - n, s->bottom);
    changed(s, top, s->bottom);
}

void screen_scroll_down(struct screen *s, unsigned top, unsigned n)
{
    unsigned rows = s->bottom - top;

    n = n < rows ? n : rows;
    memmove(s->cells[top + n], s->cells[top], (rows - n) * sizeof(s->cells[0]));
    clear_rows(s, top, top + n);
    changed(s, top, s->bottom);
}

void screen_move(struct screen *s, int row, int col)
{
    int first = s->now.origin ? s->top : 0;
    int last = (s->now.origin ? s->bottom : SCREEN_ROWS) - 1;

    s->now.row = (u8)(row < first ? first : row > last ? last : row);
    s->now.col = (u8)(col < 0 ? 0 : col >= SCREEN_COLS ? SCREEN_COLS - 1 : col);
    s->now.wrap = false;
}

void screen_line_feed(struct screen *s)
{
    s->now.wrap = false;
    if (s->now.row + 1 == s->bottom)
        screen_scroll_up(s, s->top, 1);
    else if (s->now.row + 1 < SCREEN_ROWS)
        s->now.row++;
}

void screen_reverse_feed(struct screen *s)
{
    s->now.wrap = false;
    if (s->now.row == s->top)
        screen_scroll_down(s, s->top, 1);
    else if (s->now.row > 0)
        s->now.row--;
}

void screen_insert_cells(struct screen *s, unsigned n)
{
    unsigned col = s->now.col, left = SCREEN_COLS - col;
    unsigned at = s->now.row * SCREEN_COLS + col;
    u16 *row = s->cells[s->now.row];

    n = n < left ? n : left;
    memmove(row + col + n, row + col, (left - n) * sizeof(*row));
    screen_clear(s, at, at + n);
}

void screen_delete_cells(struct screen *s, unsigned n)
{
    unsigned col = s->now.col, left = SCREEN_COLS - col;
    unsigned end = (s->now.row + 1u) * SCREEN_COLS;
    u16 *row = s->cells[s->now.row];

    n = n < left ? n : left;
    memmove(row + col, row + col + n, (left - n) * sizeof(*row));
    screen_clear(s, end - n, end);
}

void screen_put(struct screen *s, u8 glyph)
{
    if (s->now.wrap && s->autowrap) {
        s->now.col = 0;
        screen_line_feed(s);
    }
    if (s->insert)
        screen_insert_cells(s, 1);
    s->cells[s->now.row][s->now.col] = attribute(&s->now.pen) | glyph;
    s->last_glyph = glyph;
    changed(s, s->now.row, s->now.row + 1u);
    if (s->now.col + 1 < SCREEN_COLS)
        s->now.col++;
    else
        s->now.wrap = true;
}

void screen_save(struct screen *s)
{
    s->saved = s->now;
}

void screen_restore(struct screen *s)
{
    s->now = s->saved;
}

/* A full-screen program's own screen: the old one comes back behind it. */
void screen_alternate(struct screen *s, bool on)
{
    if (s->alternate == on)
        return;
    s->alternate = on;
    if (on) {
        s->under = s->now;
        memcpy(s->hidden, s->cells, sizeof(s->cells));
        clear_rows(s, 0, SCREEN_ROWS);
        return;
    }
    s->now = s->under;
    memcpy(s->cells, s->hidden, sizeof(s->cells));
    changed(s, 0, SCREEN_ROWS);
}

void screen_tab_stops(struct screen *s, bool on)
{
    for (unsigned i = 0; i < SCREEN_COLS; i++)
        s->tabs[i] = on && i % 8 == 0;
}

void screen_next_tab(struct screen *s)
{
    int col = s->now.col + 1;

    while (col < SCREEN_COLS - 1 && !s->tabs[col])
        col++;
    screen_move(s, s->now.row, col);
}

void screen_previous_tab(struct screen *s)
{
    int col = s->now.col - 1;

    while (col > 0 && !s->tabs[col])
        col--;
    screen_move(s, s->now.row, col);
}

void screen_reset(struct screen *s)
{
    memset(s, 0, sizeof(*s));
    s->now.pen.fg = 7;
    s->now.charset[1] = CHARSET_LINES;
    s->saved = s->now;
    s->bottom = SCREEN_ROWS;
    s->autowrap = true;
    s->last_glyph = ' ';
    screen_tab_stops(s, true);
    clear_rows(s, 0, SCREEN_ROWS);
}
