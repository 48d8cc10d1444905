/* SPDX-License-Identifier: MIT */
/*
 * The line discipline of a terminal.
 *
 * Bytes come in interrupts and go into a ring. What is before line_start may
 * be read: in raw mode that is all there is, in canonical mode whole lines
 * only, and the rest is still being edited. Output goes straight to the
 * driver; on the serial line a newline stays a newline unless a program asks
 * for more (ONLCR), so that a recorded session is clean text.
 */
#include <fs/fs_private.h>
#include <fs/tty.h>
#include <kernel/process.h>
#include <kernel/string.h>
#include <kernel/uaccess.h>
#include <kernel/wait.h>

#define RING TTY_RING

static void put_out(struct tty *tty, const char *buf, size_t n)
{
    tty->driver->write(tty->nr, buf, n);
}

/* Any context; what a program sets now counts from the next piece on. */
static void write_out(struct tty *tty, const char *buf, size_t n)
{
    size_t from = 0;

    if ((READ_ONCE(tty->tio.oflag) & (OPOST | ONLCR)) != (OPOST | ONLCR)) {
        put_out(tty, buf, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (buf[i] != '\n')
            continue;
        put_out(tty, buf + from, i - from);
        put_out(tty, "\r\n", 2);
        from = i + 1;
    }
    put_out(tty, buf + from, n - from);
}

/* ---- input; the terminal's lock is held ---- */

static bool is_control(u8 c)
{
    return (c < ' ' && c != '\n' && c != '\t') || c == 0x7f;
}

/* Ctrl-C is shown as ^C. */
static void echo(struct tty *tty, u8 c)
{
    char s[2] = {(char)c};

    if (!(tty->tio.lflag & ECHO))
        return;
    if (!is_control(c)) {
        write_out(tty, s, 1);
    } else if (tty->tio.lflag & ECHOCTL) {
        s[0] = '^';
        s[1] = (char)(c ^ 0x40);
        put_out(tty, s, 2);
    }
}

/* `keep` places stay free. False: no room, the byte is lost. */
static bool put(struct tty *tty, u16 c, unsigned keep)
{
    if (tty->head - tty->tail >= RING - keep)
        return false;
    tty->ring[tty->head++ % RING] = c;
    return true;
}

static u8 last(const struct tty *tty)
{
    return (u8)tty->ring[(tty->head - 1) % RING];
}

static void erase_one(struct tty *tty)
{
    u8 c = last(tty);

    tty->head--;
    if (!(tty->tio.lflag & ECHO))
        return;
    if (is_control(c) && (tty->tio.lflag & ECHOCTL))
        put_out(tty, "\b\b  \b\b", 6);
    else if (!is_control(c))
        put_out(tty, "\b \b", 3);
}

static bool is_blank(u8 c)
{
    return c == ' ' || c == '\t';
}

static void erase_word(struct tty *tty)
{
    while (tty->head != tty->line_start && is_blank(last(tty)))
        erase_one(tty);
    while (tty->head != tty->line_start && !is_blank(last(tty)))
        erase_one(tty);
}

/* Is it this control character? 0 = there is none. */
static bool is_key(struct tty *tty, u8 c, unsigned key)
{
    return tty->tio.cc[key] && c == tty->tio.cc[key];
}

/* There is always room for the end of a line that did not fit: it can be read
   then, which makes room. */
static void canonical(struct tty *tty, u8 c)
{
    if (is_key(tty, c, VERASE) || c == '\b') {
        if (tty->head != tty->line_start)
            erase_one(tty);
    } else if (is_key(tty, c, VWERASE)) {
        erase_word(tty);
    } else if (is_key(tty, c, VKILL)) {
        while (tty->head != tty->line_start)
            erase_one(tty);
    } else if (is_key(tty, c, VEOF)) {
        if (put(tty, TTY_END_MARK | c, 0))
            tty->line_start = tty->head;
    } else if (put(tty, c, c == '\n' ? 0 : 1)) {
        echo(tty, c);
        if (c == '\n')
            tty->line_start = tty->head;
    }
}

/* The signal that a key stands for, or 0. */
static int signal_of(struct tty *tty, u8 c)
{
    if (!(tty->tio.lflag & ISIG))
        return 0;
    if (is_key(tty, c, VINTR))
        return SIGINT;
    if (is_key(tty, c, VQUIT))
        return SIGQUIT;
    return is_key(tty, c, VSUSP) ? SIGTSTP : 0;
}

void tty_byte(struct tty *tty, u8 c)
{
    u64 flags = spin_lock_irqsave(&tty->lock);
    int sig = signal_of(tty, c), group = tty->foreground;

    if (!sig && c == '\r' && (tty->tio.iflag & ICRNL))
        c = '\n';
    if (sig) {
        echo(tty, c);
        tty->head = tty->line_start;
    } else if (tty->tio.lflag & ICANON) {
        canonical(tty, c);
    } else if (put(tty, c, 0)) {
        tty->line_start = tty->head;
        echo(tty, c);
    }
    spin_unlock_irqrestore(&tty->lock, flags);
    if (sig && group)
        signal_group(group, sig);
    wake_up_all(&tty->readers);
}

/* ---- writing ---- */

/* Not from echo: the lock is held there, and an answer is input. */
static void take_reply(struct tty *tty)
{
    char buf[32];
    size_t n = 0;

    if (tty->driver->reply)
        n = tty->driver->reply(tty->nr, buf, sizeof(buf));
    for (size_t i = 0; i < n; i++)
        tty_byte(tty, (u8)buf[i]);
}

static s64 tty_write(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    struct tty *tty = f->private;
    char buf[512];
    u64 done = 0;
    int err = 0;

    (void)pos;
    if (READ_ONCE(tty->tio.lflag) & TOSTOP)
        err = tty_check_background(tty, SIGTTOU);
    if (err)
        return err;
    while (done < len && !(done && fatal_signal_pending())) {
        size_t n = min_u64(len - done, sizeof(buf));

        if (copy_from_user(buf, ubuf + done, n))
            return done ? (s64)done : -EFAULT;
        write_out(tty, buf, n);
        take_reply(tty);
        done += n;
    }
    return (s64)done;
}

static int tty_poll(struct file *f, struct waitq **wait_on)
{
    struct tty *tty = f->private;
    u64 flags = spin_lock_irqsave(&tty->lock);
    int mask = POLLOUT | (tty_readable(tty) ? POLLIN : 0);

    spin_unlock_irqrestore(&tty->lock, flags);
    *wait_on = &tty->readers;
    return mask;
}

const struct file_ops tty_ops = {
    .open = tty_open,
    .read = tty_read,
    .write = tty_write,
    .ioctl = tty_ioctl,
    .poll = tty_poll,
};

void tty_start(struct tty *tty, const struct tty_driver *driver, unsigned nr,
               u32 oflag, bool hears_itself)
{
    static const u8 keys[] = {3,  28, 127, 21, 4,  0,  1,  0,
                              17, 19, 26,  0,  18, 15, 23, 22};

    spin_init(&tty->lock, "tty", RANK_DEVICE);
    waitq_init(&tty->readers);
    tty->driver = driver;
    tty->nr = nr;
    tty->tio.iflag = ICRNL;
    tty->tio.oflag = oflag;
    tty->tio.cflag = 0xbf;
    tty->tio.lflag = ISIG | ICANON | IEXTEN;
    if (hears_itself)
        tty->tio.lflag |= ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE;
    memcpy(tty->tio.cc, keys, sizeof(keys));
    tty->window = (struct winsize){25, 80, 0, 0};
}
