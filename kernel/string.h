/* SPDX-License-Identifier: MIT */
/* The C library's memory and string functions that the kernel uses. */
#ifndef KERNEL_STRING_H
#define KERNEL_STRING_H

#include <kernel/types.h>

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *hay, const char *needle);

/* Copy with truncation; dst always ends with a 0 byte if size > 0. */
void str_copy(char *dst, const char *src, size_t size);

/* Parse a number (0x.. is hexadecimal). Stops at the first other character
   and leaves it in *end, if end is given. */
u64 str_to_u64(const char *s, const char **end);

#endif
