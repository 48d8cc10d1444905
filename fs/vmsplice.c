/* SPDX-License-Identifier: MIT */
/*
 * vmsplice: what it puts into a pipe are the user's own pages, pinned.
 *
 * Whatever the program then writes to them, a reader of the pipe sees. The
 * pins last until the bytes are read: somebody who never reads can keep a page
 * from being moved for ever, which is why they are in the register with a
 * name.
 */
#include <fs/pipe.h>
#include <fs/syscalls.h>
#include <kernel/current.h>
#include <kernel/uaccess.h>
#include <kernel/wait.h>
#include <mm/mm.h>
#include <mm/slab.h>

/* One piece within one page; its pin is let go with the last who has it. */
static struct pipe_piece *pin_piece(struct user_range r, int *err)
{
    struct pipe_piece *b = piece_create();
    struct pipe_pin *pin = kzalloc(sizeof(*pin), ALLOC_KERNEL);

    *err = b && pin ? pin_user_pages(&pin->set, current_mm(), &r, 1, false,
                                     "vmsplice")
                    : -ENOMEM;
    if (*err) {
        kfree(pin);
        kfree(b);
        return NULL;
    }
    atomic_set(&pin->refs, 1);
    b->pin = pin;
    b->page = pin->set.pages[0];
    b->off = pin->set.offs[0];
    b->len = pin->set.lens[0];
    return b;
}

static s64 splice_page(struct pipe *p, struct user_range r, int wait)
{
    struct pipe_piece *b;
    int err = pipe_wait_room(p, wait, 0);

    if (err)
        return err;
    mutex_unlock(&p->lock); /* pinning may sleep for a disk */
    b = pin_piece(r, &err);
    if (!b)
        return err;
    mutex_lock(&p->lock);
    pipe_push(p, b);
    mutex_unlock(&p->lock);
    wake_up_all(p->changed);
    return (s64)r.len;
}

/* As Linux: the first piece is waited for, and then as many as there is room
   for. Who has both ends in one hand would else wait for himself. */
static s64 splice_memory(struct pipe *p, const struct user_range *r, unsigned n,
                         int wait)
{
    s64 done = 0, got = 0;

    for (unsigned i = 0; i < n; i++) {
        u64 at = r[i].addr, end = r[i].addr + r[i].len;

        for (; at < end && got >= 0; at += (u64)got) {
            u64 piece = min_u64(end, PAGE_DOWN(at) + PAGE_SIZE) - at;

            got = splice_page(p, (struct user_range){at, piece},
                              done ? PIPE_NO_WAIT : wait);
            if (got < 0)
                break;
            done += got;
        }
    }
    return done ? done : got;
}

static s64 do_vmsplice(struct file *f, const struct user_range *r, unsigned n,
                       u32 flags)
{
    struct pipe *p = file_pipe(f);

    if (!p)
        return -EBADF;
    if ((f->flags & O_ACCMODE) == O_RDONLY)
        return f->ops->rw_ranges(f, r, n, NULL, false);
    return splice_memory(p, r, n, splice_how(flags, f));
}

/* fd, pieces, how many, flags */
s64 sys_vmsplice(const u64 *a)
{
    struct user_range *r;
    struct file *f;
    int n;
    s64 ret;

    if ((u32)a[3] & ~SPLICE_F_ALL)
        return -EINVAL;
    f = fd_get((int)a[0]);
    if (!f)
        return -EBADF;
    n = ranges_from_user(a[1], a[2], &r);
    ret = n > 0 ? do_vmsplice(f, r, (unsigned)n, (u32)a[3]) : n;
    if (n > 0)
        kfree(r);
    file_put(f);
    return ret;
}
