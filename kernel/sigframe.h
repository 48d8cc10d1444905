/* SPDX-License-Identifier: MIT */
/*
 * The stack frame of a signal handler, in the processor's own layout
 * (kernel/x86/sigframe.c). User memory holds it: whatever comes back is
 * checked.
 */
#ifndef KERNEL_SIGFRAME_H
#define KERNEL_SIGFRAME_H

#include <kernel/process.h>

/* Put a frame on the user stack and make `f` enter the handler, after which
   `blocked` is restored. -EFAULT: no room there; `f` is unchanged. */
int sigframe_push(struct trap_frame *f, const struct sigaction_k *action,
                  const struct siginfo_min *info, sigset_t blocked);
/* rt_sigreturn: take the registers, and the signal mask in *blocked, from the
   frame. -EFAULT: not a valid frame. */
int sigframe_pop(struct trap_frame *f, sigset_t *blocked);
/* siginfo_min as the 128 bytes that programs know. 0 or -EFAULT. */
int siginfo_to_user(u64 to, const struct siginfo_min *info);

/* sigaltstack's structure. */
struct user_stack {
    u64 sp;
    u32 flags, pad;
    u64 size;
};
#define SS_ONSTACK 1
#define SS_DISABLE 2

/* The current signal stack, as seen from this user stack pointer. */
struct user_stack signal_stack(u64 rsp);

#endif
