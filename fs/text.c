/* SPDX-License-Identifier: MIT */
/* Files whose text is made when they are read; see fs/text.h. */
#include <fs/fs_private.h>
#include <fs/text.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/uaccess.h>
#include <mm/slab.h>

#define LINE_MAX 256

/* What an inode's private points at. */
struct binding {
    const struct text_file *tf;
    void *arg;
};

/* ---- growing ---- */

static bool grow(struct text *t, size_t need)
{
    size_t room = t->room ? t->room : 1024;
    char *bigger;

    if (need <= t->room)
        return true;
    while (room < need)
        room *= 2;
    bigger = kmalloc(room, ALLOC_KERNEL);
    if (!bigger)
        return false;
    if (t->len)
        memcpy(bigger, t->buf, t->len);
    kfree(t->buf);
    t->buf = bigger;
    t->room = room;
    return true;
}

void text_add(struct text *t, const char *fmt, ...)
{
    char line[400];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    if (n > (int)sizeof(line) - 1)
        n = sizeof(line) - 1;
    if (!grow(t, t->len + (size_t)n + 1))
        return;
    memcpy(t->buf + t->len, line, (size_t)n);
    t->len += (size_t)n;
}

void text_line(const char *line, void *arg)
{
    text_add(arg, "%s\n", line);
}

void text_free(struct text *t)
{
    kfree(t->buf);
    *t = (struct text){0};
}

/* ---- the file ---- */

static int text_open(struct inode *inode, struct file *f)
{
    (void)inode;
    f->private = kzalloc(sizeof(struct text), ALLOC_KERNEL);
    return f->private ? 0 : -ENOMEM;
}

static void text_release(struct file *f)
{
    if (f->private)
        text_free(f->private);
    kfree(f->private);
}

/* Two threads may read one open file: the inode's lock keeps its text. */
static s64 text_read(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    struct binding *b = f->inode->private;
    struct text *t = f->private;
    s64 n = 0;

    mutex_lock(&f->inode->lock);
    if (*pos == 0 && b->tf->show) {
        t->len = 0;
        b->tf->show(t, b->tf, b->arg);
    }
    if (*pos < t->len) {
        n = (s64)min_u64(len, t->len - *pos);
        if (copy_to_user(ubuf, t->buf + *pos, (size_t)n))
            n = -EFAULT;
        else
            *pos += (u64)n;
    }
    mutex_unlock(&f->inode->lock);
    return n;
}

static s64 text_write(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    struct binding *b = f->inode->private;
    char line[LINE_MAX];
    char *end;
    int err;

    (void)pos; /* a write is a line, wherever it is written */
    if (!b->tf->write)
        return -EACCES;
    if (len >= sizeof(line))
        return -EINVAL;
    if (copy_from_user(line, ubuf, len))
        return -EFAULT;
    line[len] = 0;
    end = strchr(line, '\n');
    if (end)
        *end = 0;
    err = b->tf->write(f->private, line, b->arg);
    return err ? err : (s64)len;
}

const struct file_ops text_ops = {
    .open = text_open,
    .release = text_release,
    .read = text_read,
    .write = text_write,
};

static struct binding *bind(const struct text_file *tf, void *arg)
{
    struct binding *b = kmalloc(sizeof(*b), ALLOC_KERNEL);

    if (b)
        *b = (struct binding){tf, arg};
    return b;
}

void text_create(const char *path, const struct text_file *tf)
{
    u32 mode = S_IFREG | (tf->write ? (tf->show ? 0644 : 0666) : 0444);
    struct binding *b = bind(tf, tf->arg);
    struct inode *inode = b ? fs_mknod(path, mode, 0, &text_ops, b) : NULL;

    if (!inode)
        printk("no memory for %s\n", path);
    else
        inode_put(inode);
}

struct inode *text_inode(const struct text_file *tf, u64 ino, void *arg)
{
    struct inode *inode = inode_create(S_IFREG | (tf->write ? 0644 : 0444));
    struct binding *b = bind(tf, arg);

    if (!inode || !b) {
        if (inode)
            inode_put(inode);
        kfree(b);
        return NULL;
    }
    inode->ino = ino;
    inode->nlink = 1;
    inode->fops = &text_ops;
    inode->private = b;
    return inode;
}
