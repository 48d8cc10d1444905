/* SPDX-License-Identifier: MIT */
/*
 * One page fault, for the files of mm/ that handle it.
 *
 * A handler is entered with mmap_lock held for reading and pt_lock held, and
 * gives pt_lock back. It never sleeps for the disk, for a page lock or for a
 * move: it says FAULT_WAIT, and mm_fault sleeps with nothing held, and above
 * all with no reference on the page: whoever moves a page waits for its
 * references to go, and would wait for us.
 */
#ifndef MM_FAULT_H
#define MM_FAULT_H

#include <mm/mm.h>
#include <mm/page.h>
#include <mm/swap.h>

/* Internal results, beyond mm.h's. */
enum {
    FAULT_WAIT = 100, /* sleep until the entry's page is free, retry */
    FAULT_WAIT_FILE,  /* the same for the file's page: fault.file, .index */
    FAULT_WAIT_DISK,  /* sleep until the disk has room for a read, retry */
    FAULT_GROW        /* the stack may grow: needs mmap_lock for writing */
};

struct fault {
    struct mm *mm;
    struct vma *vma;
    u64 addr; /* page aligned */
    enum fault_access how;
    pte_t *pte;           /* what it says: pt_lock. Its table stays until
                             mmap_lock is given up */
    pte_t entry;          /* what it said */
    swp_t reading;        /* the slot whose read this fault has begun, or 0 */
    struct mapping *file; /* FAULT_WAIT_FILE: with a reference */
    u64 index;
};

/* Is the entry still what it was? Takes pt_lock and keeps it if so. */
bool fault_relock(struct fault *f);

/* mm/wp.c: a write to a page that is mapped read-only. */
int fault_write_protected(struct fault *f);
/* mm/wp.c: put a private copy of `from` (NULL: zeroes) in the entry's place.
   Called without pt_lock; the caller holds a reference on from. */
int fault_install_copy(struct fault *f, struct page *from);
/* mm/swapin.c: the entry is a swap entry. */
int fault_swap(struct fault *f);
/* mm/fault_file.c: a page of a file. */
int fault_file(struct fault *f);

/* mm/stack.c: the address is in no area: may a stack grow down to it? No locks
   held. FAULT_DONE: look again; FAULT_NO_AREA. */
int fault_grow_stack(struct mm *mm, u64 addr);

#endif
