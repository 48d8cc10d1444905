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
    u64 max_stand_ns;   /* no page's users sleep longer than this for its pins
                           to go, at a time; 0 = no limit */
    bool interruptible; /* a signal to the task gives up too */
    bool dimm;          /* all that is online of it leaves; what is offline
                           already does not matter; nothing comes back */
    /* Results, valid afterwards: */
    u32 passes;
    u64 moved, refused, waited; /* pages moved, unmaps refused, waits */
    char why[80];               /* why it failed, for people */
    u32 report;                 /* which text says what was left; 0 = none */
    /* The kernel's own, from the request's start to its end: */
    struct timer limit;      /* armed only if max_ns is set */
    bool expired;            /* max_ns are over; set by the timer */
    struct waitq *asleep_on; /* where its task sleeps; removing lock */
};

void removal_init(void); /* boot */

/* The defaults for requests that say nothing (the command line's memhp.passes=,
   memhp.timeout= seconds and memhp.stand= ms, or /sys/.../removal). */
void removal_defaults(struct removal *r, u32 first, u32 count);
/* Method, passes, time and interruptible of *r are the defaults from now on. */
void removal_set_defaults(const struct removal *r);
/* The last removal that ended, and what memory_offline said. False: none. */
bool removal_last(struct removal *out, int *error);

/*
 * Take the sections offline: all or nothing. 0 or: -EBUSY (limit reached, or
 * something that can never move), -ENOMEM (no room elsewhere), -EINTR (told
 * to give up), -EINVAL (not online, or not all of it is RAM). On failure
 * everything is put back, and each frame that held it up is named, with its
 * holders, by removal_report. May sleep long. One removal at a time: the others
 * wait for their turn, within their limits (-EBUSY, -EINTR).
 */
int memory_offline(struct removal *r);
/* Online again, each in the zone it came from: all or none. 0; -EINVAL;
   -EBUSY: one is not offline, or its DIMM is about to leave; -ENOMEM. Waits for
   no removal. */
int memory_online(u32 first, u32 count);

/*
 * A DIMM came: what the hotplug driver calls. All its sections come, online and
 * movable (or offline, if auto_online_blocks says so), or none does. 0;
 * -EINVAL: not whole sections; -EBUSY: some of it is online already; -ENOMEM.
 * Waits for no removal: it may be what that needs.
 */
int memory_add_dimm(int dimm, u64 base, u64 size);
/* It is to leave: memory_offline, with r->dimm, of what is online of it; then
   all of it is forgotten, at once. */
int memory_remove_dimm(struct removal *r);
/* Do the sections of DIMMs that come go online by themselves? */
void memory_set_auto_online(bool on);

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
 * What kept this failed removal, line by line through `emit`: each frame,
 * its use, and its holders (page tables by process, swap cache, pins by
 * owner, age and purpose, kernel). At most 64 frames are named. Nothing, if
 * another removal has begun since.
 */
void removal_report(const struct removal *r,
                    void (*emit)(const char *line, void *arg), void *arg);
/* The same for one page, now. */
void page_holders(struct page *p, void (*emit)(const char *line, void *arg),
                  void *arg);

#endif
