/* SPDX-License-Identifier: MIT */
/*
 * The VGA, as the firmware left it: 80 columns of 25 lines of text, whose
 * cells are memory at 0xb8000. A write there costs a trap on a virtual
 * machine, so we know what it shows, and write only what differs.
 */
#include <drivers/vga/vga.h>
#include <kernel/irq.h>
#include <kernel/x86/io.h>

#define TEXT_BASE 0xb8000

#define GRAPHICS      0x3ce
#define GRAPHICS_MISC 6 /* bit 0: it shows graphics */

#define CRTC         0x3d4
#define CURSOR_START 0x0a /* bit 5: no cursor */
#define CURSOR_HIGH  0x0e
#define CURSOR_LOW   0x0f

#define STATUS         0x3da /* a read: the next write at 3c0 is an index */
#define ATTRIBUTE      0x3c0
#define ATTRIBUTE_READ 0x3c1
#define ATTRIBUTE_MODE 0x10
#define KEEP_SHOWING   0x20 /* in the index: the palette stays in use */
#define MODE_BLINK     0x08

static volatile u16 *text; /* NULL: no VGA; written at boot */
static u16 shown[SCREEN_ROWS * SCREEN_COLS];
static u8 cursor_start;

static u8 read_reg(u16 port, u8 index)
{
    outb(port, index);
    return inb(port + 1);
}

static void write_reg(u16 port, u8 index, u8 value)
{
    outb(port, index);
    outb(port + 1, value);
}

/* A register that keeps what is written to it; nothing at all reads as ff. */
static bool is_there(void)
{
    write_reg(CRTC, CURSOR_LOW, 0x5a);
    return read_reg(CRTC, CURSOR_LOW) == 0x5a &&
           !(read_reg(GRAPHICS, GRAPHICS_MISC) & 1);
}

/* The highest bit of an attribute: a bright background, not blinking. */
static void stop_blinking(void)
{
    u8 mode;

    inb(STATUS);
    outb(ATTRIBUTE, ATTRIBUTE_MODE | KEEP_SHOWING);
    mode = inb(ATTRIBUTE_READ);
    outb(ATTRIBUTE, mode & ~MODE_BLINK);
    inb(STATUS);
}

bool vga_init(void)
{
    if (!is_there())
        return false;
    text = mmio_map(TEXT_BASE, sizeof(shown));
    if (!text)
        return false;
    cursor_start = read_reg(CRTC, CURSOR_START) & 0x1f;
    stop_blinking();
    for (unsigned i = 0; i < ARRAY_SIZE(shown); i++)
        shown[i] = text[i];
    return true;
}

void vga_draw(u16 cells[SCREEN_ROWS][SCREEN_COLS], unsigned from, unsigned to)
{
    const u16 *want = cells[0];

    for (unsigned i = from * SCREEN_COLS; i < to * SCREEN_COLS; i++)
        if (shown[i] != want[i])
            text[i] = shown[i] = want[i];
}

void vga_cursor(unsigned row, unsigned col, bool is_shown)
{
    unsigned at = row * SCREEN_COLS + col;

    write_reg(CRTC, CURSOR_START, cursor_start | (is_shown ? 0 : 0x20));
    write_reg(CRTC, CURSOR_HIGH, (u8)(at >> 8));
    write_reg(CRTC, CURSOR_LOW, (u8)at);
}
