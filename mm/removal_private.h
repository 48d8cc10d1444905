/* SPDX-License-Identifier: MIT */
/* Taking memory away: for the files of mm/ that do it, or stand aside. */
#ifndef MM_REMOVAL_PRIVATE_H
#define MM_REMOVAL_PRIVATE_H

#include <mm/removal.h>

bool removal_under_way(void);

/* mm/removal_wait.c */
void removal_begin(struct removal *r); /* arms the limit */
void removal_end(struct removal *r, int error);
/*
 * Sleep on q until done(arg). 0, or -EINTR if the removal is to give up:
 * cancelled, out of time, or a signal if it is interruptible. r NULL: never
 * give up. done is asked when the task is on the queue. No timer is armed but
 * the one that max_ns asked for.
 */
int removal_wait(struct removal *r, struct waitq *q, bool (*done)(void *arg),
                 void *arg);
bool removal_should_stop(struct removal *r);
/* How many frames of isolated sections came free since boot. */
u64 removal_frames_freed(void);

/*
 * mm/removal_empty.c: until all frames of the sections, which are isolated,
 * are free. 0; -EBUSY: a limit, or something that can never move, says r->why;
 * -ENOMEM; -EINTR.
 */
int removal_empty(struct removal *r);
/* Name the frames that are left, in the report. */
void removal_name_left(const struct removal *r);

/* mm/removal_report.c: the text is written anew for each failure. */
void removal_report_clear(void);
void removal_report_add(const char *line, void *arg);

#endif
