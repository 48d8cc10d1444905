/* SPDX-License-Identifier: MIT */
/*
 * System V shared memory: a file without a name for each segment, and a table
 * in which its number and its key lead to it.
 *
 * Who is attached is not counted twice: the file knows the areas that show it.
 * A segment that is marked for removal goes with its last area; that is looked
 * for (shm_reap) wherever areas may have gone: shmdt, munmap, exec, exit.
 */
#include <kernel/errno.h>
#include <kernel/process.h>
#include <kernel/shm.h>
#include <kernel/syscall.h>
#include <kernel/time.h>
#include <kernel/uaccess.h>
#include <mm/commit.h>
#include <mm/filemap.h>
#include <mm/lockorder.h>
#include <mm/mm.h>
#include <mm/slab.h>

#define IPC_PRIVATE 0
#define IPC_CREAT   01000
#define IPC_EXCL    02000
#define IPC_RMID    0
#define IPC_SET     1
#define IPC_STAT    2
#define IPC_INFO    3

#define SHM_NORESERVE 010000 /* shmget: not counted as promised */
#define SHM_RDONLY    010000
#define SHM_RND       020000
#define SHM_REMAP     040000
#define SHM_EXEC      0100000
#define SHM_DEST      01000 /* in a mode: marked for removal */
#define SHM_LOCK      11
#define SHM_UNLOCK    12
#define SHM_STAT      13
#define SHM_INFO      14
#define SHM_ANY       15 /* SHM_STAT_ANY */

#define SEGMENTS SHM_SEGMENTS
#define SEQ_STEP 32768

struct segment {
    s32 key;
    int id;
    u32 mode, uid, gid;
    u64 size;
    struct mapping *file; /* a reference */
    u64 attached_at, detached_at, changed_at;
    int creator, last; /* pids */
};

static struct mutex lock;
static struct segment **table; /* [SEGMENTS], made when first needed; lock */
static unsigned sequence;      /* a number is not used twice soon; lock */
static atomic_t dying;         /* marked for removal, still attached */

void shm_init(void)
{
    mutex_init(&lock, "shm", RANK_SHM);
}

/* ---- the table; the lock is held ---- */

static u64 attached(struct segment *s)
{
    struct list_head *at, *areas = &s->file->areas;
    u64 n = 0;

    mutex_lock(&s->file->areas_lock);
    for (at = areas->next; at != areas; at = at->next)
        n++;
    mutex_unlock(&s->file->areas_lock);
    return n;
}

static struct segment *by_id(int id)
{
    struct segment *s =
        id >= 0 && table ? table[id % SEQ_STEP % SEGMENTS] : NULL;

    return s && s->id == id ? s : NULL;
}

static struct segment *by_key(s32 key)
{
    for (unsigned i = 0; table && i < SEGMENTS; i++)
        if (table[i] && table[i]->key == key && !(table[i]->mode & SHM_DEST))
            return table[i];
    return NULL;
}

static struct segment *by_file(const struct mapping *file)
{
    for (unsigned i = 0; table && i < SEGMENTS; i++)
        if (table[i] && table[i]->file == file)
            return table[i];
    return NULL;
}

/* Its file's pages go with the last reference. */
static void forget(struct segment *s)
{
    table[s->id % SEQ_STEP] = NULL;
    if (s->mode & SHM_DEST)
        atomic_dec(&dying);
    mapping_put(s->file);
    kfree(s);
}

void shm_reap(void)
{
    if (!atomic_read(&dying))
        return;
    mutex_lock(&lock);
    for (unsigned i = 0; i < SEGMENTS; i++)
        if (table[i] && (table[i]->mode & SHM_DEST) && !attached(table[i]))
            forget(table[i]);
    mutex_unlock(&lock);
}

/* ---- shmget ---- */

static s64 now_seconds(void)
{
    return (s64)(wall_ns(now_ns()) / NSEC_PER_SEC);
}

static struct segment *make_segment(s32 key, u64 size, u32 mode)
{
    struct segment *s = kzalloc(sizeof(*s), ALLOC_KERNEL);

    if (!s)
        return NULL;
    s->key = key;
    s->size = size;
    s->mode = mode & 0777;
    s->creator = current_pid();
    s->changed_at = (u64)now_seconds();
    s->file = mapping_create("/SYSV (deleted)");
    if (s->file && !mapping_set_size(s->file, PAGE_UP(size)) &&
        (vm_noreserve(mode & SHM_NORESERVE) ||
         !mapping_commit(s->file, PAGE_UP(size) >> PAGE_SHIFT)))
        return s;
    if (s->file)
        mapping_put(s->file);
    kfree(s);
    return NULL;
}

/* A number for it. -ENOSPC: the table is full. */
static s64 enter(struct segment *s)
{
    if (!table)
        table = kzalloc(SEGMENTS * sizeof(struct segment *), ALLOC_KERNEL);
    if (!table)
        return -ENOMEM;
    for (unsigned i = 0; i < SEGMENTS; i++) {
        if (table[i])
            continue;
        sequence = (sequence + 1) % (INT32_MAX / SEQ_STEP);
        s->id = (int)(sequence * SEQ_STEP + i);
        table[i] = s;
        return s->id;
    }
    return -ENOSPC;
}

static s64 create(s32 key, u64 size, u32 flags)
{
    struct segment *s;
    s64 ret;

    if (!size || size > SHM_MAX)
        return -EINVAL;
    s = make_segment(key, size, flags);
    if (!s)
        return -ENOMEM;
    ret = enter(s);
    if (ret < 0) {
        mapping_put(s->file);
        kfree(s);
    }
    return ret;
}

/* key, size, flags */
s64 sys_shmget(const u64 *a)
{
    s32 key = (s32)a[0];
    u32 flags = (u32)a[2];
    struct segment *s = NULL;
    s64 ret;

    mutex_lock(&lock);
    if (key != IPC_PRIVATE)
        s = by_key(key);
    if (s && (flags & IPC_CREAT) && (flags & IPC_EXCL))
        ret = -EEXIST;
    else if (s)
        ret = a[1] > s->size ? -EINVAL : s->id;
    else if (key != IPC_PRIVATE && !(flags & IPC_CREAT))
        ret = -ENOENT;
    else
        ret = create(key, a[1], flags);
    mutex_unlock(&lock);
    return ret;
}

/* ---- shmat, shmdt ---- */

/* Where: a page, by SHM_RND a lower one, or anywhere. */
static int place(u64 *addr, u32 flags, u32 *map_flags)
{
    *map_flags = MAP_SHARED;
    if (!*addr)
        return flags & SHM_REMAP ? -EINVAL : 0;
    if ((*addr & ~PAGE_MASK) && !(flags & SHM_RND))
        return -EINVAL;
    *addr &= PAGE_MASK;
    *map_flags |= flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    return 0;
}

static s64 attach(struct segment *s, u64 addr, u32 flags, u32 map_flags)
{
    u32 prot = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) |
               (flags & SHM_EXEC ? PROT_EXEC : 0);
    s64 at = mm_mmap(current_mm(), addr, s->size, prot, map_flags, s->file, 0);

    if (at < 0)
        return at == -EEXIST ? -EINVAL : at;
    s->attached_at = (u64)now_seconds();
    s->last = current_pid();
    return at;
}

/* id, address, flags. The lock keeps the segment; the area has a reference of
   its own. */
s64 sys_shmat(const u64 *a)
{
    u32 flags = (u32)a[2], map_flags;
    u64 addr = a[1];
    struct segment *s;
    s64 ret = place(&addr, flags, &map_flags);

    if (ret)
        return ret;
    mutex_lock(&lock);
    s = by_id((int)a[0]);
    ret = s ? attach(s, addr, flags, map_flags) : -EINVAL;
    mutex_unlock(&lock);
    return ret;
}

/* The segment whose first byte is attached at addr. Lock held. */
static struct segment *attached_at(struct mm *mm, u64 addr)
{
    struct segment *s = NULL;
    struct vma *vma;

    down_read(&mm->mmap_lock);
    vma = vma_find(mm, addr);
    if (vma && vma->start == addr && vma->pgoff == 0 && vma->file)
        s = by_file(vma->file);
    up_read(&mm->mmap_lock);
    return s;
}

/* The next piece of that attachment (mprotect may have cut it, other areas may
   have been put over it), from *at to below end. */
static bool next_piece(struct mm *mm, const struct segment *s, u64 addr,
                       u64 *at, u64 *end)
{
    u64 limit = addr + PAGE_UP(s->size);
    struct vma *vma;
    bool found = false;

    down_read(&mm->mmap_lock);
    while (!found && (vma = vma_find_next(mm, *at)) && vma->start < limit) {
        found = vma->file == s->file && vma->start - addr == vma->pgoff
                                                                 << PAGE_SHIFT;
        *at = found ? vma->start : vma->end;
        *end = vma->end;
    }
    up_read(&mm->mmap_lock);
    return found;
}

s64 sys_shmdt(const u64 *a)
{
    struct mm *mm = current_mm();
    u64 at = a[0], end;
    struct segment *s;

    if (at & ~PAGE_MASK)
        return -EINVAL;
    mutex_lock(&lock);
    s = attached_at(mm, at);
    while (s && next_piece(mm, s, a[0], &at, &end)) {
        (void)mm_munmap(mm, at, end - at);
        at = end;
    }
    if (s) {
        s->detached_at = (u64)now_seconds();
        s->last = current_pid();
    }
    mutex_unlock(&lock);
    shm_reap();
    return s ? 0 : -EINVAL;
}

/* ---- shmctl ---- */

struct linux_shmid {
    s32 key;
    u32 uid, gid, creator_uid, creator_gid, mode;
    u16 seq, pad;
    u64 unused[2];
    u64 size;
    u64 attached_at, detached_at, changed_at;
    s32 creator, last;
    u64 attached, unused2[2];
};

_Static_assert(sizeof(struct linux_shmid) == 112, "the ABI's layout");

struct linux_shminfo {
    u64 max, min, ids, per_process, all, unused[4];
};

struct linux_shm_info {
    s32 used, pad;
    u64 pages, resident, swapped, swap_attempts, swap_successes;
};

static void describe(struct segment *s, struct linux_shmid *d)
{
    *d = (struct linux_shmid){.key = s->key,
                              .uid = s->uid,
                              .gid = s->gid,
                              .mode = s->mode,
                              .seq = (u16)(s->id / SEQ_STEP),
                              .size = s->size,
                              .attached_at = s->attached_at,
                              .detached_at = s->detached_at,
                              .changed_at = s->changed_at,
                              .creator = s->creator,
                              .last = s->last,
                              .attached = attached(s)};
}

/* IPC_STAT by number; the others by place in the table, for ipcs. */
static s64 stat_segment(int id, int cmd, u64 user)
{
    struct linux_shmid d;
    struct segment *s;
    s64 ret = 0;

    mutex_lock(&lock);
    if (cmd == IPC_STAT)
        s = by_id(id);
    else
        s = table && id >= 0 && id < SEGMENTS ? table[id] : NULL;
    if (s) {
        describe(s, &d);
        ret = cmd == IPC_STAT ? 0 : s->id;
    }
    mutex_unlock(&lock);
    if (!s)
        return -EINVAL;
    return copy_to_user(user, &d, sizeof(d)) ? -EFAULT : ret;
}

static s64 set_segment(int id, u64 user)
{
    struct linux_shmid d;
    struct segment *s;

    if (copy_from_user(&d, user, sizeof(d)))
        return -EFAULT;
    mutex_lock(&lock);
    s = by_id(id);
    if (s) {
        s->uid = d.uid;
        s->gid = d.gid;
        s->mode = (s->mode & ~0777u) | (d.mode & 0777);
        s->changed_at = (u64)now_seconds();
    }
    mutex_unlock(&lock);
    return s ? 0 : -EINVAL;
}

/* From now on its key is free; it lives as long as it is attached. */
static s64 remove_segment(int id)
{
    struct segment *s;

    mutex_lock(&lock);
    s = by_id(id);
    if (s && !(s->mode & SHM_DEST)) {
        s->mode |= SHM_DEST;
        s->key = IPC_PRIVATE;
        atomic_inc(&dying);
    }
    mutex_unlock(&lock);
    shm_reap();
    return s ? 0 : -EINVAL;
}

/* Returns the highest place in use. */
static s64 count_segments(struct linux_shm_info *info)
{
    s64 highest = 0;

    mutex_lock(&lock);
    for (unsigned i = 0; table && i < SEGMENTS; i++) {
        if (!table[i])
            continue;
        info->used++;
        info->pages += PAGE_UP(table[i]->size) >> PAGE_SHIFT;
        highest = i;
    }
    mutex_unlock(&lock);
    return highest;
}

static s64 put_info(int cmd, u64 user)
{
    struct linux_shminfo limits = {.max = SHM_MAX,
                                   .min = 1,
                                   .ids = SEGMENTS,
                                   .per_process = SEGMENTS,
                                   .all = SHM_MAX >> PAGE_SHIFT};
    struct linux_shm_info info = {0};
    s64 highest = count_segments(&info);
    int err;

    if (cmd == SHM_INFO)
        err = copy_to_user(user, &info, sizeof(info));
    else
        err = copy_to_user(user, &limits, sizeof(limits));
    return err ? err : highest;
}

static s64 check_segment(int id)
{
    struct segment *s;

    mutex_lock(&lock);
    s = by_id(id);
    mutex_unlock(&lock);
    return s ? 0 : -EINVAL;
}

/* id, command, buffer */
s64 sys_shmctl(const u64 *a)
{
    int id = (int)a[0], cmd = (int)a[1];

    switch (cmd) {
    case IPC_RMID:
        return remove_segment(id);
    case IPC_SET:
        return set_segment(id, a[2]);
    case IPC_STAT:
    case SHM_STAT:
    case SHM_ANY:
        return stat_segment(id, cmd, a[2]);
    case IPC_INFO:
    case SHM_INFO:
        return put_info(cmd, a[2]);
    case SHM_LOCK: /* a promise, as mlock's */
    case SHM_UNLOCK:
        return check_segment(id);
    default:
        return -EINVAL;
    }
}
