/* SPDX-License-Identifier: MIT */
/* What the files of /proc/PID are made of; fs/ only. */
#ifndef FS_PROC_PID_H
#define FS_PROC_PID_H

#include <fs/text.h>

struct mm;

/* The text_file's arg, in /proc/PID, is the number of the process. */
static inline int pid_of(void *arg)
{
    return (int)(u64)arg;
}

/* The memory of a process, whose user the caller becomes: mm_put_user. NULL:
   there is no such process, or it has none any more. */
struct mm *proc_mm_of(int pid);

/* fs/proc_pid_mm.c */
void proc_show_maps(struct text *t, const struct text_file *tf, void *arg);
void proc_show_smaps(struct text *t, const struct text_file *tf, void *arg);
void proc_show_rollup(struct text *t, const struct text_file *tf, void *arg);
void proc_show_statm(struct text *t, const struct text_file *tf, void *arg);
void proc_show_cmdline(struct text *t, const struct text_file *tf, void *arg);
void proc_show_environ(struct text *t, const struct text_file *tf, void *arg);
void proc_show_oom_score(struct text *t, const struct text_file *tf, void *arg);
void proc_show_oom_adj(struct text *t, const struct text_file *tf, void *arg);
int proc_write_oom_adj(struct text *t, char *line, void *arg);
/* fs/proc_pagemap.c: a new inode. */
struct inode *proc_pagemap_make(int pid, u64 ino);

#endif
