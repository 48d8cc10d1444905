/* SPDX-License-Identifier: MIT */
/*
 * The bytes: characters in UTF-8, control characters, and the sequences that
 * begin with ESC, as console_codes(4) lists them. A sequence that is not
 * known is read to its end and does nothing; CAN and SUB end one at once. A
 * control character in the middle of a sequence works, as on the terminals
 * that these were made for.
 */
#include <drivers/vga/escape.h>

/* ---- the shorter sequences ---- */

static void escape_byte(struct screen *s, u8 c)
{
    struct parser *p = &s->parser;

    p->state = GROUND;
    switch (c) {
    case '[':
        csi_begin(s);
        break;
    case ']':
        p->state = OSC;
        break;
    case 'P':
    case 'X':
    case '^':
    case '_':
        p->state = STRING;
        break;
    case '7':
        screen_save(s);
        break;
    case '8':
        screen_restore(s);
        break;
    case 'D':
        screen_line_feed(s);
        break;
    case 'E':
        s->now.col = 0;
        screen_line_feed(s);
        break;
    case 'H':
        s->tabs[s->now.col] = true;
        break;
    case 'M':
        screen_reverse_feed(s);
        break;
    case 'Z':
        screen_reply(s, "\033[?6c");
        break;
    case 'c':
        screen_reset(s);
        break;
    default:
        if (c >= ' ' && c <= '/') {
            p->state = ONE;
            p->mark = c;
        }
    }
}

/* ESC ( and ESC ): which set of characters G0 and G1 are. */
static void one_byte(struct screen *s, u8 c)
{
    u8 which = s->parser.mark;
    u8 set = c == '0' ? CHARSET_LINES : c == 'U' ? CHARSET_RAW : CHARSET_ASCII;

    s->parser.state = GROUND;
    if (which == '(' || which == ')')
        s->now.charset[which == ')'] = set;
}

/* Linux's own: ESC ] R, and ESC ] P with seven digits, have no end. */
static void osc_byte(struct screen *s, u8 c)
{
    s->parser.state = c == 'R' ? GROUND : c == 'P' ? SKIP : STRING;
    s->parser.more = 7;
}

/* ---- characters ---- */

static void print(struct screen *s, u32 code)
{
    u8 glyph = charset_glyph(code);

    if (glyph)
        screen_put(s, glyph);
}

/* A byte that begins a character, or is one. */
static void utf8_first(struct screen *s, u8 c)
{
    struct parser *p = &s->parser;

    if (c < 0xc2 || c > 0xf4) { /* none begins so */
        screen_put(s, '?');
        return;
    }
    p->state = UTF8;
    p->of = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    p->more = (u8)(p->of - 1);
    p->code = c & (0xffu >> (p->of + 1));
}

/* Is it the shortest way to say this, and a character at all? */
static bool is_proper(const struct parser *p)
{
    static const u32 least[] = {0x80, 0x800, 0x10000};

    return p->code >= least[p->of - 2] && p->code <= 0x10ffff &&
           (p->code & ~0x7ffu) != 0xd800;
}

static void utf8_next(struct screen *s, u8 c)
{
    struct parser *p = &s->parser;

    p->code = p->code << 6 | (c & 0x3f);
    if (--p->more)
        return;
    p->state = GROUND;
    if (is_proper(p))
        print(s, p->code);
    else
        screen_put(s, '?');
}

static void ground_byte(struct screen *s, u8 c)
{
    u8 set = s->now.charset[s->now.shift];

    if (set == CHARSET_RAW)
        screen_put(s, c);
    else if (c >= 0x80)
        utf8_first(s, c);
    else
        screen_put(s, set == CHARSET_LINES ? charset_lines(c) : c);
}

/* ---- all of it ---- */

static void control(struct screen *s, u8 c)
{
    switch (c) {
    case '\b':
        screen_move(s, s->now.row, s->now.col - 1);
        break;
    case '\t':
        screen_next_tab(s);
        break;
    case '\n':
    case '\v':
    case '\f':
        screen_line_feed(s);
        if (s->newline)
            s->now.col = 0;
        break;
    case '\r':
        screen_move(s, s->now.row, 0);
        break;
    case 14:
    case 15:
        s->now.shift = c == 14;
        break;
    case 24:
    case 26:
        s->parser.state = GROUND;
        break;
    case 27:
        s->parser.state = ESCAPE;
        break;
    }
}

static void in_sequence(struct screen *s, u8 c)
{
    switch (s->parser.state) {
    case ESCAPE:
        escape_byte(s, c);
        break;
    case CSI:
        csi_byte(s, c);
        break;
    case ONE:
        one_byte(s, c);
        break;
    case OSC:
        osc_byte(s, c);
        break;
    case SKIP:
        if (--s->parser.more == 0)
            s->parser.state = GROUND;
        break;
    }
}

static void take(struct screen *s, u8 c)
{
    struct parser *p = &s->parser;

    if (p->state == UTF8 && (c & 0xc0) == 0x80) {
        utf8_next(s, c);
        return;
    }
    if (p->state == UTF8) { /* cut short */
        p->state = GROUND;
        screen_put(s, '?');
    }
    if (c == '\a' && (p->state == STRING || p->state == OSC))
        p->state = GROUND;
    else if (c < ' ')
        control(s, c);
    else if (c == 0x7f || p->state == STRING)
        return;
    else if (p->state == GROUND)
        ground_byte(s, c);
    else
        in_sequence(s, c);
}

void screen_write(struct screen *s, const char *buf, size_t n)
{
    for (size_t i = 0; i < n; i++)
        take(s, (u8)buf[i]);
}
