/* SPDX-License-Identifier: MIT */
/* Linux's error numbers. Functions return them negated. */
#ifndef KERNEL_ERRNO_H
#define KERNEL_ERRNO_H

#define EPERM        1
#define ENOENT       2
#define ESRCH        3
#define EINTR        4
#define EIO          5
#define ENXIO        6
#define E2BIG        7
#define ENOEXEC      8
#define EBADF        9
#define ECHILD       10
#define EAGAIN       11
#define ENOMEM       12
#define EACCES       13
#define EFAULT       14
#define EBUSY        16
#define EEXIST       17
#define EXDEV        18
#define ENODEV       19
#define ENOTDIR      20
#define EISDIR       21
#define EINVAL       22
#define ENFILE       23
#define EMFILE       24
#define ENOTTY       25
#define ETXTBSY      26
#define EFBIG        27
#define ENOSPC       28
#define ESPIPE       29
#define EROFS        30
#define EMLINK       31
#define EPIPE        32
#define EDOM         33
#define ERANGE       34
#define EDEADLK      35
#define ENAMETOOLONG 36
#define ENOSYS       38
#define ENOTEMPTY    39
#define ELOOP        40
#define EOVERFLOW    75
#define EOPNOTSUPP   95
#define ETIMEDOUT    110

#define ENOTSOCK        88
#define EPROTONOSUPPORT 93
#define ESOCKTNOSUPPORT 94
#define EAFNOSUPPORT    97
#define EISCONN         106

/* Internal: the call is to be started again after a signal was handled. */
#define ERESTARTSYS 512
/* The same, but only if no handler ran; else EINTR (pause, sigsuspend). */
/* As ERESTARTSYS, whatever the handler's flags say: the call is not one that
   may fail for a signal (fork). */
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
/* As ERESTARTNOHAND, with the first try's deadline: task.restart_until. */
#define ERESTART_DEADLINE 516

#endif
