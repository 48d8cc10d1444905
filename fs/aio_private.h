/* SPDX-License-Identifier: MIT */
/*
 * AIO contexts and requests: what fs/aio.c and fs/aio_submit.c share.
 *
 * A request is claimed (running), then it ends: its event is on the list of
 * the ended ones until somebody reaps it. Both count against `max`.
 */
#ifndef FS_AIO_PRIVATE_H
#define FS_AIO_PRIVATE_H

#include <fs/rawio.h>
#include <kernel/wait.h>

struct io_event { /* Linux's */
    u64 data, obj;
    s64 res, res2;
};

struct aio_context {
    struct list_head node; /* contexts; list lock */
    struct mm *mm;         /* whose; only compared */
    u64 id;
    atomic_t refs;          /* the list, each request, each call */
    struct spinlock lock;   /* (irq) guards all below */
    struct list_head ended; /* struct aio_request */
    unsigned active, max;   /* requests submitted and not yet reaped */
    unsigned running;       /* of those, not yet ended */
    bool dead;              /* destroyed: no more requests; set once */
    struct waitq waiters;   /* for events, for `running` to fall, for `dead` */
};

struct aio_request {
    struct raw_io io;
    struct aio_context *ctx;
    bool sync;             /* to be durable before its event is there */
    struct eventfd *told;  /* of its end, if it is not NULL; ours */
    struct list_head node; /* ctx->ended */
    struct io_event event;
};

/* The process's context of that number, with a reference. NULL: none. */
struct aio_context *aio_ctx_get(u64 id);
/* Any context. */
void aio_ctx_put(struct aio_context *c);
/* Room for one more request? It is running then. 0, -EAGAIN, -EINVAL. */
int aio_claim(struct aio_context *c);
/* It never was one. */
void aio_unclaim(struct aio_context *c);
/* Its event is there. Any context; q and our reference on q->ctx are gone. */
void aio_end(struct aio_request *q, s64 res);

#endif
