/* SPDX-License-Identifier: MIT */
/*
 * Taking memory away: whole sections, while it is in use.
 */
#ifndef MM_REMOVAL_H
#define MM_REMOVAL_H

#include <kernel/time.h>
#include <kernel/wait.h>
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
    /* The kernel's own, from memory_offline's start to its end: */
    struct timer limit;      /* armed only if max_ns is set */
    bool expired;            /* max_ns are over; set by the timer */
    struct waitq *asleep_on; /* where its task sleeps; removing lock */
};

void removal_init(void); /* boot */

/* The defaults for requests that say nothing (the command line's
   memhp.passes= and memhp.timeout= seconds, or /sys/.../removal). */
void removal_defaults(struct removal *r, u32 first, u32 count);
/* Method, limits and interruptible of *r are the defaults from now on. */
void removal_set_defaults(const struct removal *r);
/* The last removal that ended, and what memory_offline said. False: none. */
bool removal_last(struct removal *out, int *error);

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

/* A DIMM came: what the hotplug driver calls. All its sections come online,
   movable, or none does. 0; -EINVAL: not whole sections; -EBUSY: some of it is
   online already; -ENOMEM. */
int memory_add_dimm(int dimm, u64 base, u64 size);
/* After memory_offline of all its sections: forget them. */
void memory_forget_dimm(int dimm, u64 base, u64 size);

/* Ask a removal that is under way to give up. False: none is. */
bool removal_cancel(void);

/*
 * Between these two no section's struct pages come or go, for whoever looks at
 * frames that it holds no reference on. A removal may be under way, but cannot
 * end. May sleep.
 */
void sections_hold(void);
bool sections_try_hold(void); /* false: somebody does */
void sections_release(void);

/* A frame of an isolated section became free: mm/zone.c tells. Any context,
   also under the zone lock. */
void removal_frame_freed(void);
extern struct waitq removal_waitq; /* woken then */

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
