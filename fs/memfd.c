/* SPDX-License-Identifier: MIT */
/* memfd_create: a file in memory that has no name, and goes with its last
   user; and seals (mm/seal.c), which others never have. */
#include <fs/fs_private.h>
#include <fs/syscalls.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/uaccess.h>
#include <mm/filemap.h>

#define MFD_CLOEXEC       1u
#define MFD_ALLOW_SEALING 2u
#define MFD_EXEC          16u
#define NAME_SIZE         250 /* as Linux: NAME_MAX without "memfd:" */

/* For people, who see it in maps: as much of it as there is room for. */
static void set_name(struct mapping *m, char *name)
{
    const size_t room =
        sizeof(m->name) - sizeof("/memfd:") - sizeof(" (deleted)");

    if (strlen(name) > room)
        name[room] = 0;
    snprintf(m->name, sizeof(m->name), "/memfd:%s (deleted)", name);
}

/* name, flags. Huge pages there are none. */
s64 sys_memfd_create(const u64 *a)
{
    u32 flags = (u32)a[1];
    char name[NAME_SIZE];
    struct inode *inode;
    struct file *f;
    s64 len;

    if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC))
        return -EINVAL;
    len = strncpy_from_user(name, a[0], sizeof(name));
    if (len < 0)
        return len == -ENAMETOOLONG ? -EINVAL : len;
    inode = inode_make(S_IFREG | 0777, 0);
    f = inode ? file_create(inode, inode->fops, O_RDWR | O_LARGEFILE) : NULL;
    if (!f) {
        inode_put(inode);
        return -ENOMEM;
    }
    set_name(inode->data, name);
    if (flags & MFD_ALLOW_SEALING)
        inode->data->seals = 0; /* nobody else knows it yet */
    return fd_install(f, flags & MFD_CLOEXEC);
}

/* ---- seals: fcntl ---- */

s64 file_add_seals(struct file *f, u64 seals)
{
    int err;

    if ((f->flags & O_ACCMODE) == O_RDONLY)
        return -EPERM;
    if ((seals & ~(u64)SEAL_ALL) || !f->inode || !f->inode->data)
        return -EINVAL;
    mutex_lock(&f->inode->lock);
    err = mapping_add_seals(f->inode->data, (u32)seals);
    mutex_unlock(&f->inode->lock);
    return err;
}

s64 file_get_seals(const struct file *f)
{
    if (!f->inode || !f->inode->data)
        return -EINVAL;
    return READ_ONCE(f->inode->data->seals);
}
