/* SPDX-License-Identifier: MIT */
/*
 * Files, inodes, and the tree of names. As little as user programs need: one
 * tree in memory, filled from the initramfs, with /dev, /proc and /sys in it.
 */
#ifndef FS_FILE_H
#define FS_FILE_H

#include <kernel/lock.h>
#include <kernel/types.h>

struct blockdev;
struct user_range;
struct mapping;
struct process;
struct file;
struct inode;

#define S_IFMT   0170000
#define S_IFIFO  0010000
#define S_IFCHR  0020000
#define S_IFDIR  0040000
#define S_IFBLK  0060000
#define S_IFREG  0100000
#define S_IFLNK  0120000
#define S_IFSOCK 0140000

#define O_ACCMODE   3
#define O_RDONLY    0
#define O_WRONLY    1
#define O_RDWR      2
#define O_CREAT     0100
#define O_EXCL      0200
#define O_NOCTTY    0400
#define O_TRUNC     01000
#define O_APPEND    02000
#define O_NONBLOCK  04000
#define O_DSYNC     010000
#define O_ASYNC     020000
#define O_DIRECT    040000
#define O_LARGEFILE 0100000
#define O_DIRECTORY 0200000
#define O_NOFOLLOW  0400000
#define O_NOATIME   01000000
#define O_CLOEXEC   02000000
#define O_SYNC      (04000000 | O_DSYNC)
#define O_PATH      010000000
#define O_TMPFILE   (020000000 | O_DIRECTORY)

/* What a kind of file can do. NULL = -EINVAL (or the obvious default). All may
   sleep; buffers are user addresses; pos is NULL for files without one (pipes,
   character devices), and else to be moved on by what was done. */
struct file_ops {
    bool anywhere; /* a device at which every position is as good */
    int (*open)(struct inode *, struct file *);
    void (*release)(struct file *); /* the last reference is gone */
    s64 (*read)(struct file *, u64 ubuf, u64 len, u64 *pos);
    s64 (*write)(struct file *, u64 ubuf, u64 len, u64 *pos);
    /* Optional: all pieces of a buffer in one go; without it, piece by piece
       through read and write, which may be NULL if this one is there. */
    s64 (*rw_ranges)(struct file *, const struct user_range *r, unsigned n,
                     u64 *pos, bool write);
    /* Optional: the same with kernel memory, for splice and sendfile. */
    s64 (*kread)(struct file *, void *buf, u64 len, u64 *pos);
    s64 (*kwrite)(struct file *, const void *buf, u64 len, u64 *pos);
    s64 (*ioctl)(struct file *, u32 cmd, u64 arg);
    int (*poll)(struct file *, struct waitq **wait_on); /* POLLIN.. bits */
    /* The inode itself goes: free what private points at. Any mutex may be
       held, so that none is taken here. */
    void (*forget)(struct inode *);
};

/* What a kind of directory can do beyond the children it holds (/proc). */
struct dir_ops {
    /* A child by name with a reference, or NULL. */
    struct inode *(*lookup)(struct inode *dir, const char *name);
    /* The first dynamic child numbered *n or above: its name, and in *n its
       number. False: there is none. A number belongs to its child for good, so
       that others may come and go while somebody lists the directory. */
    bool (*next)(struct inode *dir, u64 *n, char *name, size_t size, u64 *ino);
};

struct inode {
    u64 ino;
    u32 mode;            /* type and permissions; tree lock */
    u32 uid, gid, nlink; /* tree lock */
    u64 rdev;
    u64 mtime_ns;         /* one word: who writes it last is right */
    atomic_t refs;        /* names, open files, cwd, lookers */
    atomic_t writers;     /* > 0: open for writing; < 0: programs that run */
    struct mutex lock;    /* contents: reads against writes */
    struct mapping *data; /* regular file: its pages */
    char *link;           /* symbolic link: where to */
    const struct file_ops *fops;
    const struct dir_ops *dops;
    void *private;
    struct inode_locks *locks; /* fs/locks.c; NULL: there never was one */
    struct inode *parent;      /* directory: ..; tree lock */
    struct list_head children; /* struct dirent.node; tree lock */
    int sealed; /* directory: the errno for who wants to make a name in it, 0:
                   anybody may; written at boot */
};

struct file {
    atomic_t refs;
    struct inode *inode; /* NULL only for anonymous files */
    const struct file_ops *ops;
    u32 flags;         /* O_*; fcntl may change O_APPEND, O_NONBLOCK,
                                    O_DIRECT, O_NOATIME: file lock */
    struct mutex lock; /* pos */
    u64 pos;
    struct list_head watchers; /* fs/epoll.c */
    void *private;
    bool writes; /* is one of its inode's writers; fixed */
};

/* kernel/ and fs/ share these. Errors are -errno. */
void fs_init(void); /* the tree, /dev, /proc, /sys, modules */
/* Memory ended before the initramfs did. Written by fs_init only. */
extern bool initramfs_cut_short;
/* Follows links (the last one too unless nofollow). Absolute, or relative to
   the current process's cwd. A reference, or NULL and *err. */
struct inode *path_lookup(const char *path, bool nofollow, int *err);
/* An absolute path of the inode, which `path` led to. */
void inode_real_path(const struct inode *, const char *path, char *buf,
                     size_t size);
/* The disk behind a block device's inode, or NULL. */
struct blockdev *inode_blockdev(struct inode *);
void inode_get(struct inode *);
void inode_put(struct inode *);
/* Whoever writes a file, or will execute it or does, keeps the others out until
   the matching call. 0 or -ETXTBSY. Any context. */
int inode_begin_write(struct inode *);
void inode_end_write(struct inode *);
int inode_deny_write(struct inode *);
void inode_allow_write(struct inode *);
struct file *file_open(const char *path, u32 flags, u32 mode, int *err);
void file_get(struct file *);
void file_put(struct file *); /* may sleep (release) */

/* A process's open files. */
struct fdtable *fdtable_create(void);
struct fdtable *fdtable_copy(struct fdtable *); /* fork */
void fdtable_get(struct fdtable *);             /* clone(CLONE_FILES) */
void fdtable_put(struct fdtable *);
/* The leader of this session ends, and leaves its terminal. */
void tty_session_ends(int sid);
/* exec: what is shared with other processes becomes the own. 0 or -ENOMEM. */
int fdtable_unshare(struct process *);
void fdtable_close_on_exec(struct fdtable *);
/* With a reference; NULL = -EBADF, also for what was opened with O_PATH. */
struct file *fd_get(int fd);
/* For calls that only ask which file it is, also what O_PATH opened. */
struct file *fd_get_any(int fd);
int fd_install(struct file *f, bool cloexec); /* takes the reference */

/* Read a file's bytes into kernel memory (exec). Bytes or -errno. */
s64 inode_read_kernel(struct inode *, u64 pos, void *buf, u64 len);

#endif
