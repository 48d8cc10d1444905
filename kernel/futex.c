/* SPDX-License-Identifier: MIT */
/*
 * futex(2): sleep while a word of user memory has a value; wake who sleeps.
 *
 * A sleeper is known by its key: the address space and the address, or, in a
 * shared mapping, the file and the place in it, so that two processes meet.
 * A key holds no reference: if the mapping goes away and another takes its
 * place, the worst is a wake-up that nobody meant, and every user of a futex
 * must bear those.
 *
 * Reading the word may fault and so sleep, which a spinlock forbids. So a
 * sleeper is on its bucket's list *before* it reads:
 *
 *     waiter                            waker
 *     1 on the list
 *     2 reads the word: old value?      a writes the new value
 *     3 sleeps                          b takes who is on the list
 *
 * If 2 misses a, then b finds 1. If 2 sees a, the waiter leaves; if a waker
 * has taken it by then, that wake-up was perhaps meant for another who really
 * sleeps, and is passed on.
 */
#include <kernel/deadline.h>
#include <kernel/futex.h>
#include <kernel/syscall.h>
#include <kernel/task.h>
#include <kernel/uaccess.h>
#include <mm/lockorder.h>
#include <mm/mm.h>

#define FUTEX_WAIT           0
#define FUTEX_WAKE           1
#define FUTEX_REQUEUE        3
#define FUTEX_CMP_REQUEUE    4
#define FUTEX_WAIT_BITSET    9
#define FUTEX_WAKE_BITSET    10
#define FUTEX_PRIVATE_FLAG   128u
#define FUTEX_CLOCK_REALTIME 256u
#define ANY_BIT              (~0u)

#define BUCKETS 256

struct futex_key {
    const void *where; /* an mm or a mapping: compared, never followed */
    u64 offset;        /* in bytes */
};

struct bucket {
    struct spinlock lock; /* guards sleepers */
    struct list_head sleepers;
};

struct futex_waiter {
    struct list_head node; /* empty: was woken; bucket's lock */
    struct futex_key key;  /* changes at a requeue: bucket's lock */
    struct bucket *bucket; /* the same; its own thread reads it to find the
                              lock, and looks again once it has that */
    u32 bits;              /* which wake-ups it wants; fixed */
    struct deadline sleep;
};

static struct bucket buckets[BUCKETS];

void futex_init(void)
{
    for (unsigned i = 0; i < BUCKETS; i++) {
        spin_init(&buckets[i].lock, "futex", RANK_FUTEX);
        list_init(&buckets[i].sleepers);
    }
}

static struct bucket *bucket_of(const struct futex_key *key)
{
    u64 h = ((u64)key->where ^ key->offset) * 0x9e3779b97f4a7c15ull;

    return &buckets[h >> 56];
}

static bool same_key(const struct futex_key *a, const struct futex_key *b)
{
    return a->where == b->where && a->offset == b->offset;
}

static int make_key(u64 addr, bool private, struct futex_key *key)
{
    struct mm *mm = current_mm();
    struct vma *vma;

    if (addr & 3)
        return -EINVAL;
    if (addr >= USER_END)
        return -EFAULT;
    *key = (struct futex_key){mm, addr};
    if (private)
        return 0;
    down_read(&mm->mmap_lock);
    vma = vma_find(mm, addr);
    if (vma && (vma->flags & VM_SHARED) && vma->file) {
        key->where = vma->file;
        key->offset = (vma->pgoff << PAGE_SHIFT) + (addr - vma->start);
    }
    up_read(&mm->mmap_lock);
    return 0;
}

/* ---- the list ---- */

static void enqueue(struct futex_waiter *w)
{
    w->bucket = bucket_of(&w->key);
    spin_lock(&w->bucket->lock);
    list_add_tail(&w->node, &w->bucket->sleepers);
    spin_unlock(&w->bucket->lock);
}

/* A requeue may move it between the look at w->bucket and the lock. */
static struct bucket *lock_bucket_of(struct futex_waiter *w)
{
    for (;;) {
        struct bucket *b = READ_ONCE(w->bucket);

        spin_lock(&b->lock);
        if (b == READ_ONCE(w->bucket))
            return b;
        spin_unlock(&b->lock);
    }
}

/* Leave; returns whether somebody had woken us. The waker's last look at *w
   is under the bucket's lock, so after this *w may go. */
static bool dequeue(struct futex_waiter *w)
{
    struct bucket *b = lock_bucket_of(w);
    bool woken = list_empty(&w->node);

    list_del(&w->node);
    spin_unlock(&b->lock);
    return woken;
}

/* Bucket's lock held. */
static void wake_waiter(struct futex_waiter *w)
{
    list_del(&w->node);
    wake_up_all(&w->sleep.q);
}

static s64 wake(const struct futex_key *key, u32 count, u32 bits)
{
    struct bucket *b = bucket_of(key);
    struct futex_waiter *w, *next;
    u32 woken = 0;

    spin_lock(&b->lock);
    list_for_each_entry_safe (w, next, &b->sleepers, node) {
        if (woken >= count)
            break;
        if (!same_key(&w->key, key) || !(w->bits & bits))
            continue;
        wake_waiter(w);
        woken++;
    }
    spin_unlock(&b->lock);
    return woken;
}

void futex_wake_at(u64 addr)
{
    struct futex_key key;

    if (make_key(addr, false, &key) == 0)
        (void)wake(&key, 1, ANY_BIT);
}

/* ---- waiting ---- */

/* On the list. 0: the word has the value, sleep. */
static int check_word(u64 addr, u32 value)
{
    u32 now;

    if (get_user_u32(addr, &now))
        return -EFAULT;
    return now == value ? 0 : -EAGAIN;
}

/* Whether we were woken is read without the lock: it only ends the sleep, and
   dequeue looks again. */
static int sleep_on(struct futex_waiter *w)
{
    return wait_event_interruptible(&w->sleep.q,
                                    READ_ONCE(w->node.next) == &w->node ||
                                        deadline_passed(&w->sleep));
}

static s64 wait(u64 addr, bool private, u32 value, u64 until, u32 bits)
{
    struct futex_waiter w = {.bits = bits};
    int err, interrupted = 0;

    if (!bits)
        return -EINVAL;
    err = make_key(addr, private, &w.key);
    if (err)
        return err;
    deadline_start(&w.sleep, until);
    enqueue(&w);
    err = check_word(addr, value);
    if (!err)
        interrupted = sleep_on(&w);
    if (dequeue(&w)) {
        if (err)
            (void)wake(&w.key, 1, bits); /* it was meant for another */
        else
            interrupted = 0;
    } else if (!err) {
        err = interrupted ? -ERESTARTSYS : -ETIMEDOUT;
    }
    deadline_stop(&w.sleep);
    if (err != -ERESTARTSYS || until == NO_DEADLINE)
        return err;
    current_task()->restart_until = until;
    return -ERESTART_DEADLINE;
}

/* ---- requeue: wake some, and let the rest sleep elsewhere ---- */

static void lock_two(struct bucket *a, struct bucket *b)
{
    if (a > b) {
        struct bucket *t = a;

        a = b;
        b = t;
    }
    spin_lock(&a->lock); /* of two, the lower address first */
    if (a != b)
        spin_lock_nested(&b->lock);
}

static void unlock_two(struct bucket *a, struct bucket *b)
{
    if (a != b)
        spin_unlock(&b->lock);
    spin_unlock(&a->lock);
}

static s64 requeue(const struct futex_key *from, const struct futex_key *to,
                   u32 nr_wake, u32 nr_move)
{
    struct bucket *a = bucket_of(from), *b = bucket_of(to);
    struct futex_waiter *w, *next;
    u32 woken = 0, nr_moved = 0;

    lock_two(a, b);
    list_for_each_entry_safe (w, next, &a->sleepers, node) {
        if (!same_key(&w->key, from))
            continue;
        if (woken < nr_wake) {
            wake_waiter(w);
            woken++;
        } else if (nr_moved < nr_move) {
            w->key = *to;
            WRITE_ONCE(w->bucket, b);
            list_move_tail(&w->node, &b->sleepers);
            nr_moved++;
        } else {
            break;
        }
    }
    unlock_two(a, b);
    return (s64)woken + nr_moved;
}

/* ---- the system call ---- */

/* The word may change after the look at it, as it may after the call: who is
   moved wrongly is woken by the other futex's owner. */
static s64 futex_requeue(const u64 *a, bool private, bool compare)
{
    struct futex_key from, to;
    int err = make_key(a[0], private, &from);

    if (!err)
        err = make_key(a[4], private, &to);
    if (!err && compare)
        err = check_word(a[0], (u32)a[5]);
    if (err)
        return err;
    if (same_key(&from, &to) || (s32)a[2] < 0 || (s32)a[3] < 0)
        return -EINVAL;
    return requeue(&from, &to, (u32)a[2], (u32)a[3]);
}

/* WAIT counts from now, WAIT_BITSET names a time. */
static int wait_deadline(u64 user, bool relative, bool wall, u64 *until)
{
    struct task *t = current_task();
    u64 ns;
    int err;

    *until = NO_DEADLINE;
    if (!user)
        return 0;
    err = get_timespec(user, &ns);
    if (err)
        return err;
    if (!relative)
        *until = clock_to_boot(wall ? 0 : 1, ns);
    else if (t->restart_until)
        *until = t->restart_until;
    else
        *until = deadline_in(ns);
    return 0;
}

s64 sys_futex(const u64 *a)
{
    bool private = a[1] & FUTEX_PRIVATE_FLAG;
    u32 op = (u32)a[1] & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    bool is_wait = op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET;
    struct futex_key key;
    u64 until = NO_DEADLINE;
    int err;

    if (is_wait)
        err = wait_deadline(a[3], op == FUTEX_WAIT, a[1] & FUTEX_CLOCK_REALTIME,
                            &until);
    else
        err = make_key(a[0], private, &key);
    if (err)
        return err;
    switch (op) {
    case FUTEX_WAIT:
        return wait(a[0], private, (u32)a[2], until, ANY_BIT);
    case FUTEX_WAIT_BITSET:
        return wait(a[0], private, (u32)a[2], until, (u32)a[5]);
    case FUTEX_WAKE:
        return wake(&key, (u32)a[2], ANY_BIT);
    case FUTEX_WAKE_BITSET:
        return a[5] ? wake(&key, (u32)a[2], (u32)a[5]) : -EINVAL;
    case FUTEX_REQUEUE:
        return futex_requeue(a, private, false);
    case FUTEX_CMP_REQUEUE:
        return futex_requeue(a, private, true);
    default:
        return -ENOSYS;
    }
}
