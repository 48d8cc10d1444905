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
   that is armed on an idle machine is due at once, so that the processor polls:
   runs that hold an answer say 0. */
#define TIMEOUT_SECONDS 30

/* An error may pass: so often a command is tried. As Linux's libata. */
#define TRIES 5

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
    ch->state = command_start(ch) ? CHANNEL_BUSY : CHANNEL_REFUSED;
    if (ch->state == CHANNEL_REFUSED) {
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
    ch->failures = 0;
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
    ch->failures = 0;
    prd_advance(ch);
    while (list_first(&ch->queue, struct bio, node) != ch->at.bio)
        take_first(ch, 0, ended);
    if (ch->at.seg == ch->at.bio->nr_segs)
        take_first(ch, 0, ended);
}

/*
 * May the drive be asked once more? A flush that it has refused may not: what
 * the drive could not write it may have dropped, and would then say that all is
 * well.
 */
static bool may_try_again(const struct ide_channel *ch, bool answered)
{
    bool refused_flush = answered && ch->at.bio->op == BIO_FLUSH;

    return !ch->dead && !refused_flush && ch->failures < TRIES;
}

/*
 * The drive answered with an error, or not at all. Then the same command is
 * sent again: ch->at has not moved. If it was for several bios, nobody knows
 * whose error it is: each of them is tried again, alone. Lock held.
 */
static void command_failed(struct ide_channel *ch, bool answered,
                           struct list_head *ended)
{
    struct bio *bio = ch->at.bio;
    unsigned bios = prd_bios(ch);
    bool again;

    command_event("disk.done", ch);
    if (bios > 1)
        ch->alone = bios;
    else
        ch->failures++;
    again = may_try_again(ch, answered);
    printk("%s: I/O error at sector %llu, %u sectors%s\n", bio->dev->name,
           (unsigned long long)ch->lba, ch->bytes >> SECTOR_SHIFT,
           !again     ? ""
           : bios > 1 ? ": one by one"
                      : ": once more");
    if (!again)
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
    if (ch->state == CHANNEL_BUSY || ch->state == CHANNEL_REFUSED)
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
        command_failed(ch, true, &ended);
    if (result != COMMAND_RUNS)
        start_next(ch);
    spin_unlock_irqrestore(&ch->lock, flags);
    if (list_empty(&ended))
        return;
    end_all(&ended);
    disarm_if_idle(ch);
}

/* The command that was overdue has ended; or the drives were reset, or are
   gone: then nothing that is queued can be done. */
static void after_overdue(struct ide_channel *ch, enum command_result result)
{
    struct list_head ended = LIST_INIT(ended);
    u64 flags = spin_lock_irqsave(&ch->lock);

    ch->dead = result == COMMAND_DEAD;
    if (result == COMMAND_OK)
        command_done(ch, &ended);
    else
        command_failed(ch, result == COMMAND_FAILED, &ended);
    while (ch->dead && !list_empty(&ch->queue))
        take_first(ch, -EIO, &ended);
    start_next(ch);
    spin_unlock_irqrestore(&ch->lock, flags);
    end_all(&ended);
}

/* In state CHANNEL_RESET: the registers are ours alone. A command that the
   drive did not take cannot be answered. */
static enum command_result look_and_reset(struct ide_channel *ch, bool refused)
{
    enum command_result result = COMMAND_RUNS;

    if (!refused)
        result = command_look(ch, POLL_OVERDUE);
    if (result != COMMAND_RUNS)
        return result;
    printk("%s: no answer to a command at sector %llu\n", ch->name,
           (unsigned long long)ch->lba);
    if (!refused)
        result = command_stop(ch);
    if (result != COMMAND_RUNS)
        return result;
    printk("%s: reset\n", ch->name);
    result = drives_reset(ch);
    if (result == COMMAND_DEAD)
        printk("%s: does not come back, given up\n", ch->name);
    return result;
}

/*
 * The timer came. The command may have ended, and another one started, before
 * we got the lock: then the deadline has moved, and the timer is armed anew.
 */
static void command_overdue(void *channel)
{
    struct ide_channel *ch = channel;
    u64 flags = spin_lock_irqsave(&ch->lock);
    bool refused = ch->state == CHANNEL_REFUSED;
    bool overdue = refused || ch->state == CHANNEL_BUSY;

    overdue = overdue && now_ns() >= ch->deadline;
    if (overdue)
        ch->state = CHANNEL_RESET;
    spin_unlock_irqrestore(&ch->lock, flags);
    if (overdue)
        after_overdue(ch, look_and_reset(ch, refused));
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
