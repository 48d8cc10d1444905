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
#define FUTEX_WAKE_OP        5
#define FUTEX_WAIT_BITSET    9
#define FUTEX_WAKE_BITSET    10
#define FUTEX_PRIVATE_FLAG   128u
#define FUTEX_CLOCK_REALTIME 256u
#define ANY_BIT              (~0u)

#define BUCKETS 256

struct futex_key {
    const void *where; /* an mm or a mapping: compared, never followed */
    u64 offset;        /* in bytes, and SHARED_OP */
};

/* Words are aligned, so this bit is free. Who says private and who does not
   mean different futexes, in private memory too: as in Linux. */
#define SHARED_OP 1u

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

/* What the word is of: a file's, or this memory's, which then must be such
   that it could have been written to. */
static int find_owner(struct mm *mm, u64 addr, struct futex_key *key)
{
    struct vma *vma;
    int err = 0;

    down_read(&mm->mmap_lock);
    vma = vma_find(mm, addr);
    if (vma && (vma->flags & VM_SHARED) && vma->file) {
        key->where = vma->file;
        key->offset = (vma->pgoff << PAGE_SHIFT) + (addr - vma->start);
    } else if (!vma || (!vma->file && !(vma->flags & VM_WRITE))) {
        err = -EFAULT;
    }
    up_read(&mm->mmap_lock);
    key->offset |= SHARED_OP;
    return err;
}

static int make_key(u64 addr, bool private, struct futex_key *key)
{
    struct mm *mm = current_mm();
    u32 word;

    if (addr & 3)
        return -EINVAL;
    if (addr >= USER_END)
        return -EFAULT;
    *key = (struct futex_key){mm, addr};
    if (private)
        return 0;
    if (get_user_u32(addr, &word)) /* a stack grows, if it must */
        return -EFAULT;
    return find_owner(mm, addr, key);
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

/* How many were woken: up to `count`, but one at least, as in Linux. */
static s64 wake(const struct futex_key *key, s32 count, u32 bits)
{
    struct bucket *b = bucket_of(key);
    struct futex_waiter *w, *next;
    s32 woken = 0;

    spin_lock(&b->lock);
    list_for_each_entry_safe (w, next, &b->sleepers, node) {
        if (!same_key(&w->key, key) || !(w->bits & bits))
            continue;
        wake_waiter(w);
        if (++woken >= count)
            break;
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

/* One that stays in its bucket keeps its place there: at the end of the list
   the walk that moves it would meet it again, and for ever if its key is the
   same one. Both buckets' locks held. */
static void move_waiter(struct futex_waiter *w, const struct futex_key *to,
                        struct bucket *b)
{
    w->key = *to;
    if (w->bucket == b)
        return;
    WRITE_ONCE(w->bucket, b);
    list_move_tail(&w->node, &b->sleepers);
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
            move_waiter(w, to, b);
            nr_moved++;
        } else {
            break;
        }
    }
    unlock_two(a, b);
    return (s64)woken + nr_moved;
}

/* ---- wake-op: change a word, and wake sleepers of two ---- */

/* What it does, packed in a word: op, cmp, and their operands. */
struct word_op {
    u32 op, cmp;
    s32 arg, cmp_arg;
};

enum { OP_SET, OP_ADD, OP_OR, OP_ANDN, OP_XOR };
enum { CMP_EQ, CMP_NE, CMP_LT, CMP_LE, CMP_GT, CMP_GE };

#define OP_ARG_IS_SHIFT 8u

static struct word_op unpack(u32 v)
{
    struct word_op o = {
        .op = v >> 28,
        .cmp = v >> 24 & 15,
        .arg = (s32)(v << 8) >> 20,
        .cmp_arg = (s32)(v << 20) >> 20,
    };

    if (o.op & OP_ARG_IS_SHIFT)
        o.arg = (s32)(1u << (o.arg & 31));
    o.op &= ~OP_ARG_IS_SHIFT;
    return o;
}

static u32 changed(const struct word_op *o, u32 word)
{
    switch (o->op) {
    case OP_SET:
        return (u32)o->arg;
    case OP_ADD:
        return word + (u32)o->arg;
    case OP_OR:
        return word | (u32)o->arg;
    case OP_ANDN:
        return word & ~(u32)o->arg;
    default:
        return word ^ (u32)o->arg;
    }
}

/* 0 or 1, or -ENOSYS. */
static int compared(const struct word_op *o, s32 old)
{
    switch (o->cmp) {
    case CMP_EQ:
        return old == o->cmp_arg;
    case CMP_NE:
        return old != o->cmp_arg;
    case CMP_LT:
        return old < o->cmp_arg;
    case CMP_LE:
        return old <= o->cmp_arg;
    case CMP_GT:
        return old > o->cmp_arg;
    case CMP_GE:
        return old >= o->cmp_arg;
    default:
        return -ENOSYS;
    }
}

/* Whether the word was, before the change, what it is compared with. */
static int change_word(u64 addr, const struct word_op *o)
{
    u32 word, found;
    int err;

    if (o->op > OP_XOR)
        return -ENOSYS;
    err = get_user_u32(addr, &word);
    while (!err) {
        err = user_cmpxchg_u32(addr, word, changed(o, word), &found);
        if (err || found == word)
            break;
        word = found;
    }
    return err ? err : compared(o, (s32)word);
}

/* The change comes before the wake-ups, as if the program had made it. */
static s64 futex_wake_op(const u64 *a, bool private)
{
    struct word_op o = unpack((u32)a[5]);
    struct futex_key first, second;
    int ret = make_key(a[0], private, &first);
    s64 woken;

    if (!ret)
        ret = make_key(a[4], private, &second);
    if (!ret)
        ret = change_word(a[4], &o);
    if (ret < 0)
        return ret;
    woken = wake(&first, (s32)a[2], ANY_BIT);
    return ret ? woken + wake(&second, (s32)a[3], ANY_BIT) : woken;
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
    if ((s32)a[2] < 0 || (s32)a[3] < 0)
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

static s64 futex_wake(u64 addr, bool private, s32 count, u32 bits)
{
    struct futex_key key;
    int err = bits ? make_key(addr, private, &key) : -EINVAL;

    return err ? err : wake(&key, count, bits);
}

s64 sys_futex(const u64 *a)
{
    bool private = a[1] & FUTEX_PRIVATE_FLAG,
         wall = a[1] & FUTEX_CLOCK_REALTIME;
    u32 op = (u32)a[1] & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    u64 until = NO_DEADLINE;

    if (op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET) {
        int err = wait_deadline(a[3], op == FUTEX_WAIT, wall, &until);

        if (err)
            return err;
    }
    if (wall && op != FUTEX_WAIT_BITSET)
        return -ENOSYS;
    switch (op) {
    case FUTEX_WAIT:
        return wait(a[0], private, (u32)a[2], until, ANY_BIT);
    case FUTEX_WAIT_BITSET:
        return wait(a[0], private, (u32)a[2], until, (u32)a[5]);
    case FUTEX_WAKE:
        return futex_wake(a[0], private, (s32)a[2], ANY_BIT);
    case FUTEX_WAKE_BITSET:
        return futex_wake(a[0], private, (s32)a[2], (u32)a[5]);
    case FUTEX_REQUEUE:
        return futex_requeue(a, private, false);
    case FUTEX_CMP_REQUEUE:
        return futex_requeue(a, private, true);
    case FUTEX_WAKE_OP:
        return futex_wake_op(a, private);
    default:
        return -ENOSYS;
    }
}
