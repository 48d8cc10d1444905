/* SPDX-License-Identifier: MIT */
/*
 * The i8042 controller and the keyboard behind it. The controller translates
 * what the keyboard says to scancode set 1. All waits are bounded by a number
 * of polls: a machine need not have one.
 */
#include <drivers/keyboard/keyboard.h>
#include <drivers/keyboard/keymap.h>
#include <drivers/vga/vt.h>
#include <kernel/irq.h>
#include <kernel/x86/io.h>

#define DATA         0x60
#define STATUS       0x64 /* read */
#define COMMAND      0x64 /* write */
#define STATUS_FULL  0x01 /* there is a byte for us */
#define STATUS_BUSY  0x02 /* it has not taken our byte yet */
#define STATUS_MOUSE 0x20 /* the byte is not the keyboard's */

#define READ_CONFIG       0x20
#define WRITE_CONFIG      0x60
#define DISABLE_MOUSE     0xa7
#define DISABLE_KEYBOARD  0xad
#define ENABLE_KEYBOARD   0xae
#define CONFIG_IRQ        0x01
#define CONFIG_MOUSE_IRQ  0x02
#define CONFIG_NO_KEYS    0x10
#define CONFIG_TRANSLATE  0x40
#define KEYBOARD_ENABLE   0xf4
#define KEYBOARD_SAYS_YES 0xfa

#define KEYBOARD_IRQ 1
#define PATIENCE     100000 /* polls; then nobody is there */

static struct keymap map; /* the interrupt's: it comes to one processor */

static bool send(u16 port, u8 byte)
{
    for (unsigned i = 0; i < PATIENCE; i++) {
        if (inb(STATUS) & STATUS_BUSY)
            continue;
        outb(port, byte);
        return true;
    }
    return false;
}

/* By polling: -1, nothing came. */
static int receive(void)
{
    for (unsigned i = 0; i < PATIENCE; i++)
        if (inb(STATUS) & STATUS_FULL)
            return inb(DATA);
    return -1;
}

/* The keyboard answers; a key that is just pressed may come first. */
static bool acknowledged(void)
{
    for (unsigned i = 0; i < 16; i++) {
        int byte = receive();

        if (byte < 0 || byte == KEYBOARD_SAYS_YES)
            return byte >= 0;
    }
    return false;
}

/* What lies in its buffer, from the firmware's time, is nobody's. */
static void drain(void)
{
    for (unsigned i = 0; i < 64 && (inb(STATUS) & STATUS_FULL); i++)
        inb(DATA);
}

static bool configure(int config)
{
    return send(COMMAND, WRITE_CONFIG) && send(DATA, (u8)config);
}

/* Keyboard on and translated, mouse off, no interrupts yet. The controller's
   configuration, or -1: nobody is there. */
static int set_up(void)
{
    int config;

    if (inb(STATUS) == 0xff || !send(COMMAND, DISABLE_KEYBOARD) ||
        !send(COMMAND, DISABLE_MOUSE))
        return -1;
    drain();
    config = send(COMMAND, READ_CONFIG) ? receive() : -1;
    if (config < 0)
        return -1;
    config |= CONFIG_TRANSLATE;
    config &= ~(CONFIG_IRQ | CONFIG_MOUSE_IRQ | CONFIG_NO_KEYS);
    if (!configure(config) || !send(COMMAND, ENABLE_KEYBOARD) ||
        !send(DATA, KEYBOARD_ENABLE) || !acknowledged())
        return -1;
    return config;
}

static void on_irq(void *arg)
{
    u8 status;

    (void)arg;
    while ((status = inb(STATUS)) & STATUS_FULL) {
        u8 byte = inb(DATA);
        struct key key;

        if (status & STATUS_MOUSE)
            continue;
        key = keymap_byte(&map, byte, vt_app_cursor());
        if (key.kind == KEY_TYPED)
            vt_type(key.text, key.n);
        else if (key.kind == KEY_SCREEN)
            vt_show(key.screen);
    }
}

/* A key that came before interrupts did brings one when they are let out. */
void keyboard_init(void)
{
    int config = set_up();

    if (config < 0)
        return;
    irq_register(isa_irq_to_gsi(KEYBOARD_IRQ), false, false, on_irq, NULL,
                 "keyboard");
    configure(config | CONFIG_IRQ);
}
