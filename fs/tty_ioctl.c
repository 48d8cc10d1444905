/* SPDX-License-Identifier: MIT */
/*
 * A terminal's settings, and whose it is: one session's, of which one process
 * group is in the foreground and gets the signals of keys.
 */
#include <fs/fs_private.h>
#include <fs/tty.h>
#include <kernel/pid.h>
#include <kernel/process.h>
#include <kernel/uaccess.h>

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
    u64 flags;

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

/* Is somebody there whose terminal it is? A leader that has ended leaves it to
   whoever wants it. */
static bool is_taken(int sid)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct pid *pid = sid ? pid_find(sid) : NULL;
    bool taken = pid && pid->proc && !pid->proc->dead;

    spin_unlock_irqrestore(&tasks_lock, flags);
    return taken;
}

static void give_to(struct tty *tty, const struct process *p)
{
    u64 flags = spin_lock_irqsave(&tty->lock);

    tty->session = p->sid;
    tty->foreground = p->pgid;
    spin_unlock_irqrestore(&tty->lock, flags);
}

static s64 take_terminal(struct tty *tty, bool from_others)
{
    struct process *p = current_process();
    struct tty *has = tty_by_session(p->sid);

    if (has == tty)
        return 0;
    if (p->sid != p->pid || has)
        return -EPERM;
    if (is_taken(READ_ONCE(tty->session)) && !from_others)
        return -EPERM;
    give_to(tty, p);
    return 0;
}

void tty_offer(struct tty *tty)
{
    struct process *p = current_process();

    if (p && p->sid == p->pid)
        take_terminal(tty, false);
}

/* Is this the caller's terminal? A shell for which it is not does without job
   control. */
static bool is_controlling(const struct tty *tty)
{
    int sid = READ_ONCE(tty->session);

    return sid && sid == current_process()->sid;
}

static s64 get_window(struct tty *tty, u64 arg)
{
    struct winsize now;
    u64 flags = spin_lock_irqsave(&tty->lock);

    now = tty->window;
    spin_unlock_irqrestore(&tty->lock, flags);
    return copy_to_user(arg, &now, sizeof(now));
}

static s64 set_window(struct tty *tty, u64 arg)
{
    struct winsize new;
    u64 flags;

    if (copy_from_user(&new, arg, sizeof(new)))
        return -EFAULT;
    flags = spin_lock_irqsave(&tty->lock);
    tty->window = new;
    spin_unlock_irqrestore(&tty->lock, flags);
    return 0;
}

static s64 set_foreground(struct tty *tty, u64 arg)
{
    u64 flags;
    u32 group;

    if (get_user_u32(arg, &group))
        return -EFAULT;
    if ((int)group <= 0)
        return -EINVAL;
    flags = spin_lock_irqsave(&tty->lock);
    tty->foreground = (int)group;
    spin_unlock_irqrestore(&tty->lock, flags);
    return 0;
}

static s64 tell_readable(struct tty *tty, u64 arg)
{
    u64 flags = spin_lock_irqsave(&tty->lock);
    u32 n = tty->line_start - tty->tail;

    spin_unlock_irqrestore(&tty->lock, flags);
    return put_user_u32(arg, n);
}

s64 tty_ioctl(struct file *f, u32 cmd, u64 arg)
{
    struct tty *tty = f->private;

    if ((cmd == TIOCGPGRP || cmd == TIOCSPGRP || cmd == TIOCGSID) &&
        !is_controlling(tty))
        return -ENOTTY;
    switch (cmd) {
    case TCGETS:
        return get_settings(tty, arg);
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return set_settings(tty, arg, cmd == TCSETSF);
    case TIOCSCTTY:
        return take_terminal(tty, arg == 1);
    case TIOCGPGRP:
        return put_user_u32(arg, (u32)READ_ONCE(tty->foreground));
    case TIOCGSID:
        return put_user_u32(arg, (u32)READ_ONCE(tty->session));
    case TIOCSPGRP:
        return set_foreground(tty, arg);
    case TIOCGWINSZ:
        return get_window(tty, arg);
    case TIOCSWINSZ:
        return set_window(tty, arg);
    case FIONREAD:
        return tell_readable(tty, arg);
    }
    return tty->driver->ioctl ? tty->driver->ioctl(tty->nr, cmd, arg) : -ENOTTY;
}
