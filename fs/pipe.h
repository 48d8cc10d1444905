/* SPDX-License-Identifier: MIT */
/*
 * What is in a pipe: a list of pieces of pages, oldest first.
 *
 * A piece's page is the pipe's own, or another pipe's too (tee, splice), or a
 * user's (vmsplice): then it is a pin, in the register of pins with its owner
 * for as long as any pipe has a part of it.
 */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include <fs/fs_private.h>
#include <mm/gup.h>

#define PIPE_BUF   4096u /* a write of so much goes in whole */
#define PIPE_SLOTS 16u   /* pieces, unless F_SETPIPE_SZ says otherwise */

/* A user's page, pinned; each piece that shows it has a reference. */
struct pipe_pin {
    atomic_t refs;
    struct pin_set set;
};

struct pipe_piece {
    struct list_head node;
    struct page *page;    /* a reference, unless it is a pin's */
    struct pipe_pin *pin; /* NULL: not a user's page */
    u32 off, len;
    bool own;    /* nobody else has the page: bytes may be appended */
    bool packet; /* O_DIRECT: one read takes one, and drops the rest */
};

struct pipe {
    struct mutex lock;         /* guards all below */
    struct waitq *changed;     /* bytes, room, or an end came or went; fixed */
    struct waitq queue;        /* that is: this, or two pipes have one */
    struct list_head pieces;   /* struct pipe_piece */
    unsigned nr, max;          /* pieces; the last read may be without lock */
    u64 bytes;                 /* in all pieces; hint without the lock */
    struct pipe_piece *spare;  /* an own page that has been read */
    bool nameless;             /* of pipe(2); fixed */
    unsigned readers, writers; /* open ends; hints without the lock */
    unsigned reader_opens, writer_opens; /* ever, for open's wait */
};

/* Both free a pipe's pieces: with the last end, and with the inode. */
void pipe_clear(struct pipe *p);
/* The pipe behind an open file, or NULL. */
struct pipe *file_pipe(const struct file *f);

/* How a call is meant. */
enum pipe_how {
    PIPE_NO_WAIT = 1,
    PIPE_PACKET = 2, /* each write is a packet of its own */
    PIPE_QUIET = 4,  /* no SIGPIPE */
};

#define SPLICE_F_NONBLOCK 2u
#define SPLICE_F_ALL      15u /* MOVE, NONBLOCK, MORE, GIFT */

/* How splice and its like wait for this file. */
static inline int splice_how(u32 flags, const struct file *f)
{
    bool no_wait =
        (flags & SPLICE_F_NONBLOCK) || (READ_ONCE(f->flags) & O_NONBLOCK);

    return no_wait ? PIPE_NO_WAIT : 0;
}

/* Bytes, or -errno. A read waits for the first byte only. */
s64 pipe_read(struct pipe *p, const struct user_range *r, unsigned n, int how);
s64 pipe_write(struct pipe *p, const struct user_range *r, unsigned n, int how);

/* These return 0 with the lock held, or -errno without it. */
/* Something to read, or the end (*end). */
int pipe_wait_bytes(struct pipe *p, int how, bool *end);
/* Room for `want` bytes of ours, of at most PIPE_BUF, or for a piece. EPIPE
   comes with SIGPIPE. */
int pipe_wait_room(struct pipe *p, int how, u64 want);

/* A new piece of nothing; NULL: no memory. Free gives up page and pin. */
struct pipe_piece *piece_create(void);
void piece_free(struct pipe_piece *b);
/* The first `len` bytes once more, in a piece of its own. NULL: no memory. */
struct pipe_piece *piece_share(struct pipe_piece *b, u32 len);

/* The lock is held. */
void pipe_push(struct pipe *p, struct pipe_piece *b);
struct pipe_piece *pipe_first(struct pipe *p); /* NULL: empty */
/* Take n bytes off the first piece (all: it is freed or becomes the spare). */
void pipe_consume(struct pipe *p, u32 n);

/* The ends' part of fifo_ops: fs/pipe_ends.c. */
int fifo_open(struct inode *inode, struct file *f);
void pipe_release(struct file *f);
void pipe_forget(struct inode *inode);

/* F_SETPIPE_SZ (a size, rounded up) and F_GETPIPE_SZ: bytes, or -errno. */
s64 pipe_set_size(struct pipe *p, u64 size);
s64 pipe_get_size(struct pipe *p);

#endif
