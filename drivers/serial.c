/* SPDX-License-Identifier: MIT */
/*
 * A 16550 at COM1, as the firmware left it, or as QEMU makes it: written to by
 * polling, which on a machine that answers at once costs nothing; read by
 * interrupt.
 */
#include <drivers/serial.h>
#include <kernel/irq.h>
#include <kernel/lock.h>
#include <kernel/x86/io.h>
#include <mm/lockorder.h>

#define COM1      0x3f8
#define COM1_IRQ  4
#define DATA      (COM1 + 0)
#define IER       (COM1 + 1) /* bit 0: interrupt when a byte came */
#define FCR       (COM1 + 2)
#define MCR       (COM1 + 4) /* bit 3: let interrupts out */
#define LSR       (COM1 + 5)
#define LSR_READY 0x01
#define LSR_EMPTY 0x20
#define PATIENCE  100000 /* polls; then the port is not there */

static struct spinlock lock = SPINLOCK_INIT("serial", RANK_CONSOLE);
static bool taken_over;     /* set once, by panic */
static void (*input)(u8 c); /* written once, before interrupts come */

static void put(char c)
{
    for (unsigned i = 0; i < PATIENCE && !(inb(LSR) & LSR_EMPTY); i++)
        ;
    outb(DATA, (u8)c);
}

void serial_take_over(void)
{
    WRITE_ONCE(taken_over, true);
}

void serial_write(const char *buf, size_t len)
{
    bool locked = !READ_ONCE(taken_over);
    u64 flags = locked ? spin_lock_irqsave(&lock) : 0;

    for (size_t i = 0; i < len; i++)
        put(buf[i]);
    if (locked)
        spin_unlock_irqrestore(&lock, flags);
}

static void on_irq(void *arg)
{
    (void)arg;
    while (inb(LSR) & LSR_READY) {
        u8 c = inb(DATA);

        if (input)
            input(c);
    }
}

void serial_set_input(void (*fn)(u8 c))
{
    input = fn;
    outb(FCR, 0x07); /* FIFOs on and empty, an interrupt for each byte */
    irq_register(isa_irq_to_gsi(COM1_IRQ), false, false, on_irq, NULL, "ttyS0");
    outb(MCR, 0x0b);
    outb(IER, 0x01);
}
