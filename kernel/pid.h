/* SPDX-License-Identifier: MIT */
/*
 * Numbers of processes, threads, process groups and sessions.
 *
 * One name space for all four, as in Linux. A number stays in use while a
 * task, a process (a zombie too), a group or a session has it, so that a
 * signal to a group never reaches a newcomer that happens to get its number.
 */
#ifndef KERNEL_PID_H
#define KERNEL_PID_H

#include <kernel/list.h>

struct task;
struct process;

#define PID_MAX 32768

/* Numbers stay below it. /proc/sys/kernel writes it (PID_MAX_LEAST to PID_MAX);
   read any time. */
#define PID_MAX_LEAST 301
extern u64 pid_max;

/* All fields: tasks lock; nr is fixed. */
struct pid {
    int nr;
    unsigned users;         /* its task, its process, and each process of its
                          group and of its session */
    struct task *task;      /* the thread of this number, or NULL */
    struct process *proc;   /* the process of this number, or NULL */
    struct list_head group; /* the processes of this group */
    struct pid *next;       /* in its bucket */
};

/* A fresh number with one user. NULL: none left, or no memory. May sleep. */
struct pid *pid_alloc(void);

/* These five: the caller holds tasks_lock. */
struct pid *pid_find(int nr);
/* The process of this number, or the one whose thread has it; NULL: none. */
struct process *pid_process(int nr);
struct pid *pid_find_from(int nr); /* the first number >= nr (>= 0) in use */
void pid_hold(int nr); /* of a number that is in use */
void pid_drop(int nr); /* the last user frees the number */

/* The number given out last: for people. */
int pid_last(void);
/* How many were ever given out. */
u64 pid_total(void);

#endif
