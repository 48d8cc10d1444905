/* SPDX-License-Identifier: MIT */
/*
 * Memory hotplug: what to do when a DIMM comes, or is asked for.
 *
 * The interrupt only says "look": one kernel thread then looks at every slot
 * and does what its flags ask. An interrupt that comes meanwhile makes it look
 * again. It looks once at the start, too: a request from before the event was
 * enabled has left its flag, but its interrupt was cleared with everything
 * else.
 *
 * To take a DIMM away may last long, or have to wait for its turn, and a DIMM
 * that comes may be what it waits for. So a thread of its own does that, and
 * the slot is that one's until it ends; all others are looked at meanwhile.
 *
 * The host learns the outcome from _OST reports, and from nothing else: each
 * request that we act on ends in exactly one.
 */
#include <drivers/acpi/acpi.h>
#include <drivers/acpi/dimm.h>
#include <drivers/acpi/memhp.h>
#include <drivers/acpi/mhpc.h>
#include <kernel/current.h>
#include <kernel/errno.h>
#include <kernel/print.h>
#include <kernel/wait.h>
#include <mm/lockorder.h>
#include <mm/removal.h>

#define GPE_MEMORY 3

/* _OST, from the ACPI specification: what it is about, and how it went. */
#define OST_DEVICE_CHECK 1u /* a DIMM came */
#define OST_EJECT        3u /* a DIMM was asked for */
#define OST_SUCCESS      0u
#define OST_FAILURE      1u    /* no reason that has a number of its own */
#define OST_IN_USE       0x81u /* eject: in use by an application */
#define OST_IN_PROGRESS  0x84u /* eject: we are at it */

/* By slot. The boot thread's until ours starts, then that one's; while
   `leaving` is set, its eject_thread's. */
static struct dimm dimms[MHPC_SLOTS];

static struct waitq look_queue = WAITQ_INIT(look_queue);
static atomic_t look; /* 1: the slots are to be looked at */

static unsigned long long ull(u64 v)
{
    return v;
}

/* Also in the interrupt, the event's status being cleared already. */
static void look_again(void)
{
    atomic_xchg(&look, 1);
    wake_up_all(&look_queue);
}

/* ---- a DIMM is there ---- */

static bool add(unsigned slot, const struct mhpc_slot *s)
{
    struct dimm *d = &dimms[slot];
    int ret;

    if (d->size)
        return true;
    if (!dimm_fits(s->base, s->size)) {
        printk("memhp: dimm %u refused: 0x%llx bytes at 0x%llx\n", slot,
               ull(s->size), ull(s->base));
        return false;
    }
    *d = (struct dimm){.base = s->base, .size = s->size};
    ret = dimm_add(slot, d);
    if (ret != 0) {
        printk("memhp: dimm %u refused: error %d\n", slot, -ret);
        return false;
    }
    printk("memhp: dimm %u added, 0x%llx..0x%llx\n", slot, ull(s->base),
           ull(s->base + s->size));
    return true;
}

/*
 * A request to remove a DIMM that we have not even seen is a stale one, for
 * the DIMM that was in this slot before, or one that came too early. It is
 * turned down, aloud, so that a host that meant it asks again.
 */
static void inserted(unsigned slot, const struct mhpc_slot *s)
{
    bool ok;

    mhpc_clear(slot, SLOT_INSERT);
    ok = add(slot, s);
    mhpc_ost(slot, OST_DEVICE_CHECK, ok ? OST_SUCCESS : OST_FAILURE);
    if (!(s->flags & SLOT_REMOVE))
        return;
    printk("memhp: dimm %u stays: asked for before it was seen\n", slot);
    mhpc_clear(slot, SLOT_REMOVE);
    mhpc_ost(slot, OST_EJECT, OST_FAILURE);
}

/* ---- a DIMM is asked for ---- */

/*
 * The host may ask again while we are still at it, and that sets the flag on
 * a slot that is then empty: the next DIMM there would be asked for as soon as
 * it comes. So the flag is cleared once more, unless the next DIMM is there
 * already: inserted() sees to that.
 */
static void eject(unsigned slot)
{
    mhpc_eject(slot);
    if (!(mhpc_flags(slot) & SLOT_ENABLED))
        mhpc_clear(slot, SLOT_REMOVE);
    printk("memhp: dimm %u removed\n", slot);
    mhpc_ost(slot, OST_EJECT, OST_SUCCESS);
}

static void report_line(const char *line, void *slot)
{
    printk("memhp: dimm %u: %s\n", *(unsigned *)slot, line);
}

/*
 * It stays. A request that came while we tried is answered by this report as
 * well: the host repeats itself at will, and a removal that has just failed
 * would fail again. The flag goes before the report, so that whoever waits
 * for the report and then asks again is heard.
 */
static void refuse(unsigned slot, int error, const struct removal *r)
{
    printk("memhp: dimm %u stays: %s\n", slot, r->why);
    removal_report(r, report_line, &slot);
    mhpc_clear(slot, SLOT_REMOVE);
    mhpc_ost(slot, OST_EJECT, error == -EBUSY ? OST_IN_USE : OST_FAILURE);
}

/*
 * When dimm_take_back says 0, no page table, direct map, list or DMA refers to
 * the DIMM any more, and only then it is ejected. A DIMM that was refused when
 * it came is in nobody's way, and goes at once. What the slot's flags say by
 * then is looked at by the other thread.
 */
static int eject_thread(void *arg)
{
    unsigned slot = (unsigned)(u64)arg;
    struct dimm *d = &dimms[slot];
    struct removal r;
    int ret = dimm_take_back(d, &r);

    if (ret == 0)
        eject(slot);
    else
        refuse(slot, ret, &r);
    __atomic_store_n(&d->leaving, false, __ATOMIC_RELEASE);
    look_again();
    return 0;
}

static void asked_for(unsigned slot)
{
    static const struct removal not_begun = {.why = "no memory for a thread"};

    mhpc_clear(slot, SLOT_REMOVE);
    mhpc_ost(slot, OST_EJECT, OST_IN_PROGRESS);
    dimms[slot].leaving = true;
    if (kthread_run(eject_thread, (void *)(u64)slot, "eject"))
        return;
    dimms[slot].leaving = false;
    refuse(slot, -ENOMEM, &not_begun);
}

/* ---- looking ---- */

/* A new DIMM first, as ACPI's own code would. */
static void look_at(unsigned slot)
{
    struct mhpc_slot s;
    u8 flags;

    if (__atomic_load_n(&dimms[slot].leaving, __ATOMIC_ACQUIRE))
        return;
    flags = mhpc_flags(slot);
    if (!(flags & SLOT_ENABLED)) {
        if (flags & SLOT_REMOVE)
            mhpc_clear(slot, SLOT_REMOVE); /* for one that has gone */
        return;
    }
    s = mhpc_read(slot);
    if (s.flags & SLOT_INSERT)
        inserted(slot, &s);
    else if (s.flags & SLOT_REMOVE)
        asked_for(slot);
}

/* `look` is taken back before the slots are looked at: a flag that comes on
   behind us raises it again. */
static int memhp_thread(void *unused)
{
    (void)unused;
    for (;;) {
        wait_event(&look_queue, atomic_read(&look));
        atomic_xchg(&look, 0);
        for (unsigned slot = 0; slot < MHPC_SLOTS; slot++)
            look_at(slot);
    }
    return 0;
}

/* DIMMs that were there before the machine started are in no memory map and
   come with no request: their slots are merely not empty. */
static void add_boot_dimms(void)
{
    for (unsigned slot = 0; slot < MHPC_SLOTS; slot++) {
        struct mhpc_slot s;

        if (!(mhpc_flags(slot) & SLOT_ENABLED))
            continue;
        s = mhpc_read(slot);
        if (!(s.flags & SLOT_INSERT))
            add(slot, &s);
        else
            inserted(slot, &s);
    }
}

void memhp_init(void)
{
    if (!mhpc_present())
        return;
    add_boot_dimms();
    if (!kthread_run(memhp_thread, NULL, "memhp")) {
        printk("memhp: no memory for its thread\n");
        return;
    }
    gpe_enable(GPE_MEMORY, look_again);
    look_again();
}
