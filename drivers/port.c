/* SPDX-License-Identifier: MIT */
/* 16550 UARTs beside the console's: found, written by polling, read by
   interrupt. */
#include <drivers/port.h>
#include <kernel/irq.h>
#include <kernel/x86/io.h>

enum { DATA, IER, FCR, LCR, MCR, LSR, MSR, SCRATCH }; /* from the base on */

#define LSR_READY 0x01
#define LSR_EMPTY 0x20
#define PATIENCE  100000 /* polls; then nobody takes what we send */

static struct port {
    u16 base;
    u8 irq;
    void (*fn)(void *arg, u8 c); /* written once, before interrupts come */
    void *arg;
} ports[NR_PORTS] = {{0x2f8, 3, NULL, NULL}, {0x3e8, 4, NULL, NULL}};

static void on_irq(void *arg)
{
    struct port *p = arg;

    while (inb(p->base + LSR) & LSR_READY)
        p->fn(p->arg, inb(p->base + DATA));
}

/* A register that keeps what is written to it is a UART's. */
static bool is_there(const struct port *p)
{
    outb(p->base + SCRATCH, 0x5a);
    return inb(p->base + SCRATCH) == 0x5a;
}

bool port_open(unsigned port, void (*fn)(void *arg, u8 c), void *arg)
{
    struct port *p = &ports[port];

    if (!is_there(p))
        return false;
    p->fn = fn;
    p->arg = arg;
    outb(p->base + LCR, 0x03); /* 8 bits, no parity */
    outb(p->base + FCR, 0x07); /* FIFOs on and empty */
    irq_register(isa_irq_to_gsi(p->irq), false, false, on_irq, p, "ttyS");
    outb(p->base + MCR, 0x0b); /* interrupts out */
    outb(p->base + IER, 0x01);
    return true;
}

void port_write(unsigned port, const char *buf, size_t len)
{
    const struct port *p = &ports[port];

    for (size_t i = 0; i < len; i++) {
        for (unsigned n = 0; n < PATIENCE && !(inb(p->base + LSR) & LSR_EMPTY);
             n++)
            ;
        outb(p->base + DATA, (u8)buf[i]);
    }
}
