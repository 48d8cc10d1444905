/* SPDX-License-Identifier: MIT */
/*
 * The initramfs: unpack each module that the loader brought, a plain newc
 * cpio, into the tree.
 *
 * An archive is a row of entries: a header of 110 characters (a magic number
 * and thirteen numbers in hexadecimal), a name, the contents, the latter two
 * padded to a multiple of 4 from the archive's beginning. An entry named
 * TRAILER!!! ends it; zeroes may follow, and another archive.
 *
 * Nothing in it is trusted. What is wrong is told with its offset; what was
 * unpacked before stays.
 */
#include <fs/fs_private.h>
#include <kernel/boot.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/x86/directmap.h>
#include <mm/filemap.h>
#include <mm/slab.h>

bool initramfs_cut_short;

#define HEADER_SIZE 110
#define NR_FIELDS   13
#define TRAILER     "TRAILER!!!"

enum field {
    F_INO,
    F_MODE,
    F_UID,
    F_GID,
    F_NLINK,
    F_MTIME,
    F_SIZE,
    F_MAJOR,
    F_MINOR,
    F_RMAJOR,
    F_RMINOR,
    F_NAMESIZE,
    F_CHECK
};

struct entry {
    u32 field[NR_FIELDS]; /* by enum field */
    const char *name;
    const char *data;
};

/* A file of several names: the inode that the first one made. */
struct seen {
    struct seen *next;
    u32 ino, major, minor;
    struct inode *inode; /* a reference */
};

struct archive {
    const char *base;  /* the module */
    u64 size, at;      /* of the module; the offset of the entry at hand */
    u64 start;         /* of the archive at hand: padding counts from here */
    struct seen *seen; /* in the archive at hand */
    unsigned nr_made;
};

/* ---- files of several names ---- */

static struct inode *find_seen(const struct archive *ar, const struct entry *e)
{
    for (struct seen *s = ar->seen; s; s = s->next)
        if (s->ino == e->field[F_INO] && s->major == e->field[F_MAJOR] &&
            s->minor == e->field[F_MINOR])
            return s->inode;
    return NULL;
}

/* Without memory for this, the names become files of their own. */
static void remember(struct archive *ar, const struct entry *e,
                     struct inode *inode)
{
    struct seen *s = kmalloc(sizeof(*s), ALLOC_KERNEL);

    if (!s)
        return;
    inode_get(inode);
    *s = (struct seen){ar->seen, e->field[F_INO], e->field[F_MAJOR],
                       e->field[F_MINOR], inode};
    ar->seen = s;
}

static void forget_seen(struct archive *ar)
{
    while (ar->seen) {
        struct seen *s = ar->seen;

        ar->seen = s->next;
        inode_put(s->inode);
        kfree(s);
    }
}

/* ---- making what an entry describes ---- */

/* Without a time of its own (reproducible archives have none) it is as old as
   the machine: not in the order of the archive, as make and its like would see
   then what is older than what. */
static u64 time_of(const struct entry *e)
{
    u64 mtime = e->field[F_MTIME];

    return mtime ? mtime * NSEC_PER_SEC : wall_ns(0);
}

static void set_attributes(struct inode *inode, const struct entry *e)
{
    mutex_lock(&fs_tree_lock);
    inode->mtime_ns = time_of(e);
    inode->mode = (inode->mode & S_IFMT) | (e->field[F_MODE] & MODE_BITS);
    inode->uid = e->field[F_UID];
    inode->gid = e->field[F_GID];
    mutex_unlock(&fs_tree_lock);
}

/* A later entry takes an earlier one's name, except a directory's. */
static int make_way(const char *path)
{
    struct place place;
    int err;

    mutex_lock(&fs_tree_lock);
    err = path_parent(fs_root, path, &place);
    if (!err) {
        err = dir_unlink(place.dir, place.name);
        inode_put(place.dir);
    }
    mutex_unlock(&fs_tree_lock);
    return err == -ENOENT ? 0 : err;
}

static int link_in(const char *path, struct inode *inode)
{
    int err = make_way(path);

    return err ? err : path_link(AT_FDCWD, path, inode);
}

static int fill(struct inode *inode, const struct entry *e)
{
    u64 size = e->field[F_SIZE];
    s64 n = mapping_write(inode->data, 0, e->data, size);

    return n == (s64)size ? 0 : -ENOMEM;
}

/* The contents come with any one of a file's names. */
static int make_file(struct archive *ar, const struct entry *e)
{
    bool several = e->field[F_NLINK] > 1;
    struct inode *inode = several ? find_seen(ar, e) : NULL;
    int err;

    if (inode)
        inode_get(inode);
    else
        inode = inode_make(S_IFREG, 0);
    if (!inode)
        return -ENOMEM;
    err = fill(inode, e); /* first: half of a file gets no name */
    if (!err)
        err = link_in(e->name, inode);
    if (!err)
        set_attributes(inode, e);
    if (!err && several && !find_seen(ar, e))
        remember(ar, e, inode);
    inode_put(inode);
    return err;
}

/* One that is there already only changes its attributes. */
static int make_dir(const struct entry *e)
{
    int err;
    struct inode *inode = path_lookup(e->name, false, &err);

    if (inode && !is_kind(inode, S_IFDIR)) {
        inode_put(inode);
        inode = NULL;
    }
    if (!inode) {
        inode = inode_create(S_IFDIR);
        if (!inode)
            return -ENOMEM;
        err = link_in(e->name, inode);
    }
    if (!err)
        set_attributes(inode, e);
    inode_put(inode);
    return err;
}

static int make_link(const struct entry *e)
{
    u32 size = e->field[F_SIZE];
    struct inode *inode;
    char *target;
    int err;

    if (!size || size >= PATH_MAX)
        return -ENAMETOOLONG;
    target = kmalloc(size + 1, ALLOC_KERNEL);
    if (!target)
        return -ENOMEM;
    memcpy(target, e->data, size);
    target[size] = 0;
    inode = inode_make_link(target);
    kfree(target);
    if (!inode)
        return -ENOMEM;
    err = link_in(e->name, inode);
    inode->mtime_ns = time_of(e);
    inode_put(inode);
    return err;
}

static int make_node(const struct entry *e)
{
    u64 rdev = make_rdev(e->field[F_RMAJOR], e->field[F_RMINOR]);
    struct inode *inode = inode_make(e->field[F_MODE] & S_IFMT, rdev);
    int err;

    if (!inode)
        return -ENOMEM;
    err = link_in(e->name, inode);
    if (!err)
        set_attributes(inode, e);
    inode_put(inode);
    return err;
}

static int make_entry(struct archive *ar, const struct entry *e)
{
    switch (e->field[F_MODE] & S_IFMT) {
    case S_IFREG:
        return make_file(ar, e);
    case S_IFDIR:
        return make_dir(e);
    case S_IFLNK:
        return make_link(e);
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
        return make_node(e);
    }
    return -EINVAL;
}

/* ---- reading the archive ---- */

static bool parse_hex(const char *s, u32 *value)
{
    u32 v = 0;

    for (int i = 0; i < 8; i++) {
        char c = s[i];

        if (c >= '0' && c <= '9')
            v = v << 4 | (u32)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            v = v << 4 | (u32)((c | 32) - 'a' + 10);
        else
            return false;
    }
    *value = v;
    return true;
}

static const char *parse_header(const char *h, struct entry *e)
{
    if (memcmp(h, "070701", 6) && memcmp(h, "070702", 6))
        return "not a newc cpio header";
    for (int i = 0; i < NR_FIELDS; i++)
        if (!parse_hex(h + 6 + i * 8, &e->field[i]))
            return "a number in the header is none";
    return NULL;
}

static u64 padded(const struct archive *ar, u64 offset)
{
    return ar->start + ROUND_UP(offset - ar->start, 4);
}

/* The entry at ar->at, and where the next one is. NULL, or what is wrong. The
   fields have 32 bits, so that none of the sums can overflow. */
static const char *parse_entry(const struct archive *ar, struct entry *e,
                               u64 *next)
{
    const char *why;
    u64 name, data, namesize;

    if (ar->size - ar->at < HEADER_SIZE)
        return "truncated in a header";
    why = parse_header(ar->base + ar->at, e);
    if (why)
        return why;
    name = ar->at + HEADER_SIZE;
    namesize = e->field[F_NAMESIZE];
    if (!namesize || namesize > PATH_MAX)
        return "a name of an impossible length";
    if (namesize > ar->size - name)
        return "truncated in a name";
    e->name = ar->base + name;
    if (e->name[namesize - 1])
        return "a name that does not end where it should";
    data = padded(ar, name + namesize);
    if (e->field[F_SIZE] &&
        (data > ar->size || e->field[F_SIZE] > ar->size - data))
        return "truncated in a file's contents";
    e->data = ar->base + data;
    *next = padded(ar, data + e->field[F_SIZE]);
    return NULL;
}

static const struct {
    const char *name, *magic, *tool;
    size_t len;
} compressions[] = {
    {"gzip", "\x1f\x8b", "gunzip", 2},
    {"xz",
     "\xfd"
     "7zXZ",
     "unxz", 5},
    {"zstd", "\x28\xb5\x2f\xfd", "unzstd", 4},
    {"lz4", "\x02\x21\x4c\x18", "unlz4", 4},
    {"lz4", "\x04\x22\x4d\x18", "unlz4", 4},
};

/* Tell, if that is what begins here. */
static bool is_compressed(const struct archive *ar)
{
    for (unsigned i = 0; i < ARRAY_SIZE(compressions); i++) {
        if (ar->size - ar->at < compressions[i].len ||
            memcmp(ar->base + ar->at, compressions[i].magic,
                   compressions[i].len))
            continue;
        printk("initramfs: compressed (%s): hotcow takes a plain newc cpio; "
               "%s it first\n",
               compressions[i].name, compressions[i].tool);
        return true;
    }
    return false;
}

static void complain(const struct archive *ar, const char *why)
{
    printk("initramfs: offset %llu: %s; %u entries were unpacked\n",
           (unsigned long long)ar->at, why, ar->nr_made);
}

static void skip_zeroes(struct archive *ar)
{
    while (ar->at < ar->size && !ar->base[ar->at])
        ar->at++;
}

/* One archive up to behind its trailer. False: there is no going on. */
static bool unpack_archive(struct archive *ar)
{
    ar->start = ar->at;
    while (ar->at < ar->size) {
        struct entry e;
        u64 next = 0, at = ar->at;
        const char *why = parse_entry(ar, &e, &next);
        int err;

        if (why) {
            complain(ar, why);
            return false;
        }
        ar->at = min_u64(next, ar->size);
        if (!strcmp(e.name, TRAILER))
            return true;
        err = make_entry(ar, &e);
        if (err == -ENOMEM) {
            initramfs_cut_short = true;
            complain(ar, "out of memory");
            return false;
        }
        if (err)
            printk("initramfs: offset %llu: %s: error %d\n",
                   (unsigned long long)at, e.name, -err);
        else
            ar->nr_made++;
    }
    complain(ar, "truncated: no " TRAILER);
    return false;
}

static void unpack_module(const struct boot_range *m)
{
    struct archive ar = {.base = phys_to_virt(m->start),
                         .size = m->end - m->start};
    bool more = true;

    skip_zeroes(&ar);
    if (ar.at == ar.size)
        complain(&ar, "an empty module");
    while (more && ar.at < ar.size && !is_compressed(&ar)) {
        more = unpack_archive(&ar);
        forget_seen(&ar);
        skip_zeroes(&ar);
    }
}

void initramfs_unpack(void)
{
    if (!boot_info.nr_modules)
        printk("initramfs: the loader brought no module\n");
    for (unsigned i = 0; i < boot_info.nr_modules; i++)
        unpack_module(&boot_info.modules[i]);
}
