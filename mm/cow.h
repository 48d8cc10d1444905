/* SPDX-License-Identifier: MIT */
/*
 * Who owns a page? The questions that a design answers.
 *
 * Everything that two designs decide differently is behind these functions.
 * One file of mm/cow/ is linked (make DESIGN=naive|ptepin|mapcount); nothing
 * else in the kernel knows which.
 *
 * Wherever a count of references is compared, its terms are:
 *
 *     page_refs = page_mapcount            page-table entries
 *               + (in the swap cache)      0 or 1
 *               + mine                     what the asker itself holds
 *               + strangers                pins, and passers-by
 */
#ifndef MM_COW_H
#define MM_COW_H

#include <mm/page.h>

/*
 * What a design says of itself. `make compare` reads it from the running
 * kernel (/proc/cowinfo) and holds the design to it: what is promised must
 * hold in every scenario; of what is given up, some scenario must show the
 * price. Where a design says nothing, nothing is judged.
 */
enum cow_word { COW_SAYS_NOTHING, COW_PROMISES, COW_GIVES_UP };

struct cow_design {
    const char *name;
    const char *rule; /* one sentence, for people */

    /* No process reads at its own address what another process wrote. */
    enum cow_word keeps_apart;
    /* What a device brings into a page arrives, though reclaim or removal
       takes the page out of the page table meanwhile. */
    enum cow_word loses_nothing;
    /* Memory can be taken away although its pages are pinned again and again,
       as long as each pin ends. */
    enum cow_word lets_memory_leave;
    /* A page with one owner is not copied, whoever refers to it. */
    enum cow_word copies_only_when_needed;
};

extern const struct cow_design cow_design;

/*
 * A write fault on a page that the entry maps read-only, or that the entry
 * (a swap entry) is about to map again: may the process keep this very page,
 * writable? If not, it gets a copy.
 *
 * Page lock held, so that no owner moves between the two counts. The faulting
 * entry itself is still counted where it was: in mapcount (present) or in
 * swapcount (swap entry). The asker holds `mine` references of its own (one
 * that will become the entry's, if it is a swap entry). `memory` is what
 * cow_remember said when the entry became a swap entry, else 0.
 * It is a decision, not a change: the caller makes the entry writable.
 */
bool cow_may_reuse(struct page *page, int mine, unsigned memory);

/*
 * Reclaim or migration wants to take the page out of the page tables: may it?
 * Asked once for each entry, under the page lock, the anon_vma's lock and the
 * entry's pt_lock (which get_user_pages holds when it takes its reference).
 * The asker holds `mine` references.
 */
bool cow_may_unmap(struct page *page, int mine);

/*
 * fork is about to let a child share this anonymous page. Under both mms'
 * pt_locks; the page need not be locked.
 */
enum cow_fork { COW_FORK_SHARE, COW_FORK_COPY };
enum cow_fork cow_fork(struct page *page);

/*
 * get_user_pages found this page present and accessible: must the process be
 * made its sole owner first, although it only wants to read? Under pt_lock.
 */
bool cow_pin_must_unshare(struct page *page, bool write);

/*
 * An entry of the page becomes a swap entry (page lock, pt_lock): the two
 * bits to keep in it. Given back to cow_may_reuse at swap-in.
 */
unsigned cow_remember(struct page *page);

/* The page has become this process's alone: a fresh page, or a COW copy. */
void cow_page_is_new(struct page *page);

#endif
