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

#ifdef CONFIG_TESTPOINTS
void testpoint(const char *name);
#else
#define testpoint(name) ((void)0)
#endif

#endif
