/* SPDX-License-Identifier: MIT */
/* POSIX timers: timer_create and its like. */
#ifndef KERNEL_POSIX_TIMER_H
#define KERNEL_POSIX_TIMER_H

#include <kernel/process.h>

/* A timer's signal is about to be delivered (or was discarded): if it repeats
   it goes on, and info->uid is how often it expired besides. Signal lock. */
void posix_timer_delivered(struct process *p, struct siginfo_min *info);
/* exec, exit: all of them are gone. Only threads of p could make new ones. */
void posix_timers_delete(struct process *p);

#endif
