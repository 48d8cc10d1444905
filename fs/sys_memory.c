/* SPDX-License-Identifier: MIT */
/*
 * /sys/devices/system/memory: sections, as Linux shows its memory blocks, and
 * hotcow's own file `removal`.
 *
 *   echo offline > memoryN/state            also: online
 *   echo "offline passes=5 method=drain" > memoryN/state
 *   echo "offline FIRST COUNT timeout_ms=100" > removal
 *   echo cancel > removal                   the one under way gives up
 *   echo "passes=5 timeout_ms=0" > removal  for requests that say nothing
 *   cat removal                             the last one, and what held it up
 */
#include <fs/fs_private.h>
#include <fs/procfs.h>
#include <fs/text.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/time.h>
#include <mm/removal.h>
#include <mm/section.h>

#define ROOT "/sys/devices/system/memory"

/* ---- words ---- */

/* The next word, or NULL; *at moves behind it. The line is cut up. */
static char *next_word(char **at)
{
    char *word = *at, *end;

    while (*word == ' ')
        word++;
    if (!*word)
        return NULL;
    end = strchr(word, ' ');
    if (end)
        *end++ = 0;
    *at = end ? end : word + strlen(word);
    return word;
}

static int take_option(struct removal *r, const char *word)
{
    u64 n = 0;
    int err = 0;

    if (!strncmp(word, "passes=", 7)) {
        err = text_number(word + 7, UINT32_MAX, &n);
        r->max_passes = (u32)n;
    } else if (!strncmp(word, "timeout_ms=", 11)) {
        err = text_number(word + 11, UINT64_MAX / NSEC_PER_MSEC, &n);
        r->max_ns = n * NSEC_PER_MSEC;
    } else if (!strcmp(word, "method=drain")) {
        r->method = REMOVAL_DRAIN;
    } else if (!strcmp(word, "method=migrate")) {
        r->method = REMOVAL_MIGRATE;
    } else {
        err = -EINVAL;
    }
    return err;
}

static int take_options(struct removal *r, char *rest)
{
    char *word;
    int err = 0;

    while (!err && (word = next_word(&rest)))
        err = take_option(r, word);
    return err;
}

static int offline(u32 first, u32 count, char *options)
{
    struct removal r;
    int err;

    removal_defaults(&r, first, count);
    r.interruptible = true;
    err = take_options(&r, options);
    return err ? err : memory_offline(&r);
}

/* ---- removal ---- */

static const char *method_name(const struct removal *r)
{
    return r->method == REMOVAL_DRAIN ? "drain" : "migrate";
}

static void show_removal(struct text *t, const struct text_file *tf, void *arg)
{
    struct removal r;
    int error;

    (void)tf;
    (void)arg;
    removal_defaults(&r, 0, 0);
    text_add(t, "defaults: passes=%u timeout_ms=%llu method=%s\n", r.max_passes,
             (unsigned long long)(r.max_ns / NSEC_PER_MSEC), method_name(&r));
    if (!removal_last(&r, &error))
        return;
    text_add(t,
             "last: %s error=%d passes=%u moved=%llu refused=%llu "
             "waited=%llu why=\"%s\"\n",
             error ? "failed" : "ok", -error, r.passes,
             (unsigned long long)r.moved, (unsigned long long)r.refused,
             (unsigned long long)r.waited, r.why);
    if (error)
        removal_report(&r, text_line, t);
}

static int set_defaults(char *line)
{
    struct removal r;
    int err;

    removal_defaults(&r, 0, 0);
    err = take_options(&r, line);
    if (!err)
        removal_set_defaults(&r);
    return err;
}

static int write_removal(struct text *t, char *line, void *arg)
{
    char *rest = line, *word;
    u64 first, count;

    (void)t;
    (void)arg;
    if (!strcmp(line, "cancel"))
        return removal_cancel() ? 0 : -EINVAL;
    if (strncmp(line, "offline ", 8) && strncmp(line, "online ", 7))
        return set_defaults(line);
    word = next_word(&rest);
    if (text_number(next_word(&rest), UINT32_MAX, &first) ||
        text_number(next_word(&rest), UINT32_MAX, &count) || !count)
        return -EINVAL;
    if (!strcmp(word, "offline"))
        return offline((u32)first, (u32)count, rest);
    return next_word(&rest) ? -EINVAL : memory_online((u32)first, (u32)count);
}

/* ---- memoryN ---- */

static u32 nr_of(void *arg)
{
    return (u32)(u64)arg;
}

static void show_state(struct text *t, const struct text_file *tf, void *arg)
{
    static const char *const names[] = {"absent", "offline", "online",
                                        "going-offline"};

    (void)tf;
    text_add(t, "%s\n", names[section_get(nr_of(arg))->state]);
}

/* Or going, which may yet come to nothing. */
static bool is_online(u32 nr)
{
    return READ_ONCE(section_get(nr)->state) >= SECTION_ONLINE;
}

/* A section comes back in the zone that it left, and in no other. */
static const char *zone_word(u32 nr)
{
    return section_get(nr)->zone == ZONE_MOVABLE ? "online_movable"
                                                 : "online_kernel";
}

static int write_state(struct text *t, char *line, void *arg)
{
    char *rest = line, *word;
    size_t len = strlen(line);

    (void)t;
    if (!len || line[0] == ' ' || line[len - 1] == ' ')
        return -EINVAL; /* as Linux, which knows no second word either */
    word = next_word(&rest);
    if (!strcmp(word, "offline"))
        return offline(nr_of(arg), 1, rest);
    if (next_word(&rest) || is_online(nr_of(arg)))
        return -EINVAL;
    if (!strcmp(word, "online") || !strcmp(word, zone_word(nr_of(arg))))
        return memory_online(nr_of(arg), 1);
    return -EINVAL;
}

static void show_online(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    text_add(t, "%d\n", is_online(nr_of(arg)));
}

/* A yes or a no, in the ways that Linux takes it. 0 or -EINVAL. */
static int take_bool(const char *word, bool *yes)
{
    bool o = word[0] == 'o' || word[0] == 'O'; /* on, off */
    char c = o ? word[1] : word[0];

    *yes = c && strchr(o ? "nN" : "1yY", c);
    return *yes || (c && strchr(o ? "fF" : "0nN", c)) ? 0 : -EINVAL;
}

/* What it is already is no error here, other than with `state`: as in Linux. */
static int write_online(struct text *t, char *line, void *arg)
{
    char nothing[] = "";
    bool yes;
    int err = take_bool(line, &yes);

    (void)t;
    if (err || is_online(nr_of(arg)) == yes)
        return err;
    if (!yes)
        return offline(nr_of(arg), 1, nothing);
    err = memory_online(nr_of(arg), 1);
    return err == -EBUSY ? 0 : err; /* somebody was quicker */
}

static void show_removable(struct text *t, const struct text_file *tf,
                           void *arg)
{
    (void)tf;
    text_add(t, "%d\n", section_get(nr_of(arg))->removable);
}

static void show_index(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    text_add(t, "%08x\n", nr_of(arg));
}

static void show_zones(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    text_add(t, "%s\n", zones[section_get(nr_of(arg))->zone].name);
}

/* All memory hangs on the one device that there is: the board. */
static void show_device(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    (void)arg;
    text_add(t, "0\n");
}

static const struct {
    const char *name;
    struct text_file file;
    const char *link; /* a link instead, and where to */
} entries[] = {
    {"state", {.show = show_state, .write = write_state}, NULL},
    {"online", {.show = show_online, .write = write_online}, NULL},
    {"removable", {.show = show_removable}, NULL},
    {"phys_index", {.show = show_index}, NULL},
    {"phys_device", {.show = show_device}, NULL},
    {"valid_zones", {.show = show_zones}, NULL},
    {"node0", {0}, "../../node/node0"},
};

#define SECTION_INO(nr, n) ((1ull << 44) + ((u64)(nr) << 4) + (n))
#define NODE_INO(nr)       SECTION_INO(nr, 15) /* the node's link to it */

static struct inode *make_link(const char *target, u64 ino)
{
    struct inode *link = inode_make_link(target);

    if (link) {
        link->ino = ino;
        link->nlink = 1;
    }
    return link;
}

static struct inode *block_lookup(struct inode *dir, const char *name)
{
    for (unsigned i = 0; i < ARRAY_SIZE(entries); i++) {
        u64 ino = SECTION_INO(nr_of(dir->private), i + 1);

        if (strcmp(name, entries[i].name))
            continue;
        if (entries[i].link)
            return make_link(entries[i].link, ino);
        return text_inode(&entries[i].file, TEXT_ATTRIBUTE, ino, dir->private);
    }
    return NULL;
}

static bool block_next(struct inode *dir, u64 *n, char *name, size_t size,
                       u64 *ino)
{
    if (*n >= ARRAY_SIZE(entries))
        return false;
    str_copy(name, entries[*n].name, size);
    *ino = SECTION_INO(nr_of(dir->private), *n + 1);
    return true;
}

static const struct dir_ops block_ops = {.lookup = block_lookup,
                                         .next = block_next};

static bool is_there(u32 nr)
{
    return nr < section_count() && section_get(nr)->state != SECTION_ABSENT;
}

/* memory07, memory0x7: no, there is one name for each. */
static bool parse_name(const char *name, u64 *nr)
{
    char exact[24];

    if (strncmp(name, "memory", 6) ||
        text_number(name + 6, SECTION_MAX - 1, nr) || !is_there((u32)*nr))
        return false;
    snprintf(exact, sizeof(exact), "memory%llu", (unsigned long long)*nr);
    return !strcmp(name, exact);
}

static struct inode *memory_lookup(struct inode *dir, const char *name)
{
    struct inode *inode;
    u64 nr;

    (void)dir;
    if (!parse_name(name, &nr))
        return NULL;
    inode = inode_create(S_IFDIR | 0755);
    if (inode) {
        inode->ino = SECTION_INO(nr, 0);
        inode->dops = &block_ops;
        inode->sealed = EPERM; /* as all of /sys */
        inode->private = (void *)nr;
    }
    return inode;
}

static bool memory_next(struct inode *dir, u64 *n, char *name, size_t size,
                        u64 *ino)
{
    u64 nr = *n;

    (void)dir;
    while (nr < section_count() && !is_there((u32)nr))
        nr++;
    if (nr >= section_count())
        return false;
    snprintf(name, size, "memory%llu", (unsigned long long)nr);
    *ino = SECTION_INO(nr, 0);
    *n = nr;
    return true;
}

static const struct dir_ops memory_ops = {.lookup = memory_lookup,
                                          .next = memory_next};

/* The node's folder has a link to each. */
static struct inode *node_lookup(struct inode *dir, const char *name)
{
    char target[40];
    u64 nr;

    (void)dir;
    if (!parse_name(name, &nr))
        return NULL;
    snprintf(target, sizeof(target), "../../memory/%s", name);
    return make_link(target, NODE_INO(nr));
}

static bool node_next(struct inode *dir, u64 *n, char *name, size_t size,
                      u64 *ino)
{
    bool found = memory_next(dir, n, name, size, ino);

    *ino = NODE_INO(*n);
    return found;
}

static const struct dir_ops node_ops = {.lookup = node_lookup,
                                        .next = node_next};

/* What becomes of DIMMs that come. Not "online_kernel": they are for what can
   be moved. */
static const char *const auto_words[] = {"offline", "online", "online_movable"};
static unsigned auto_word = 2; /* written whole */

static void show_auto_online(struct text *t, const struct text_file *tf,
                             void *arg)
{
    (void)tf;
    (void)arg;
    text_add(t, "%s\n", auto_words[READ_ONCE(auto_word)]);
}

static int write_auto_online(struct text *t, char *line, void *arg)
{
    (void)t;
    (void)arg;
    for (unsigned i = 0; i < ARRAY_SIZE(auto_words); i++)
        if (!strcmp(line, auto_words[i])) {
            WRITE_ONCE(auto_word, i);
            memory_set_auto_online(i > 0);
            return 0;
        }
    return -EINVAL;
}

static void show_block_size(struct text *t, const struct text_file *tf,
                            void *arg)
{
    (void)tf;
    (void)arg;
    text_add(t, "%lx\n", SECTION_SIZE);
}

static void set_ops(const char *path, const struct dir_ops *ops)
{
    int err;
    struct inode *dir = path_lookup(path, false, &err);

    if (dir)
        dir->dops = ops;
    inode_put(dir);
}

void sys_memory_init(void)
{
    static const struct text_file size = {.show = show_block_size};
    static const struct text_file removal = {.show = show_removal,
                                             .write = write_removal};
    static const struct text_file auto_online = {.show = show_auto_online,
                                                 .write = write_auto_online};

    text_create(ROOT "/block_size_bytes", &size);
    text_create(ROOT "/auto_online_blocks", &auto_online);
    text_create(ROOT "/removal", &removal);
    set_ops(ROOT, &memory_ops);
    set_ops("/sys/devices/system/node/node0", &node_ops);
}
