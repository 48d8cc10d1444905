/* SPDX-License-Identifier: MIT */
/*
 * The screens of the virtual terminals are in memory; the VGA shows one of
 * them, and after each write gets the rows that have changed. Messages of the
 * kernel that come before the VGA is found are on it afterwards.
 */
#include <drivers/vga/vga.h>
#include <drivers/vga/vt.h>
#include <kernel/lock.h>
#include <kernel/string.h>
#include <mm/lockorder.h>

static struct spinlock lock = SPINLOCK_INIT("vt", RANK_CONSOLE); /* (irq) */
static struct screen screens[NR_VTS];                            /* lock */
static unsigned shown;                   /* lock; read without it */
static bool there;                       /* written at boot */
static bool taken_over;                  /* set once, by panic */
static void (*input)(unsigned nr, u8 c); /* written at boot */

static u64 begin(void)
{
    return READ_ONCE(taken_over) ? 0 : spin_lock_irqsave(&lock);
}

static void draw(struct screen *s, unsigned from, unsigned to)
{
    if (from < to)
        vga_draw(s->cells, from, to);
    vga_cursor(s->now.row, s->now.col, !s->cursor_hidden);
}

/* What has changed goes to the VGA, if it is this one that it shows. */
static void end(unsigned nr, u64 flags)
{
    struct screen *s = &screens[nr];

    if (there && nr == shown)
        draw(s, s->changed_from, s->changed_to);
    s->changed_from = SCREEN_ROWS;
    s->changed_to = 0;
    if (!READ_ONCE(taken_over))
        spin_unlock_irqrestore(&lock, flags);
}

void vt_early_init(void)
{
    for (unsigned i = 0; i < NR_VTS; i++)
        screen_reset(&screens[i]);
}

bool vt_init(void)
{
    u64 flags;

    if (!vga_init())
        return false;
    flags = begin();
    there = true;
    draw(&screens[shown], 0, SCREEN_ROWS);
    end(shown, flags);
    return true;
}

bool vt_is_there(void)
{
    return there;
}

void vt_write(unsigned nr, const char *buf, size_t n)
{
    u64 flags = begin();

    screen_write(&screens[nr], buf, n);
    end(nr, flags);
}

/* A program that is in the middle of something finds it as it was, but for
   where the cursor is. */
void vt_message(const char *buf, size_t n)
{
    u64 flags = begin();
    struct screen *s = &screens[0];
    struct spot now = s->now;
    struct parser parser = s->parser;
    bool newline = s->newline;

    memset(&s->parser, 0, sizeof(s->parser));
    s->now.pen = (struct pen){.fg = 7};
    s->now.shift = 0;
    s->now.charset[0] = CHARSET_ASCII;
    s->newline = true;
    screen_write(s, buf, n);
    now.row = s->now.row;
    now.col = s->now.col;
    now.wrap = s->now.wrap;
    s->now = now;
    s->parser = parser;
    s->newline = newline;
    end(0, flags);
}

size_t vt_take_reply(unsigned nr, char *buf, size_t size)
{
    struct screen *s = &screens[nr];
    u64 flags;
    size_t n;

    if (!READ_ONCE(s->reply_len)) /* as nearly always */
        return 0;
    flags = begin();
    n = min_u64(s->reply_len, size);
    memcpy(buf, s->reply, n);
    s->reply_len = 0;
    end(nr, flags);
    return n;
}

void vt_show(unsigned nr)
{
    u64 flags;

    if (nr >= NR_VTS)
        return;
    flags = begin();
    WRITE_ONCE(shown, nr);
    if (there)
        draw(&screens[nr], 0, SCREEN_ROWS);
    end(nr, flags);
}

unsigned vt_shown(void)
{
    return READ_ONCE(shown);
}

bool vt_app_cursor(void)
{
    return READ_ONCE(screens[vt_shown()].app_cursor);
}

void vt_set_input(void (*fn)(unsigned nr, u8 c))
{
    input = fn;
}

void vt_type(const char *buf, size_t n)
{
    unsigned nr = vt_shown();

    for (size_t i = 0; input && i < n; i++)
        input(nr, (u8)buf[i]);
}

void vt_take_over(void)
{
    WRITE_ONCE(taken_over, true);
    vt_show(0);
}
