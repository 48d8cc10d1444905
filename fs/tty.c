/* SPDX-License-Identifier: MIT */
/*
 * The terminal: the serial line with a line discipline.
 *
 * Bytes come in interrupts and go into a ring. What is before line_start may
 * be read: in raw mode that is all there is, in canonical mode whole lines
 * only, and the rest is still being edited. Output goes straight to the port;
 * a newline stays a newline unless a program asks for more (ONLCR), so that a
 * recorded session is clean text.
 */
#include <drivers/serial.h>
#include <fs/fs_private.h>
#include <kernel/boot.h>
#include <kernel/process.h>
#include <kernel/string.h>
#include <kernel/uaccess.h>
#include <kernel/wait.h>

#define RING     4096
#define END_MARK 0x100 /* with ^D's byte: ends a line, and is none of it */

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
static u16 ring[RING];      /* bytes, or END_MARK; lock */
static unsigned head, tail; /* next to write, next to read; lock */
static unsigned line_start; /* where the line that is edited began; lock */
static struct termios tio;  /* lock */
static struct winsize window = {25, 80, 0, 0}; /* lock */
static int foreground, session;                /* process groups; lock */
static struct waitq readers = WAITQ_INIT(readers);

/* Any context; what a program sets now counts from the next piece on. */
static void write_out(const char *buf, size_t n)
{
    size_t from = 0;

    if ((READ_ONCE(tio.oflag) & (OPOST | ONLCR)) != (OPOST | ONLCR)) {
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

/* ---- input; lock held, in an interrupt ---- */

static void echo(u8 c)
{
    char s[1] = {(char)c};

    if ((tio.lflag & ECHO) && (c == '\n' || (c >= ' ' && c != 0x7f)))
        write_out(s, 1);
}

/* `keep` places stay free. False: no room, the byte is lost. */
static bool put(u16 c, unsigned keep)
{
    if (head - tail >= RING - keep)
        return false;
    ring[head++ % RING] = c;
    return true;
}

static void erase_one(void)
{
    if (head == line_start)
        return;
    head--;
    if (tio.lflag & ECHO)
        serial_write("\b \b", 3);
}

/* Is it this control character? 0 = there is none. */
static bool is_key(u8 c, unsigned key)
{
    return tio.cc[key] && c == tio.cc[key];
}

/* There is always room for the end of a line that did not fit: it can be read
   then, which makes room. */
static void canonical(u8 c)
{
    if (is_key(c, VERASE) || c == '\b') {
        erase_one();
    } else if (is_key(c, VKILL)) {
        while (head != line_start)
            erase_one();
    } else if (is_key(c, VEOF)) {
        if (put(END_MARK | c, 0))
            line_start = head;
    } else if (put(c, c == '\n' ? 0 : 1)) {
        echo(c);
        if (c == '\n')
            line_start = head;
    }
}

/* The signal that a key stands for, or 0. */
static int signal_of(u8 c)
{
    if (!(tio.lflag & ISIG))
        return 0;
    if (is_key(c, VINTR))
        return SIGINT;
    if (is_key(c, VQUIT))
        return SIGQUIT;
    return is_key(c, VSUSP) ? SIGTSTP : 0;
}

static void on_byte(u8 c)
{
    u64 flags = spin_lock_irqsave(&lock);
    int sig = signal_of(c), group = foreground;

    if (!sig && c == '\r' && (tio.iflag & ICRNL))
        c = '\n';
    if (sig) {
        head = line_start;
    } else if (tio.lflag & ICANON) {
        canonical(c);
    } else if (put(c, 0)) {
        line_start = head;
        echo(c);
    }
    spin_unlock_irqrestore(&lock, flags);
    if (sig && group)
        signal_group(group, sig);
    wake_up_all(&readers);
}

/* ---- reading and writing ---- */

static bool ready(void)
{
    return tail != line_start || (!(tio.lflag & ICANON) && tio.cc[VMIN] == 0);
}

/* Take what one read may have: in canonical mode a line at most. A mark behind
   the last byte that fits goes, too: the next read would take it for an end of
   the file. */
static size_t take(u8 *buf, size_t len)
{
    bool canon = tio.lflag & ICANON;
    size_t n = 0;

    while (tail != line_start) {
        u16 c = ring[tail % RING];
        bool mark = canon && (c & END_MARK);

        if (n == len && !mark)
            break;
        tail++;
        if (mark)
            break;
        buf[n++] = (u8)c;
        if (canon && c == '\n')
            break;
    }
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
    int mask = POLLOUT | (tail != line_start ? POLLIN : 0);

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
    if (forget_input || ((tio.lflag ^ new.lflag) & ICANON))
        line_start = head; /* what was typed before counts as a line */
    if (forget_input)
        tail = head;
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

static s64 get_window(u64 arg)
{
    struct winsize now;
    u64 flags = spin_lock_irqsave(&lock);

    now = window;
    spin_unlock_irqrestore(&lock, flags);
    return copy_to_user(arg, &now, sizeof(now));
}

static s64 set_window(u64 arg)
{
    struct winsize new;
    u64 flags;

    if (copy_from_user(&new, arg, sizeof(new)))
        return -EFAULT;
    flags = spin_lock_irqsave(&lock);
    window = new;
    spin_unlock_irqrestore(&lock, flags);
    return 0;
}

static s64 set_foreground(u64 arg)
{
    u64 flags;
    u32 group;

    if (get_user_u32(arg, &group))
        return -EFAULT;
    if ((int)group <= 0)
        return -EINVAL;
    flags = spin_lock_irqsave(&lock);
    foreground = (int)group;
    spin_unlock_irqrestore(&lock, flags);
    return 0;
}

static s64 tell_readable(u64 arg)
{
    u64 flags = spin_lock_irqsave(&lock);
    u32 n = line_start - tail;

    spin_unlock_irqrestore(&lock, flags);
    return put_user_u32(arg, n);
}

static s64 tty_ioctl(struct file *f, u32 cmd, u64 arg)
{
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
        return set_foreground(arg);
    case TIOCGWINSZ:
        return get_window(arg);
    case TIOCSWINSZ:
        return set_window(arg);
    case FIONREAD:
        return tell_readable(arg);
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
int tty_of_session(int sid)
{
    return sid && sid == READ_ONCE(session) ? 4 << 8 | 64 : 0; /* ttyS0 */
}

int tty_foreground(int sid)
{
    return tty_of_session(sid) ? READ_ONCE(foreground) : -1;
}

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
