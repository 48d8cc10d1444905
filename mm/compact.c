/* SPDX-License-Identifier: MIT */
/*
 * Compaction: frames in a row are made where only scattered ones are free.
 *
 * A section of boot memory is isolated, as for a removal: what is free there
 * is not handed out, nor what comes free. Its user pages move to the scattered
 * frames elsewhere, as many as can move at once; then it is handed back, and
 * what is free in it lies together. Kernel frames stay where they are, so the
 * section with the fewest of them is taken.
 *
 * Called in the middle of an allocation, under whatever locks reclaim may be
 * called with: it only tries for the sections' lock, waits for no page, and
 * moves pages into frames that are free already.
 */
#include <mm/migrate.h>
#include <mm/pcp.h>
#include <mm/reclaim.h>
#include <mm/removal.h>
#include <mm/section.h>
#include <mm/stat.h>
#include <kernel/current.h>

/* Frames of a section that will not move. All looks here are without locks:
   they choose, no more. */
static unsigned fixed_frames(const struct section *s)
{
    unsigned n = 0;

    for (unsigned i = 0; i < SECTION_FRAMES; i++)
        n += s->map[i].use != PAGE_FREE && !page_is_user(&s->map[i]);
    return n;
}

/* One that is all free would have served already. */
static bool has_user_pages(const struct section *s)
{
    for (unsigned i = 0; i < SECTION_FRAMES; i++)
        if (page_is_user(&s->map[i]))
            return true;
    return false;
}

static u32 last_chosen; /* the sections' lock */

/* Of those that are as good as any, the next one: pins may have kept the last
   one full. The sections' lock is held. section_count(): there is none. */
static u32 choose_section(void)
{
    unsigned fewest = SECTION_FRAMES;
    u32 count = section_count(), best = count;

    for (u32 i = 1; i <= count; i++) {
        u32 nr = (last_chosen + i) % count;
        const struct section *s = section_get(nr);
        unsigned fixed;

        if (s->state != SECTION_ONLINE || s->zone != ZONE_NORMAL)
            continue;
        fixed = fixed_frames(s);
        if (fixed < fewest && has_user_pages(s)) {
            fewest = fixed;
            best = nr;
        }
    }
    last_chosen = best;
    return best;
}

/* Others take frames at the same time: not the last ones. */
static void move_out(const struct zone *z, const struct section *s)
{
    for (unsigned i = 0; i < SECTION_FRAMES; i++) {
        struct page *page = &s->map[i];

        if (zone_free(z) < z->wmark_high)
            return;
        if (!page_is_user(page) || page_refs(page) == 0 || !lru_isolate(page))
            continue; /* being freed, or in transit */
        if (migrate_page(page, MOVE_NOW, NULL))
            lru_putback(page);
    }
}

bool compact_memory(void)
{
    const struct zone *z = &zones[ZONE_NORMAL];
    bool old;
    u32 nr;

    /* As long as the section is isolated, others have to do without it. */
    if (zone_free(z) < z->wmark_high + SECTION_FRAMES || !sections_try_hold())
        return false;
    nr = choose_section();
    if (nr < section_count()) {
        old = set_memalloc(true); /* no reclaim in the middle of it */
        section_isolate(nr);
        move_out(z, section_get(nr));
        section_unisolate(nr);
        set_memalloc(old);
        stat_inc(STAT_compact_stall);
    }
    sections_release();
    return nr < section_count();
}
