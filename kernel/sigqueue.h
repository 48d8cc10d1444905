/* SPDX-License-Identifier: MIT */
/*
 * What goes with pending signals: a queue of struct siginfo_min, for a process
 * or for one thread. The bits that say what is pending are kept beside it, by
 * kernel/signal.c; under its lock, the process's, is everything here.
 */
#ifndef KERNEL_SIGQUEUE_H
#define KERNEL_SIGQUEUE_H

#include <kernel/process.h>

/* Real-time signals are queued, however many come; the others are pending
   once. */
#define SIGRTMIN 32

/* A signal without anything that goes with it is pending all the same: so
   false (no memory, or too many) only matters for the queued ones. */
bool sigqueue_add(struct process *p, struct list_head *queue,
                  const struct siginfo_min *info);
/* Take the oldest one of this signal: false, and plain facts, if there is
   none. *more: there is another one. */
bool sigqueue_take(struct process *p, struct list_head *queue, int sig,
                   struct siginfo_min *info, bool *more);
/* Forget all signals of the set. */
void sigqueue_drop(struct process *p, struct list_head *queue, sigset_t set);

#endif
