/* SPDX-License-Identifier: MIT */
/*
 * Files whose text is made when they are read: /proc and /sys.
 *
 * The text is made at the first read (or by a write, if that is a question)
 * and kept with the open file, so that reads at any offset fit together;
 * reading from the start makes it anew. A list that may be long is made part by
 * part, as it is read: who reads one line of it does not pay for all.
 */
#ifndef FS_TEXT_H
#define FS_TEXT_H

#include <fs/file.h>

/* A text that grows; what does not fit into memory is cut. */
struct text {
    char *buf;
    size_t len, room;
    bool fixed; /* it must not grow now: a lock is held */
    bool cut;   /* it would have had to */
};

void text_add(struct text *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
void text_add_bytes(struct text *t, const char *bytes, size_t n);
/* One line, for functions that emit lines; arg is the text. */
void text_line(const char *line, void *arg);
void text_free(struct text *t);
/* Room for so many more bytes, and no growing until text_release: what does not
   fit sets `cut`. May sleep before, not after. False: no memory. */
bool text_hold(struct text *t, size_t more);
void text_release(struct text *t);
/*
 * Call fn(t, arg) in a way that no memory is allocated meanwhile, for which
 * reclaim might wait for a disk: fn takes locks that others wait for. It is
 * called again, with more room, until everything fits.
 */
void text_add_locked(struct text *t, void (*fn)(struct text *t, void *arg),
                     void *arg);

#define TEXT_PART PAGE_SIZE

struct text_file {
    /* Make the text. `arg` is the inode's private. May sleep. */
    void (*show)(struct text *t, const struct text_file *tf, void *arg);
    /* Or make some of it, about TEXT_PART bytes, from *from on (of which the
       file knows the meaning, 0 is the start) and say in *from where to go on.
       The end is where nothing is added. May sleep. */
    void (*show_part)(struct text *t, void *arg, u64 *from);
    /* A line that was written, without the newline at its end: what comes in
       one write is taken whole.
       0 or -errno. It may leave an answer in the text. NULL: read-only. */
    int (*write)(struct text *t, char *line, void *arg);
    void *arg; /* for files made by text_create */
    u32 mode;  /* permissions; 0: those of its kind */
};

extern const struct file_ops text_ops;

/* Linux's three ways to refuse what a file does not do, root or not. */
enum text_kind {
    TEXT_PLAIN,     /* /proc: opened, and the write gets EIO */
    TEXT_PROCESS,   /* /proc/PID: opened, and read or write gets EINVAL */
    TEXT_ATTRIBUTE, /* /proc/sys and /sys: not opened, EACCES */
};

/* The whole word is a number, max at most (0x.. is hexadecimal). 0 or -EINVAL,
   also for no word at all. */
int text_number(const char *word, u64 max, u64 *n);

/* A file at this path, of the kind that belongs there. tf stays. */
void text_create(const char *path, const struct text_file *tf);
/* An inode of such a file, for dir_ops.lookup: show and write get arg. */
struct inode *text_inode(const struct text_file *tf, enum text_kind kind,
                         u64 ino, void *arg);

#endif
