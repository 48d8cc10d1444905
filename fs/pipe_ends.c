/* SPDX-License-Identifier: MIT */
/*
 * The ends of pipes: pipe(2), and FIFOs, whose ends are opened by name. The
 * pipe belongs to the inode; an end is an open file.
 */
#include <fs/pipe.h>
#include <fs/syscalls.h>
#include <kernel/uaccess.h>
#include <kernel/wait.h>
#include <mm/slab.h>

/* NULL: there was no memory for it. */
void pipe_forget(struct inode *inode)
{
    if (inode->private)
        pipe_clear(inode->private);
    kfree(inode->private);
}

static void end_opened(struct pipe *p, u32 mode)
{
    mutex_lock(&p->lock);
    if (mode != O_WRONLY) {
        p->readers++;
        p->reader_opens++;
    }
    if (mode != O_RDONLY) {
        p->writers++;
        p->writer_opens++;
    }
    mutex_unlock(&p->lock);
    wake_up_all(p->changed);
}

/* With the last end goes what nobody has read. */
void pipe_release(struct file *f)
{
    struct pipe *p = file_pipe(f);
    u32 mode = f->flags & O_ACCMODE;

    mutex_lock(&p->lock);
    if (mode != O_WRONLY)
        WRITE_ONCE(p->readers, p->readers - 1);
    if (mode != O_RDONLY)
        WRITE_ONCE(p->writers, p->writers - 1);
    if (!p->readers && !p->writers)
        pipe_clear(p);
    mutex_unlock(&p->lock);
    wake_up_all(p->changed);
}

/*
 * Opening a FIFO waits for the other end, which may have come and gone again
 * by the time that we look: so we wait for a count of openings to change.
 */
int fifo_open(struct inode *inode, struct file *f)
{
    struct pipe *p = inode->private;
    u32 mode = f->flags & O_ACCMODE;
    unsigned *ends = mode == O_RDONLY ? &p->writers : &p->readers;
    unsigned *opens = mode == O_RDONLY ? &p->writer_opens : &p->reader_opens;
    unsigned seen = READ_ONCE(*opens);

    if (p->nameless) { /* by way of /proc/PID/fd: nobody is waited for */
        end_opened(p, mode);
        return 0;
    }
    if (mode == O_WRONLY && (f->flags & O_NONBLOCK) && !READ_ONCE(*ends))
        return -ENXIO;
    end_opened(p, mode);
    if (mode == O_RDWR || (f->flags & O_NONBLOCK))
        return 0;
    if (!wait_event_interruptible(p->changed, READ_ONCE(*ends) ||
                                                  READ_ONCE(*opens) != seen))
        return 0;
    pipe_release(f);
    return -ERESTARTSYS;
}

/* ---- pipe(2) ---- */

/* An end of a pipe; the other end's reference on the inode stays. */
static struct file *open_end(struct inode *inode, u32 flags)
{
    struct file *f = file_create(inode, &fifo_ops, flags);

    if (!f)
        return NULL;
    inode_get(inode);
    end_opened(inode->private, flags & O_ACCMODE);
    return f;
}

/* Both files, or none. */
static int make_ends(struct file **ends, u32 flags)
{
    struct inode *inode = inode_make(S_IFIFO | 0600, 0);

    if (!inode)
        return -ENOMEM;
    ((struct pipe *)inode->private)->nameless = true;
    ends[0] = open_end(inode, O_RDONLY | flags);
    ends[1] = open_end(inode, O_WRONLY | flags);
    inode_put(inode);
    if (ends[0] && ends[1])
        return 0;
    for (int i = 0; i < 2; i++)
        if (ends[i])
            file_put(ends[i]);
    return -ENOMEM;
}

static s64 make_pipe(u64 user_fds, u32 flags)
{
    struct file *ends[2];
    int err;

    if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
        return -EINVAL;
    err = make_ends(ends, flags & (O_NONBLOCK | O_DIRECT));
    return err ? err : fd_install_pair(ends, flags & O_CLOEXEC, user_fds);
}

s64 sys_pipe(const u64 *a)
{
    return make_pipe(a[0], 0);
}

s64 sys_pipe2(const u64 *a)
{
    return make_pipe(a[0], (u32)a[1]);
}
