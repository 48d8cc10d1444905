/* SPDX-License-Identifier: MIT */
/*
 * The text about the last removal that failed: who held what.
 *
 * It is written when the removal fails, as later everything may be different,
 * and kept until the next one begins. Readers take it line by line, so that
 * what they do with a line is done without the lock.
 */
#include <mm/lockorder.h>
#include <mm/removal_private.h>
#include <kernel/string.h>

#define LINE_MAX 192

/* Guards all below. (irq, as others of its rank are) */
static struct spinlock lock = SPINLOCK_INIT("removal report", RANK_REMOVING);
static char text[16384]; /* lines, each with a newline */
static size_t length;
static u32 edition = 1; /* so that a reader does not mix two texts */

u32 removal_report_number(void)
{
    return READ_ONCE(edition);
}

void removal_report_clear(void)
{
    u64 flags = spin_lock_irqsave(&lock);

    length = 0;
    edition++;
    spin_unlock_irqrestore(&lock, flags);
}

/* A line that finds no room is left out. */
void removal_report_add(const char *line, void *arg)
{
    size_t n = min_u64(strlen(line), LINE_MAX - 1);
    u64 flags = spin_lock_irqsave(&lock);

    (void)arg;
    if (length + n + 1 <= sizeof(text)) {
        memcpy(text + length, line, n);
        text[length + n] = '\n';
        length += n + 1;
    }
    spin_unlock_irqrestore(&lock, flags);
}

/* The line that begins at `at`, without its newline; where the next begins,
   or 0 if there is none, or this is not the text of that edition any more. */
static size_t next_line(size_t at, u32 wanted, char *line)
{
    u64 flags = spin_lock_irqsave(&lock);
    size_t n = 0;

    if (edition != wanted || at >= length) {
        spin_unlock_irqrestore(&lock, flags);
        return 0;
    }
    while (text[at + n] != '\n')
        n++;
    memcpy(line, text + at, n);
    line[n] = 0;
    spin_unlock_irqrestore(&lock, flags);
    return at + n + 1;
}

void removal_report(const struct removal *r,
                    void (*emit)(const char *line, void *arg), void *arg)
{
    char line[LINE_MAX];

    for (size_t at = 0; (at = next_line(at, r->report, line));)
        emit(line, arg);
}
