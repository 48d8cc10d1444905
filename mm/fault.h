/* SPDX-License-Identifier: MIT */
/*
 * One page fault, for the files of mm/ that handle it.
 *
 * A handler is entered with mmap_lock held for reading and pt_lock held, and
 * gives pt_lock back. It never sleeps for the disk, for a page lock or for a
 * move: it says FAULT_WAIT, and mm_fault sleeps with nothing held, and above
 * all with no reference on the page: whoever moves a page waits for its
 * references to go, and would wait for us. Nor does it allocate: it says
 * FAULT_SPARE, and is entered again with a page in fault.spare.
 *
 * What a relock proves. fault_relock compares the entry's value. An equal value
 * is not the same entry: meanwhile another thread may have kept the page and
 * written to it, reclaim may have paged it out, and a read may have brought it
 * back, to the same frame with the same bits (an ABA of the entry). So nothing
 * that was found out about the page before a relock holds after it:
 *
 *     T1                              T2, reclaim
 *     --                              -----------
 *     two owners: copy
 *     copies the page, no lock held   the other owner exits
 *                                     writes: one owner, keeps the page
 *                                     out and in again: same entry
 *     the entry is equal:
 *     installs the copy; T2's write is lost
 *
 * Therefore the decision to copy, the copying and the installing stand under
 * one hold of the page lock (of an anonymous page, or of a file's page that is
 * not mapped yet) and of pt_lock. A relock is good for a decision that comes
 * after it.
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
    FAULT_SPARE,      /* allocate fault.spare, retry; mmap_lock may be kept */
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
    struct page *spare; /* a fresh page for a handler to install, or NULL */
    bool want_zeroes;   /* FAULT_SPARE: it is to be filled with zeroes */
    bool spare_is_zero;
};

/* Was this memory taken from whoever faults? Then there is no more of it. The
   caller holds pt_lock. */
static inline bool fault_is_reaped(const struct fault *f)
{
    return f->mm->reaped && !(f->vma->flags & VM_SHARED);
}

/* Is the entry's value still what it was? Takes pt_lock and keeps it if so.
   What that proves: see above. */
bool fault_relock(struct fault *f);

/* mm/wp.c: a write to a page that is mapped read-only. */
int fault_write_protected(struct fault *f);
/* mm/wp.c: the spare page, filled with zeroes, takes the entry's place. The
   entry is none or maps the zero page. pt_lock held, given back. */
int fault_install_zeroes(struct fault *f);
/* mm/wp.c: the spare page, a copy of `from`, takes the entry's place. Under the
   locks under which it was decided (see above), pt_lock among them, which are
   kept. The caller holds a reference on from. */
void fault_install_copy(struct fault *f, struct page *from);
/* mm/swapin.c: the entry is a swap entry. */
int fault_swap(struct fault *f);
/* mm/fault_file.c: a page of a file. */
int fault_file(struct fault *f);

/* mm/stack.c: the address is in no area: may a stack grow down to it? No locks
   held. FAULT_DONE: look again; FAULT_NO_AREA. */
int fault_grow_stack(struct mm *mm, u64 addr);

#endif
