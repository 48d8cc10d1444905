/* SPDX-License-Identifier: MIT */
/*
 * Formatting, messages, and panic.
 *
 * A line goes out whole, on each console under its lock. A panicking processor
 * takes the consoles without asking: whoever had a lock is stopped by then, or
 * about to be.
 */
#include <kernel/boot.h>
#include <kernel/console.h>
#include <kernel/current.h>
#include <kernel/lock.h>
#include <kernel/log.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/x86/arch.h>
#include <kernel/x86/io.h>
#include <mm/lockorder.h>

#define DEBUG_CONSOLE 0xe9

/* ---- formatting ---- */

struct out {
    char *buf;
    size_t size, n; /* n counts what does not fit, too */
    bool message;   /* a name that a user chose is to stay within its line */
};

struct spec {
    unsigned width, precision;
    bool left, zero, has_precision;
    int longs;
};

static void put(struct out *o, char c)
{
    if (o->n + 1 < o->size)
        o->buf[o->n] = c;
    o->n++;
}

static void pad(struct out *o, char c, size_t have, size_t want)
{
    for (; have < want; have++)
        put(o, c);
}

static bool is_control(char c)
{
    return (u8)c < ' ' || (u8)c >= 0x7f;
}

static void put_text(struct out *o, const struct spec *s, const char *text)
{
    size_t len = 0;

    while ((!s->has_precision || len < s->precision) && text[len])
        len++;
    if (!s->left)
        pad(o, ' ', len, s->width);
    for (size_t i = 0; i < len; i++)
        put(o, o->message && is_control(text[i]) ? '?' : text[i]);
    if (s->left)
        pad(o, ' ', len, s->width);
}

static void put_number(struct out *o, const struct spec *s, u64 value,
                       unsigned base, bool negative, const char *prefix)
{
    char digits[24];
    size_t n = 0, len;

    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    len = n + negative + strlen(prefix);
    if (!s->left && !s->zero)
        pad(o, ' ', len, s->width);
    if (negative)
        put(o, '-');
    for (; *prefix; prefix++)
        put(o, *prefix);
    if (!s->left && s->zero)
        pad(o, '0', len, s->width);
    while (n > 0)
        put(o, digits[--n]);
    if (s->left)
        pad(o, ' ', len, s->width);
}

/* Flags, width and precision, and the length; returns what follows. */
static const char *parse(const char *fmt, struct spec *s, va_list *ap)
{
    *s = (struct spec){0};
    for (; *fmt == '-' || *fmt == '0'; fmt++) {
        s->left |= *fmt == '-';
        s->zero |= *fmt == '0';
    }
    if (*fmt == '*') {
        s->width = va_arg(*ap, unsigned);
        fmt++;
    }
    for (; *fmt >= '0' && *fmt <= '9'; fmt++)
        s->width = s->width * 10 + (unsigned)(*fmt - '0');
    if (*fmt == '.') {
        s->has_precision = true;
        fmt++;
        if (*fmt == '*') {
            s->precision = va_arg(*ap, unsigned);
            fmt++;
        }
        for (; *fmt >= '0' && *fmt <= '9'; fmt++)
            s->precision = s->precision * 10 + (unsigned)(*fmt - '0');
    }
    for (; *fmt == 'l' || *fmt == 'z' || *fmt == 'h'; fmt++)
        s->longs += *fmt != 'h';
    return fmt;
}

static void put_signed(struct out *o, const struct spec *s, va_list *ap)
{
    s64 v = s->longs ? va_arg(*ap, long) : va_arg(*ap, int);

    put_number(o, s, v < 0 ? 0 - (u64)v : (u64)v, 10, v < 0, "");
}

static void put_unsigned(struct out *o, const struct spec *s, unsigned base,
                         va_list *ap)
{
    put_number(o, s,
               s->longs ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned),
               base, false, "");
}

static void convert(struct out *o, char c, const struct spec *s, va_list *ap)
{
    const char *text;

    switch (c) {
    case 'd':
    case 'i':
        put_signed(o, s, ap);
        break;
    case 'u':
        put_unsigned(o, s, 10, ap);
        break;
    case 'x':
        put_unsigned(o, s, 16, ap);
        break;
    case 'o':
        put_unsigned(o, s, 8, ap);
        break;
    case 'p':
        put_number(o, s, (u64)va_arg(*ap, void *), 16, false, "0x");
        break;
    case 's':
        text = va_arg(*ap, const char *);
        put_text(o, s, text ? text : "(null)");
        break;
    case 'c':
        put(o, (char)va_arg(*ap, int));
        break;
    default:
        put(o, c);
        break;
    }
}

static int format(struct out *o, const char *fmt, va_list ap)
{
    struct spec s;
    va_list args;

    va_copy(args, ap);
    for (; *fmt; fmt++) {
        if (*fmt != '%') {
            put(o, *fmt);
            continue;
        }
        fmt = parse(fmt + 1, &s, &args);
        if (!*fmt)
            break;
        convert(o, *fmt, &s, &args);
    }
    va_end(args);
    if (o->size)
        o->buf[o->n < o->size ? o->n : o->size - 1] = 0;
    return (int)o->n;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
    struct out o = {.buf = buf, .size = size};

    return format(&o, fmt, ap);
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return n;
}

/* ---- messages ---- */

static u32 panicking; /* 1 + the processor that does; 0 = none */

void printk(const char *fmt, ...)
{
    char line[320];
    struct out o = {.buf = line, .size = sizeof(line), .message = true};
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = format(&o, fmt, ap);
    va_end(ap);
    if (n > (int)sizeof(line) - 1) {
        n = sizeof(line) - 1;
        line[n - 1] = '\n';
    }
    if (!READ_ONCE(panicking)) /* whose processor may have the log's lock */
        log_add(line, (size_t)n);
    console_write(line, (size_t)n);
}

static struct spinlock event_lock = SPINLOCK_INIT("events", RANK_CONSOLE);

/* One string instruction for the whole line: events must cost little. */
void event_write(const char *line, size_t len)
{
    static int there = -1; /* the port reads as its own number if it is */
    u64 flags = spin_lock_irqsave(&event_lock);

    if (there < 0)
        there = inb(DEBUG_CONSOLE) == DEBUG_CONSOLE;
    if (there)
        __asm__ volatile("rep outsb"
                         : "+S"(line), "+c"(len)
                         : "d"(DEBUG_CONSOLE)
                         : "memory");
    spin_unlock_irqrestore(&event_lock, flags);
}

/* ---- the end ---- */

/* The first to come does it; a panic within a panic goes no further. */
static void claim_panic(void)
{
    u32 me = cpu_id() + 1, none = 0;

    if (__atomic_compare_exchange_n(&panicking, &none, me, false,
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        return;
    if (none == me)
        arch_debug_exit(1);
    for (;;)
        __asm__ volatile("cli; hlt");
}

static void begin_panic(const char *fmt, va_list ap)
{
    char what[240];

    __asm__ volatile("cli");
    claim_panic();
    console_take_over();
    vsnprintf(what, sizeof(what), fmt, ap);
    printk("\npanic: %s\n", what);
    printk("  on processor %u, task %d (%s)\n", cpu_id(), current_tid(),
           current_comm());
    arch_stop_others();
}

void panic_begin(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    begin_panic(fmt, ap);
    va_end(ap);
}

void panic_end(void)
{
    arch_debug_exit(1);
    for (;;)
        __asm__ volatile("cli; hlt");
}

void panic(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    begin_panic(fmt, ap);
    va_end(ap);
    arch_backtrace(NULL);
    panic_end();
}

static unsigned kib_of(const struct boot_range *range, unsigned n)
{
    u64 sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += range[i].end - range[i].start;
    return (unsigned)(sum / 1024);
}

void panic_too_small(const char *what)
{
    panic_begin("too little memory for %s: there are %u KiB, of which the "
                "kernel takes %u and the initramfs %u; give the machine more "
                "(QEMU: -m), or a smaller initramfs",
                what, kib_of(boot_info.ram, boot_info.nr_ram),
                kib_of(&boot_info.kernel, 1),
                kib_of(boot_info.modules, boot_info.nr_modules));
    panic_end();
}
