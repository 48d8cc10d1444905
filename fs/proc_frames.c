/* SPDX-License-Identifier: MIT */
/*
 * /proc/framemap: physical memory, a letter a frame.
 *
 *     SECTION STATE ZONE DIMM LETTERS
 *     128     online movable 0 aaaa..PP
 *
 * A line for each section that was ever there (2 MiB, 512 letters; none if it
 * is not online). DIMM is a slot, or "-" for soldered memory. The letters:
 *
 *     .  free                     a  anonymous, one owner
 *     A  anonymous, shared        f  a page of a file, or shared memory
 *     s  in the swap cache        w  being written to swap
 *     P  held by somebody else too: a pin, or a passer-by
 *     t  a page table             k  the kernel's
 *     r  reserved                 m  struct pages
 *     i  free, isolated for removal
 *
 * Nothing is stopped meanwhile: it is a picture of a moving thing.
 */
#include <fs/fs_private.h>
#include <fs/procfs.h>
#include <fs/text.h>
#include <mm/filemap.h>
#include <mm/removal.h>
#include <mm/section.h>
#include <kernel/print.h>

/* More references than page tables, swap cache and file account for. */
static bool held(const struct page *p)
{
    return page_refs(p) >
           page_mapcount(p) + page_flag(p, PG_SWAPCACHE) + page_in_file(p);
}

static char user_letter(const struct page *p)
{
    if (page_flag(p, PG_WRITEBACK))
        return 'w';
    if (held(p))
        return 'P';
    if (page_flag(p, PG_SWAPCACHE))
        return 's';
    if (p->use == PAGE_FILE)
        return 'f';
    return page_mapcount(p) > 1 ? 'A' : 'a';
}

static char letter_of(const struct page *p)
{
    switch (p->use) {
    case PAGE_FREE:
        return '.';
    case PAGE_ISOLATED:
        return 'i';
    case PAGE_ANON:
    case PAGE_FILE:
        return user_letter(p);
    case PAGE_TABLE:
        return 't';
    case PAGE_RESERVED:
        return 'r';
    case PAGE_MEMMAP:
        return 'm';
    default:
        return 'k';
    }
}

static void add_section(struct text *t, u32 nr, const struct section *s)
{
    static const char *const states[] = {"absent", "offline", "online",
                                         "going"};
    char letters[SECTION_FRAMES + 1];
    char dimm[8] = "-";
    unsigned state;

    if (s->dimm >= 0)
        snprintf(dimm, sizeof(dimm), "%d", s->dimm);
    sections_hold(); /* not for the text: memory for it may be long in coming */
    for (unsigned i = 0; s->map && i < SECTION_FRAMES; i++)
        letters[i] = letter_of(&s->map[i]);
    letters[s->map ? SECTION_FRAMES : 0] = 0;
    state = s->state;
    sections_release();
    text_add(t, "%u %s %s %s %s\n", nr, states[state],
             s->zone == ZONE_MOVABLE ? "movable" : "normal", dimm, letters);
}

static void show_framemap(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    (void)arg;
    for (u32 nr = 0; nr < section_count(); nr++) {
        struct section *s = section_get(nr);

        if (s->state != SECTION_ABSENT)
            add_section(t, nr, s);
    }
}

void proc_frames_init(void)
{
    static const struct text_file file = {.show = show_framemap};

    text_create("/proc/framemap", &file);
}
