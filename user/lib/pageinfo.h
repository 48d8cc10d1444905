/* SPDX-License-Identifier: MIT */
/* /proc/pageinfo: a question is written, the answer read. */
#ifndef USER_LIB_PAGEINFO_H
#define USER_LIB_PAGEINFO_H

#include <stddef.h>

/* The answer as a string; -1: errno says why. */
int pageinfo_frame(unsigned long pfn, char *buf, size_t size);
int pageinfo_address(int pid, unsigned long addr, char *buf, size_t size);
/* The frame that an answer names by " pfn=", or -1. */
long pageinfo_pfn(const char *answer);

#endif
