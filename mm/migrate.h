/* SPDX-License-Identifier: MIT */
/*
 * Move a page to another frame while processes use it and devices may.
 */
#ifndef MM_MIGRATE_H
#define MM_MIGRATE_H

#include <mm/page.h>

struct removal;

enum move_mode {
    MOVE_NOW,  /* give up on a page that is pinned or under write-back */
    MOVE_WAIT, /* unmap it if the design lets us, and wait for the pins */
};

/*
 * Move a user page that the caller isolated (one reference, off the
 * LRU). `req` is the removal it is for: asked whether to give up while waiting
 * (NULL: never). On success the old frame is free (the caller's reference is
 * gone), the new one is on the LRU. On failure everything is as before and
 * the caller still holds the page.
 * 0; -EAGAIN: pinned or in use (with MOVE_WAIT for longer than its users are to
 * sleep for it), try again when a reference falls; -EBUSY: the
 * design refused to unmap; -ENOMEM: no frame elsewhere and none can be made;
 * -EINTR: told to give up. May sleep.
 */
int migrate_page(struct page *page, enum move_mode mode, struct removal *req);

#endif
