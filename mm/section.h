/* SPDX-License-Identifier: MIT */
/*
 * Sections: memory comes and goes 2 MiB at a time.
 *
 * One section is one large page of the direct map, one block of the buddy
 * allocator's greatest order, and the smallest step of QEMU's DIMMs. The
 * struct pages of a section that can be removed lie in its own first frames,
 * so that they leave with it; those of boot memory may lie anywhere in boot
 * memory, which never leaves physically.
 */
#ifndef MM_SECTION_H
#define MM_SECTION_H

#include <mm/page.h>
#include <mm/zone.h>

#define SECTION_SHIFT  21
#define SECTION_SIZE   (1ul << SECTION_SHIFT)
#define SECTION_FRAMES (SECTION_SIZE / PAGE_SIZE)
#define SECTION_MEMMAP_FRAMES \
    (ROUND_UP(SECTION_FRAMES * sizeof(struct page), PAGE_SIZE) / PAGE_SIZE)
#define SECTION_MAX (1u << 20) /* 2 TiB of physical addresses */

enum section_state {
    SECTION_ABSENT,  /* no memory here, or it was ejected */
    SECTION_OFFLINE, /* present, logically off: not in the direct map */
    SECTION_ONLINE,
    SECTION_GOING, /* isolated: being taken offline, or about to be online */
};

/* All fields change under the sections lock; `state` and `isolated_frames`
   also under the zone's lock, so that the allocator may read them there (the
   number changes under that alone while frames come free). */
struct section {
    struct page *map;    /* NULL unless online or going */
    struct page *home;   /* boot memory: where map is kept; else NULL */
    u8 state;            /* enum section_state */
    u8 zone;             /* enum zone_id that it belongs to when online */
    bool removable;      /* memmap on the section itself; movable zone */
    bool holes;          /* not all of it is RAM; fixed at boot */
    u16 isolated_frames; /* free frames kept from the allocator */
    int dimm;            /* hotplug slot, -1 = soldered */
};

/* NULL for a number beyond the end; else always valid, perhaps ABSENT. */
struct section *section_get(u32 nr);
u32 section_count(void); /* one more than the highest that was ever present */

static inline pfn_t section_pfn(u32 nr)
{
    return (pfn_t)nr << (SECTION_SHIFT - PAGE_SHIFT);
}

static inline u32 pfn_section(pfn_t pfn)
{
    return pfn >> (SECTION_SHIFT - PAGE_SHIFT);
}

/* Boot: enter RAM as described by boot_info, fill the normal zone. */
void sections_boot(void);

/*
 * Prepare one section for a zone: direct map, memmap. It is isolated then:
 * section_unisolate hands its frames over, section_finish_offline takes it
 * away again. The section is ABSENT or OFFLINE. Sections lock held; may sleep.
 * -EBUSY if it is online, -ENOMEM if page tables cannot be had.
 */
int section_online(u32 nr, enum zone_id zone, int dimm);

/* Isolation, mm/zone.c does the work under the zone lock. After
   section_isolate returns, no frame of the section is handed out, and frames
   that are freed stay in the section. */
void section_isolate(u32 nr);
void section_unisolate(u32 nr);
/* All frames free (the memmap's own excepted)? */
bool section_is_empty(u32 nr);
/* The last step: everything free; leave the zone and the direct map. */
void section_finish_offline(u32 nr);
/* Its part under the zone lock: the zone forgets the isolated frames. */
void zone_forget_section(u32 nr);
/* And the opposite: all frames but the first `own` are new in its zone, free
   and isolated. */
void zone_add_isolated(u32 nr, unsigned own);
/* The DIMM is about to go: the section is wiped, and is offline for good. */
void section_absent(u32 nr);

#endif
