/* SPDX-License-Identifier: MIT */
/*
 * Job control, the kernel's half: who is in the background, and which groups
 * nobody is left to bring back from there.
 *
 * A group is orphaned if none of its members has a parent in another group of
 * the same session: a shell that would continue it. It is not stopped for the
 * sake of a terminal; and if members of it are stopped when it becomes an
 * orphan, they are told to hang up, and to go on.
 */
#include <kernel/errno.h>
#include <kernel/pid.h>
#include <kernel/process_private.h>

/* tasks_lock held. `leaving` does not count: it ends. */
static bool orphaned(int pgid, const struct process *leaving)
{
    struct process *p;

    list_for_each_entry (p, &pid_find(pgid)->group, group_node) {
        const struct process *parent = p->parent;

        if (p == leaving || p->dead || !parent || parent == init_process)
            continue;
        if (parent->pgid != pgid && parent->sid == p->sid)
            return false;
    }
    return true;
}

static bool ignores(struct process *p, int sig)
{
    u64 flags = spin_lock_irqsave(&p->sig_lock);
    bool yes = signal_ignored(p, sig) ||
               (current_task()->sig_blocked & SIG_BIT(sig)) != 0;

    spin_unlock_irqrestore(&p->sig_lock, flags);
    return yes;
}

bool job_is_orphan(struct process *p)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    bool yes = orphaned(p->pgid, NULL);

    spin_unlock_irqrestore(&tasks_lock, flags);
    return yes;
}

int job_in_background(int foreground, int sig)
{
    struct process *p = current_process();

    if (foreground <= 0 || p->pgid == foreground)
        return 0;
    if (ignores(p, sig))
        return sig == SIGTTIN ? -EIO : 0;
    if (job_is_orphan(p))
        return -EIO;
    signal_group(p->pgid, sig);
    return -ERESTARTSYS;
}

static bool has_stopped(int pgid)
{
    struct process *p;

    list_for_each_entry (p, &pid_find(pgid)->group, group_node)
        if (!p->dead && READ_ONCE(p->stopped))
            return true;
    return false;
}

/* tasks_lock held. */
static void send_group(int pgid, int sig)
{
    const struct siginfo_min info = {.signo = sig, .code = SI_KERNEL};
    struct process *p;

    list_for_each_entry (p, &pid_find(pgid)->group, group_node) {
        forks_signal(p, sig);
        signal_send(p, NULL, sig, &info);
    }
}

/* The tie between p and this parent ends: was it the group's last? */
static void untie(const struct process *p, const struct process *parent,
                  const struct process *leaving)
{
    if (!parent || parent->pgid == p->pgid || parent->sid != p->sid ||
        !orphaned(p->pgid, leaving) || !has_stopped(p->pgid))
        return;
    send_group(p->pgid, SIGHUP);
    send_group(p->pgid, SIGCONT);
}

void job_child_orphaned(const struct process *child,
                        const struct process *parent)
{
    untie(child, parent, NULL);
}

void job_member_ends(const struct process *p)
{
    untie(p, p->parent, p);
}
