/* SPDX-License-Identifier: MIT */
/*
 * Robust futexes: a thread that ends, or executes another program, with a lock
 * held leaves the lock marked, and wakes one who waits for it.
 *
 * The C library keeps the list, in the program's own memory: whatever stands
 * there is followed with uaccess, and no longer than LIST_MAX.
 */
#include <kernel/futex.h>
#include <kernel/pid.h>
#include <kernel/process_private.h>
#include <kernel/syscall.h>
#include <kernel/uaccess.h>

#define FUTEX_WAITERS    0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK   0x3fffffffu

#define LIST_MAX 2048

struct robust_head {
    u64 next;    /* the first entry; the list ends at the head again */
    s64 offset;  /* from an entry to its futex */
    u64 pending; /* a lock that is just being taken or given back */
};

/* The lock was ours: nobody's now. The word may change under us. */
static int mark_dead(u64 addr, bool pending)
{
    u32 word, found;
    int err;

    if (addr & 3)
        return -EFAULT;
    err = get_user_u32(addr, &word);
    while (!err && (word & FUTEX_TID_MASK) == (u32)current_tid()) {
        u32 dead = (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED;

        err = user_cmpxchg_u32(addr, word, dead, &found);
        if (err || found == word)
            break;
        word = found;
    }
    /* Given back already, but nobody was woken yet? */
    if (!err && ((word & FUTEX_WAITERS) || (pending && !word)))
        futex_wake_at(addr);
    return err;
}

void robust_list_exit(struct task *t)
{
    u64 list = t->robust_list, at, next;
    struct robust_head head;

    t->robust_list = 0; /* once, whatever it leads to */
    if (!list || copy_from_user(&head, list, sizeof(head)))
        return;
    at = head.next;
    for (int i = 0; i < LIST_MAX && (at & ~1ull) != list; i++) {
        if (copy_from_user(&next, at & ~1ull, sizeof(next)))
            break; /* this one may be marked all the same */
        if (at != head.pending &&
            mark_dead((at & ~1ull) + (u64)head.offset, false))
            break;
        at = next;
    }
    if (head.pending)
        (void)mark_dead((head.pending & ~1ull) + (u64)head.offset, true);
}

/* head, its size */
s64 sys_set_robust_list(const u64 *a)
{
    if (a[1] != sizeof(struct robust_head))
        return -EINVAL;
    current_task()->robust_list = a[0];
    return 0;
}

/* tid, where the head goes, where the size goes */
s64 sys_get_robust_list(const u64 *a)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct pid *pid = a[0] ? pid_find((int)a[0]) : NULL;
    struct task *t = a[0] ? (pid ? pid->task : NULL) : current_task();
    u64 head = t ? READ_ONCE(t->robust_list) : 0;
    u64 size = sizeof(struct robust_head);

    spin_unlock_irqrestore(&tasks_lock, flags);
    if (!t)
        return -ESRCH;
    if (copy_to_user(a[1], &head, sizeof(head)) ||
        copy_to_user(a[2], &size, sizeof(size)))
        return -EFAULT;
    return 0;
}
