/* SPDX-License-Identifier: MIT */
/* A terminal's screen, and a keyboard's bytes, without either. */
#include <drivers/keyboard/keymap.h>
#include <drivers/vga/screen.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct screen s;

static void fresh(const char *text)
{
    screen_reset(&s);
    screen_write(&s, text, strlen(text));
}

/* A row's text, without the blanks at its end. */
static const char *row(unsigned r)
{
    static char text[SCREEN_COLS + 1];
    unsigned n = SCREEN_COLS;

    for (unsigned i = 0; i < n; i++)
        text[i] = (char)s.cells[r][i];
    while (n && text[n - 1] == ' ')
        n--;
    text[n] = 0;
    return text;
}

static void assert_at(unsigned r, unsigned c)
{
    assert_int_equal(s.now.row, r);
    assert_int_equal(s.now.col, c);
}

/* The corner may be written; the next character wraps and scrolls. */
static void test_wrap(void **state)
{
    (void)state;
    fresh("first\033[25;80HX");
    assert_string_equal(row(0), "first");
    assert_at(24, 79);
    screen_write(&s, "y", 1);
    assert_string_equal(row(0), "");
    assert_string_equal(row(24), "y");
    fresh("\033[?7l\033[1;80HXyz");
    assert_at(0, 79);
    assert_int_equal((char)s.cells[0][79], 'z');
}

static void test_cursor(void **state)
{
    (void)state;
    fresh("\033[5;10H\033[2A\033[3C\033[B\033[4D");
    assert_at(3, 8);
    fresh("\033[999;999H");
    assert_at(24, 79);
    fresh("\033[3;3Hx\0337\033[H\033[1m\0338");
    assert_at(2, 3);
    assert_false(s.now.pen.bold);
    fresh("a\tb\033[20G\033[Zc\033[3dd");
    assert_string_equal(row(0), "a       b       c");
    assert_at(2, 18);
}

static void test_erase_and_insert(void **state)
{
    (void)state;
    fresh("abcdef\033[3G\033[K");
    assert_string_equal(row(0), "ab");
    fresh("abcdef\033[3G\033[1K");
    assert_string_equal(row(0), "   def");
    fresh("abcdef\033[2G\033[2P\033[@X");
    assert_string_equal(row(0), "aXdef");
    fresh("abcdef\033[2G\033[2X\033[4hYZ");
    assert_string_equal(row(0), "aYZ  def");
    fresh("1\r\n2\r\n3\033[2J");
    assert_string_equal(row(0), "");
    assert_at(2, 1);
}

/* What is outside the region stays. */
static void test_region(void **state)
{
    (void)state;
    fresh("1\r\n2\r\n3\r\n4\033[2;3r\033[3;1H\n");
    assert_string_equal(row(0), "1");
    assert_string_equal(row(1), "3");
    assert_string_equal(row(2), "");
    assert_string_equal(row(3), "4");
    screen_write(&s, "\033[2;1H\033M", 8);
    assert_string_equal(row(2), "3");
    screen_write(&s, "\033[r\033[1;1H\033[2M", 13);
    assert_string_equal(row(0), "3");
    screen_write(&s, "\033[L", 3);
    assert_string_equal(row(1), "3");
}

static void assert_attribute(const char *text, u8 attribute)
{
    fresh(text);
    assert_int_equal(s.cells[0][0] >> 8, attribute);
}

static void test_colours(void **state)
{
    (void)state;
    assert_attribute("x", 0x07);
    assert_attribute("\033[31;44mx", 0x14);
    assert_attribute("\033[1;32mx", 0x0a);
    assert_attribute("\033[7mx", 0x70);
    assert_attribute("\033[97;101mx", 0xcf);
    assert_attribute("\033[38;5;196mx", 0x0c);
    assert_attribute("\033[48;2;0;0;160mx", 0x17);
    assert_attribute("\033[1;7;31;44m\033[mx", 0x07);
}

static void test_characters(void **state)
{
    (void)state;
    fresh("\342\224\200\342\226\210\303\251\342\202\254|\377|");
    assert_memory_equal(row(0), "\304\333\202?|?|", 7);
    fresh("e\314\201x"); /* a combining accent takes no place */
    assert_string_equal(row(0), "ex");
    fresh("\300\200\342\226x"); /* too long a form; cut short */
    assert_string_equal(row(0), "???x");
    fresh("\033(0qx\033(Bq\016q\017q");
    assert_memory_equal(row(0), "\304\263q\304q", 5);
}

static void test_reports(void **state)
{
    (void)state;
    fresh("\033[7;12H\033[6n");
    assert_int_equal(s.reply_len, 7);
    assert_memory_equal(s.reply, "\033[7;12R", 7);
}

/* Sequences that we do not know leave nothing behind. */
static void test_unknown(void **state)
{
    (void)state;
    fresh("\033]0;title\a\033P1$r\033\\\033[>1;2;3y\033[?2004h\033%Gok\033["
          "3\030!");
    assert_string_equal(row(0), "ok!");
    assert_at(0, 3);
}

static void test_alternate(void **state)
{
    (void)state;
    fresh("here\033[?1049h\033[HXXXXXX\033[5;5H\033[?1049l!");
    assert_string_equal(row(0), "here!");
}

/* Whatever comes, the cursor stays on the screen (and ASan is content). */
static void test_any_bytes(void **state)
{
    const char likely[] = "\033\033\033[[[;?0123456789ABCDHJKLMPSTXmhlr@\n\r";
    const char *seed = getenv("SEED");

    (void)state;
    srand(seed ? (unsigned)atoi(seed) : 1);
    screen_reset(&s);
    for (unsigned i = 0; i < 300000; i++) {
        char c =
            (char)(rand() % 4 ? likely[rand() % (sizeof(likely) - 1)] : rand());

        screen_write(&s, &c, 1);
        assert_true(s.now.row < SCREEN_ROWS && s.now.col < SCREEN_COLS);
        assert_true(s.top < s.bottom && s.bottom <= SCREEN_ROWS);
        assert_true(s.changed_to <= SCREEN_ROWS);
    }
}

/* All that a row of scancodes types. */
static const char *typed(struct keymap *map, const char *codes, size_t n)
{
    static char text[64];
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        struct key key = keymap_byte(map, (u8)codes[i], false);

        memcpy(text + len, key.text, key.n);
        len += key.n;
    }
    text[len] = 0;
    return text;
}

#define TYPED(codes) typed(&map, codes, sizeof(codes) - 1)

static void test_keymap(void **state)
{
    struct keymap map = {0};
    struct key key;

    (void)state;
    assert_string_equal(TYPED("\x1e\x9e\x2a\x1e\x9e\xaa\x1e"), "aAa");
    assert_string_equal(TYPED("\x3a\xba\x1e\x02\x2a\x1e\xaa\x3a"), "A1a");
    assert_string_equal(TYPED("\x1d\x2e\xae\x9d\x2e"), "\003c");
    assert_string_equal(TYPED("\x38\x30\xb8\x30"), "\033bb");
    assert_string_equal(TYPED("\xe0\x48\xe0\xc8\x48"), "\033[A\033[A");
    assert_string_equal(TYPED("\x45\x48\x45\xe0\x35\xe0\x1c"), "8/\r");
    assert_string_equal(TYPED("\xe1\x1d\x45\xe1\x9d\xc5\x2e"), "c");
    assert_string_equal(TYPED("\xe0\x2a\xe0\x53\xe0\xd3\xe0\xaa"), "\033[3~");
    keymap_byte(&map, 0x38, false);
    key = keymap_byte(&map, 0x3c, false);
    assert_int_equal(key.kind, KEY_SCREEN);
    assert_int_equal(key.screen, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_cursor),
        cmocka_unit_test(test_erase_and_insert),
        cmocka_unit_test(test_region),
        cmocka_unit_test(test_colours),
        cmocka_unit_test(test_characters),
        cmocka_unit_test(test_reports),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_alternate),
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_keymap),
    };

    return cmocka_run_group_tests_name("screen", tests, NULL, NULL);
}
