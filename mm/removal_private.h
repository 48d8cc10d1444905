/* SPDX-License-Identifier: MIT */
/* Taking memory away: for the files of mm/ that do it, or stand aside. */
#ifndef MM_REMOVAL_PRIVATE_H
#define MM_REMOVAL_PRIVATE_H

#include <mm/removal.h>

bool removal_under_way(void);

/* mm/removal_wait.c */

/* Wait for the turn, until the limit, which counts from here, or a signal: 0,
   or -EINTR, and removal_end is not called. */
int removal_begin(struct removal *r);
void removal_end(struct removal *r, int error);
/* Does the removal that is under way want any of these sections? */
bool removal_covers(u32 first, u32 count);
/*
 * Sleep on q until done(arg). 0, or -EINTR if the removal is to give up:
 * cancelled, out of time, or a signal if it is interruptible. r NULL: never
 * give up. done is asked when the task is on the queue. No timer is armed but
 * the one that max_ns asked for.
 */
int removal_wait(struct removal *r, struct waitq *q, bool (*done)(void *arg),
                 void *arg);
/* The same, but -EAGAIN at this time (TIME_NEVER: never), by another timer. */
int removal_wait_until(struct removal *r, u64 when, struct waitq *q,
                       bool (*done)(void *arg), void *arg);
bool removal_should_stop(struct removal *r);
/* How many frames of isolated sections came free since boot. */
u64 removal_frames_freed(void);

/* Is the section one that the removal under way, whose range has it, empties?
   (A DIMM's may have been offline before.) */
static inline bool section_is_going(u32 nr)
{
    return section_get(nr)->state == SECTION_GOING;
}

/*
 * mm/removal_empty.c: until all frames of the sections, which are isolated,
 * are free. 0; -EBUSY: a limit, or something that can never move, says r->why;
 * -ENOMEM; -EINTR.
 */
int removal_empty(struct removal *r);
/* Name the frames that are left, in the report. */
void removal_name_left(const struct removal *r);

/* mm/removal_report.c: the text is written anew for each failure. Which one it
   is now: its number, never 0. */
u32 removal_report_number(void);
void removal_report_clear(void);
void removal_report_add(const char *line, void *arg);

#endif
