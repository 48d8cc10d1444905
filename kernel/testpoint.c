/* SPDX-License-Identifier: MIT */
/*
 * Named points at which a test makes a processor wait (TESTPOINTS=1).
 *
 * A point exists from the first "arm" until nobody waits at it any more. Each
 * "arm" stops one passer-by; "release" lets all go who wait, and disarms. A
 * passer-by that finds nothing armed pays for one look at a counter.
 *
 * Interrupts stay as the passer-by has them. If it stands there with them on
 * and holds no spinlock, other tasks run meanwhile, even on one processor.
 */
#include <kernel/errno.h>
#include <kernel/lock.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/task.h>
#include <kernel/testpoint.h>
#include <mm/lockorder.h>

#ifdef CONFIG_TESTPOINTS

#define MAX_POINTS 16

struct point {
    char name[48];    /* "" = free */
    unsigned armed;   /* how many passers-by it will still stop */
    unsigned waiting; /* how many stand there */
    unsigned release; /* counts the releases: a change lets them go */
};

/* A leaf below everything: a point may stand under any lock. */
static struct spinlock points_lock = SPINLOCK_INIT("points", RANK_CONSOLE);
static struct point points[MAX_POINTS]; /* points_lock */
static unsigned nr_armed; /* sum of `armed`; points_lock to write */

/* points_lock held, here and in the next three. */
static struct point *find(const char *name)
{
    for (unsigned i = 0; i < MAX_POINTS; i++)
        if (strcmp(points[i].name, name) == 0)
            return &points[i];
    return NULL;
}

static void free_if_unused(struct point *p)
{
    if (p->armed == 0 && p->waiting == 0)
        p->name[0] = 0;
}

static int arm(const char *name)
{
    struct point *p = find(name);

    if (!p) {
        p = find("");
        if (!p)
            return -ENOSPC;
        str_copy(p->name, name, sizeof(p->name));
    }
    p->armed++;
    WRITE_ONCE(nr_armed, nr_armed + 1);
    return 0;
}

static int release(const char *name)
{
    struct point *p = find(name);

    if (!p)
        return -ENOENT;
    WRITE_ONCE(nr_armed, nr_armed - p->armed);
    p->armed = 0;
    WRITE_ONCE(p->release, p->release + 1);
    free_if_unused(p);
    return 0;
}

/* Become one of those who wait at this point, if it is armed. */
static struct point *stop_at(const char *name, unsigned *release_seen)
{
    u64 flags = spin_lock_irqsave(&points_lock);
    struct point *p = find(name);

    if (p && p->armed > 0) {
        p->armed--;
        WRITE_ONCE(nr_armed, nr_armed - 1);
        p->waiting++;
        *release_seen = p->release;
    } else {
        p = NULL;
    }
    spin_unlock_irqrestore(&points_lock, flags);
    return p;
}

void testpoint(const char *name)
{
    struct point *p;
    unsigned seen;
    u64 flags;

    if (likely(READ_ONCE(nr_armed) == 0))
        return;
    p = stop_at(name, &seen);
    if (!p)
        return;
    while (READ_ONCE(p->release) == seen)
        cpu_relax();
    flags = spin_lock_irqsave(&points_lock);
    p->waiting--;
    free_if_unused(p);
    spin_unlock_irqrestore(&points_lock, flags);
}

/* Copy the word after the command; false if there is none, or it is too
   long. */
static bool get_name(char *name, size_t size, const char *from)
{
    size_t n = 0;

    while (from[n] && from[n] != '\n' && from[n] != ' ')
        n++;
    if (n == 0 || n >= size)
        return false;
    memcpy(name, from, n);
    name[n] = 0;
    return true;
}

int testpoint_command(const char *line)
{
    char name[sizeof(points[0].name)];
    bool arms = strncmp(line, "arm ", 4) == 0;
    int err;
    u64 flags;

    if (!arms && strncmp(line, "release ", 8) != 0)
        return -EINVAL;
    if (!get_name(name, sizeof(name), line + (arms ? 4 : 8)))
        return -EINVAL;
    flags = spin_lock_irqsave(&points_lock);
    err = arms ? arm(name) : release(name);
    spin_unlock_irqrestore(&points_lock, flags);
    return err;
}

/* One line a point. What does not fit is left out, by whole lines. */
int testpoint_list(char *buf, size_t size)
{
    u64 flags = spin_lock_irqsave(&points_lock);
    size_t len = 0;

    if (size > 0)
        buf[0] = 0;
    for (unsigned i = 0; i < MAX_POINTS; i++) {
        const struct point *p = &points[i];
        size_t room = size - len;
        int n;

        if (!p->name[0])
            continue;
        n = snprintf(buf + len, room, "%s armed=%u waiting=%u\n", p->name,
                     p->armed, p->waiting);
        if ((size_t)n >= room) {
            if (room > 0)
                buf[len] = 0;
            break;
        }
        len += (size_t)n;
    }
    spin_unlock_irqrestore(&points_lock, flags);
    return (int)len;
}

#endif
