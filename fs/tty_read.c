/* SPDX-License-Identifier: MIT */
/*
 * Reading from a terminal.
 *
 * In canonical mode a read gets a line at most. In raw mode the settings say
 * what it waits for: VMIN bytes; or, with VTIME, less, if nothing comes for so
 * many tenths of a second: after a byte, or, if VMIN is 0, at all.
 */
#include <fs/tty.h>
#include <kernel/process.h>
#include <kernel/uaccess.h>

#define VTIME_UNIT (NSEC_PER_SEC / 10)

struct reading {
    struct tty *tty;
    u8 buf[256];
    size_t len, n; /* wanted, taken */
    struct timer timer;
    bool time_is_up; /* by the timer; read without a lock */
};

/* ---- the terminal's lock is held ---- */

static unsigned bytes_there(const struct tty *tty)
{
    return tty->line_start - tty->tail;
}

static bool is_enough(const struct tty *tty, size_t len)
{
    const u8 *cc = tty->tio.cc;

    if ((tty->tio.lflag & ICANON) || (!cc[VMIN] && cc[VTIME]))
        return bytes_there(tty) > 0;
    return bytes_there(tty) >= min_u64(cc[VMIN], len);
}

bool tty_readable(const struct tty *tty)
{
    const u8 *cc = tty->tio.cc;
    bool many = !(tty->tio.lflag & ICANON) && !cc[VTIME];

    return bytes_there(tty) >= (many && cc[VMIN] ? cc[VMIN] : 1);
}

/* Take what one read may have. A mark behind the last byte that fits goes, too:
   the next read would take it for an end of the file. */
static void take(struct reading *r)
{
    struct tty *tty = r->tty;
    bool canon = tty->tio.lflag & ICANON;

    while (tty->tail != tty->line_start) {
        u16 c = tty->ring[tty->tail % TTY_RING];
        bool mark = canon && (c & TTY_END_MARK);

        if (r->n == r->len && !mark)
            break;
        tty->tail++;
        if (mark)
            break;
        r->buf[r->n++] = (u8)c;
        if (canon && c == '\n')
            break;
    }
}

/* ---- */

/* False: it is not enough yet. */
static bool try_take(struct reading *r, bool whatever)
{
    u64 flags = spin_lock_irqsave(&r->tty->lock);
    bool ok = whatever || is_enough(r->tty, r->len);

    if (ok)
        take(r);
    spin_unlock_irqrestore(&r->tty->lock, flags);
    return ok;
}

static void time_up(void *reading)
{
    struct reading *r = reading;

    WRITE_ONCE(r->time_is_up, true);
    wake_up_all(&r->tty->readers);
}

static unsigned count(struct tty *tty)
{
    u64 flags = spin_lock_irqsave(&tty->lock);
    unsigned n = bytes_there(tty);

    spin_unlock_irqrestore(&tty->lock, flags);
    return n;
}

/* Until more is there than `seen`, or the time is up. */
static int wait_for_more(struct reading *r, unsigned seen, u64 ns)
{
    int err;

    timer_arm(&r->timer, now_ns() + ns);
    err = wait_event_interruptible(&r->tty->readers, READ_ONCE(r->time_is_up) ||
                                                         count(r->tty) != seen);
    (void)timer_cancel(&r->timer); /* r is on our stack */
    return err;
}

/* VTIME. With VMIN the first byte is waited for without end. */
static int read_in_time(struct reading *r, u64 ns, bool from_first_byte)
{
    struct tty *tty = r->tty;
    int err = 0;

    timer_init(&r->timer, time_up, r);
    if (from_first_byte)
        err = wait_event_interruptible(&tty->readers, count(tty) > 0);
    while (!err && !r->time_is_up && !try_take(r, false))
        err = wait_for_more(r, count(tty), ns);
    return err;
}

/* There was not enough. */
static int wait_and_take(struct reading *r)
{
    struct tty *tty = r->tty;
    u8 vtime = READ_ONCE(tty->tio.cc[VTIME]);

    if (vtime && !(READ_ONCE(tty->tio.lflag) & ICANON))
        return read_in_time(r, vtime * VTIME_UNIT,
                            READ_ONCE(tty->tio.cc[VMIN]) > 0);
    return wait_event_interruptible(&tty->readers, try_take(r, false));
}

s64 tty_read(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    struct reading r = {.tty = f->private};
    int err = tty_check_background(r.tty, SIGTTIN);

    (void)pos;
    r.len = min_u64(len, sizeof(r.buf));
    if (err || !len)
        return err;
    if (!try_take(&r, false)) {
        err = f->flags & O_NONBLOCK ? -EAGAIN : wait_and_take(&r);
        if (r.n == 0 && !(READ_ONCE(r.tty->tio.lflag) & ICANON))
            (void)try_take(&r, true); /* too few, but that is all */
        if (r.n == 0 && err)
            return err == -EAGAIN ? err : -ERESTARTSYS;
    }
    return copy_to_user(ubuf, r.buf, r.n) ? -EFAULT : (s64)r.n;
}
