/* SPDX-License-Identifier: MIT */
/* Files in memory: read and write, to and from kernel memory. */
#include <mm/filemap.h>
#include <kernel/errno.h>
#include <kernel/string.h>

/* A piece within one page. */
static int read_piece(struct mapping *m, u64 pos, void *buf, u64 len)
{
    struct page *page;
    int err = mapping_get_page(m, pos >> PAGE_SHIFT, false, &page);

    if (err == -ENOENT) {
        memset(buf, 0, len); /* a hole */
        return 0;
    }
    if (err)
        return err;
    memcpy(buf, (char *)page_to_virt(page) + (pos & ~PAGE_MASK), len);
    put_page(page);
    return 0;
}

static int write_piece(struct mapping *m, u64 pos, const void *buf, u64 len)
{
    struct page *page;
    int err = mapping_get_page(m, pos >> PAGE_SHIFT, true, &page);

    if (err)
        return err;
    memcpy((char *)page_to_virt(page) + (pos & ~PAGE_MASK), buf, len);
    put_page(page);
    return 0;
}

static u64 rest_of_page(u64 pos, u64 len)
{
    return min_u64(len, PAGE_SIZE - (pos & ~PAGE_MASK));
}

s64 mapping_read(struct mapping *m, u64 pos, void *buf, u64 len)
{
    u64 size = READ_ONCE(m->size), done = 0;
    int err = 0;

    len = pos < size ? min_u64(len, size - pos) : 0;
    while (done < len) {
        u64 n = rest_of_page(pos + done, len - done);

        err = read_piece(m, pos + done, (char *)buf + done, n);
        if (err)
            break;
        done += n;
    }
    return done ? (s64)done : err;
}

s64 mapping_write(struct mapping *m, u64 pos, const void *buf, u64 len)
{
    u64 done = 0;
    int err = 0;

    while (done < len) {
        u64 n = rest_of_page(pos + done, len - done);

        err = mapping_check_write(m, pos + done, n);
        if (!err)
            err = write_piece(m, pos + done, (const char *)buf + done, n);
        if (err)
            break;
        done += n;
    }
    mutex_lock(&m->lock);
    if (done && pos + done > m->size)
        WRITE_ONCE(m->size, pos + done);
    mutex_unlock(&m->lock);
    return done ? (s64)done : err;
}
