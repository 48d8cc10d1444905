/* SPDX-License-Identifier: MIT */
/*
 * The hash of the numbers in use, and the choice of the next one.
 *
 * Numbers are given out in ascending order and start again at PID_RESERVED,
 * so that a number that has just become free is used again as late as can be.
 */
#include <kernel/pid.h>
#include <kernel/print.h>
#include <kernel/process.h>
#include <mm/slab.h>

#define PID_RESERVED 300 /* below: only for the first processes */
#define PID_BUCKETS  1024

u64 pid_max = PID_MAX;

/* All: tasks lock. */
static struct pid *buckets[PID_BUCKETS];
static u64 used[PID_MAX / 64]; /* a bit a number: to find the next one */
static int last_nr;
static unsigned nr_in_use;
static u64 nr_given; /* ever */

struct pid *pid_find(int nr)
{
    struct pid *pid = buckets[(unsigned)nr % PID_BUCKETS];

    while (pid && pid->nr != nr)
        pid = pid->next;
    return pid;
}

struct process *pid_process(int nr)
{
    struct pid *pid = pid_find(nr);

    if (!pid || pid->proc)
        return pid ? pid->proc : NULL;
    return pid->task ? pid->task->proc : NULL;
}

/* A number that nobody uses. Ends, as the caller knows that there is one. */
static int next_free(int max)
{
    do {
        last_nr = last_nr + 1 < max ? last_nr + 1 : PID_RESERVED;
    } while (pid_find(last_nr));
    return last_nr;
}

/* tasks_lock held. */
static bool pid_insert(struct pid *pid)
{
    struct pid **bucket;
    u32 max = (u32)READ_ONCE(pid_max);

    if (nr_in_use >= max - PID_RESERVED)
        return false;
    nr_in_use++;
    nr_given++;
    pid->nr = next_free((int)max);
    pid->users = 1;
    list_init(&pid->group);
    bucket = &buckets[(unsigned)pid->nr % PID_BUCKETS];
    pid->next = *bucket;
    *bucket = pid;
    used[pid->nr / 64] |= 1ull << pid->nr % 64;
    return true;
}

struct pid *pid_alloc(void)
{
    struct pid *pid = kzalloc(sizeof(*pid), ALLOC_KERNEL);
    bool inserted;
    u64 flags;

    if (!pid)
        return NULL;
    flags = spin_lock_irqsave(&tasks_lock);
    inserted = pid_insert(pid);
    spin_unlock_irqrestore(&tasks_lock, flags);
    if (inserted)
        return pid;
    kfree(pid);
    return NULL;
}

void pid_hold(int nr)
{
    struct pid *pid = pid_find(nr);

    ASSERT(pid);
    pid->users++;
}

void pid_drop(int nr)
{
    struct pid **link = &buckets[(unsigned)nr % PID_BUCKETS];
    struct pid *pid = pid_find(nr);

    ASSERT(pid && pid->users > 0);
    if (--pid->users > 0)
        return;
    while (*link != pid)
        link = &(*link)->next;
    *link = pid->next;
    used[nr / 64] &= ~(1ull << nr % 64);
    nr_in_use--;
    kfree(pid);
}

struct pid *pid_find_from(int nr)
{
    unsigned word = (unsigned)nr / 64;
    u64 bits;

    if (nr >= PID_MAX)
        return NULL;
    bits = used[word] & ~0ull << nr % 64;
    while (!bits && ++word < ARRAY_SIZE(used))
        bits = used[word];
    return bits ? pid_find((int)(word * 64) + __builtin_ctzll(bits)) : NULL;
}

u64 pid_total(void)
{
    return READ_ONCE(nr_given);
}

int pid_last(void)
{
    return READ_ONCE(last_nr);
}
