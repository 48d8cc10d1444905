/* SPDX-License-Identifier: MIT */
/* Checks that the kernel makes of itself, before init, if asked to. */
#ifndef KERNEL_SELFTEST_H
#define KERNEL_SELFTEST_H

/* The word "selftest" on the command line: a line for each check, and a sum.
   A check that fails is a panic. In a thread; may sleep. */
void selftest_if_asked(void);

/* panic_test=WORD: a mistake of that kind on purpose, or just a panic. */
void panic_if_asked(void);

#endif
