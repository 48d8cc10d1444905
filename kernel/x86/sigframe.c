/* SPDX-License-Identifier: MIT */
/*
 * The frame that a signal handler runs on: Linux's rt_sigframe for x86-64,
 * which both C libraries' restorers and every program that looks at its
 * ucontext rely on.
 *
 *     higher addresses
 *       FPU image, 512 bytes, aligned to 64
 *       siginfo, ucontext
 *       address of the restorer, which calls rt_sigreturn     <- rsp
 *
 * What rt_sigreturn finds there is whatever the program has left: of the
 * flags only those that any program may change are taken, segments not at
 * all, and rip must be a user address, as leaving to a non-canonical one
 * would fault inside the kernel.
 */
#include <kernel/process_private.h>
#include <kernel/sigframe.h>
#include <kernel/string.h>
#include <kernel/uaccess.h>

#define RED_ZONE      128 /* below rsp, the ABI's own for leaf functions */
#define FLAGS_CLEARED 0x10500u /* RF, DF and TF: not for a handler */
/* CF PF AF ZF SF TF DF OF RF AC */
#define FLAGS_USER 0x50dd5u

#define FPU_IMAGE 512

struct mcontext {
    u64 r8, r9, r10, r11, r12, r13, r14, r15;
    u64 rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
    u16 cs, gs, fs, ss;
    u64 error, vector, oldmask, cr2;
    u64 fpstate; /* user address */
    u64 reserved[8];
};

struct ucontext {
    u64 flags, link;
    struct user_stack stack;
    struct mcontext mc;
    sigset_t sigmask;
};

struct user_siginfo {
    int signo, errno_, code, pad;
    union {
        struct {
            int pid, uid;
            union {
                int status; /* of a child */
                u64 value;  /* sent along */
            };
        } sender;
        u64 addr;
        u8 size[112];
    };
};

struct rt_sigframe {
    u64 restorer;
    struct ucontext uc;
    struct user_siginfo info;
};

_Static_assert(sizeof(struct mcontext) == 256, "the ABI's layout");
_Static_assert(sizeof(struct ucontext) == 304, "the ABI's layout");
_Static_assert(sizeof(struct user_siginfo) == 128, "the ABI's layout");

static bool is_fault(const struct siginfo_min *info)
{
    const sigset_t faults = SIG_BIT(SIGSEGV) | SIG_BIT(SIGBUS) |
                            SIG_BIT(SIGILL) | SIG_BIT(SIGFPE) |
                            SIG_BIT(SIGTRAP);

    return info->code > 0 && (faults & SIG_BIT(info->signo));
}

static void fill_siginfo(struct user_siginfo *u, const struct siginfo_min *info)
{
    memset(u, 0, sizeof(*u));
    u->signo = info->signo;
    u->code = info->code;
    if (is_fault(info)) {
        u->addr = info->addr;
        return;
    }
    u->sender.pid = info->pid;
    u->sender.uid = info->uid;
    if (info->code < 0)
        u->sender.value = info->addr;
    else if (info->signo == SIGCHLD)
        u->sender.status = (int)info->addr;
}

int siginfo_to_user(u64 to, const struct siginfo_min *info)
{
    struct user_siginfo u;

    fill_siginfo(&u, info);
    return copy_to_user(to, &u, sizeof(u));
}

static void save_registers(struct mcontext *m, const struct trap_frame *f)
{
    m->r8 = f->r8, m->r9 = f->r9, m->r10 = f->r10, m->r11 = f->r11;
    m->r12 = f->r12, m->r13 = f->r13, m->r14 = f->r14, m->r15 = f->r15;
    m->rdi = f->rdi, m->rsi = f->rsi, m->rbp = f->rbp, m->rbx = f->rbx;
    m->rdx = f->rdx, m->rax = f->rax, m->rcx = f->rcx, m->rsp = f->rsp;
    m->rip = f->rip, m->rflags = f->rflags;
    m->cs = (u16)f->cs, m->ss = (u16)f->ss;
    m->error = f->error, m->vector = f->vector;
}

static void load_registers(struct trap_frame *f, const struct mcontext *m)
{
    f->r8 = m->r8, f->r9 = m->r9, f->r10 = m->r10, f->r11 = m->r11;
    f->r12 = m->r12, f->r13 = m->r13, f->r14 = m->r14, f->r15 = m->r15;
    f->rdi = m->rdi, f->rsi = m->rsi, f->rbp = m->rbp, f->rbx = m->rbx;
    f->rdx = m->rdx, f->rax = m->rax, f->rcx = m->rcx, f->rsp = m->rsp;
    f->rip = m->rip;
    f->rflags = (f->rflags & ~(u64)FLAGS_USER) | (m->rflags & FLAGS_USER);
    f->rflags |= FLAG_IF;
}

static bool on_signal_stack(const struct task *t, u64 rsp)
{
    return rsp - t->alt_sp < t->alt_size;
}

struct user_stack signal_stack(u64 rsp)
{
    const struct task *t = current_task();
    struct user_stack s = {.sp = t->alt_sp, .size = t->alt_size};

    if (!t->alt_size)
        s.flags = SS_DISABLE;
    else if (on_signal_stack(t, rsp))
        s.flags = SS_ONSTACK;
    return s;
}

/* The image is copied by way of the kernel stack: fxsave wants its target
   aligned and present. It leaves the reserved bytes as they are. */
static int push_fpu(u64 to)
{
    u8 image[FPU_IMAGE] __attribute__((aligned(16))) = {0};

    arch_fpu_save(image);
    return copy_to_user(to, image, sizeof(image));
}

static int pop_fpu(u64 from)
{
    u8 image[FPU_IMAGE] __attribute__((aligned(16)));

    if (copy_from_user(image, from, sizeof(image)))
        return -EFAULT;
    arch_fpu_load(image);
    return 0;
}

static int push_frame(u64 at, u64 fpu, const struct trap_frame *f,
                      const struct sigaction_k *action,
                      const struct siginfo_min *info, sigset_t blocked)
{
    struct rt_sigframe frame;

    memset(&frame, 0, sizeof(frame));
    frame.restorer = action->restorer;
    frame.uc.stack = signal_stack(f->rsp);
    frame.uc.sigmask = blocked;
    save_registers(&frame.uc.mc, f);
    frame.uc.mc.oldmask = blocked;
    frame.uc.mc.cr2 = is_fault(info) ? info->addr : 0;
    frame.uc.mc.fpstate = fpu;
    fill_siginfo(&frame.info, info);
    return copy_to_user(at, &frame, sizeof(frame));
}

int sigframe_push(struct trap_frame *f, const struct sigaction_k *action,
                  const struct siginfo_min *info, sigset_t blocked)
{
    const struct task *t = current_task();
    u64 sp = f->rsp - RED_ZONE, fpu;

    if (!(action->flags & SA_RESTORER) || action->handler >= USER_END)
        return -EFAULT;
    if ((action->flags & SA_ONSTACK) && t->alt_size &&
        !on_signal_stack(t, f->rsp))
        sp = t->alt_sp + t->alt_size;
    fpu = (sp - FPU_IMAGE) & ~63ull;
    /* As after a call: rsp + 8 is a multiple of 16. */
    sp = ((fpu - sizeof(struct rt_sigframe)) & ~15ull) - 8;
    if (push_fpu(fpu) || push_frame(sp, fpu, f, action, info, blocked))
        return -EFAULT;

    f->rdi = (u64)info->signo;
    f->rsi = sp + offsetof(struct rt_sigframe, info);
    f->rdx = sp + offsetof(struct rt_sigframe, uc);
    f->rax = 0;
    f->rsp = sp;
    f->rip = action->handler;
    f->rflags &= ~(u64)FLAGS_CLEARED;
    arch_fpu_reset(); /* the handler starts as a function of C expects */
    return 0;
}

/* The restorer's `ret` has taken the frame's first word. */
int sigframe_pop(struct trap_frame *f, sigset_t *blocked)
{
    u64 at = f->rsp - 8 + offsetof(struct rt_sigframe, uc);
    struct ucontext uc;

    if (copy_from_user(&uc, at, sizeof(uc)) || uc.mc.rip >= USER_END)
        return -EFAULT;
    if (uc.mc.fpstate && pop_fpu(uc.mc.fpstate))
        return -EFAULT;
    load_registers(f, &uc.mc);
    *blocked = uc.sigmask;
    return 0;
}
