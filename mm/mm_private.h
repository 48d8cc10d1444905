/* SPDX-License-Identifier: MIT */
/* Making address spaces, for the files of mm/ only. */
#ifndef MM_MM_PRIVATE_H
#define MM_MM_PRIVATE_H

#include <mm/mm.h>

/* A new mm that mm_next does not find yet, and putting it where it does. */
struct mm *mm_create_unlisted(void);
void mm_list_add(struct mm *mm);
void mm_init(void); /* boot */

#endif
