/* SPDX-License-Identifier: MIT */
/*
 * get_user_pages: pin the frames behind a user buffer for a device.
 *
 * A pin is a reference and an entry in the register of pins, which says who
 * holds it, what for and since when. Pins do not keep a page in the page
 * table: that is what the designs argue about. They do keep the frame.
 *
 * A task that holds pins never sleeps for a page that somebody else has locked:
 * a mover keeps the page lock while it waits for pins to go, and would wait for
 * ever. pin_user_pages then lets go of everything, waits, and starts again.
 */
#ifndef MM_GUP_H
#define MM_GUP_H

#include <kernel/list.h>
#include <mm/mm.h>

struct page;

/* One piece of a user buffer. */
struct user_range {
    u64 addr, len; /* any alignment */
};

/* The pins of one request. `what` is fixed text: "raw read", "aio write". */
struct pin_set {
    struct list_head node; /* register of pins, pins lock */
    struct page **pages;   /* in the order of the buffer; NULL if empty */
    u32 *offs, *lens;      /* the piece of each page */
    unsigned nr; /* so many are pinned by now. Who pins adds, under pt_lock;
                    fewer under the pins lock; any may look under that one */
    int pid;
    const char *what;
    u64 since; /* now_ns */
};

/*
 * Pin everything behind nr_ranges pieces. write: the device will write to
 * memory. 0, or -EFAULT (not the user's memory), -ENOMEM, -EINTR; then
 * nothing is pinned. May sleep; no locks held.
 */
int pin_user_pages(struct pin_set *ps, struct mm *mm,
                   const struct user_range *ranges, unsigned nr_ranges,
                   bool write, const char *what);
/* Release them; dirty: the device wrote to them. Any context. */
void unpin_user_pages(struct pin_set *ps, bool dirty);

/* Describe every pin on this page for people, a line each, through fn.
   Returns how many. */
int pins_of_page(struct page *page,
                 void (*fn)(const struct pin_set *ps, void *arg), void *arg);
/* What a fault that ended so is to whoever wanted the page: 0, -EFAULT,
   -ENOMEM, -EINTR; -EAGAIN or -EDEADLK: it would have slept, for a move or a
   lock. */
int gup_error(enum fault_result r);
/* Every pin there is, for mm_verify. */
void pins_for_each(void (*fn)(struct page *page, void *arg), void *arg);

#endif
