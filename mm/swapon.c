/* SPDX-License-Identifier: MIT */
/*
 * swapon: check what mkswap wrote, and make a slot for each page of the disk.
 *
 * The header is read once and not believed. What it says of pages that are not
 * there is refused, as by Linux: it was made for another device.
 */
#include <mm/lockorder.h>
#include <mm/slab.h>
#include <mm/swap_private.h>
#include <kernel/errno.h>
#include <kernel/print.h>
#include <kernel/string.h>

#define MAX_BAD_PAGES 637 /* what fits between the header and the signature */

/* The first page of a swap device, version 1, as mkswap writes it. */
struct swap_header {
    u8 boot[1024];
    u32 version;
    u32 last_page;
    u32 nr_bad;
    u8 uuid[16], label[16];
    u32 padding[117];
    u32 bad[MAX_BAD_PAGES];
    u8 unused[2];
    char signature[10]; /* ends with the page: so pages of 4096 bytes */
};
_Static_assert(sizeof(struct swap_header) == PAGE_SIZE, "swap header");

struct swap_device *swap_find(struct blockdev *dev)
{
    for (unsigned i = 0; i < MAX_SWAP_DEVICES; i++)
        if (swap_devices[i].state != SWAP_OFF && swap_devices[i].dev == dev)
            return &swap_devices[i];
    return NULL;
}

static int refuse(struct blockdev *dev, const char *why)
{
    printk("swap: %s: %s\n", dev->name, why);
    return -EINVAL;
}

/* A device that has no room for one has no signature. */
static int read_header(struct blockdev *dev, struct page *page)
{
    struct bio_seg seg = {page_to_pfn(page), 0, PAGE_SIZE};
    struct bio bio = {
        .dev = dev, .op = BIO_READ, .sector = 0, .segs = &seg, .nr_segs = 1};

    if (dev->sectors < SECTORS_PER_SLOT)
        return refuse(dev, "smaller than a page");
    list_init(&bio.node);
    return bio_submit_wait(&bio);
}

/* Each is named by the header, and some page is left. A page that is listed
   twice counts twice, as in Linux. */
static bool bad_pages_make_sense(const struct swap_header *h, u64 pages)
{
    u64 good = pages - 1; /* without the header */

    if (h->nr_bad > MAX_BAD_PAGES)
        return false;
    for (u32 i = 0; i < h->nr_bad; i++) {
        if (h->bad[i] == 0 || h->bad[i] > h->last_page)
            return false;
        good -= h->bad[i] < pages && good > 0;
    }
    return good > 0;
}

/* How many slots, the header included; or -errno. */
static s64 check_header(const struct swap_header *h, struct blockdev *dev)
{
    const u64 most = SWAP_MAX_CHUNKS * SLOTS_PER_CHUNK;
    u64 want = (u64)h->last_page + 1;

    if (memcmp(h->signature, "SWAPSPACE2", sizeof(h->signature)))
        return refuse(dev, "no swap signature (use mkswap)");
    if (h->version != 1)
        return refuse(dev, "swap header of an unknown version");
    if (want > most) {
        printk("swap: %s: made for %llu pages, %llu can be used\n", dev->name,
               (unsigned long long)want, (unsigned long long)most);
        want = most;
    }
    if (want > dev->sectors / SECTORS_PER_SLOT)
        return refuse(dev, "swap header of a larger device");
    if (!bad_pages_make_sense(h, want))
        return refuse(dev, "no good page, or bad ones that are not there");
    return (s64)want;
}

void swap_free_chunks(struct swap_device *d)
{
    for (u64 i = 0; i < d->nr_chunks; i++)
        if (d->chunks[i].slots)
            free_pages(virt_to_page(d->chunks[i].slots), 0);
    kfree(d->chunks);
    d->chunks = NULL;
    d->nr_chunks = d->nr_slots = 0;
}

/* All slots free. Nobody else knows the device yet. */
static int make_chunks(struct swap_device *d)
{
    const enum alloc_flags how = ALLOC_KERNEL | ALLOC_NO_OOM;

    d->nr_chunks = ROUND_UP(d->nr_slots, SLOTS_PER_CHUNK) / SLOTS_PER_CHUNK;
    d->chunks = kzalloc(d->nr_chunks * sizeof(*d->chunks), how);
    if (!d->chunks) {
        d->nr_chunks = 0;
        return -ENOMEM;
    }
    for (u64 i = 0; i < d->nr_chunks; i++) {
        struct page *p = alloc_page(how | ALLOC_ZERO, PAGE_KERNEL);

        if (!p)
            return -ENOMEM;
        d->chunks[i].slots = page_to_virt(p);
        d->chunks[i].free = SLOTS_PER_CHUNK;
        list_init(&d->chunks[i].node);
    }
    return 0;
}

static void mark_bad(struct swap_device *d, u64 nr)
{
    struct swap_chunk *c = &d->chunks[nr / SLOTS_PER_CHUNK];
    struct swap_slot *slot = &c->slots[nr % SLOTS_PER_CHUNK];

    if (slot->count == SWAP_SLOT_BAD)
        return; /* listed twice */
    slot->count = SWAP_SLOT_BAD;
    c->free--;
    if (nr < d->nr_slots)
        d->bad++; /* the end of the last chunk is nobody's */
}

/* The header, its list of bad pages, and what lies beyond the end. */
static void mark_all_bad(struct swap_device *d, const struct swap_header *h)
{
    mark_bad(d, 0);
    for (u32 i = 0; i < h->nr_bad; i++)
        if (h->bad[i] < d->nr_slots) /* not beyond what can be used */
            mark_bad(d, h->bad[i]);
    for (u64 nr = d->nr_slots; nr < d->nr_chunks * SLOTS_PER_CHUNK; nr++)
        mark_bad(d, nr);
}

/* Linux's way: each device that asks for no priority gets a lower one. */
static int default_priority(void)
{
    int lowest = -1;

    for (unsigned i = 0; i < MAX_SWAP_DEVICES; i++)
        if (swap_devices[i].state != SWAP_OFF &&
            swap_devices[i].priority < lowest)
            lowest = swap_devices[i].priority;
    return lowest - 1;
}

static void publish(struct swap_device *d, const struct swap_device *ready)
{
    u64 flags;

    flags = spin_lock_irqsave(&swap_lock);
    *d = *ready;
    list_init(&d->open);
    for (u64 i = 0; i < d->nr_chunks; i++)
        if (d->chunks[i].free > 0)
            list_add_tail(&d->chunks[i].node, &d->open);
    d->free = d->nr_slots - d->bad;
    d->state = SWAP_ON;
    spin_unlock_irqrestore(&swap_lock, flags);
    printk("swap: %s: %llu pages, %llu bad, priority %d\n", d->dev->name,
           (unsigned long long)d->free, (unsigned long long)d->bad - 1,
           d->priority);
}

static int set_up(struct swap_device *d, struct blockdev *dev, int priority,
                  const struct swap_header *h)
{
    struct swap_device new = {.dev = dev};
    s64 slots = check_header(h, dev);
    int err;

    if (slots < 0)
        return (int)slots;
    new.nr_slots = (u64)slots;
    new.priority = priority >= 0 ? priority : default_priority();
    err = make_chunks(&new);
    if (err) {
        swap_free_chunks(&new);
        return err;
    }
    mark_all_bad(&new, h);
    publish(d, &new);
    return 0;
}

static struct swap_device *unused_entry(void)
{
    for (unsigned i = 0; i < MAX_SWAP_DEVICES; i++)
        if (swap_devices[i].state == SWAP_OFF)
            return &swap_devices[i];
    return NULL;
}

static int swap_on_locked(struct blockdev *dev, int priority)
{
    struct swap_device *d = unused_entry();
    struct page *page;
    int err;

    if (swap_find(dev))
        return -EBUSY;
    if (!d)
        return -EPERM; /* Linux's answer to one device too many */
    page = alloc_page(ALLOC_KERNEL | ALLOC_NO_OOM, PAGE_KERNEL);
    if (!page)
        return -ENOMEM;
    err = read_header(dev, page);
    if (!err)
        err = set_up(d, dev, priority, page_to_virt(page));
    free_pages(page, 0);
    return err;
}

int swap_on(struct blockdev *dev, int priority)
{
    int err = mutex_lock_killable(&swapon_lock);

    if (err)
        return err;
    err = swap_on_locked(dev, priority);
    mutex_unlock(&swapon_lock);
    return err;
}
