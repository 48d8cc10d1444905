/* SPDX-License-Identifier: MIT */
/*
 * process_vm_readv and process_vm_writev: from another process's memory, or
 * into it.
 *
 * The other's bytes are copied while its page table stands still (mm/remote.c),
 * and the copy may fault in the caller's own memory: so it goes by way of a
 * page of the kernel's.
 */
#include <fs/fs_private.h>
#include <kernel/pid.h>
#include <kernel/process_private.h>
#include <kernel/string.h>
#include <kernel/syscall.h>
#include <kernel/uaccess.h>
#include <mm/gup.h>
#include <mm/mm.h>
#include <mm/slab.h>

struct copy {
    struct mm *mm; /* the other process's, which we use, too */
    void *buf;     /* a page */
    bool write;
    struct user_range *near, *far; /* ours, theirs */
    unsigned nr_near, nr_far;
};

/* A place in a list of ranges. */
struct cursor {
    const struct user_range *r;
    unsigned left;
    u64 off;
};

/* What is at hand there; false: it is all done. */
static bool at_hand(struct cursor *c, struct user_range *piece)
{
    while (c->left && c->off == c->r->len) {
        c->r++;
        c->left--;
        c->off = 0;
    }
    if (!c->left)
        return false;
    *piece = (struct user_range){c->r->addr + c->off, c->r->len - c->off};
    return true;
}

static int copy_piece(struct copy *c, u64 near, struct user_range far)
{
    int err = 0;

    if (c->write)
        err = copy_from_user(c->buf, near, far.len);
    if (!err)
        err = mm_access(c->mm, far.addr, c->buf, far.len, c->write);
    if (!err && !c->write)
        err = copy_to_user(near, c->buf, far.len);
    return err;
}

static s64 copy_all(struct copy *c)
{
    struct cursor near = {c->near, c->nr_near, 0};
    struct cursor far = {c->far, c->nr_far, 0};
    struct user_range a, b;
    s64 done = 0;
    int err = 0;

    while (!err && at_hand(&near, &a) && at_hand(&far, &b)) {
        b.len =
            min_u64(min_u64(a.len, b.len), PAGE_SIZE - (b.addr & ~PAGE_MASK));
        err = copy_piece(c, a.addr, b);
        if (!err) {
            near.off += b.len;
            far.off += b.len;
            done += (s64)b.len;
        }
    }
    return done ? done : err;
}

/* The memory of a process, of which we are a user from now on: its tables must
   not go while we walk them. NULL: there is none. */
static struct mm *mm_of(int nr)
{
    u64 flags = spin_lock_irqsave(&tasks_lock);
    struct pid *pid = nr > 0 ? pid_find(nr) : NULL;
    struct task *t = pid ? pid->task : NULL;
    struct mm *mm = t ? t->mm : NULL;

    if (mm)
        atomic_inc(&mm->users); /* safe: the task is one under tasks_lock */
    spin_unlock_irqrestore(&tasks_lock, flags);
    return mm;
}

static s64 get_ranges(struct copy *c, const u64 *a)
{
    int n = ranges_from_user(a[1], a[2], &c->near);

    if (n < 0)
        return n;
    c->nr_near = (unsigned)n;
    n = ranges_from_user(a[3], a[4], &c->far);
    if (n < 0) {
        c->far = NULL;
        return n;
    }
    c->nr_far = (unsigned)n;
    return 0;
}

/* pid, ours, how many, theirs, how many, flags */
static s64 process_vm(const u64 *a, bool write)
{
    struct copy c = {.write = write};
    s64 ret;

    if (a[5])
        return -EINVAL;
    ret = get_ranges(&c, a);
    if (!ret && c.nr_near && c.nr_far) {
        c.mm = mm_of((int)a[0]);
        c.buf = kmalloc(PAGE_SIZE, ALLOC_KERNEL);
        ret = !c.mm ? -ESRCH : !c.buf ? -ENOMEM : copy_all(&c);
    }
    if (c.mm)
        mm_put_user(c.mm);
    kfree(c.buf);
    if (c.nr_near)
        kfree(c.near);
    if (c.nr_far)
        kfree(c.far);
    return ret;
}

s64 sys_process_vm_readv(const u64 *a)
{
    return process_vm(a, false);
}

s64 sys_process_vm_writev(const u64 *a)
{
    return process_vm(a, true);
}
