/* SPDX-License-Identifier: MIT */
/* System calls about files; as in kernel/syscall.h. */
#ifndef FS_SYSCALLS_H
#define FS_SYSCALLS_H

#include <kernel/types.h>

/* open files: fs/sys_file.c, fs/sys_rw.c, fs/pipe.c, fs/poll.c */
s64 sys_read(const u64 *a);
s64 sys_write(const u64 *a);
s64 sys_pread64(const u64 *a);
s64 sys_pwrite64(const u64 *a);
s64 sys_readv(const u64 *a);
s64 sys_writev(const u64 *a);
s64 sys_preadv(const u64 *a);
s64 sys_pwritev(const u64 *a);
s64 sys_preadv2(const u64 *a);
s64 sys_pwritev2(const u64 *a);
s64 sys_open(const u64 *a);
s64 sys_openat(const u64 *a);
s64 sys_creat(const u64 *a);
s64 sys_close(const u64 *a);
s64 sys_close_range(const u64 *a);
s64 sys_lseek(const u64 *a);
s64 sys_ioctl(const u64 *a);
s64 sys_dup(const u64 *a);
s64 sys_dup2(const u64 *a);
s64 sys_dup3(const u64 *a);
s64 sys_fcntl(const u64 *a);
s64 sys_fsync(const u64 *a);
s64 sys_fdatasync(const u64 *a);
s64 sys_sync(const u64 *a);
s64 sys_syncfs(const u64 *a);
s64 sys_ftruncate(const u64 *a);
s64 sys_fadvise64(const u64 *a);
s64 sys_fallocate(const u64 *a);
s64 sys_readahead(const u64 *a);
s64 sys_sync_file_range(const u64 *a);
s64 sys_flock(const u64 *a);
s64 sys_getdents64(const u64 *a);
s64 sys_getrandom(const u64 *a);
s64 sys_memfd_create(const u64 *a);
s64 sys_signalfd(const u64 *a);
s64 sys_signalfd4(const u64 *a);
s64 sys_eventfd(const u64 *a);
s64 sys_eventfd2(const u64 *a);
s64 sys_timerfd_create(const u64 *a);
s64 sys_timerfd_settime(const u64 *a);
s64 sys_timerfd_gettime(const u64 *a);
s64 sys_pipe(const u64 *a);
s64 sys_pipe2(const u64 *a);
s64 sys_splice(const u64 *a);
s64 sys_tee(const u64 *a);
s64 sys_vmsplice(const u64 *a);
s64 sys_sendfile(const u64 *a);
s64 sys_copy_file_range(const u64 *a);
s64 sys_poll(const u64 *a);
s64 sys_ppoll(const u64 *a);
s64 sys_epoll_create(const u64 *a);
s64 sys_epoll_create1(const u64 *a);
s64 sys_epoll_ctl(const u64 *a);
s64 sys_epoll_wait(const u64 *a);
s64 sys_epoll_pwait(const u64 *a);
s64 sys_epoll_pwait2(const u64 *a);
s64 sys_select(const u64 *a);
s64 sys_pselect6(const u64 *a);

/* sockets: fs/socketpair.c */
s64 sys_socketpair(const u64 *a);
s64 sys_sendto(const u64 *a);
s64 sys_recvfrom(const u64 *a);
s64 sys_sendmsg(const u64 *a);
s64 sys_recvmsg(const u64 *a);
s64 sys_shutdown(const u64 *a);
s64 sys_getsockname(const u64 *a);
s64 sys_getpeername(const u64 *a);

/* names: fs/sys_fs.c */
s64 sys_truncate(const u64 *a);
s64 sys_unlink(const u64 *a);
s64 sys_unlinkat(const u64 *a);
s64 sys_rename(const u64 *a);
s64 sys_renameat(const u64 *a);
s64 sys_renameat2(const u64 *a);
s64 sys_mkdir(const u64 *a);
s64 sys_mkdirat(const u64 *a);
s64 sys_rmdir(const u64 *a);
s64 sys_link(const u64 *a);
s64 sys_linkat(const u64 *a);
s64 sys_symlink(const u64 *a);
s64 sys_symlinkat(const u64 *a);
s64 sys_readlink(const u64 *a);
s64 sys_readlinkat(const u64 *a);
s64 sys_mknod(const u64 *a);
s64 sys_mknodat(const u64 *a);
s64 sys_chdir(const u64 *a);
s64 sys_fchdir(const u64 *a);
s64 sys_getcwd(const u64 *a);
s64 sys_umask(const u64 *a);
s64 sys_mount(const u64 *a);
s64 sys_umount2(const u64 *a);

/* what is known about a file: fs/stat.c, fs/sys_attr.c */
s64 sys_stat(const u64 *a);
s64 sys_fstat(const u64 *a);
s64 sys_lstat(const u64 *a);
s64 sys_newfstatat(const u64 *a);
s64 sys_statx(const u64 *a);
s64 sys_statfs(const u64 *a);
s64 sys_fstatfs(const u64 *a);
s64 sys_access(const u64 *a);
s64 sys_faccessat(const u64 *a);
s64 sys_faccessat2(const u64 *a);
s64 sys_chmod(const u64 *a);
s64 sys_fchmod(const u64 *a);
s64 sys_fchmodat(const u64 *a);
s64 sys_chown(const u64 *a);
s64 sys_fchown(const u64 *a);
s64 sys_fchownat(const u64 *a);
s64 sys_lchown(const u64 *a);
s64 sys_utimensat(const u64 *a);
s64 sys_utimes(const u64 *a);
s64 sys_futimesat(const u64 *a);
s64 sys_utime(const u64 *a);

/* extended attributes: fs/sys_xattr.c */
s64 sys_xattr(const u64 *a);
s64 sys_lxattr(const u64 *a);
s64 sys_fxattr(const u64 *a);
s64 sys_listxattr(const u64 *a);
s64 sys_llistxattr(const u64 *a);
s64 sys_flistxattr(const u64 *a);

/* asynchronous I/O: fs/aio.c, fs/aio_submit.c */
s64 sys_io_setup(const u64 *a);
s64 sys_io_destroy(const u64 *a);
s64 sys_io_submit(const u64 *a);
s64 sys_io_getevents(const u64 *a);
s64 sys_io_pgetevents(const u64 *a);
s64 sys_io_cancel(const u64 *a);

#endif
