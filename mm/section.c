/* SPDX-License-Identifier: MIT */
/*
 * Sections: which memory there is, and its struct pages.
 *
 * A table of two levels leads from a frame number to its section; leaves are
 * made as memory comes, and stay. Boot memory's struct pages are taken from
 * boot memory before the allocator exists; a DIMM section's are its own first
 * frames.
 */
#include <mm/lockorder.h>
#include <mm/removal.h>
#include <mm/section.h>
#include <mm/slab.h>
#include <kernel/boot.h>
#include <kernel/errno.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/x86/directmap.h>

#define LEAF  512
#define ROOTS (SECTION_MAX / LEAF)

static struct section *roots[ROOTS]; /* entries written once each */
static u32 count;                    /* see section_count; only grows */

/* ---- finding ---- */

struct section *section_get(u32 nr)
{
    static struct section absent; /* nothing was ever there */
    struct section *leaf;

    if (nr >= SECTION_MAX)
        return NULL;
    leaf = __atomic_load_n(&roots[nr / LEAF], __ATOMIC_ACQUIRE);
    return leaf ? &leaf[nr % LEAF] : &absent;
}

u32 section_count(void)
{
    return READ_ONCE(count);
}

struct page *pfn_to_page(pfn_t pfn)
{
    struct section *s;

    if (pfn >> (SECTION_SHIFT - PAGE_SHIFT) >= SECTION_MAX)
        return NULL;
    s = section_get(pfn_section(pfn));
    return s->map ? &s->map[pfn % SECTION_FRAMES] : NULL;
}

pfn_t page_to_pfn(const struct page *p)
{
    return section_pfn(p->section) + p->section_off;
}

void *page_to_virt(const struct page *p)
{
    return pfn_to_virt(page_to_pfn(p));
}

struct page *virt_to_page(const void *va)
{
    return pfn_to_page(virt_to_pfn(va));
}

/* ---- boot ---- */

/* What the early allocator has taken, one contiguous piece after another. */
static struct boot_range early[BOOT_MAX_RANGES];
static unsigned nr_early;

/* The first taken range that overlaps [start, end), or NULL. */
static const struct boot_range *overlap(const struct boot_range *r, unsigned n,
                                        u64 start, u64 end)
{
    const struct boot_range *first = NULL;

    for (unsigned i = 0; i < n; i++)
        if (r[i].start < end && r[i].end > start &&
            (!first || r[i].start < first->start))
            first = &r[i];
    return first;
}

static const struct boot_range *taken(u64 start, u64 end)
{
    const struct boot_range *a, *b;

    a = overlap(boot_info.reserved, boot_info.nr_reserved, start, end);
    b = overlap(early, nr_early, start, end);
    return !a || (b && b->start < a->start) ? b : a;
}

static void note_early(u64 start, u64 end)
{
    if (nr_early && early[nr_early - 1].end == start) {
        early[nr_early - 1].end = end;
        return;
    }
    if (nr_early == ARRAY_SIZE(early))
        panic("boot memory is in too many pieces");
    early[nr_early++] = (struct boot_range){start, end};
}

/* Zeroed frames that are never freed. */
static void *early_alloc(u64 size)
{
    size = PAGE_UP(size);
    for (unsigned i = 0; i < boot_info.nr_ram; i++) {
        u64 at = PAGE_UP(boot_info.ram[i].start);
        const struct boot_range *t;

        while (at + size <= boot_info.ram[i].end) {
            t = taken(at, at + size);
            if (!t) {
                note_early(at, at + size);
                return memset(phys_to_virt(at), 0, size);
            }
            at = PAGE_UP(t->end);
        }
    }
    panic_too_small("struct pages");
}

static void init_pages(u32 nr, struct page *map, enum zone_id zone)
{
    for (unsigned i = 0; i < SECTION_FRAMES; i++) {
        struct page *p = &map[i];

        *p = (struct page){.section = nr,
                           .section_off = i,
                           .zone = zone,
                           .use = PAGE_RESERVED};
        atomic_set(&p->refs, 1);
        list_init(&p->lru);
    }
}

/* Not all of it is RAM: between ranges, or at their ends. */
static bool has_holes(u32 nr)
{
    u64 start = section_pfn(nr) << PAGE_SHIFT, end = start + SECTION_SIZE;
    u64 ram = 0;

    for (unsigned i = 0; i < boot_info.nr_ram; i++) {
        u64 from = max_u64(start, boot_info.ram[i].start);
        u64 to = min_u64(end, boot_info.ram[i].end);

        ram += to > from ? to - from : 0;
    }
    return ram < SECTION_SIZE;
}

static void boot_section(u32 nr)
{
    struct section *s;

    if (nr >= SECTION_MAX)
        return;
    if (!roots[nr / LEAF])
        roots[nr / LEAF] = early_alloc(LEAF * sizeof(struct section));
    s = &roots[nr / LEAF][nr % LEAF];
    if (s->state != SECTION_ABSENT)
        return; /* two ranges of RAM meet in it */
    s->home = early_alloc(SECTION_FRAMES * sizeof(struct page));
    s->map = s->home;
    s->state = SECTION_ONLINE;
    s->zone = ZONE_NORMAL;
    s->holes = has_holes(nr);
    s->dimm = -1;
    init_pages(nr, s->map, ZONE_NORMAL);
    count = nr + 1 > count ? nr + 1 : count;
}

/* Give the allocator what nobody has taken of [start, end). */
static void add_free(u64 start, u64 end)
{
    while (start < end) {
        const struct boot_range *t = taken(start, end);
        u64 stop = t ? PAGE_DOWN(max_u64(t->start, start)) : end;

        if (stop > start)
            zone_add_frames(&zones[ZONE_NORMAL], start >> PAGE_SHIFT,
                            (stop - start) >> PAGE_SHIFT);
        start = t ? PAGE_UP(t->end) : end;
    }
}

static void mark_early(void)
{
    for (unsigned i = 0; i < nr_early; i++)
        for (u64 at = early[i].start; at < early[i].end; at += PAGE_SIZE)
            pfn_to_page(at >> PAGE_SHIFT)->use = PAGE_MEMMAP;
}

void sections_boot(void)
{
    for (unsigned i = 0; i < boot_info.nr_ram; i++)
        for (u64 at = boot_info.ram[i].start & ~(SECTION_SIZE - 1);
             at < boot_info.ram[i].end; at += SECTION_SIZE)
            boot_section(at >> SECTION_SHIFT);
    mark_early();
    for (unsigned i = 0; i < boot_info.nr_ram; i++)
        add_free(PAGE_UP(boot_info.ram[i].start),
                 PAGE_DOWN(boot_info.ram[i].end));
    zone_set_watermarks();
}

/* ---- coming ---- */

/* The leaf is kept for ever once it is there. Sections lock held. */
static struct section *make_section(u32 nr)
{
    struct section *leaf = roots[nr / LEAF];

    if (!leaf) {
        leaf = kzalloc(LEAF * sizeof(*leaf), ALLOC_WAIT);
        if (!leaf)
            return NULL;
        __atomic_store_n(&roots[nr / LEAF], leaf, __ATOMIC_RELEASE);
    }
    return &leaf[nr % LEAF];
}

int section_online(u32 nr, enum zone_id zone, int dimm)
{
    struct section *s = nr < SECTION_MAX ? make_section(nr) : NULL;
    struct page *map;
    unsigned own = 0;

    if (!s)
        return nr < SECTION_MAX ? -ENOMEM : -EINVAL;
    if (s->state == SECTION_ONLINE || s->state == SECTION_GOING)
        return -EBUSY;
    if (directmap_add(section_pfn(nr), SECTION_FRAMES))
        return -ENOMEM;
    map = s->home ? s->home : pfn_to_virt(section_pfn(nr));
    own = s->home ? 0 : SECTION_MEMMAP_FRAMES;
    init_pages(nr, map, zone);
    for (unsigned i = 0; i < own; i++)
        map[i].use = PAGE_MEMMAP;
    s->zone = zone;
    s->dimm = dimm;
    s->removable = own > 0;
    s->map = map;
    if (nr + 1 > count)
        WRITE_ONCE(count, nr + 1);
    zone_add_isolated(nr, own);
    zone_set_watermarks();
    return 0;
}

/* ---- going ---- */

bool section_is_empty(u32 nr)
{
    struct section *s = section_get(nr);
    unsigned own = s->removable ? SECTION_MEMMAP_FRAMES : 0;

    return READ_ONCE(s->isolated_frames) == SECTION_FRAMES - own;
}

void section_finish_offline(u32 nr)
{
    ASSERT(section_is_empty(nr));
    zone_forget_section(nr);
    directmap_remove(section_pfn(nr), SECTION_FRAMES);
    zone_set_watermarks();
}

/*
 * Nobody's data leave the machine with a module. And QEMU (7.2) needs it: it
 * knows the code that it has translated by where the module lay, and a new one
 * may come to lie there. What was executed from the old one then runs instead
 * of what is in the new one, unless it was overwritten (user/tests/newcode.c).
 */
static void wipe(u32 nr)
{
    int err = directmap_add(section_pfn(nr), SECTION_FRAMES);

    ASSERT(err == 0); /* its tables are there: it was mapped before */
    memset(pfn_to_virt(section_pfn(nr)), 0, SECTION_SIZE);
    directmap_remove(section_pfn(nr), SECTION_FRAMES);
}

void section_absent(u32 nr)
{
    struct section *s = section_get(nr);

    ASSERT(s->state == SECTION_OFFLINE);
    wipe(nr);
    s->state = SECTION_ABSENT;
    s->dimm = -1;
}
