/* SPDX-License-Identifier: MIT */
/*
 * fork, vfork and clone: a new thread, alone in a new process or beside its
 * creator in the same one.
 *
 * The order is the point of this file. Everything that can fail comes first,
 * into a struct clone that clone_undo() takes back whole; then the new thread
 * is linked, in one critical section that fails only if the thread is dead
 * already; then it runs.
 *
 * A signal to many (a process group, everybody) and a fork are one after the
 * other, although a fork takes long. Nobody can find the child before it is
 * linked, so its parent stands for it:
 *
 *     fork                                    kill
 *     ----                                    ----
 *     (tasks_lock) says that it has begun
 *     has the parent a signal? then it comes
 *     first, and fork begins once more
 *     copies                                  (tasks_lock) to the parent, and
 *                                             into the fork's `sent`
 *     (tasks_lock) the parent is to die? no
 *     child; else `sent` goes to it
 *
 * A kill that comes before the first step was a kill before fork, one after
 * the last step finds the child itself.
 *
 * Processes share nothing but, if asked to, their memory and their open files;
 * threads share everything. What lies in between (CLONE_FS without
 * CLONE_THREAD, name spaces) is refused, not half done.
 */
#include <fs/file.h>
#include <kernel/pid.h>
#include <kernel/process_private.h>
#include <kernel/string.h>
#include <kernel/syscall.h>
#include <kernel/testpoint.h>
#include <kernel/uaccess.h>
#include <mm/mm.h>
#include <mm/slab.h>

#define CSIGNAL              0x000000ffull
#define CLONE_VM             0x00000100ull
#define CLONE_FS             0x00000200ull
#define CLONE_FILES          0x00000400ull
#define CLONE_SIGHAND        0x00000800ull
#define CLONE_VFORK          0x00004000ull
#define CLONE_THREAD         0x00010000ull
#define CLONE_SYSVSEM        0x00040000ull
#define CLONE_SETTLS         0x00080000ull
#define CLONE_PARENT_SETTID  0x00100000ull
#define CLONE_CHILD_CLEARTID 0x00200000ull
#define CLONE_DETACHED       0x00400000ull /* musl sets it; means nothing */
#define CLONE_UNTRACED       0x00800000ull
#define CLONE_CHILD_SETTID   0x01000000ull
#define CLONE_IO             0x80000000ull /* one queue for all: nothing */
#define CLONE_CLEAR_SIGHAND  0x100000000ull

#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND)
#define ANY_FLAGS                                                      \
    (CSIGNAL | CLONE_VM | CLONE_VFORK | CLONE_SYSVSEM | CLONE_SETTLS | \
     CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED |     \
     CLONE_UNTRACED | CLONE_CHILD_SETTID | CLONE_FILES | CLONE_IO |    \
     CLONE_CLEAR_SIGHAND)

/* A vfork parent's bed. The parent may be killed while it sleeps, the child
   may end at any time: the last of the two frees it. */
struct vfork {
    atomic_t refs;
    bool done; /* written once, then the parent is woken */
    struct waitq parent;
};

/* What the child finds on its way to user mode. */
struct birth {
    struct trap_frame frame;
    u64 set_tid; /* user address, or 0 */
};

struct clone {
    u64 flags, stack, parent_tid, child_tid, tls;
    struct list_head node; /* process.forks; tasks lock */
    sigset_t sent;         /* what goes to the child, too; tasks lock */
    /* Made one after the other; NULL = not yet, or not needed. */
    struct birth *birth;
    struct pid *pid;
    struct process *proc; /* of a new process */
    struct mm *mm;        /* a user of it */
    struct vfork *vfork;
    struct task *task;
};

static void vfork_put(struct vfork *v)
{
    if (atomic_dec_and_test(&v->refs))
        kfree(v);
}

void vfork_done(void)
{
    struct vfork *v = current_task()->vfork;

    if (!v)
        return;
    current_task()->vfork = NULL;
    WRITE_ONCE(v->done, true);
    wake_up_all(&v->parent);
    vfork_put(v);
}

static int check_flags(const struct clone *c)
{
    u64 flags = c->flags;
    u64 sig = flags & CSIGNAL;

    if (flags & CLONE_THREAD) {
        if ((flags & THREAD_FLAGS) != THREAD_FLAGS)
            return -EINVAL;
        flags &= ~(THREAD_FLAGS | CLONE_THREAD);
    } else if (sig && sig != SIGCHLD) {
        return -EINVAL;
    }
    if (flags & ~ANY_FLAGS)
        return -EINVAL;
    if ((flags & CLONE_SETTLS) && c->tls >= USER_END)
        return -EPERM;
    return 0;
}

static int make_birth(struct clone *c, const struct trap_frame *f)
{
    c->birth = kmalloc(sizeof(*c->birth), ALLOC_KERNEL);
    if (!c->birth)
        return -ENOMEM;
    c->birth->frame = *f;
    c->birth->frame.rax = 0; /* what clone returns in the child */
    if (c->stack)
        c->birth->frame.rsp = c->stack;
    c->birth->set_tid = c->flags & CLONE_CHILD_SETTID ? c->child_tid : 0;
    return 0;
}

/* The parent's other threads run on while its memory is copied; mm/ sees to
   it that they fault. */
static int make_mm(struct clone *c)
{
    struct mm *mm = current_mm();

    if (c->flags & CLONE_VM) {
        atomic_inc(&mm->users); /* safe: the creator is a user itself */
        c->mm = mm;
        return 0;
    }
    c->mm = mm_fork(mm);
    return c->mm ? 0 : -ENOMEM;
}

static int make_vfork(struct clone *c)
{
    if (!(c->flags & CLONE_VFORK))
        return 0;
    c->vfork = kzalloc(sizeof(*c->vfork), ALLOC_KERNEL);
    if (!c->vfork)
        return -ENOMEM;
    atomic_set(&c->vfork->refs, 2);
    waitq_init(&c->vfork->parent);
    return 0;
}

/* exit_signal 0: a child that ends in silence, but can be waited for. */
static int make_process(struct clone *c)
{
    if (c->flags & CLONE_THREAD)
        return 0;
    c->proc = process_create(current_process(), c->flags & CLONE_FILES);
    if (!c->proc)
        return -ENOMEM;
    if (c->flags & CLONE_CLEAR_SIGHAND)
        signal_reset_handlers(c->proc);
    c->proc->exit_signal = (int)(c->flags & CSIGNAL);
    return 0;
}

static void pid_forget(struct pid *pid)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);

    pid_drop(pid->nr);
    spin_unlock_irqrestore(&tasks_lock, flags);
}

static void clone_undo(struct clone *c)
{
    if (c->task)
        task_free(c->task); /* it has never run */
    if (c->vfork)
        kfree(c->vfork);
    if (c->mm)
        mm_put_user(c->mm);
    if (c->proc)
        process_destroy(c->proc);
    if (c->pid)
        pid_forget(c->pid);
    kfree(c->birth);
}

/* The child's first steps, on its own stack. It is scheduled like anybody: a
   signal that came meanwhile is handled by arch_enter_user. */
static void child_main(void *arg)
{
    struct birth *birth = arg;
    struct trap_frame frame = birth->frame;
    u64 set_tid = birth->set_tid;

    kfree(birth);
    if (set_tid) /* a bad address is the program's own loss, as in Linux */
        (void)put_user_u32(set_tid, (u32)current_task()->tid);
    arch_enter_user(&frame);
}

static int clone_prepare(struct clone *c, const struct trap_frame *f)
{
    int err = make_birth(c, f);

    if (err)
        return err;
    c->pid = pid_alloc();
    if (!c->pid)
        return -EAGAIN;
    err = make_process(c);
    if (!err)
        err = make_mm(c);
    if (!err)
        err = make_vfork(c);
    if (err)
        return err;
    c->task = task_create(current_comm(), child_main, c->birth);
    return c->task ? 0 : -ENOMEM;
}

/* The task's own part; nobody else knows it yet. */
static void fill_task(struct clone *c)
{
    struct task *me = current_task();
    struct task *t = c->task;

    t->mm = c->mm;
    t->sig_blocked = me->sig_blocked;
    t->timer_slack = me->timer_slack;
    t->arch.fs_base = c->flags & CLONE_SETTLS ? c->tls : me->arch.fs_base;
    arch_user_copy_current(&t->arch);
    t->clear_tid = c->flags & CLONE_CHILD_CLEARTID ? c->child_tid : 0;
    t->vfork = c->vfork;
    /* A thread needs a signal stack of its own; a copy of the memory has
       one at the same place. */
    if (!(c->flags & CLONE_VM) || (c->flags & CLONE_VFORK)) {
        t->alt_sp = me->alt_sp;
        t->alt_size = me->alt_size;
    }
}

/* ---- signals to many ---- */

/* One that stops and one that continues take each other back, as they do for a
   process (kernel/signal.c). */
void forks_signal(struct process *p, int sig)
{
    struct clone *c;

    if (sig < 1 || sig > NSIG)
        return;
    list_for_each_entry (c, &p->forks, node) {
        if (sig == SIGCONT)
            c->sent &= ~SIG_STOPS;
        else if (SIG_STOPS & SIG_BIT(sig))
            c->sent &= ~SIG_BIT(SIGCONT);
        c->sent |= SIG_BIT(sig);
    }
}

/* 0, or -ERESTARTNOINTR: what came before the child comes first. */
static int fork_begins(struct clone *c)
{
    u64 flags;

    if (c->flags & CLONE_THREAD)
        return 0; /* signals find its process */
    flags = spin_lock_irqsave(&tasks_lock);
    list_add_tail(&c->node, &current_process()->forks);
    spin_unlock_irqrestore(&tasks_lock, flags);
    return signal_is_pending() ? -ERESTARTNOINTR : 0;
}

static void fork_ends(struct clone *c)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);

    list_del(&c->node);
    spin_unlock_irqrestore(&tasks_lock, flags);
}

/* ---- and then it is there ---- */

/*
 * tasks_lock held, which all take who kill many. -EINTR: the creator is to die,
 * and nobody would tell the new one. -ENOMEM: the new one's memory has been
 * chosen by the OOM killer, who found nobody to tell.
 */
static int may_be_linked(const struct clone *c)
{
    if (fatal_signal_pending())
        return -EINTR;
    return READ_ONCE(c->mm->oom_victim) ? -ENOMEM : 0;
}

/* tasks_lock held. Who sent them, and with what, is not kept. */
static void pass_on_sent(const struct clone *c)
{
    struct siginfo_min info = {.code = SI_USER};

    for (sigset_t left = c->sent; left; left &= left - 1) {
        info.signo = __builtin_ctzll(left) + 1;
        (void)signal_send(c->proc, NULL, info.signo, &info);
    }
}

/* From here on the child is seen, by signals and by /proc. */
static int link_task(struct clone *c)
{
    struct process *me = current_process();
    u64 flags = spin_lock_irqsave(&tasks_lock);
    int err = may_be_linked(c);

    if (!err) {
        if (c->proc)
            process_link(c->proc, me, c->pid);
        process_add_thread(c->proc ? c->proc : me, c->task, c->pid);
    }
    if (!err && c->proc) {
        pass_on_sent(c);
        cpu_timer_look(c->proc);
    }
    spin_unlock_irqrestore(&tasks_lock, flags);
    return err;
}

static int clone_make(struct clone *c, const struct trap_frame *f)
{
    int err = fork_begins(c);

    if (!err)
        err = clone_prepare(c, f);
    if (!err) {
        if (!(c->flags & CLONE_VM))
            mm_set_owner(c->mm, c->pid->nr, current_comm());
        fill_task(c);
        testpoint("fork.made");
        err = link_task(c);
    }
    fork_ends(c);
    return err;
}

s64 do_clone(u64 flags, u64 stack, u64 parent_tid, u64 child_tid, u64 tls,
             struct trap_frame *f)
{
    struct clone c = {.flags = flags,
                      .stack = stack,
                      .parent_tid = parent_tid,
                      .child_tid = child_tid,
                      .tls = tls};
    int err = check_flags(&c);
    int nr;

    if (err)
        return err;
    list_init(&c.node);
    err = clone_make(&c, f);
    if (err) {
        clone_undo(&c);
        return fatal_signal_pending() ? -EINTR : err;
    }
    nr = c.pid->nr; /* once it runs, the child and its number may go */
    if (flags & CLONE_PARENT_SETTID)
        (void)put_user_u32(parent_tid, (u32)nr);
    task_start(c.task);
    if (c.vfork) {
        /* Killable: a child that never execs cannot keep its parent alive. */
        (void)wait_event_killable(&c.vfork->parent, READ_ONCE(c.vfork->done));
        vfork_put(c.vfork);
    }
    return nr;
}

/* ---- clone3 ---- */

struct clone_args {
    u64 flags, pidfd, child_tid, parent_tid, exit_signal;
    u64 stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

#define CLONE_ARGS_V0 64u /* as far as tls */

/* What a newer program knows and we do not must be 0. */
static int get_clone_args(u64 user, u64 size, struct clone_args *args)
{
    u8 more;

    if (size < CLONE_ARGS_V0)
        return -EINVAL;
    if (size > PAGE_SIZE)
        return -E2BIG;
    memset(args, 0, sizeof(*args));
    if (copy_from_user(args, user, min_u64(size, sizeof(*args))))
        return -EFAULT;
    for (u64 at = sizeof(*args); at < size; at++) {
        if (copy_from_user(&more, user + at, 1))
            return -EFAULT;
        if (more)
            return -E2BIG;
    }
    return 0;
}

/* Numbers of one's own choice, descriptors of processes and control groups
   are refused. */
s64 sys_clone3(const u64 *a)
{
    struct clone_args args;
    u64 stack;
    int err = get_clone_args(a[0], a[1], &args);

    if (err)
        return err;
    if (args.set_tid_size || (args.flags & (CSIGNAL | CLONE_DETACHED)) ||
        args.exit_signal & ~CSIGNAL || !args.stack != !args.stack_size ||
        args.stack > USER_END || args.stack_size > USER_END)
        return -EINVAL;
    if ((args.flags & CLONE_THREAD) && args.exit_signal)
        return -EINVAL;
    stack = args.stack ? args.stack + args.stack_size : 0;
    return do_clone(args.flags | args.exit_signal, stack, args.parent_tid,
                    args.child_tid, args.tls, current_task()->frame);
}
