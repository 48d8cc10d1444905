/* SPDX-License-Identifier: MIT */
/*
 * Whose a terminal is: one session's, of which one process group is in the
 * foreground. That one gets the signals of keys; the others are stopped when
 * they want to read, or to change the terminal.
 */
#include <fs/devices.h>
#include <fs/fs_private.h>
#include <fs/tty.h>
#include <kernel/pid.h>
#include <kernel/process.h>
#include <kernel/uaccess.h>

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

static void give_to(struct tty *tty, int session, int foreground)
{
    u64 flags = spin_lock_irqsave(&tty->lock);

    tty->session = session;
    tty->foreground = foreground;
    spin_unlock_irqrestore(&tty->lock, flags);
}

s64 tty_take(struct tty *tty, bool from_others)
{
    struct process *p = current_process();
    struct tty *has = tty_by_session(p->sid);

    if (has == tty)
        return 0;
    if (p->sid != p->pid || has)
        return -EPERM;
    if (is_taken(READ_ONCE(tty->session)) && !from_others)
        return -EPERM;
    give_to(tty, p->sid, p->pgid);
    return 0;
}

void tty_offer(struct tty *tty)
{
    struct process *p = current_process();

    if (p && p->sid == p->pid)
        tty_take(tty, false);
}

bool tty_is_own(const struct tty *tty)
{
    int sid = READ_ONCE(tty->session);

    return sid && sid == current_process()->sid;
}

int tty_check_background(struct tty *tty, int sig)
{
    if (!tty_is_own(tty))
        return 0;
    return job_in_background(READ_ONCE(tty->foreground), sig);
}

/* Of which session is this group? -ESRCH: there is no such group. */
static int session_of(int pgid)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct pid *pid = pid_find(pgid);
    int sid = -ESRCH;

    if (pid && !list_empty(&pid->group))
        sid = list_first(&pid->group, struct process, group_node)->sid;
    spin_unlock_irqrestore(&tasks_lock, flags);
    return sid;
}

s64 tty_set_foreground(struct tty *tty, u64 arg)
{
    int err = tty_check_background(tty, SIGTTOU), sid;
    u32 group;
    u64 flags;

    if (err)
        return err == -EIO ? -ENOTTY : err;
    if (get_user_u32(arg, &group))
        return -EFAULT;
    if ((int)group < 0)
        return -EINVAL;
    sid = session_of((int)group);
    if (sid < 0)
        return sid;
    if (sid != current_process()->sid)
        return -EPERM;
    flags = spin_lock_irqsave(&tty->lock);
    tty->foreground = (int)group;
    spin_unlock_irqrestore(&tty->lock, flags);
    return 0;
}

/* Its terminal is nobody's from now on, and whoever was in the foreground is
   told so. Files that are open stay so. */
void tty_session_ends(int sid)
{
    struct tty *tty = tty_by_session(sid);
    int group;

    if (!tty)
        return;
    group = READ_ONCE(tty->foreground);
    give_to(tty, 0, 0);
    if (group <= 0)
        return;
    signal_group(group, SIGHUP);
    signal_group(group, SIGCONT);
}
