/* SPDX-License-Identifier: MIT */
/* What the files of /proc/PID are made of; fs/ only. */
#ifndef FS_PROC_PID_H
#define FS_PROC_PID_H

#include <fs/text.h>

struct inode;
struct mm;
struct vma;

/* The text_file's arg: the number of the process, and below /proc/PID/task that
   of the thread in the upper half. */
static inline int pid_of(void *arg)
{
    return (int)(u64)arg;
}

/* 0: the process as a whole is meant. */
static inline int tid_of(void *arg)
{
    return (int)((u64)arg >> 32);
}

static inline void *pid_arg(int pid, int tid)
{
    return (void *)((u64)(u32)tid << 32 | (u32)pid);
}

typedef void proc_show(struct text *t, const struct text_file *tf, void *arg);
typedef void proc_show_part(struct text *t, void *arg, u64 *from);

/* The memory of a process, whose user the caller becomes: mm_put_user. NULL:
   there is no such process, or it has none any more. */
struct mm *proc_mm_of(int pid);
/* Call fn for each area of it, mmap_lock held. False: it has no memory. */
bool proc_for_areas(int pid, void (*fn)(void *arg, struct vma *v), void *arg);
/* A part of a text about them (text_file.show_part): from is an address. */
void proc_areas_part(struct text *t, int pid, u64 *from,
                     void (*fn)(void *text, struct vma *v));

/* fs/proc_pid_stat.c */
proc_show proc_show_stat, proc_show_status, proc_show_comm, proc_show_limits,
    proc_show_wchan, proc_show_io;
int proc_write_comm(struct text *t, char *line, void *arg);

/* fs/proc_pid_mm.c */
proc_show_part proc_show_maps;
proc_show proc_show_statm, proc_show_cmdline, proc_show_environ;
proc_show proc_show_oom_score, proc_show_oom_score_adj, proc_show_oom_adj;
int proc_write_oom_score_adj(struct text *t, char *line, void *arg);
int proc_write_oom_adj(struct text *t, char *line, void *arg);

/* fs/proc_smaps.c */
proc_show_part proc_show_smaps;
proc_show proc_show_rollup;
int proc_clear_refs(struct text *t, char *line, void *arg);
/* One line, as in maps. */
void proc_show_area(struct text *t, const struct vma *v);

/* Pages of a process's memory by what they are, mmap_lock held. */
struct page_sums {
    u64 size, rss, file, swap; /* pages; of rss: those of files */
    u64 shared, private, referenced, anon, locked;
    u64 shared_dirty, private_dirty;
    u64 pss, pss_dirty, pss_anon, swap_pss; /* bytes */
};
void proc_add_area(struct page_sums *s, struct vma *v);

/* Of these each makes a new inode; the last two are directories. */
struct inode *proc_pagemap_make(void *arg, u64 ino); /* fs/proc_pagemap.c */
struct inode *proc_exe_make(void *arg, u64 ino);     /* fs/proc_pid_link.c */
struct inode *proc_cwd_make(void *arg, u64 ino);
struct inode *proc_root_make(void *arg, u64 ino);
struct inode *proc_fd_make(void *arg, u64 ino); /* fs/proc_fd.c */
struct inode *proc_fdinfo_make(void *arg, u64 ino);

#endif
