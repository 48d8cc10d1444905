/* SPDX-License-Identifier: MIT */
/* A circular doubly linked list whose links live inside the elements. */
#ifndef KERNEL_LIST_H
#define KERNEL_LIST_H

#include <kernel/types.h>

struct list_head {
    struct list_head *next, *prev;
};

#define LIST_INIT(name)  \
    {                    \
        &(name), &(name) \
    }

static inline void list_init(struct list_head *h)
{
    h->next = h->prev = h;
}

static inline bool list_empty(const struct list_head *h)
{
    return h->next == h;
}

static inline void list_insert(struct list_head *n, struct list_head *prev,
                               struct list_head *next)
{
    n->next = next;
    n->prev = prev;
    prev->next = n;
    next->prev = n;
}

/* Add at the front. */
static inline void list_add(struct list_head *n, struct list_head *h)
{
    list_insert(n, h, h->next);
}

static inline void list_add_tail(struct list_head *n, struct list_head *h)
{
    list_insert(n, h->prev, h);
}

/* Remove, and leave the element as an empty list: removing twice is safe. */
static inline void list_del(struct list_head *n)
{
    n->prev->next = n->next;
    n->next->prev = n->prev;
    list_init(n);
}

static inline void list_move(struct list_head *n, struct list_head *h)
{
    list_del(n);
    list_add(n, h);
}

static inline void list_move_tail(struct list_head *n, struct list_head *h)
{
    list_del(n);
    list_add_tail(n, h);
}

/* Move every element of `from` to the front of `to`; `from` ends empty. */
static inline void list_splice(struct list_head *from, struct list_head *to)
{
    if (list_empty(from))
        return;
    from->next->prev = to;
    from->prev->next = to->next;
    to->next->prev = from->prev;
    to->next = from->next;
    list_init(from);
}

#define list_entry(p, type, member) container_of(p, type, member)
#define list_first(h, type, member) list_entry((h)->next, type, member)
#define list_last(h, type, member)  list_entry((h)->prev, type, member)
#define list_for_each_entry(e, h, member)                                      \
    for (e = list_entry((h)->next, __typeof__(*e), member); &e->member != (h); \
         e = list_entry(e->member.next, __typeof__(*e), member))

/* The body may remove `e`. */
#define list_for_each_entry_safe(e, tmp, h, member)               \
    for (e = list_entry((h)->next, __typeof__(*e), member),       \
        tmp = list_entry(e->member.next, __typeof__(*e), member); \
         &e->member != (h);                                       \
         e = tmp, tmp = list_entry(tmp->member.next, __typeof__(*e), member))

#endif
