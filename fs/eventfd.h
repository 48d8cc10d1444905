/* SPDX-License-Identifier: MIT */
/* eventfds, for who tells them of something that has ended. */
#ifndef FS_EVENTFD_H
#define FS_EVENTFD_H

struct eventfd;

/* That of an open file's number, with a reference. NULL: *err is -EBADF, or
   -EINVAL for a file of another kind. */
struct eventfd *eventfd_get(int fd, int *err);
/* Any context; e may be NULL. */
void eventfd_put(struct eventfd *e);
/* Add one, unless it is full. Any context. */
void eventfd_tell(struct eventfd *e);

#endif
