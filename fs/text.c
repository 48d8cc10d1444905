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
    enum text_kind kind;
    void *arg;
};

/* ---- growing ---- */

static bool grow(struct text *t, size_t need)
{
    size_t room = t->room ? t->room : 1024;
    char *bigger;

    if (need <= t->room)
        return true;
    t->cut = true;
    if (t->fixed)
        return false;
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

/* Written twice if the first try shows how much room it takes. */
void text_add(struct text *t, const char *fmt, ...)
{
    size_t need = 1, room;
    va_list ap;

    while (grow(t, t->len + need)) {
        room = t->room - t->len;
        va_start(ap, fmt);
        need = (size_t)vsnprintf(t->buf + t->len, room, fmt, ap) + 1;
        va_end(ap);
        if (need <= room) {
            t->len += need - 1;
            return;
        }
    }
}

void text_line(const char *line, void *arg)
{
    text_add(arg, "%s\n", line);
}

void text_add_bytes(struct text *t, const char *bytes, size_t n)
{
    if (!grow(t, t->len + n))
        return;
    memcpy(t->buf + t->len, bytes, n);
    t->len += n;
}

bool text_hold(struct text *t, size_t more)
{
    bool grown = grow(t, t->len + more);

    t->cut = false;
    t->fixed = true;
    return grown;
}

void text_release(struct text *t)
{
    t->fixed = false;
}

void text_add_locked(struct text *t, void (*fn)(struct text *t, void *arg),
                     void *arg)
{
    size_t start = t->len, more = PAGE_SIZE;
    bool grown;

    do {
        t->len = start;
        grown = text_hold(t, more);
        fn(t, arg);
        text_release(t);
        more *= 2;
    } while (t->cut && grown);
}

void text_free(struct text *t)
{
    kfree(t->buf);
    *t = (struct text){0};
}

/* ---- the file ---- */

/*
 * Of an open file, whose threads may read and ask at the same time. Not the
 * inode's lock: who writes `offline` may be at it for long, and another one
 * must be able to open the same file, and write `cancel`.
 */
struct open_text {
    struct mutex lock;
    struct text text; /* lock */
    bool made;        /* lock */
    /* Of a text in parts. lock. */
    u64 first; /* where in the file the part begins */
    u64 next;  /* the list's own word for where the next one does */
};

static bool readable(const struct text_file *tf)
{
    return tf->show || tf->show_part;
}

/* What nobody answers to is not opened, if the file is of that kind. */
static int check_open(const struct binding *b, u32 access)
{
    if (b->kind != TEXT_ATTRIBUTE)
        return 0;
    if ((access != O_WRONLY && !readable(b->tf)) ||
        (access != O_RDONLY && !b->tf->write))
        return -EACCES;
    return 0;
}

static int text_open(struct inode *inode, struct file *f)
{
    int err = check_open(inode->private, f->flags & O_ACCMODE);
    struct open_text *o;

    if (err)
        return err;
    o = kzalloc(sizeof(*o), ALLOC_KERNEL);
    if (!o)
        return -ENOMEM;
    mutex_init(&o->lock, "text", RANK_INODE);
    f->private = o;
    return 0;
}

static void text_closed(struct file *f)
{
    struct open_text *o = f->private;

    text_free(&o->text);
    kfree(o);
}

/* As many parts as it takes to get to pos; only the last one is kept. */
static void make_parts(struct open_text *o, const struct binding *b, u64 pos)
{
    struct text *t = &o->text;

    if (pos == 0 || pos < o->first)
        o->first = o->next = t->len = 0;
    while (pos >= o->first + t->len) {
        o->first += t->len;
        t->len = 0;
        b->tf->show_part(t, b->arg, &o->next);
        if (!t->len)
            return;
    }
}

/* Have the text that is at pos, if there is one. Lock held. */
static void make_text(struct open_text *o, const struct binding *b, u64 pos)
{
    if (b->tf->show_part) {
        make_parts(o, b, pos);
    } else if (b->tf->show && (pos == 0 || !o->made)) {
        o->text.len = 0;
        b->tf->show(&o->text, b->tf, b->arg);
        o->made = true;
    }
}

/* What is there of it from *pos on. Lock held. */
static s64 read_out(const struct open_text *o, u64 ubuf, u64 len, u64 *pos)
{
    const struct text *t = &o->text;
    u64 at = *pos - o->first;

    if (at >= t->len)
        return 0;
    len = min_u64(len, t->len - at);
    if (copy_to_user(ubuf, t->buf + at, len))
        return -EFAULT;
    *pos += len;
    return (s64)len;
}

static s64 text_read(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    struct binding *b = f->inode->private;
    struct open_text *o = f->private;
    s64 n;

    if (b->kind == TEXT_PROCESS && !readable(b->tf))
        return -EINVAL;
    mutex_lock(&o->lock);
    make_text(o, b, *pos);
    n = read_out(o, ubuf, len, pos);
    mutex_unlock(&o->lock);
    return n;
}

static s64 text_write(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    struct binding *b = f->inode->private;
    struct open_text *o = f->private;
    char line[LINE_MAX];
    char *end;
    int err;

    (void)pos; /* a write is a line, wherever it is written */
    if (!b->tf->write)
        return b->kind == TEXT_PROCESS ? -EINVAL : -EIO;
    if (len == 0 && b->kind == TEXT_ATTRIBUTE)
        return 0; /* as Linux: nobody is asked */
    if (len >= sizeof(line))
        return -EINVAL;
    if (copy_from_user(line, ubuf, len))
        return -EFAULT;
    line[len] = 0;
    end = line + strlen(line);
    if (end > line && end[-1] == '\n')
        end[-1] = 0; /* one, at the end; others are part of the line */
    mutex_lock(&o->lock);
    err = b->tf->write(&o->text, line, b->arg);
    mutex_unlock(&o->lock);
    return err ? err : (s64)len;
}

static void text_forget(struct inode *inode)
{
    kfree(inode->private);
}

const struct file_ops text_ops = {
    .open = text_open,
    .release = text_closed,
    .read = text_read,
    .write = text_write,
    .forget = text_forget,
};

static struct binding *bind(const struct text_file *tf, enum text_kind kind,
                            void *arg)
{
    struct binding *b = kmalloc(sizeof(*b), ALLOC_KERNEL);

    if (b)
        *b = (struct binding){tf, kind, arg};
    return b;
}

/* Files of hotcow's own that answer to what is written are for everybody. */
static u32 mode_of(const struct text_file *tf, enum text_kind kind)
{
    if (tf->mode)
        return S_IFREG | tf->mode;
    if (!tf->write)
        return S_IFREG | 0444;
    if (readable(tf))
        return S_IFREG | 0644;
    return S_IFREG | (kind == TEXT_PLAIN ? 0666 : 0200);
}

void text_create(const char *path, const struct text_file *tf)
{
    enum text_kind kind =
        !strncmp(path, "/sys/", 5) || !strncmp(path, "/proc/sys/", 10)
            ? TEXT_ATTRIBUTE
            : TEXT_PLAIN;
    struct binding *b = bind(tf, kind, tf->arg);
    struct inode *inode =
        b ? fs_mknod(path, mode_of(tf, kind), 0, &text_ops, b) : NULL;

    if (inode) {
        inode_put(inode);
        return;
    }
    kfree(b);
    printk("no memory for %s\n", path);
}

int text_number(const char *word, u64 max, u64 *n)
{
    const char *end;

    if (!word || strlen(word) > 18 || !(word[0] >= '0' && word[0] <= '9'))
        return -EINVAL; /* 18 digits cannot overflow */
    *n = str_to_u64(word, &end);
    return *end || *n > max ? -EINVAL : 0;
}

struct inode *text_inode(const struct text_file *tf, enum text_kind kind,
                         u64 ino, void *arg)
{
    struct inode *inode = inode_create(mode_of(tf, kind));
    struct binding *b = bind(tf, kind, arg);

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
