/* SPDX-License-Identifier: MIT */
/* epoll, as the rest of fs/ has to know it. */
#ifndef FS_EPOLL_H
#define FS_EPOLL_H

struct file;

void epoll_init(void); /* boot */
/* The file's last reference has gone: nobody watches it any more. */
void epoll_forget(struct file *f);

#endif
