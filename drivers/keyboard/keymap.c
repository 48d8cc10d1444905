/* SPDX-License-Identifier: MIT */
/*
 * A scancode is a key's number, with the highest bit when it is let go; e0
 * before it means the other key of that number (the right Ctrl, the arrows
 * that are not on the number pad).
 */
#include <drivers/keyboard/keymap.h>
#include <kernel/string.h>

#define RELEASED 0x80

enum {
    SCAN_BACKSPACE = 0x0e,
    SCAN_TAB = 0x0f,
    SCAN_ENTER = 0x1c,
    SCAN_CTRL = 0x1d,
    SCAN_LSHIFT = 0x2a,
    SCAN_SLASH = 0x35,
    SCAN_RSHIFT = 0x36,
    SCAN_ALT = 0x38,
    SCAN_CAPS_LOCK = 0x3a,
    SCAN_F1 = 0x3b,
    SCAN_F10 = 0x44,
    SCAN_NUM_LOCK = 0x45,
    SCAN_PAD = 0x47, /* 7; from here on row by row, to . */
    SCAN_PAD_END = 0x53,
    SCAN_F11 = 0x57,
    SCAN_F12 = 0x58,
};

enum {
    MOD_LSHIFT = 1,
    MOD_RSHIFT = 2,
    MOD_LCTRL = 4,
    MOD_RCTRL = 8,
    MOD_LALT = 16,
    MOD_RALT = 32,
    MOD_SHIFT = MOD_LSHIFT | MOD_RSHIFT,
    MOD_CTRL = MOD_LCTRL | MOD_RCTRL,
    MOD_ALT = MOD_LALT | MOD_RALT,
};

/* From scancode 0 on; 0 is a key that says nothing by itself. */
static const char plain[] = "\0\033"
                            "1234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0"
                            "\\zxcvbnm,./\0*\0 ";
static const char shifted[] =
    "\0\033"
    "!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0"
    "|ZXCVBNM<>?\0*\0 ";

/* The number pad with Num Lock, and what its keys are without: the letter or
   number of an escape sequence, 0 for none. */
static const char pad_digits[] = "789-456+1230.";
static const char pad_keys[] = "1A5-D\0C+4B623";

static u8 modifier(u8 scan, bool extended)
{
    switch (scan) {
    case SCAN_LSHIFT: /* with e0 they are made up by the keyboard */
        return extended ? 0 : MOD_LSHIFT;
    case SCAN_RSHIFT:
        return extended ? 0 : MOD_RSHIFT;
    case SCAN_CTRL:
        return extended ? MOD_RCTRL : MOD_LCTRL;
    case SCAN_ALT:
        return extended ? MOD_RALT : MOD_LALT;
    }
    return 0;
}

static void say(struct key *key, const char *text)
{
    size_t len = strlen(text);

    key->kind = KEY_TYPED;
    memcpy(key->text + key->n, text, len);
    key->n += (unsigned)len;
}

static void say_char(struct key *key, char c)
{
    key->kind = KEY_TYPED;
    key->text[key->n++] = c;
}

/* ESC [ A, or ESC [ 5 ~; in application mode the letters are ESC O A. */
static void say_key(struct key *key, char what, bool app_cursor)
{
    bool letter = what >= 'A' && what <= 'Z';

    say(key, letter && app_cursor ? "\033O" : "\033[");
    say_char(key, what);
    if (!letter)
        say_char(key, '~');
}

/* ---- kinds of keys ---- */

static void pad_key(const struct keymap *map, struct key *key, u8 scan,
                    bool app_cursor)
{
    unsigned i = scan - SCAN_PAD;
    bool digits = map->num_lock != !!(map->down & MOD_SHIFT);
    char c = pad_keys[i];

    if (c == '-' || c == '+')
        say_char(key, c);
    else if (digits && !map->extended)
        say_char(key, pad_digits[i]);
    else if (c)
        say_key(key, c, app_cursor);
}

/* 0..11, or -1: none. */
static int function_key(u8 scan)
{
    if (scan >= SCAN_F1 && scan <= SCAN_F10)
        return scan - SCAN_F1;
    return scan == SCAN_F11 ? 10 : scan == SCAN_F12 ? 11 : -1;
}

static void say_function(const struct keymap *map, struct key *key, int n)
{
    static const char *const text[12] = {
        "\033[[A",  "\033[[B",  "\033[[C",  "\033[[D",  "\033[[E",  "\033[17~",
        "\033[18~", "\033[19~", "\033[20~", "\033[21~", "\033[23~", "\033[24~"};

    if (map->down & MOD_ALT) {
        key->kind = KEY_SCREEN;
        key->screen = (unsigned)n;
    } else {
        say(key, text[n]);
    }
}

/* With Ctrl: the control character that a key stands for, or itself. */
static char control(char c)
{
    if (c >= 'a' && c <= 'z')
        return (char)(c & 0x1f);
    if (c >= '@' && c <= '_')
        return (char)(c & 0x1f);
    return c == ' ' || c == '2' ? 0 : c == '/' ? 0x1f : c == 0x7f ? '\b' : c;
}

static void say_letter(const struct keymap *map, struct key *key, u8 scan)
{
    bool shift = map->down & MOD_SHIFT;
    char c = plain[scan];

    if (!c || (map->extended && scan != SCAN_ENTER && scan != SCAN_SLASH))
        return;
    if (map->caps_lock && c >= 'a' && c <= 'z')
        shift = !shift;
    if (map->extended)
        shift = false;
    if (scan == SCAN_TAB && shift) {
        say(key, "\033[Z");
        return;
    }
    c = shift ? shifted[scan] : c;
    if (map->down & MOD_CTRL)
        c = control(c);
    if (map->down & MOD_ALT)
        say_char(key, '\033');
    say_char(key, c);
}

static void press(struct keymap *map, struct key *key, u8 scan, bool app_cursor)
{
    int n = function_key(scan);

    if (scan == SCAN_CAPS_LOCK)
        map->caps_lock = !map->caps_lock;
    else if (scan == SCAN_NUM_LOCK)
        map->num_lock = !map->num_lock;
    else if (n >= 0)
        say_function(map, key, n);
    else if (scan >= SCAN_PAD && scan <= SCAN_PAD_END)
        pad_key(map, key, scan, app_cursor);
    else if (scan < sizeof(plain) - 1)
        say_letter(map, key, scan);
}

struct key keymap_byte(struct keymap *map, u8 byte, bool app_cursor)
{
    struct key key = {.kind = KEY_NOTHING};
    u8 scan = byte & ~RELEASED, mod;

    if (map->skip) {
        map->skip--;
        return key;
    }
    if (byte == 0xe0 || byte == 0xe1) { /* Pause: e1 1d 45 */
        map->extended = byte == 0xe0;
        map->skip = byte == 0xe1 ? 2 : 0;
        return key;
    }
    mod = modifier(scan, map->extended);
    if (byte & RELEASED)
        map->down &= ~mod;
    else if (mod)
        map->down |= mod;
    else
        press(map, &key, scan, app_cursor);
    map->extended = false;
    return key;
}
