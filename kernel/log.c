/* SPDX-License-Identifier: MIT */
/*
 * The log: the last bytes of what printk printed, for syslog(2).
 *
 * Each line has Linux's prefix, a level and the time: "<6>[    0.012345] ". A
 * position counts all bytes ever added, so that it never goes back; the last
 * LOG_SIZE of them are still there. Whoever copies to a user lets go of the
 * lock for that, and may find afterwards that more has been overwritten.
 */
#include <kernel/deadline.h>
#include <kernel/errno.h>
#include <kernel/lock.h>
#include <kernel/log.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <kernel/uaccess.h>
#include <mm/lockorder.h>
#include <mm/mm.h>

#define LOG_SIZE 32768u /* bytes; a power of two */
#define PIECE    256u   /* bytes that are copied to a user at a time */

static struct spinlock log_lock = SPINLOCK_INIT("log", RANK_CONSOLE);
/* Under log_lock, with interrupts off, all of these. */
static char ring[LOG_SIZE];
static u64 head;    /* the position behind the last byte */
static u64 unread;  /* SYSLOG_READ goes on here */
static u64 cleared; /* SYSLOG_READ_ALL begins here at the earliest */
static bool in_line;

static void add_byte(char c)
{
    ring[head++ % LOG_SIZE] = c;
}

static void add_prefix(void)
{
    char text[40];
    u64 us = now_ns() / 1000;
    int n = snprintf(text, sizeof(text), "<6>[%5llu.%06llu] ",
                     (unsigned long long)(us / 1000000),
                     (unsigned long long)(us % 1000000));

    for (int i = 0; i < n; i++)
        add_byte(text[i]);
}

void log_add(const char *text, size_t n)
{
    u64 flags = spin_lock_irqsave(&log_lock);

    for (size_t i = 0; i < n; i++) {
        if (!in_line)
            add_prefix();
        in_line = text[i] != '\n';
        add_byte(text[i]);
    }
    spin_unlock_irqrestore(&log_lock, flags);
}

/* ---- reading; log_lock is held ---- */

static char at(u64 pos)
{
    return ring[pos % LOG_SIZE];
}

/* From here on, or from the oldest line that is still whole. */
static u64 still_there(u64 pos)
{
    u64 oldest = head > LOG_SIZE ? head - LOG_SIZE : 0;

    if (pos >= oldest)
        return pos;
    for (pos = oldest; pos < head && at(pos) != '\n'; pos++)
        ;
    return pos < head ? pos + 1 : pos;
}

/* The first whole line of the last `len` bytes, or of those after a clear. */
static u64 last_lines(u64 len)
{
    u64 pos = still_there(cleared);

    if (head - pos <= len)
        return pos;
    for (pos = head - len; pos < head && at(pos - 1) != '\n'; pos++)
        ;
    return pos;
}

/* At most PIECE bytes from *pos on, which is moved behind them. */
static u32 take_piece(u64 *pos, u64 end, char *piece)
{
    u32 n = 0;

    for (*pos = still_there(*pos); *pos < end && n < PIECE; n++)
        piece[n] = at((*pos)++);
    return n;
}

/* ---- syslog(2) ---- */

enum {
    SYSLOG_CLOSE,
    SYSLOG_OPEN,
    SYSLOG_READ,
    SYSLOG_READ_ALL,
    SYSLOG_READ_CLEAR,
    SYSLOG_CLEAR,
    SYSLOG_CONSOLE_OFF,
    SYSLOG_CONSOLE_ON,
    SYSLOG_CONSOLE_LEVEL,
    SYSLOG_SIZE_UNREAD,
    SYSLOG_SIZE_BUFFER
};

/* Copy from pos to end; the number of bytes, or -EFAULT. */
static s64 copy_log(u64 pos, u64 end, u64 ubuf, u64 len)
{
    char piece[PIECE];
    u64 done = 0;

    while (done < len) {
        u64 flags = spin_lock_irqsave(&log_lock);
        u32 n = take_piece(&pos, min_u64(end, pos + len - done), piece);

        spin_unlock_irqrestore(&log_lock, flags);
        if (!n)
            break;
        if (copy_to_user(ubuf + done, piece, n))
            return -EFAULT;
        done += n;
    }
    return (s64)done;
}

static s64 read_all(u64 ubuf, u64 len, bool clear)
{
    u64 flags = spin_lock_irqsave(&log_lock), end = head;
    u64 pos = last_lines(len);

    if (clear)
        cleared = head;
    spin_unlock_irqrestore(&log_lock, flags);
    return copy_log(pos, end, ubuf, len);
}

static u64 nr_unread(void)
{
    u64 flags = spin_lock_irqsave(&log_lock), n;

    unread = still_there(unread);
    n = head - unread;
    spin_unlock_irqrestore(&log_lock, flags);
    return n;
}

/* printk may be called with any lock, and so wakes nobody: we look again. */
static s64 read_next(u64 ubuf, u64 len)
{
    u64 flags, pos, end, left;

    while (!nr_unread())
        if (sleep_until(deadline_in(NSEC_PER_SEC / 10), &left))
            return -EINTR;
    flags = spin_lock_irqsave(&log_lock);
    pos = unread;
    end = unread = min_u64(head, pos + len);
    spin_unlock_irqrestore(&log_lock, flags);
    return copy_log(pos, end, ubuf, len);
}

static s64 read_log(u32 type, u64 ubuf, s32 len)
{
    if (!ubuf || len < 0)
        return -EINVAL;
    if (!len)
        return 0;
    if (ubuf > USER_END - (u64)len) /* even if there is nothing to copy */
        return -EFAULT;
    if (type == SYSLOG_READ)
        return read_next(ubuf, (u64)len);
    return read_all(ubuf, (u64)len, type == SYSLOG_READ_CLEAR);
}

static void clear_log(void)
{
    u64 flags = spin_lock_irqsave(&log_lock);

    cleared = head;
    spin_unlock_irqrestore(&log_lock, flags);
}

/* The console has no levels: what would set one is checked, and not kept. */
s64 sys_syslog(const u64 *a)
{
    u32 type = (u32)a[0];
    s32 len = (s32)a[2];

    switch (type) {
    case SYSLOG_CLOSE:
    case SYSLOG_OPEN:
    case SYSLOG_CONSOLE_OFF:
    case SYSLOG_CONSOLE_ON:
        return 0;
    case SYSLOG_READ:
    case SYSLOG_READ_ALL:
    case SYSLOG_READ_CLEAR:
        return read_log(type, a[1], len);
    case SYSLOG_CLEAR:
        clear_log();
        return 0;
    case SYSLOG_CONSOLE_LEVEL:
        return len < 1 || len > 8 ? -EINVAL : 0;
    case SYSLOG_SIZE_UNREAD:
        return (s64)nr_unread();
    case SYSLOG_SIZE_BUFFER:
        return LOG_SIZE;
    default:
        return -EINVAL;
    }
}
