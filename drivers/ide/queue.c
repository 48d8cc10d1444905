/* SPDX-License-Identifier: MIT */
/*
 * A channel's queue: requests come in, commands go out one at a time, and the
 * interrupt of one starts the next.
 *
 * The first bio of the queue is the one that is worked on, and with it those
 * behind it that go on where it ends, if they may be joined. If that is too
 * much for one command, several are sent in turn; bio->done counts what is
 * certain.
 * end() is called without the lock, in interrupt context, and may submit: that
 * only queues, or starts a command whose end is another interrupt, so nothing
 * nests.
 */
#include <drivers/ide/ide.h>
#include <kernel/boot.h>
#include <kernel/errno.h>
#include <kernel/print.h>
#include <mm/lockorder.h>

/* ide.timeout=SECONDS; 0 = for ever. With QEMU's virtual clock a time-out
   that is armed on an idle machine is due at once: those runs say 0. */
#define TIMEOUT_SECONDS 30

static u64 timeout_ns; /* written at boot */

/* Send the next command, if there is anything to do. Lock held. */
static void start_next(struct ide_channel *ch)
{
    if (list_empty(&ch->queue)) {
        ch->state = CHANNEL_IDLE;
        return;
    }
    if (!ch->at.bio)
        ch->at.bio = list_first(&ch->queue, struct bio, node);
    ch->state = CHANNEL_BUSY;
    if (!command_start(ch)) {
        /* The timer's handler can reset it, we may be anywhere. */
        ch->deadline = now_ns();
        timer_arm(&ch->timer, ch->deadline);
    } else if (timeout_ns > 0) {
        ch->deadline = now_ns() + timeout_ns;
        timer_arm(&ch->timer, ch->deadline);
    }
}

/* The first bio is over: off the queue, to the ended ones. Lock held. */
static void take_first(struct ide_channel *ch, int error,
                       struct list_head *ended)
{
    struct bio *bio = list_first(&ch->queue, struct bio, node);

    bio->error = error;
    list_del(&bio->node);
    list_add_tail(&bio->node, ended);
    if (ch->at.bio == bio)
        ch->at = (struct bio_place){0};
    if (ch->alone > 0)
        ch->alone--;
}

/* It did what it had to: every bio before the place it came to is over, and
   that one too if nothing of it is left. Lock held. */
static void command_done(struct ide_channel *ch, struct list_head *ended)
{
    if (ch->at.bio->op == BIO_READ)
        bounce_in(ch);
    command_event("disk.done", ch);
    prd_advance(ch);
    while (list_first(&ch->queue, struct bio, node) != ch->at.bio)
        take_first(ch, 0, ended);
    if (ch->at.seg == ch->at.bio->nr_segs)
        take_first(ch, 0, ended);
}

/* One bio's error is that bio's. If it was for several, nobody knows whose:
   each is tried again, alone. Lock held. */
static void command_failed(struct ide_channel *ch, struct list_head *ended)
{
    struct bio *bio = ch->at.bio;
    unsigned bios = prd_bios(ch);

    command_event("disk.done", ch);
    printk("%s: I/O error at sector %llu, %u sectors%s\n", bio->dev->name,
           (unsigned long long)ch->lba, ch->bytes >> SECTOR_SHIFT,
           bios > 1 ? ": one by one" : "");
    if (bios > 1)
        ch->alone = bios;
    else
        take_first(ch, -EIO, ended);
}

/*
 * Tickless: no timer stays armed on an idle channel. It cannot be cancelled
 * under the lock, as timer_cancel waits for a handler that may be waiting for
 * that lock. So:
 *
 *     this processor                another
 *     goes idle, unlocks
 *                                   submits: BUSY, arms the timer
 *     timer_cancel: took hers
 *     looks again: BUSY, arms it
 */
static void disarm_if_idle(struct ide_channel *ch)
{
    u64 flags;

    if (timeout_ns == 0 || READ_ONCE(ch->state) != CHANNEL_IDLE)
        return;
    timer_cancel(&ch->timer);
    flags = spin_lock_irqsave(&ch->lock);
    if (ch->state == CHANNEL_BUSY)
        timer_arm(&ch->timer, ch->deadline);
    spin_unlock_irqrestore(&ch->lock, flags);
}

static void end_all(struct list_head *ended)
{
    while (!list_empty(ended)) {
        struct bio *bio = list_first(ended, struct bio, node);

        list_del(&bio->node);
        bio_end(bio);
    }
}

void ide_interrupt(void *channel)
{
    struct ide_channel *ch = channel;
    u64 flags = spin_lock_irqsave(&ch->lock);
    enum command_result result = COMMAND_RUNS;
    struct list_head ended = LIST_INIT(ended);

    /* In any other state it is a late or a stray one, and the registers are
       nobody's, or the reset's: the next command takes it back. */
    if (ch->state == CHANNEL_BUSY)
        result = command_result(ch);
    if (result == COMMAND_OK)
        command_done(ch, &ended);
    else if (result == COMMAND_FAILED)
        command_failed(ch, &ended);
    if (result != COMMAND_RUNS)
        start_next(ch);
    spin_unlock_irqrestore(&ch->lock, flags);
    if (list_empty(&ended))
        return;
    end_all(&ended);
    disarm_if_idle(ch);
}

/* After the reset: fail the first bio, or all if the drives are gone, and go
   on with the rest. */
static void after_reset(struct ide_channel *ch, bool alive)
{
    struct list_head failed = LIST_INIT(failed);
    u64 flags = spin_lock_irqsave(&ch->lock);

    ch->dead = !alive;
    command_event("disk.done", ch);
    do
        take_first(ch, -EIO, &failed);
    while (ch->dead && !list_empty(&ch->queue));
    start_next(ch);
    spin_unlock_irqrestore(&ch->lock, flags);
    end_all(&failed);
}

/*
 * The timer came. The command may have ended, and another one started, before
 * we got the lock: then the deadline has moved, and the timer is armed anew.
 */
static void command_overdue(void *channel)
{
    struct ide_channel *ch = channel;
    u64 flags = spin_lock_irqsave(&ch->lock);
    bool overdue = ch->state == CHANNEL_BUSY && now_ns() >= ch->deadline;
    bool alive;

    if (overdue)
        ch->state = CHANNEL_RESET; /* the registers are ours alone */
    spin_unlock_irqrestore(&ch->lock, flags);
    if (!overdue)
        return;
    printk("%s: no answer to a command at sector %llu, reset\n", ch->name,
           (unsigned long long)ch->lba);
    alive = command_abort(ch);
    if (!alive)
        printk("%s: does not come back, given up\n", ch->name);
    after_reset(ch, alive);
}

static void end_now(struct bio *bio, int error)
{
    bio->error = error;
    bio_end(bio);
}

/* blockdev.submit: bio_submit has checked the bio. Any context; does not
   sleep, allocates nothing. */
void ide_submit(struct bio *bio)
{
    struct ide_drive *d = bio->dev->driver;
    struct ide_channel *ch = d->channel;
    bool dead;
    u64 flags;

    if (bio->op == BIO_FLUSH && !d->flush) {
        end_now(bio, 0); /* a drive without a cache has nothing to flush */
        return;
    }
    flags = spin_lock_irqsave(&ch->lock);
    dead = ch->dead;
    if (!dead) {
        list_add_tail(&bio->node, &ch->queue);
        if (ch->state == CHANNEL_IDLE)
            start_next(ch);
    }
    spin_unlock_irqrestore(&ch->lock, flags);
    if (dead)
        end_now(bio, -EIO);
}

void ide_queue_init(struct ide_channel *ch)
{
    timeout_ns = cmdline_u64("ide.timeout", TIMEOUT_SECONDS) * NSEC_PER_SEC;
    spin_init(&ch->lock, ch->name, RANK_DISK);
    list_init(&ch->queue);
    timer_init(&ch->timer, command_overdue, ch);
}
