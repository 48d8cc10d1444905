/* SPDX-License-Identifier: MIT */
/*
 * Taking memory away: whole sections, while it is in use.
 */
#ifndef MM_REMOVAL_H
#define MM_REMOVAL_H

#include <mm/section.h>

enum removal_method {
    REMOVAL_MIGRATE, /* move what is in use */
    REMOVAL_DRAIN,   /* only take pages off the free list as they come */
};

/* One request; the caller's, on its stack. */
struct removal {
    u32 first, count; /* sections */
    enum removal_method method;
    u32 max_passes;     /* give up after so many; 0 = no limit */
    u64 max_ns;         /* or so much time; 0 = no limit */
    atomic_t cancelled; /* set by anybody: give up */
    bool interruptible; /* a signal to the task gives up too */
    /* Results, valid afterwards: */
    u32 passes;
    u64 moved, refused, waited; /* pages moved, unmaps refused, waits */
    char why[80];               /* why it failed, for people */
};

/* The defaults for requests that say nothing (the command line's
   memhp.passes= and memhp.timeout= seconds, or /sys/.../removal). */
void removal_defaults(struct removal *r, u32 first, u32 count);

/*
 * Take the sections offline: all or nothing. 0 or: -EBUSY (limit reached, or
 * something that can never move), -ENOMEM (no room elsewhere), -EINTR (told
 * to give up), -EINVAL (not online). On failure everything is put back, and
 * each frame that held it up is named, with its holders, by removal_report.
 * May sleep long. Takes the removal mutex.
 */
int memory_offline(struct removal *r);
/* Online again, in the zone it came from. */
int memory_online(u32 first, u32 count);

/* A DIMM came, or is to go: what the hotplug driver calls. */
int memory_add_dimm(int dimm, u64 base, u64 size);
/* After memory_offline of all its sections: forget them. */
void memory_forget_dimm(int dimm, u64 base, u64 size);

/* Ask a removal that is under way to give up. False: none is. */
bool removal_cancel(void);

/*
 * What kept the last failed removal, line by line through `emit`: each frame,
 * its use, and its holders (page tables by process, swap cache, pins by
 * owner, age and purpose, kernel). At most 64 frames are named.
 */
void removal_report(void (*emit)(const char *line, void *arg), void *arg);
/* The same for one page, now. */
void page_holders(struct page *p, void (*emit)(const char *line, void *arg),
                  void *arg);

#endif
