/* SPDX-License-Identifier: MIT */
/*
 * The terminal: the serial line with a line discipline.
 *
 * Bytes come in interrupts and go into a ring, edited there in canonical mode:
 * a read gets whole lines only, which `lines` counts. Output goes straight to
 * the port; a newline stays a newline unless a program asks for more (ONLCR),
 * so that a recorded session is clean text.
 */
#include <drivers/serial.h>
#include <fs/fs_private.h>
#include <kernel/boot.h>
#include <kernel/process.h>
#include <kernel/string.h>
#include <kernel/uaccess.h>
#include <kernel/wait.h>

#define RING 4096

#define TCGETS     0x5401
#define TCSETS     0x5402
#define TCSETSW    0x5403
#define TCSETSF    0x5404
#define TIOCSCTTY  0x540e
#define TIOCGPGRP  0x540f
#define TIOCSPGRP  0x5410
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define FIONREAD   0x541b
#define TIOCGSID   0x5429

#define ICRNL  0000400
#define OPOST  0000001
#define ONLCR  0000004
#define ISIG   0000001
#define ICANON 0000002
#define ECHO   0000010
#define ECHOE  0000020
#define ECHOK  0000040
#define IEXTEN 0100000

enum { VINTR, VQUIT, VERASE, VKILL, VEOF, VTIME, VMIN, VSUSP = 10 };

struct termios {
    u32 iflag, oflag, cflag, lflag;
    u8 line, cc[19];
};

struct winsize {
    u16 rows, cols, x, y;
};

static struct spinlock lock = SPINLOCK_INIT("tty", RANK_DEVICE); /* (irq) */
static u8 ring[RING];                                            /* lock */
static unsigned head, tail; /* next to write, next to read; lock */
static unsigned line_start; /* where the line that is edited began; lock */
static unsigned lines;      /* whole ones, in canonical mode; lock */
static bool eof_at_start;   /* ^D on an empty line; lock */
static struct termios tio;  /* lock */
static struct winsize window = {25, 80, 0, 0}; /* lock */
static int foreground, session;                /* process groups; lock */
static struct waitq readers = WAITQ_INIT(readers);

/* ---- input; lock held, in an interrupt ---- */

static void echo(u8 c)
{
    char s[2] = {(char)c, 0};

    if (!(tio.lflag & ECHO))
        return;
    if (c == '\n' || (c >= ' ' && c != 0x7f))
        serial_write(s, 1);
}

static void put(u8 c)
{
    if (head - tail < RING)
        ring[head++ % RING] = c;
}

static void erase_one(void)
{
    if (head == line_start)
        return;
    head--;
    if (tio.lflag & ECHO)
        serial_write("\b \b", 3);
}

static void end_line(void)
{
    line_start = head;
    lines++;
}

static void canonical(u8 c)
{
    if (c == tio.cc[VERASE] || c == '\b') {
        erase_one();
    } else if (c == tio.cc[VKILL]) {
        while (head != line_start)
            erase_one();
    } else if (c == tio.cc[VEOF]) {
        if (head == line_start)
            eof_at_start = true;
        end_line();
    } else {
        put(c);
        echo(c);
        if (c == '\n')
            end_line();
    }
}

/* The signal that a key stands for, or 0. */
static int signal_of(u8 c)
{
    if (!(tio.lflag & ISIG))
        return 0;
    if (c == tio.cc[VINTR])
        return SIGINT;
    if (c == tio.cc[VQUIT])
        return SIGQUIT;
    return c == tio.cc[VSUSP] ? SIGTSTP : 0;
}

static void on_byte(u8 c)
{
    u64 flags = spin_lock_irqsave(&lock);
    int sig = signal_of(c), group = foreground;

    if (sig) {
        head = line_start;
    } else {
        if (c == '\r' && (tio.iflag & ICRNL))
            c = '\n';
        if (tio.lflag & ICANON) {
            canonical(c);
        } else {
            put(c);
            line_start = head;
            echo(c);
        }
    }
    spin_unlock_irqrestore(&lock, flags);
    if (sig && group)
        signal_group(group, sig);
    wake_up_all(&readers);
}

/* ---- reading and writing ---- */

static bool ready(void)
{
    if (tio.lflag & ICANON)
        return lines > 0;
    return head != tail || tio.cc[VMIN] == 0;
}

/* Take what one read may have: a line at most, in canonical mode. */
static size_t take(u8 *buf, size_t len)
{
    size_t n = 0;
    bool canon = tio.lflag & ICANON;

    if (canon && eof_at_start && tail == line_start) {
        eof_at_start = false;
        lines--;
        return 0;
    }
    while (n < len && tail != (canon ? line_start : head)) {
        u8 c = ring[tail++ % RING];

        buf[n++] = c;
        if (canon && c == '\n')
            break;
    }
    if (canon && n > 0 && (buf[n - 1] == '\n' || tail == line_start) && lines)
        lines--;
    return n;
}

/* *n: bytes taken; false: nothing there yet. */
static bool try_take(u8 *buf, size_t len, size_t *n)
{
    u64 flags = spin_lock_irqsave(&lock);
    bool ok = ready();

    if (ok)
        *n = take(buf, len);
    spin_unlock_irqrestore(&lock, flags);
    return ok;
}

static s64 tty_read(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    u8 buf[256];
    size_t n = 0;

    (void)pos;
    len = min_u64(len, sizeof(buf));
    if (!len)
        return 0;
    if (!try_take(buf, len, &n)) {
        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        if (wait_event_interruptible(&readers, try_take(buf, len, &n)))
            return -ERESTARTSYS;
    }
    return copy_to_user(ubuf, buf, n) ? -EFAULT : (s64)n;
}

static void write_out(const char *buf, size_t n)
{
    size_t from = 0;

    if ((tio.oflag & (OPOST | ONLCR)) != (OPOST | ONLCR)) {
        serial_write(buf, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (buf[i] != '\n')
            continue;
        serial_write(buf + from, i - from);
        serial_write("\r\n", 2);
        from = i + 1;
    }
    serial_write(buf + from, n - from);
}

static s64 tty_write(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    char buf[512];
    u64 done = 0;

    (void)f;
    (void)pos;
    while (done < len) {
        size_t n = min_u64(len - done, sizeof(buf));

        if (copy_from_user(buf, ubuf + done, n))
            return done ? (s64)done : -EFAULT;
        write_out(buf, n);
        done += n;
    }
    return (s64)done;
}

static int tty_poll(struct file *f, struct waitq **wait_on)
{
    u64 flags = spin_lock_irqsave(&lock);
    int mask = POLLOUT | (ready() ? POLLIN : 0);

    spin_unlock_irqrestore(&lock, flags);
    (void)f;
    *wait_on = &readers;
    return mask;
}

/* ---- settings ---- */

static s64 get_settings(u64 arg)
{
    struct termios now;
    u64 flags = spin_lock_irqsave(&lock);

    now = tio;
    spin_unlock_irqrestore(&lock, flags);
    return copy_to_user(arg, &now, sizeof(now)) ? -EFAULT : 0;
}

static s64 set_settings(u64 arg, bool forget_input)
{
    struct termios new;
    u64 flags;

    if (copy_from_user(&new, arg, sizeof(new)))
        return -EFAULT;
    flags = spin_lock_irqsave(&lock);
    if (forget_input || ((tio.lflag ^ new.lflag) & ICANON)) {
        line_start = head;
        lines = head != tail; /* what was typed before counts as a line */
    }
    if (forget_input) {
        tail = head;
        lines = 0;
    }
    tio = new;
    spin_unlock_irqrestore(&lock, flags);
    return 0;
}

static s64 take_terminal(void)
{
    struct process *p = current_process();
    u64 flags = spin_lock_irqsave(&lock);

    session = p->sid;
    foreground = p->pgid;
    spin_unlock_irqrestore(&lock, flags);
    return 0;
}

/* Is this the caller's terminal? A shell for which it is not does without job
   control. */
static bool is_controlling(void)
{
    int sid = READ_ONCE(session);

    return sid && sid == current_process()->sid;
}

static s64 tty_ioctl(struct file *f, u32 cmd, u64 arg)
{
    u32 v;

    (void)f;
    if ((cmd == TIOCGPGRP || cmd == TIOCSPGRP || cmd == TIOCGSID) &&
        !is_controlling())
        return -ENOTTY;
    switch (cmd) {
    case TCGETS:
        return get_settings(arg);
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return set_settings(arg, cmd == TCSETSF);
    case TIOCSCTTY:
        return take_terminal();
    case TIOCGPGRP:
        return put_user_u32(arg, (u32)READ_ONCE(foreground));
    case TIOCGSID:
        return put_user_u32(arg, (u32)READ_ONCE(session));
    case TIOCSPGRP:
        if (get_user_u32(arg, &v))
            return -EFAULT;
        WRITE_ONCE(foreground, (int)v);
        return 0;
    case TIOCGWINSZ:
        return copy_to_user(arg, &window, sizeof(window)) ? -EFAULT : 0;
    case TIOCSWINSZ:
        return copy_from_user(&window, arg, sizeof(window)) ? -EFAULT : 0;
    case FIONREAD:
        return put_user_u32(arg, READ_ONCE(head) - READ_ONCE(tail));
    default:
        return -ENOTTY;
    }
}

const struct file_ops tty_ops = {
    .read = tty_read,
    .write = tty_write,
    .ioctl = tty_ioctl,
    .poll = tty_poll,
};

/* A machine that a program drives (exit=debug) does not hear itself typing. */
void tty_init(void)
{
    static const u8 keys[] = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26};
    char word[8];

    tio.iflag = ICRNL;
    tio.cflag = 0xbf;
    tio.lflag = ISIG | ICANON | IEXTEN;
    if (!cmdline_get("exit", word, sizeof(word)))
        tio.lflag |= ECHO | ECHOE | ECHOK;
    memcpy(tio.cc, keys, sizeof(keys));
    serial_set_input(on_byte);
}
