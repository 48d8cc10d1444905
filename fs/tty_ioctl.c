/* SPDX-License-Identifier: MIT */
/* What programs ask of a terminal: its settings, its size, whose it is. */
#include <fs/fs_private.h>
#include <fs/tty.h>
#include <kernel/process.h>
#include <kernel/string.h>
#include <kernel/uaccess.h>

#define TCGETS     0x5401
#define TCSETS     0x5402
#define TCSETSW    0x5403
#define TCSETSF    0x5404
#define TCSBRK     0x5409
#define TCFLSH     0x540b
#define TIOCSCTTY  0x540e
#define TIOCGPGRP  0x540f
#define TIOCSPGRP  0x5410
#define TIOCSTI    0x5412
#define TIOCGWINSZ 0x5413
#define TIOCOUTQ   0x5411
#define TIOCSWINSZ 0x5414
#define TIOCGSID   0x5429

static s64 get_settings(struct tty *tty, u64 arg)
{
    struct termios now;
    u64 flags = spin_lock_irqsave(&tty->lock);

    now = tty->tio;
    spin_unlock_irqrestore(&tty->lock, flags);
    return copy_to_user(arg, &now, sizeof(now)) ? -EFAULT : 0;
}

static s64 set_settings(struct tty *tty, u64 arg, bool forget_input)
{
    struct termios new;
    int err = tty_check_background(tty, SIGTTOU);
    u64 flags;

    if (err)
        return err;
    if (copy_from_user(&new, arg, sizeof(new)))
        return -EFAULT;
    flags = spin_lock_irqsave(&tty->lock);
    if (forget_input || ((tty->tio.lflag ^ new.lflag) & ICANON))
        tty->line_start =
            tty->head; /* what was typed before counts as a line */
    if (forget_input)
        tty->tail = tty->head;
    tty->tio = new;
    spin_unlock_irqrestore(&tty->lock, flags);
    return 0;
}

#define TCIFLUSH  0
#define TCIOFLUSH 2

/* Forget what was typed; nothing that was written waits. */
static s64 flush(struct tty *tty, u64 which)
{
    int err = tty_check_background(tty, SIGTTOU);
    u64 flags;

    if (err)
        return err;
    if (which > TCIOFLUSH)
        return -EINVAL;
    if (which != TCIFLUSH && which != TCIOFLUSH)
        return 0;
    flags = spin_lock_irqsave(&tty->lock);
    tty->tail = tty->line_start = tty->head;
    spin_unlock_irqrestore(&tty->lock, flags);
    return 0;
}

static s64 get_window(struct tty *tty, u64 arg)
{
    struct winsize now;
    u64 flags = spin_lock_irqsave(&tty->lock);

    now = tty->window;
    spin_unlock_irqrestore(&tty->lock, flags);
    return copy_to_user(arg, &now, sizeof(now));
}

/* The foreground is told of a new size. */
static s64 set_window(struct tty *tty, u64 arg)
{
    struct winsize new;
    int group;
    u64 flags;

    if (copy_from_user(&new, arg, sizeof(new)))
        return -EFAULT;
    flags = spin_lock_irqsave(&tty->lock);
    group = memcmp(&tty->window, &new, sizeof(new)) ? tty->foreground : 0;
    tty->window = new;
    spin_unlock_irqrestore(&tty->lock, flags);
    if (group > 0)
        signal_group(group, SIGWINCH);
    return 0;
}

static s64 tell_readable(struct tty *tty, u64 arg)
{
    u64 flags = spin_lock_irqsave(&tty->lock);
    u32 n = tty->line_start - tty->tail;

    spin_unlock_irqrestore(&tty->lock, flags);
    return put_user_u32(arg, n);
}

/* As if it were typed. */
static s64 type(struct tty *tty, u64 arg)
{
    u8 c;

    if (copy_from_user(&c, arg, 1))
        return -EFAULT;
    tty_byte(tty, c);
    return 0;
}

s64 tty_ioctl(struct file *f, u32 cmd, u64 arg)
{
    struct tty *tty = f->private;

    if ((cmd == TIOCGPGRP || cmd == TIOCSPGRP || cmd == TIOCGSID) &&
        !tty_is_own(tty))
        return -ENOTTY;
    switch (cmd) {
    case TCGETS:
        return get_settings(tty, arg);
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return set_settings(tty, arg, cmd == TCSETSF);
    case TCSBRK: /* wait until all is out: it is */
        return tty_check_background(tty, SIGTTOU);
    case TCFLSH:
        return flush(tty, arg);
    case TIOCSTI:
        return type(tty, arg);
    case TIOCOUTQ:
        return put_user_u32(arg, 0);
    case TIOCSCTTY:
        return tty_take(tty, arg == 1);
    case TIOCGPGRP:
        return put_user_u32(arg, (u32)READ_ONCE(tty->foreground));
    case TIOCGSID:
        return put_user_u32(arg, (u32)READ_ONCE(tty->session));
    case TIOCSPGRP:
        return tty_set_foreground(tty, arg);
    case TIOCGWINSZ:
        return get_window(tty, arg);
    case TIOCSWINSZ:
        return set_window(tty, arg);
    case FIONREAD:
        return tell_readable(tty, arg);
    }
    return tty->driver->ioctl ? tty->driver->ioctl(tty->nr, cmd, arg) : -ENOTTY;
}
