/* SPDX-License-Identifier: MIT */
/*
 * System calls about memory. They find the object that is meant, and leave
 * the work, and every check of an address, to mm/.
 */
#include <fs/file.h>
#include <kernel/block.h>
#include <kernel/shm.h>
#include <kernel/syscall.h>
#include <kernel/uaccess.h>
#include <mm/commit.h>
#include <mm/filemap.h>
#include <mm/mm.h>
#include <mm/slab.h>
#include <mm/swap.h>

#define MAP_SHARED_VALIDATE 3
#define MAP_TYPE            0xf
#define MAP_HUGETLB         0x40000
/* What MAP_SHARED_VALIDATE takes: Linux's flags from before there were any that
   a file has to agree to, and two sizes of huge pages. */
#define MAP_LEGACY 0x7c07f973u

#define DEV_ZERO 0x105 /* major 1, minor 5 */

#define MLOCK_ONFAULT 1

#define SWAP_FLAG_PREFER    0x8000u
#define SWAP_FLAG_PRIO_MASK 0x7fffu

#define MINCORE_AT_ONCE 256 /* pages */

/* May this file be mapped like that? */
static int check_file(const struct file *f, u32 prot, u32 map_flags)
{
    u32 mode = f->flags & O_ACCMODE;

    if (mode == O_WRONLY)
        return -EACCES;
    if ((map_flags & MAP_SHARED) && (prot & PROT_WRITE) && mode != O_RDWR)
        return -EACCES;
    return f->inode && f->inode->data ? 0 : -ENODEV;
}

/* Memory that processes share is a file without a name. */
static s64 map_shared_memory(const u64 *a, u32 prot, u32 map_flags)
{
    struct mapping *m = mapping_create("/dev/zero (deleted)");
    s64 ret;

    if (!m)
        return -ENOMEM;
    ret = mapping_set_size(m, PAGE_UP(a[1]));
    if (!ret && !vm_noreserve(map_flags & MAP_NORESERVE))
        ret = mapping_commit(m, PAGE_UP(a[1]) >> PAGE_SHIFT);
    if (!ret)
        ret = mm_mmap(current_mm(), a[0], a[1], prot, map_flags, m, 0);
    mapping_put(m);
    return ret;
}

static s64 map_memory(const u64 *a, u32 prot, u32 map_flags)
{
    if (map_flags & MAP_SHARED)
        return map_shared_memory(a, prot, map_flags);
    return mm_mmap(current_mm(), a[0], a[1], prot, map_flags, NULL, 0);
}

/* Mapping /dev/zero was the way to get memory before MAP_ANONYMOUS. */
static bool is_zero_device(const struct file *f)
{
    return f->inode && (f->inode->mode & S_IFMT) == S_IFCHR &&
           f->inode->rdev == DEV_ZERO;
}

/* The offset's page count is all that mm/ wants to know of the file. */
static s64 map_file(const u64 *a, u32 prot, u32 map_flags, struct file *f)
{
    s64 ret;

    if (is_zero_device(f) && (map_flags & MAP_GROWSDOWN))
        return -EINVAL; /* it is a file yet, and files do not grow down */
    if (is_zero_device(f))
        return map_memory(a, prot, map_flags);
    ret = check_file(f, prot, map_flags);
    if ((f->flags & O_ACCMODE) == O_RDONLY && (map_flags & MAP_SHARED))
        map_flags |= MAP_NOWRITE;
    if (!ret) /* the area takes a reference of its own */
        ret = mm_mmap(current_mm(), a[0], a[1], prot, map_flags, f->inode->data,
                      a[5] >> PAGE_SHIFT);
    return ret;
}

/* Who is to see what is written. 0, -EINVAL, -EOPNOTSUPP. */
static int check_sharing(u32 map_flags, bool is_file)
{
    switch (map_flags & MAP_TYPE) {
    case MAP_SHARED:
    case MAP_PRIVATE:
        return 0;
    case MAP_SHARED_VALIDATE: /* only a file could say no to a flag */
        if (is_file)
            return map_flags & ~MAP_LEGACY ? -EOPNOTSUPP : 0;
    }
    return -EINVAL;
}

/* Bits that mean nothing here (MAP_STACK, MAP_NORESERVE...) are ignored, as in
   Linux; huge pages there are none. f: NULL for memory. */
static s64 mmap_checked(const u64 *a, u32 prot, u32 map_flags, struct file *f)
{
    int err = check_sharing((u32)a[3], f != NULL);

    if (!a[1] || (map_flags & MAP_HUGETLB))
        return -EINVAL;
    if (a[1] > USER_END)
        return -ENOMEM;
    if (!(map_flags & MAP_ANONYMOUS) && a[5] > INT64_MAX - PAGE_UP(a[1]))
        return -EOVERFLOW; /* beyond where any file could end */
    if (err)
        return err;
    if ((map_flags & MAP_TYPE) == MAP_SHARED_VALIDATE)
        map_flags &= ~(u32)MAP_PRIVATE;
    return f ? map_file(a, prot, map_flags, f) : map_memory(a, prot, map_flags);
}

s64 sys_mmap(const u64 *a)
{
    u32 prot = (u32)a[2], map_flags = (u32)a[3] & ~MAP_NOWRITE;
    struct file *f;
    s64 ret;

    if (a[5] & ~PAGE_MASK)
        return -EINVAL;
    if (map_flags & MAP_ANONYMOUS)
        return mmap_checked(a, prot, map_flags, NULL);
    f = fd_get((int)a[4]);
    if (!f)
        return -EBADF; /* before anything else is looked at */
    ret = mmap_checked(a, prot, map_flags, f);
    file_put(f);
    return ret;
}

s64 sys_mprotect(const u64 *a)
{
    return mm_mprotect(current_mm(), a[0], a[1], (u32)a[2]);
}

s64 sys_munmap(const u64 *a)
{
    s64 ret = mm_munmap(current_mm(), a[0], a[1]);

    shm_reap();
    return ret;
}

s64 sys_brk(const u64 *a)
{
    return mm_brk(current_mm(), a[0]);
}

s64 sys_mremap(const u64 *a)
{
    return mm_mremap(current_mm(), a[0], a[1], a[2], a[3], a[4]);
}

s64 sys_msync(const u64 *a)
{
    return mm_msync(current_mm(), a[0], a[1], a[2]);
}

/* In pieces, as the answer goes through the kernel stack. */
s64 sys_mincore(const u64 *a)
{
    u8 vec[MINCORE_AT_ONCE];
    u64 addr = a[0], user = a[2], pages = PAGE_UP(a[1]) >> PAGE_SHIFT;

    if (addr & ~PAGE_MASK)
        return -EINVAL;
    if (a[1] > USER_END || addr > USER_END - a[1])
        return -ENOMEM;
    if (user > USER_END - pages)
        return -EFAULT;
    while (pages > 0) {
        u64 n = min_u64(pages, MINCORE_AT_ONCE);
        s64 err = mm_mincore(current_mm(), addr, n << PAGE_SHIFT, vec);

        if (err)
            return err;
        if (copy_to_user(user, vec, n))
            return -EFAULT;
        addr += n << PAGE_SHIFT;
        user += n;
        pages -= n;
    }
    return 0;
}

s64 sys_madvise(const u64 *a)
{
    return mm_madvise(current_mm(), a[0], a[1], (int)a[2]);
}

s64 sys_mlock(const u64 *a)
{
    return mm_mlock(current_mm(), a[0], a[1], false);
}

s64 sys_mlock2(const u64 *a)
{
    if (a[2] & ~(u64)MLOCK_ONFAULT)
        return -EINVAL;
    return mm_mlock(current_mm(), a[0], a[1], a[2] & MLOCK_ONFAULT);
}

s64 sys_munlock(const u64 *a)
{
    return mm_munlock(current_mm(), a[0], a[1]);
}

s64 sys_mlockall(const u64 *a)
{
    return mm_mlockall(current_mm(), a[0]);
}

s64 sys_munlockall(const u64 *a)
{
    (void)a;
    return mm_munlockall(current_mm());
}

/* Block devices stay for ever, so their inode need not be held. */
static struct blockdev *blockdev_from_user(u64 user_path, int *err)
{
    char *path = path_from_user(user_path, err);
    struct blockdev *dev = NULL;
    struct inode *inode;

    if (!path)
        return NULL;
    inode = path_lookup(path, false, err);
    kfree(path);
    if (!inode)
        return NULL;
    if ((inode->mode & S_IFMT) == S_IFBLK)
        dev = inode_blockdev(inode);
    inode_put(inode);
    if (!dev)
        *err = -EINVAL;
    return dev;
}

s64 sys_swapon(const u64 *a)
{
    u32 flags = (u32)a[1];
    int err, priority = -1; /* after all that have been given one */
    struct blockdev *dev;

    if (flags & ~(SWAP_FLAG_PREFER | SWAP_FLAG_PRIO_MASK))
        return -EINVAL;
    if (flags & SWAP_FLAG_PREFER)
        priority = (int)(flags & SWAP_FLAG_PRIO_MASK);
    dev = blockdev_from_user(a[0], &err);
    return dev ? swap_on(dev, priority) : err;
}

s64 sys_swapoff(const u64 *a)
{
    int err;
    struct blockdev *dev = blockdev_from_user(a[0], &err);

    return dev ? swap_off(dev) : err;
}
