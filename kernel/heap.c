/* SPDX-License-Identifier: MIT */
/*
 * A pairing heap: a tree in which no child's key is lower than its parent's,
 * and nothing else is kept in order. The whole work is done when an element
 * leaves: its children are joined two by two, then into one tree, which is
 * what makes the next removal cheap.
 */
#include <kernel/heap.h>

/* Join two trees (either may be empty): the higher key goes below. */
static struct heap_node *meld(struct heap_node *a, struct heap_node *b)
{
    if (!a || !b)
        return a ? a : b;
    if (b->key < a->key) {
        struct heap_node *t = a;

        a = b;
        b = t;
    }
    b->prev = a;
    b->next = a->child;
    if (b->next)
        b->next->prev = b;
    a->child = b;
    return a;
}

/* Cut the first two of a chain of siblings off, joined. */
static struct heap_node *take_pair(struct heap_node **chain)
{
    struct heap_node *a = *chain, *b = a->next;

    *chain = b ? b->next : NULL;
    a->next = NULL;
    if (b)
        b->next = NULL;
    return meld(a, b);
}

/* No recursion: kernel stacks are small, and a chain may be long. */
static struct heap_node *meld_siblings(struct heap_node *chain)
{
    struct heap_node *pairs = NULL, *all = NULL;

    while (chain) {
        struct heap_node *pair = take_pair(&chain);

        pair->next = pairs;
        pairs = pair;
    }
    while (pairs) {
        struct heap_node *pair = pairs;

        pairs = pair->next;
        pair->next = NULL;
        all = meld(all, pair);
    }
    return all;
}

static void set_root(struct heap *h, struct heap_node *root)
{
    h->root = root;
    if (root)
        root->prev = root;
}

void heap_insert(struct heap *h, struct heap_node *n, u64 key)
{
    heap_node_init(n);
    n->key = key;
    set_root(h, meld(h->root, n));
}

void heap_remove(struct heap *h, struct heap_node *n)
{
    struct heap_node *below = meld_siblings(n->child);

    if (n == h->root) {
        set_root(h, below);
    } else {
        if (n->prev->child == n)
            n->prev->child = n->next;
        else
            n->prev->next = n->next;
        if (n->next)
            n->next->prev = n->prev;
        set_root(h, meld(h->root, below));
    }
    heap_node_init(n);
}
