/* SPDX-License-Identifier: MIT */
/* The consoles, as the command line says. All is written at boot, and by a
   panic. */
#include <drivers/serial.h>
#include <drivers/vga/vt.h>
#include <kernel/atomic.h>
#include <kernel/boot.h>
#include <kernel/console.h>
#include <kernel/string.h>

#define WORD "console="

static bool on_serial, on_screen, is_screen;

/* Is it this name, up to a blank, the end, or options (ttyS0,115200)? */
static bool is_name(const char *at, const char *name)
{
    size_t len = strlen(name);

    return strncmp(at, name, len) == 0 &&
           (at[len] == 0 || at[len] == ' ' || at[len] == ',');
}

/* A name that we do not know is somebody else's. */
static void add(const char *at)
{
    if (is_name(at, "ttyS0")) {
        on_serial = true;
        is_screen = false;
    } else if (is_name(at, "tty0") || is_name(at, "tty1")) {
        on_screen = true;
        is_screen = true;
    }
}

void console_init(void)
{
    const char *line = boot_info.cmdline, *at = line;

    vt_early_init();
    while ((at = strstr(at, WORD))) {
        if (at == line || at[-1] == ' ')
            add(at + strlen(WORD));
        at += strlen(WORD);
    }
    if (!on_screen)
        on_serial = true;
}

/* A machine without a screen says on the serial line what it has to say. */
void console_find_screen(void)
{
    if (vt_init())
        return;
    on_serial = true;
    on_screen = false;
    is_screen = false;
}

void console_write(const char *buf, size_t n)
{
    if (READ_ONCE(on_serial))
        serial_write(buf, n);
    if (READ_ONCE(on_screen))
        vt_message(buf, n);
}

bool console_is_screen(void)
{
    return is_screen;
}

void console_take_over(void)
{
    serial_take_over();
    vt_take_over();
    WRITE_ONCE(on_serial, true);
    WRITE_ONCE(on_screen, true);
}
