/* SPDX-License-Identifier: MIT */
/* The parts of /proc and /sys; fs/ only. */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

#include <kernel/types.h>

struct inode;

void proc_mm_init(void);      /* fs/proc_mm.c */
void proc_meminfo_init(void); /* fs/proc_meminfo.c */
void proc_cpu_init(void);     /* fs/proc_cpu.c */
void proc_vmstat_init(void);  /* fs/proc_vmstat.c */
void proc_slab_init(void);    /* fs/proc_slab.c */
void proc_disk_init(void);    /* fs/proc_disk.c */
void proc_kpage_init(void);   /* fs/proc_kpage.c */
void proc_sys_init(void);     /* fs/proc_sys.c */
/* fs/procfs.c */
struct text;
struct text_file;
void proc_show_mounts(struct text *t, const struct text_file *tf, void *arg);
void proc_show_mountinfo(struct text *t, const struct text_file *tf, void *arg);
void proc_pid_init(struct inode *proc); /* fs/proc_pid.c: its dir_ops */
/* fs/proc_disk.c: the eleven numbers of Linux's stat, and six newer ones. */
struct blockdev;
void disk_stats_add(struct text *t, struct blockdev *dev);
void proc_frames_init(void); /* fs/proc_frames.c */
void sys_memory_init(void);  /* fs/sys_memory.c */

#endif
