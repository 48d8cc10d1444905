/* SPDX-License-Identifier: MIT */
/*
 * The sequences that begin with ESC [: numbers, then a letter that says what
 * is to be done.
 */
#include <drivers/vga/escape.h>
#include <kernel/string.h>

/* ---- modes ---- */

static void private_mode(struct screen *s, unsigned n, bool on)
{
    switch (n) {
    case 1:
        s->app_cursor = on;
        break;
    case 6:
        s->now.origin = on;
        screen_move(s, 0, 0);
        break;
    case 7:
        s->autowrap = on;
        break;
    case 25:
        s->cursor_hidden = !on;
        break;
    case 47:
    case 1047:
    case 1049:
        screen_alternate(s, on);
        break;
    }
}

static void csi_modes(struct screen *s, bool on)
{
    for (unsigned i = 0; i < s->parser.nr; i++) {
        unsigned n = s->parser.args[i];

        if (s->parser.mark == '?')
            private_mode(s, n, on);
        else if (n == 4)
            s->insert = on;
        else if (n == 20)
            s->newline = on;
    }
}

/* ---- what the terminal says about itself ---- */

void screen_reply(struct screen *s, const char *text)
{
    size_t n = strlen(text);

    if (s->reply_len + n > SCREEN_REPLY)
        return;
    memcpy(s->reply + s->reply_len, text, n);
    s->reply_len = (u8)(s->reply_len + n);
}

static void reply_number(struct screen *s, unsigned n)
{
    char text[3] = {(char)('0' + n / 10), (char)('0' + n % 10), 0};

    screen_reply(s, n < 10 ? text + 1 : text);
}

static void csi_report(struct screen *s)
{
    unsigned top = s->now.origin ? s->top : 0;

    if (csi_arg(s, 0, 0) == 5)
        screen_reply(s, "\033[0n");
    if (csi_arg(s, 0, 0) != 6)
        return;
    screen_reply(s, "\033[");
    reply_number(s, s->now.row - top + 1u);
    screen_reply(s, ";");
    reply_number(s, s->now.col + 1u);
    screen_reply(s, "R");
}

/* ---- what they do ---- */

static unsigned here(const struct screen *s)
{
    return s->now.row * SCREEN_COLS + s->now.col;
}

/* From the cursor to the end, from the start to the cursor, or all. */
static void erase_within(struct screen *s, unsigned start, unsigned end)
{
    unsigned how = csi_arg(s, 0, 0);

    if (how == 0)
        screen_clear(s, here(s), end);
    else if (how == 1)
        screen_clear(s, start, here(s) + 1);
    else if (how == 2 || how == 3)
        screen_clear(s, start, end);
}

static void set_region(struct screen *s)
{
    unsigned top = csi_arg(s, 0, 1), bottom = csi_arg(s, 1, SCREEN_ROWS);

    if (bottom > SCREEN_ROWS)
        bottom = SCREEN_ROWS;
    if (top >= bottom)
        return;
    s->top = (u8)(top - 1);
    s->bottom = (u8)bottom;
    screen_move(s, s->now.origin ? s->top : 0, 0);
}

/* Up and down stop at the region's edge, if they begin within. */
static void move_rows(struct screen *s, int by)
{
    int row = s->now.row, to = row + by;

    if (row >= s->top && to < s->top)
        to = s->top;
    if (row < s->bottom && to >= s->bottom)
        to = s->bottom - 1;
    screen_move(s, to, s->now.col);
}

static bool csi_cursor(struct screen *s, u8 c)
{
    int n = (int)csi_arg(s, 0, 1), row = s->now.row, col = s->now.col;
    int top = s->now.origin ? s->top : 0;

    switch (c) {
    case 'A':
        move_rows(s, -n);
        return true;
    case 'B':
    case 'e':
        move_rows(s, n);
        return true;
    case 'C':
    case 'a':
        screen_move(s, row, col + n);
        return true;
    case 'D':
        screen_move(s, row, col - n);
        return true;
    case 'E':
    case 'F':
        move_rows(s, c == 'E' ? n : -n);
        s->now.col = 0;
        return true;
    case 'G':
    case '`':
        screen_move(s, row, n - 1);
        return true;
    case 'd':
        screen_move(s, top + n - 1, col);
        return true;
    case 'H':
    case 'f':
        screen_move(s, top + n - 1, (int)csi_arg(s, 1, 1) - 1);
        return true;
    }
    return false;
}

static void insert_or_delete_rows(struct screen *s, u8 c)
{
    unsigned row = s->now.row;

    if (row < s->top || row >= s->bottom)
        return;
    if (c == 'L')
        screen_scroll_down(s, row, csi_arg(s, 0, 1));
    else
        screen_scroll_up(s, row, csi_arg(s, 0, 1));
    screen_move(s, (int)row, 0);
}

static bool csi_edit(struct screen *s, u8 c)
{
    unsigned n = csi_arg(s, 0, 1), start = s->now.row * SCREEN_COLS;
    unsigned left = SCREEN_COLS - s->now.col;

    switch (c) {
    case '@':
        screen_insert_cells(s, n);
        return true;
    case 'J':
        erase_within(s, 0, SCREEN_ROWS * SCREEN_COLS);
        return true;
    case 'K':
        erase_within(s, start, start + SCREEN_COLS);
        return true;
    case 'L':
    case 'M':
        insert_or_delete_rows(s, c);
        return true;
    case 'P':
        screen_delete_cells(s, n);
        return true;
    case 'S':
        screen_scroll_up(s, s->top, n);
        return true;
    case 'T':
        screen_scroll_down(s, s->top, n);
        return true;
    case 'X':
        screen_clear(s, here(s), here(s) + (n < left ? n : left));
        return true;
    }
    return false;
}

static void csi_other(struct screen *s, u8 c)
{
    unsigned n = csi_arg(s, 0, 1);

    n = n < SCREEN_ROWS * SCREEN_COLS ? n : SCREEN_ROWS * SCREEN_COLS;
    switch (c) {
    case 'I':
        for (; n; n--)
            screen_next_tab(s);
        break;
    case 'Z':
        for (; n; n--)
            screen_previous_tab(s);
        break;
    case 'b':
        for (; n; n--)
            screen_put(s, s->last_glyph);
        break;
    case 'c':
        if (!csi_arg(s, 0, 0))
            screen_reply(s, "\033[?6c"); /* a VT102 */
        break;
    case 'g':
        if (csi_arg(s, 0, 0) == 3)
            screen_tab_stops(s, false);
        else
            s->tabs[s->now.col] = false;
        break;
    case 'm':
        csi_pen(s);
        break;
    case 'n':
        csi_report(s);
        break;
    case 'r':
        set_region(s);
        break;
    case 's':
        screen_save(s);
        break;
    case 'u':
        screen_restore(s);
        break;
    }
}

/* ---- reading them ---- */

void csi_begin(struct screen *s)
{
    s->parser = (struct parser){.state = CSI, .nr = 1};
}

static void add_digit(struct parser *p, u8 c)
{
    u16 *a = &p->args[p->nr - 1];

    *a = *a < 1000 ? (u16)(*a * 10 + (c - '0')) : *a;
}

static void csi_end(struct screen *s, u8 c)
{
    s->parser.state = GROUND;
    if (c == 'h' || c == 'l')
        csi_modes(s, c == 'h');
    else if (!s->parser.mark && !csi_cursor(s, c) && !csi_edit(s, c))
        csi_other(s, c);
}

void csi_byte(struct screen *s, u8 c)
{
    struct parser *p = &s->parser;

    if (c >= '0' && c <= '9') {
        add_digit(p, c);
    } else if (c == ';' || c == ':') {
        if (p->nr < ESCAPE_ARGS)
            p->args[p->nr++] = 0;
    } else if (c == '[') { /* a function key, echoed: one letter more */
        p->state = SKIP;
        p->more = 1;
    } else if (c < '@') {
        p->mark = c;
    } else {
        csi_end(s, c);
    }
}
