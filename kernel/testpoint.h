/* SPDX-License-Identifier: MIT */
/*
 * Named points in the kernel at which a test can make a processor wait.
 *
 * testpoint("unmap.between_counts") costs nothing in a normal build. In a
 * build with TESTPOINTS=1, a test arms a point by writing "arm NAME" to
 * /proc/testpoint; the next processor that comes by spins there, interrupts
 * on, until "release NAME" is written. Reading the file lists the points that
 * are armed and how many processors wait at each. The point may stand under
 * spinlocks: whoever needs one of those waits too, which is the lesson.
 */
#ifndef KERNEL_TESTPOINT_H
#define KERNEL_TESTPOINT_H

#include <kernel/types.h>

#ifdef CONFIG_TESTPOINTS
void testpoint(const char *name);
/* What was written to /proc/testpoint: 0 or -EINVAL, -ENOENT, -ENOSPC. */
int testpoint_command(const char *line);
/* The file's contents: the length, less than size. */
int testpoint_list(char *buf, size_t size);
#else
#define testpoint(name) ((void)0)
#endif

#endif
