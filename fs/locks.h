/* SPDX-License-Identifier: MIT */
/* Locks on files; fs/ only. None of these with a lock held. */
#ifndef FS_LOCKS_H
#define FS_LOCKS_H

#include <fs/file.h>

enum lock_command { LOCK_GET, LOCK_SET, LOCK_SET_WAIT };

void locks_init(void); /* boot */
/* fcntl's F_GETLK and so on; ofd: of the open file. fd: the number that f was
   found by. user: a struct flock. -EBADF: the number is another file's now. */
s64 fcntl_lock(struct file *f, int fd, enum lock_command cmd, bool ofd,
               u64 user);
/* This owner (a table of open files, an open file) has no locks there any
   more. Cheap if nobody ever had. inode may be NULL. */
void locks_forget(struct inode *inode, const void *owner);
void inode_locks_free(struct inode *inode);

#endif
