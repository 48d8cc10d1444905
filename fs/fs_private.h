/* SPDX-License-Identifier: MIT */
/*
 * What the files of fs/ tell each other.
 *
 * One mutex, fs_tree_lock, guards every name, every cwd and every link count:
 * a look-up is short and never waits for a disk. An inode's own lock guards
 * its contents, and is taken after it, if both are.
 *
 * References. A function that returns an inode or a file returns a reference
 * with it, which the caller puts or keeps. A name holds one on its inode, an
 * open file one on its inode, a directory one on its parent. inode_put takes
 * NULL, and no lock, so that it may be called with any mutex held; file_put
 * calls release, so it is called with none.
 */
#ifndef FS_FS_PRIVATE_H
#define FS_FS_PRIVATE_H

#include <fs/file.h>
#include <kernel/errno.h>
#include <kernel/task.h>
#include <mm/lockorder.h>

#define NAME_MAX 255
#define PATH_MAX 4096

#define AT_FDCWD            (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_REMOVEDIR        0x200
#define AT_EACCESS          0x200 /* in faccessat2: as everybody is root */
#define AT_SYMLINK_FOLLOW   0x400
#define AT_EMPTY_PATH       0x1000

#define POLLIN   0x0001
#define POLLPRI  0x0002
#define POLLOUT  0x0004
#define POLLERR  0x0008
#define POLLHUP  0x0010
#define POLLNVAL 0x0020

#define MODE_BITS 07777u

struct pipe;
struct user_range;

extern struct mutex fs_tree_lock;
extern struct inode *fs_root; /* fixed after fs_init began */

static inline bool is_kind(const struct inode *inode, u32 kind)
{
    return (inode->mode & S_IFMT) == kind;
}

/* Linux's device numbers, as programs see them. */
static inline u64 make_rdev(u32 major, u32 minor)
{
    return (minor & 0xff) | (u64)(major & 0xfff) << 8 |
           (u64)(minor & ~0xffu) << 12;
}

/* ---- fs/inode.c ---- */

/*
 * A bare inode: no name, no contents, no operations, one reference. What a
 * dir_ops.lookup makes (it sets fops, dops, private, nlink and, for a link,
 * `link` from kmalloc, which is freed with the inode). NULL: no memory.
 */
struct inode *inode_create(u32 mode);
/* The same, able to do what its kind does: a file has pages, a FIFO a pipe, a
   device its driver's operations. */
struct inode *inode_make(u32 mode, u64 rdev);
/* A symbolic link. NULL: no memory. */
struct inode *inode_make_link(const char *target);
/* A link that leads to the target itself, whatever its text says: it may have
   no name (/proc/PID/fd). target may be NULL: an ordinary link. */
struct inode *inode_make_direct_link(const char *text, struct inode *target);
/* The target of such a one, with a reference; NULL: it is an ordinary one. */
struct inode *inode_link_target(struct inode *link);
/* Bytes, as stat and lseek see them. */
u64 inode_size(struct inode *inode);

/* ---- fs/dirent.c: names. Caller holds the tree lock, if not said else ---- */

/* dir_ops are called with the tree lock, too: they use dir_add, if they add
   names at all, and none of the functions that take a path. */
struct inode *dir_lookup(struct inode *dir, const char *name);
int dir_add(struct inode *dir, const char *name, struct inode *child);
/* Takes the lock itself. The name gets a reference of its own. */
int inode_link(struct inode *dir, const char *name, struct inode *child);
/* From now on only the kernel makes names in it, and below. At boot. */
void dir_seal(struct inode *dir, int error);
int dir_unlink(struct inode *dir, const char *name);
int dir_rmdir(struct inode *dir, const char *name);
int dir_rename(struct inode *from, const char *old, struct inode *to,
               const char *name);
/* The next entry at *pos or behind it, and the place behind that one. False at
   the end. */
struct dir_item {
    u64 ino, next;
    u32 mode; /* 0 = not known */
    char name[NAME_MAX + 1];
};
bool dir_next(struct inode *dir, u64 pos, struct dir_item *item);
/* The name that a directory has in its parent; NULL: none. */
const char *dir_name_of(struct inode *dir);
/*
 * Some name of an inode: the directory that holds it (no reference) and the
 * name there, both only for as long as the tree lock is held. NULL: it has
 * none. A walk over the whole tree, for people.
 */
const char *dir_find_name(const struct inode *inode, struct inode **dir);
/* Forget the names of a directory that goes away. No lock. */
void dir_clear(struct inode *dir);

/* ---- fs/path.c ---- */

struct place {         /* where a name is, or might be */
    struct inode *dir; /* a reference */
    char name[NAME_MAX + 1];
    bool slash; /* the path ended with one: only a directory will do */
};

/* Where relative paths begin: a directory's fd or AT_FDCWD. */
struct inode *path_start(int dirfd, const char *path, int *err);
struct inode *path_lookup_at(int dirfd, const char *path, bool nofollow,
                             int *err);
/* These two: caller holds the tree lock. */
struct inode *path_walk(struct inode *start, const char *path, bool nofollow,
                        int *err);
/* place->dir is to be put. 0 or -errno. */
int path_parent(struct inode *start, const char *path, struct place *place);
/* Give a new inode (whose reference stays the caller's) a name. */
int path_link(int dirfd, const char *path, struct inode *child);
/* A directory's absolute path; 0, -ENOENT or -ERANGE. Caller holds the tree
   lock. */
int inode_path(struct inode *dir, char *buf, size_t size);

/* ---- fs/poll.c ---- */

/* The last argument of pselect6 and io_pgetevents: where a set of signals is,
   and its size. *given: whether there is one. */
int sigmask_from_user(u64 user, sigset_t *mask, bool *given);

/* ---- fs/sys_rw.c ---- */

#define RW_MAX 0x7ffff000ull /* bytes at once, as in Linux */

/* Flags of one call: preadv2, pwritev2, an AIO request. */
#define RWF_HIPRI  1u /* poll for the end: a hint */
#define RWF_DSYNC  2u /* what was written is durable; RWF_SYNC too */
#define RWF_SYNC   4u
#define RWF_NOWAIT 8u
#define RWF_APPEND 16u

/* May this file be used like that? 0 or -EOPNOTSUPP. */
int check_rw_flags(const struct file *f, u32 flags);
/* Is a transfer to the file to be durable before it is told of? */
bool wants_sync(const struct file *f, u32 flags, bool write);
/* Read or write the pieces, at *pos or (NULL) where the file is, with RWF_*
   flags; mode, addresses and flags were checked. Bytes or -errno. May sleep. */
s64 file_transfer(struct file *f, const struct user_range *r, unsigned n,
                  const u64 *pos, bool write, u32 flags);

/* A position that means the end, for a write (RWF_APPEND). */
#define POS_APPEND (~0ull)
/* Does it have a position: a regular file, a disk, a directory? */
bool file_has_pos(const struct file *f);
/* May a call say where (pread): that, or a device at which every place is as
   good as another? */
bool file_takes_pos(const struct file *f);
/* The pieces of an iovec, at most RW_MAX bytes: how many, to be freed if there
   are any; or -errno. */
int ranges_from_user(u64 user, u64 nr, struct user_range **out);

/* ---- fs/sys_file.c ---- */

/* What was written has reached its disk. 0; -EINVAL: no file for that; or the
   disk's error. May sleep. */
s64 file_sync(struct file *f);

/* ---- fs/sys_attr.c ---- */

/* What a program names by dirfd and path; empty_ok: with an empty path (or
   none) dirfd itself. A reference, or NULL and *err. */
struct inode *at_file_or_path(int dirfd, u64 user_path, bool nofollow,
                              bool empty_ok, int *err);

/* ---- fs/file.c, fs/fdtable.c ---- */

/* How many there are. */
u64 files_open(void);
/* An open file; takes over the inode's reference, but for NULL: no memory. */
struct file *file_create(struct inode *inode, const struct file_ops *ops,
                         u32 flags);
/* Can it be read and written without a copy (O_DIRECT)? Disks can. */
bool file_can_direct(const struct file *f);
/* Those of its flags that are in the mask become these. May sleep. */
void file_set_flags(struct file *f, u32 mask, u32 flags);
struct file *file_open_at(int dirfd, const char *path, u32 flags, u32 mode,
                          int *err);
/* A file without an inode: ops->release frees `private`, here too if there is
   no memory. flags: O_CLOEXEC goes with the number. The number, or -errno. */
s64 anon_file(const struct file_ops *ops, void *private, u32 flags);
/* Of another process, whose table the caller holds a reference on (found
   under tasks_lock, which is then let go). NULL: no such fd. */
struct file *fdtable_file(struct fdtable *t, int fd);
/* The first open one from fd (>= 0) on; -1: none. The same rule. */
int fdtable_next(struct fdtable *t, int fd);
unsigned fdtable_size(struct fdtable *t);
/* O_CLOEXEC or 0, of an fd that may be open. */
u32 fdtable_cloexec(struct fdtable *t, int fd);
/* As fd_install, at `from` or above. */
int fd_install_from(struct file *f, int from, bool cloexec);
/* Two new files, whose numbers go to the program: 0, or none and -errno. */
s64 fd_install_pair(struct file **files, bool cloexec, u64 user_fds);
/* dup2. The number; -EBADF: none; -EBUSY: reserved. Takes the reference. */
int fd_replace(struct file *f, int fd, bool cloexec);
/* A number at `from` or above for a file that is still to be made, and may
   fail: nobody else gets it, and look-ups find nothing. The number, -EMFILE,
   -ENOMEM, or -EINVAL: from is beyond the limit. */
int fd_reserve(int from);
/* It becomes the file's, and the file's reference the table's. The number. */
int fd_fill(int fd, struct file *f, bool cloexec);
void fd_unreserve(int fd);
/* Is this number of the current process still this file's? */
bool fd_leads_to(int fd, const struct file *f);
int fd_close(int fd);
int fd_get_cloexec(int fd);
int fd_set_cloexec(int fd, bool on);

#define FIONREAD 0x541bu /* ioctl: how much could be read */

/* ---- fs/memfd.c: F_ADD_SEALS, F_GET_SEALS ---- */

s64 file_add_seals(struct file *f, u64 seals);
s64 file_get_seals(const struct file *f);

/* ---- fs/ramfs.c, fs/pipe.c ---- */

extern const struct file_ops ramfs_ops;
/* Of a regular file that the caller writes, by inode_begin_write or an open
   file. */
int ramfs_truncate(struct inode *inode, u64 size);
/* The same for everybody else. -ETXTBSY: somebody executes it. */
int ramfs_truncate_closed(struct inode *inode, u64 size);
/* May a file be `size` long, by RLIMIT_FSIZE? 0, or -EFBIG and SIGXFSZ. */
int file_size_allowed(u64 size);

extern const struct file_ops fifo_ops;
struct pipe *pipe_alloc(void);

/* ---- fs/devnode.c ---- */

/* Give a device's inode the operations that belong to its number, if a driver
   made that known. */
void devnode_bind(struct inode *inode);

/* ---- for those who fill /dev, /proc and /sys at boot ---- */

/*
 * Absolute paths, whose directories are there. What is there already, of the
 * same kind, is kept (fs_mkdir) or gets the operations (fs_mknod). With a
 * reference; NULL: no memory, which is for the console.
 *
 * fs_mknod with a device's mode also makes its number known: every other node
 * of that kind and number (initramfs, mknod) then does the same. With S_IFREG
 * it makes a file whose text comes from ops (/proc).
 */
struct inode *fs_mkdir(const char *path);
struct inode *fs_mknod(const char *path, u32 mode, u64 rdev,
                       const struct file_ops *ops, void *private);

/* Called once by fs_init, in this order; the directories are there. */
void devices_init(void);
void procfs_init(void);
void sysfs_init(void);

void initramfs_unpack(void); /* fs/initramfs.c */

#endif
