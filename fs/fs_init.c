/* SPDX-License-Identifier: MIT */
/*
 * Boot: the tree, what is always in it, and then the initramfs. Devices come
 * first, so that nodes in the archive find their drivers.
 */
#include <fs/aio.h>
#include <fs/epoll.h>
#include <fs/fs_private.h>
#include <fs/locks.h>
#include <kernel/print.h>

static void make_dirs(void)
{
    static const char *const dirs[] = {"/dev", "/proc", "/sys", "/tmp"};

    for (unsigned i = 0; i < ARRAY_SIZE(dirs); i++)
        inode_put(fs_mkdir(dirs[i]));
}

static void seal(const char *path, int error)
{
    int err;
    struct inode *dir = path_lookup(path, false, &err);

    if (dir) {
        dir_seal(dir, error);
        dir->mode = S_IFDIR | 0555;
    }
    inode_put(dir);
}

void fs_init(void)
{
    epoll_init();
    locks_init();
    mutex_init(&fs_tree_lock, "names", RANK_FS_TREE);
    fs_root = inode_create(S_IFDIR | 0755);
    if (!fs_root)
        panic_too_small("the root directory");
    fs_root->parent = fs_root; /* uncounted: it never goes */
    aio_init();
    make_dirs();
    devices_init();
    procfs_init();
    sysfs_init();
    seal("/proc", ENOENT);
    seal("/sys", EPERM);
    initramfs_unpack();
}
