/* SPDX-License-Identifier: MIT */
/*
 * A heap whose links live inside the elements: the element with the lowest
 * key is found at once; adding costs O(1), and taking away, wherever it
 * stands, O(log n) amortised. Timers are kept in one by their time, runnable
 * tasks by what they have had of the processor.
 *
 * The caller provides the lock. Nothing allocates.
 */
#ifndef KERNEL_HEAP_H
#define KERNEL_HEAP_H

#include <kernel/types.h>

struct heap_node {
    u64 key;                 /* fixed while in a heap */
    struct heap_node *child; /* the first of those below */
    struct heap_node *next;  /* the next with the same parent */
    struct heap_node *prev;  /* the one before, or for a first child its
                                parent; the root's is itself; NULL = in no
                                heap */
};

struct heap {
    struct heap_node *root; /* lowest key; NULL = empty */
};

static inline void heap_node_init(struct heap_node *n)
{
    n->child = n->next = n->prev = NULL;
}

static inline bool heap_queued(const struct heap_node *n)
{
    return n->prev != NULL;
}

/* `n` is in no heap. */
void heap_insert(struct heap *h, struct heap_node *n, u64 key);
/* `n` is in this heap. */
void heap_remove(struct heap *h, struct heap_node *n);

#endif
