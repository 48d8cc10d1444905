/* SPDX-License-Identifier: MIT */
/*
 * What the cases are told in: a line each, "subject.case: outcome", the same on
 * every machine. An outcome is a number, the name of an error, or "ok" where
 * the number is the kernel's to choose.
 */
#ifndef CONFORMANCE_SAY_H
#define CONFORMANCE_SAY_H

#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE     4096ul
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define KERNEL   ((void *)0xffff888000000000ul) /* an address of the kernel's */
#define ODD      ((void *)0x0000800000000000ul) /* of nobody: not canonical */
#define NOWHERE  ((void *)0x10000ul)            /* mapped by nobody */

static const char *subject = "?";

static inline const char *error_name(int e)
{
    static const char *const names[] = {
        [0] = "0",
#define N(e) [e] = #e
        N(EPERM),      N(ENOENT),          N(ESRCH),        N(EINTR),
        N(EIO),        N(ENXIO),           N(E2BIG),        N(ENOEXEC),
        N(EBADF),      N(ECHILD),          N(EAGAIN),       N(ENOMEM),
        N(EACCES),     N(EFAULT),          N(ENOTBLK),      N(EBUSY),
        N(EEXIST),     N(EXDEV),           N(ENODEV),       N(ENOTDIR),
        N(EISDIR),     N(EINVAL),          N(ENFILE),       N(EMFILE),
        N(ENOTTY),     N(ETXTBSY),         N(EFBIG),        N(ENOSPC),
        N(ESPIPE),     N(EROFS),           N(EMLINK),       N(EPIPE),
        N(EDOM),       N(ERANGE),          N(EDEADLK),      N(ENAMETOOLONG),
        N(ENOLCK),     N(ENOSYS),          N(ENOTEMPTY),    N(ELOOP),
        N(EOVERFLOW),  N(EOPNOTSUPP),      N(ETIMEDOUT),    N(ENODATA),
        N(ENOTSOCK),   N(EADDRNOTAVAIL),   N(EAFNOSUPPORT), N(ECANCELED),
        N(EOWNERDEAD), N(ENOTRECOVERABLE), N(EINPROGRESS),
#undef N
    };

    return e > 0 && (unsigned)e < COUNT(names) && names[e] ? names[e] : "E?";
}

/* What a call returned: exactly, or only that it succeeded. */
static inline void say_result(long ret, int exact, const char *fmt, ...)
{
    int e = errno;
    va_list ap;

    printf("%s.", subject);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    if (ret == -1)
        printf(": %s\n", error_name(e));
    else if (exact)
        printf(": %ld\n", ret);
    else
        printf(": ok\n");
}

#define NUM(ret, ...)  (errno = 0, say_result((long)(ret), 1, __VA_ARGS__))
#define OKAY(ret, ...) say_result((long)(ret), 0, __VA_ARGS__)

/* What a call returned that returns its error, as those of pthreads do. */
#define ERR(error, ...)                          \
    do {                                         \
        int e_ = (error);                        \
                                                 \
        errno = e_;                              \
        say_result(e_ ? -1 : 0, 1, __VA_ARGS__); \
    } while (0)

/* A word or a number that is a fact. */
#define FACT(value, ...)                  \
    do {                                  \
        printf("%s.", subject);           \
        printf(__VA_ARGS__);              \
        printf(": %ld\n", (long)(value)); \
    } while (0)

#endif
