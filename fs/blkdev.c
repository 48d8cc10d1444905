/* SPDX-License-Identifier: MIT */
/*
 * Disks as files: /dev/hda...
 *
 * With O_DIRECT, between the disk and the user's own pages (fs/rawio.c).
 * Without, through a kernel page and at any offset: a partial sector is read,
 * changed and written under the inode's lock, so that two writers of one
 * sector do not undo each other's part. Readers take no lock. Nothing is
 * cached, so that both ways always see the same bytes.
 */
#include <fs/devices.h>
#include <fs/fs_private.h>
#include <fs/rawio.h>
#include <kernel/block.h>
#include <kernel/current.h>
#include <kernel/print.h>
#include <kernel/uaccess.h>
#include <kernel/wait.h>
#include <mm/slab.h>
#include <mm/zone.h>

#define BLKGETSIZE   0x1260
#define BLKFLSBUF    0x1261
#define BLKSSZGET    0x1268
#define BLKGETSIZE64 0x80081272

static const struct file_ops blk_ops;

struct blockdev *inode_blockdev(struct inode *inode)
{
    return inode->fops == &blk_ops ? inode->private : NULL;
}

static u64 dev_bytes(const struct blockdev *dev)
{
    return dev->sectors << SECTOR_SHIFT;
}

/* ---- O_DIRECT ---- */

static void wake_sleeper(struct raw_io *io)
{
    complete(io->private);
}

/*
 * One transfer, slept for. Not interruptible: DMA cannot be called back, and
 * `io` is on this stack. The driver's time-out bounds it.
 */
static s64 transfer(struct blockdev *dev, u64 pos, const struct user_range *r,
                    unsigned n, bool write)
{
    struct completion done;
    struct raw_io io = {.done = wake_sleeper, .private = &done};
    int err;

    completion_init(&done);
    err =
        raw_start(&io, dev, pos, r, n, write, write ? "raw write" : "raw read");
    if (err)
        return err;
    wait_for_completion(&done);
    if (io.bio.error && !io.bio.done)
        return io.bio.error;
    return (s64)io.bio.done;
}

/* A place in a list of pieces. */
struct cursor {
    const struct user_range *r;
    unsigned n, i;
    u64 off;
};

/* Cut off the next pieces, at most `max` bytes; how many pieces and bytes. */
static unsigned cut(struct cursor *c, struct user_range *out, u64 max,
                    u64 *bytes)
{
    unsigned k = 0;

    *bytes = 0;
    for (; c->i < c->n && *bytes < max; c->i++, c->off = 0) {
        u64 len = min_u64(c->r[c->i].len - c->off, max - *bytes);

        if (!len)
            continue;
        out[k++] = (struct user_range){c->r[c->i].addr + c->off, len};
        *bytes += len;
        c->off += len;
        if (c->off < c->r[c->i].len)
            break;
    }
    return k;
}

/* A killed task stops between two transfers. */
static s64 direct(struct blockdev *dev, const struct user_range *r, unsigned n,
                  u64 pos, u64 len, bool write)
{
    struct cursor c = {r, n, 0, 0};
    struct user_range *part = kmalloc(n * sizeof(*part), ALLOC_KERNEL);
    s64 total = 0, got = 0;

    if (!part)
        return -ENOMEM;
    while (len > 0 && !(total && fatal_signal_pending())) {
        u64 bytes;
        unsigned k = cut(&c, part, min_u64(len, RAW_MAX), &bytes);

        got = transfer(dev, pos + (u64)total, part, k, write);
        if (got > 0)
            total += got;
        if (got != (s64)bytes)
            break;
        len -= bytes;
    }
    kfree(part);
    return total ? total : got;
}

/* ---- through a kernel page ---- */

static int page_io(struct blockdev *dev, struct page *page, u64 sector,
                   u32 bytes, enum bio_op op)
{
    struct bio_seg seg = {page_to_pfn(page), 0, bytes};
    struct bio bio = {
        .dev = dev, .op = op, .sector = sector, .segs = &seg, .nr_segs = 1};

    return bio_submit_wait(&bio);
}

/* As many sectors as a page holds. The page is the caller's. Sectors that are
   written whole are not read first: that is how a bad one is mended. */
static s64 one_page(struct blockdev *dev, struct page *page, u64 pos, u64 ubuf,
                    u64 len, bool write)
{
    u64 off = pos % SECTOR_SIZE, sector = pos >> SECTOR_SHIFT;
    u64 n = min_u64(len, PAGE_SIZE - off);
    u32 bytes = (u32)ROUND_UP(off + n, SECTOR_SIZE);
    char *data = page_to_virt(page);
    int err = 0;

    if (!write || bytes != n)
        err = page_io(dev, page, sector, bytes, BIO_READ);
    if (err)
        return err;
    if (!write)
        return copy_to_user(ubuf, data + off, n) ? -EFAULT : (s64)n;
    if (copy_from_user(data + off, ubuf, n))
        return -EFAULT;
    err = page_io(dev, page, sector, bytes, BIO_WRITE);
    return err ? err : (s64)n;
}

static s64 buffered_one(struct blockdev *dev, struct page *page, u64 pos,
                        const struct user_range *r, u64 len, bool write)
{
    u64 done = 0;

    while (done < len && !(done && fatal_signal_pending())) {
        s64 n =
            one_page(dev, page, pos + done, r->addr + done, len - done, write);

        if (n < 0)
            return done ? (s64)done : n;
        done += (u64)n;
    }
    return (s64)done;
}

static s64 buffered(struct inode *inode, const struct user_range *r, unsigned n,
                    u64 pos, u64 len, bool write)
{
    struct blockdev *dev = inode->private;
    struct page *page = alloc_page(ALLOC_KERNEL, PAGE_KERNEL);
    u64 total = 0;
    s64 got = 0;

    if (!page)
        return -ENOMEM;
    if (write && mutex_lock_killable(&inode->lock)) {
        put_page(page);
        return -EINTR;
    }
    for (unsigned i = 0; i < n && total < len; i++) {
        u64 want = min_u64(r[i].len, len - total);

        got = buffered_one(dev, page, pos + total, &r[i], want, write);
        if (got > 0)
            total += (u64)got;
        if (got != (s64)want)
            break;
    }
    if (write)
        mutex_unlock(&inode->lock);
    put_page(page);
    return total ? (s64)total : got;
}

/* ---- the file ---- */

static s64 blk_rw(struct file *f, const struct user_range *r, unsigned n,
                  u64 *pos, bool write)
{
    struct blockdev *dev = f->inode->private;
    bool raw = READ_ONCE(f->flags) & O_DIRECT; /* once: fcntl changes it */
    u64 len = 0;
    s64 done;

    for (unsigned i = 0; i < n; i++)
        len += r[i].len;
    if (raw && raw_check(r, n, *pos))
        return -EINVAL;
    if (*pos >= dev_bytes(dev))
        return write && len ? -ENOSPC : 0;
    len = min_u64(len, dev_bytes(dev) - *pos);
    if (!len)
        return 0;
    done = raw ? direct(dev, r, n, *pos, len, write)
               : buffered(f->inode, r, n, *pos, len, write);
    if (done > 0)
        *pos += (u64)done;
    if (done > 0 && wants_sync(f, 0, write) && blockdev_flush(dev))
        return -EIO; /* nobody knows what of it will stay */
    return done;
}

static s64 blk_ioctl(struct file *f, u32 cmd, u64 arg)
{
    struct blockdev *dev = f->inode->private;
    u64 bytes = dev_bytes(dev);

    switch (cmd) {
    case BLKGETSIZE64:
        return copy_to_user(arg, &bytes, sizeof(bytes)) ? -EFAULT : 0;
    case BLKGETSIZE:
        return copy_to_user(arg, &dev->sectors, sizeof(u64)) ? -EFAULT : 0;
    case BLKSSZGET:
        return put_user_u32(arg, SECTOR_SIZE);
    case BLKFLSBUF:
        return 0; /* nothing is buffered */
    default:
        return -ENOTTY;
    }
}

static s64 blk_read(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    struct user_range r = {ubuf, len};

    return blk_rw(f, &r, 1, pos, false);
}

static s64 blk_write(struct file *f, u64 ubuf, u64 len, u64 *pos)
{
    struct user_range r = {ubuf, len};

    return blk_rw(f, &r, 1, pos, true);
}

static const struct file_ops blk_ops = {
    .read = blk_read,
    .write = blk_write,
    .ioctl = blk_ioctl,
    .rw_ranges = blk_rw,
};

/* Linux's numbers: hda and hdb are on major 3, hdc and hdd on 22. */
unsigned blkdev_major(const struct blockdev *dev)
{
    return dev->name[2] < 'c' ? 3 : 22;
}

unsigned blkdev_minor(const struct blockdev *dev)
{
    return (unsigned)(dev->name[2] - 'a') % 2 * 64;
}

void blkdev_init(void)
{
    struct blockdev *dev;

    for (unsigned i = 0; (dev = blockdev_nth(i)); i++) {
        char path[24];
        struct inode *inode;

        snprintf(path, sizeof(path), "/dev/%s", dev->name);
        inode = fs_mknod(path, S_IFBLK | 0660,
                         make_rdev(blkdev_major(dev), blkdev_minor(dev)),
                         &blk_ops, dev);
        if (inode)
            inode_put(inode);
    }
}
