/* SPDX-License-Identifier: MIT */
/*
 * The kernel's access to user memory: never trusts the pointer.
 *
 * Copies honour write protection and COW (CR0.WP), may fault and sleep, and
 * so must not be called with a spinlock held. A bad address ends the copy.
 * What copy_to_user sends has been written, all of it: a structure with holes
 * is cleared first (kernel/poison.h looks).
 */
#ifndef KERNEL_UACCESS_H
#define KERNEL_UACCESS_H

#include <kernel/types.h>

/* 0 or -EFAULT. */
int copy_from_user(void *dst, u64 user_src, size_t n);
int copy_to_user(u64 user_dst, const void *src, size_t n);
int clear_user(u64 user_dst, size_t n);
/* Copy a string of at most size - 1 bytes; its length, -EFAULT, or
   -ENAMETOOLONG. */
s64 strncpy_from_user(char *dst, u64 user_src, size_t size);
/* Atomically compare and exchange / read a u32 in user memory (futex).
   0 or -EFAULT. */
int user_cmpxchg_u32(u64 user_addr, u32 old, u32 new, u32 *found);
int get_user_u32(u64 user_addr, u32 *value);
int put_user_u32(u64 user_addr, u32 value);

#endif
