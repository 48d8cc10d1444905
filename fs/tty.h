/* SPDX-License-Identifier: MIT */
/*
 * A terminal: a line discipline over something that shows bytes and brings
 * bytes (the serial line, a virtual terminal). fs/ only.
 */
#ifndef FS_TTY_H
#define FS_TTY_H

#include <fs/file.h>
#include <kernel/wait.h>

#define TTY_RING     4096
#define TTY_END_MARK 0x100 /* with ^D's byte: ends a line, and is none of it */

/* termios.cc */
enum {
    VINTR,
    VQUIT,
    VERASE,
    VKILL,
    VEOF,
    VTIME,
    VMIN,
    VSUSP = 10,
    VWERASE = 14
};

/* What stands behind a terminal. nr: which one, for the driver. */
struct tty_driver {
    /* Write whole. Any context. */
    void (*write)(unsigned nr, const char *buf, size_t n);
    /* Optional: what it has to say itself; it counts as typed. */
    size_t (*reply)(unsigned nr, char *buf, size_t size);
    /* Optional: what is none of the discipline's. -ENOTTY: nor its own. */
    s64 (*ioctl)(unsigned nr, u32 cmd, u64 arg);
};

struct termios {
    u32 iflag, oflag, cflag, lflag;
    u8 line, cc[19];
};

struct winsize {
    u16 rows, cols, x, y;
};

struct tty {
    const struct tty_driver *driver; /* fixed, as is nr */
    unsigned nr;
    struct spinlock lock; /* (irq) guards all below */
    u16 ring[TTY_RING];   /* bytes, or TTY_END_MARK */
    unsigned head, tail;  /* next to write, next to read */
    unsigned line_start;  /* where the line that is edited began */
    struct termios tio;   /* single fields are also read without it */
    struct winsize window;
    int foreground, session; /* process groups; 0 = nobody's terminal */
    struct waitq readers;
};

/* ---- fs/tty.c: the discipline ---- */

extern const struct file_ops tty_ops;
/* A terminal as a program first finds it. */
void tty_start(struct tty *tty, const struct tty_driver *driver, unsigned nr,
               u32 oflag, bool hears_itself);
/* A byte was typed. In an interrupt, or elsewhere; no lock of its own held. */
void tty_byte(struct tty *tty, u8 c);

/* ---- fs/tty_read.c ---- */

s64 tty_read(struct file *f, u64 ubuf, u64 len, u64 *pos);
/* Would a read have something? Caller holds the lock. */
bool tty_readable(const struct tty *tty);

/* ---- fs/tty_ioctl.c ---- */

s64 tty_ioctl(struct file *f, u32 cmd, u64 arg);

/* ---- fs/tty_jobs.c: whose it is ---- */

/* open: a session's leader that has none takes it for its terminal. */
void tty_offer(struct tty *tty);
/* TIOCSCTTY: the same, or -EPERM; even if it is another session's. */
s64 tty_take(struct tty *tty, bool from_others);
/* Is this the caller's terminal? A shell for which it is not does without job
   control. */
bool tty_is_own(const struct tty *tty);
/* The caller wants to use its terminal: see job_in_background. */
int tty_check_background(struct tty *tty, int sig);
/* TIOCSPGRP */
s64 tty_set_foreground(struct tty *tty, u64 arg);

/* ---- fs/terminals.c: which there are ---- */

int tty_open(struct inode *inode, struct file *f);
/* The terminal of a session, or NULL. */
struct tty *tty_by_session(int sid);

#define ICRNL   0000400
#define OPOST   0000001
#define ONLCR   0000004
#define ISIG    0000001
#define ICANON  0000002
#define ECHO    0000010
#define ECHOE   0000020
#define ECHOK   0000040
#define TOSTOP  0000400
#define ECHOCTL 0001000
#define ECHOKE  0004000
#define IEXTEN  0100000

#endif
