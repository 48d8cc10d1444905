/* SPDX-License-Identifier: MIT */
/*
 * The memory hotplug controller: 24 bytes of I/O ports, a window on one slot
 * at a time. The slot is chosen by a write to the first dword, so choosing
 * and access are one step, under one lock. AML would use the same registers,
 * but nobody here runs it.
 */
#include <drivers/acpi/mhpc.h>
#include <kernel/lock.h>
#include <kernel/x86/io.h>
#include <mm/lockorder.h>

#define PORT 0xa00

/* Read. */
#define BASE_LOW  (PORT + 0x0)
#define BASE_HIGH (PORT + 0x4)
#define SIZE_LOW  (PORT + 0x8)
#define SIZE_HIGH (PORT + 0xc)
#define FLAGS     (PORT + 0x14)
/* Written: the same ports mean something else. */
#define SELECT     (PORT + 0x0)
#define OST_EVENT  (PORT + 0x4)
#define OST_STATUS (PORT + 0x8) /* sends the report: the event goes first */
#define CONTROL    (PORT + 0x14)

#define CONTROL_EJECT 8u /* one bit a write: a second one is ignored */

static struct spinlock mhpc_lock = /* guards the selector, so all ports */
    SPINLOCK_INIT("mhpc", RANK_DEVICE);

static u64 select_slot(unsigned slot)
{
    u64 flags = spin_lock_irqsave(&mhpc_lock);

    outl(SELECT, slot);
    return flags;
}

static void done(u64 flags)
{
    spin_unlock_irqrestore(&mhpc_lock, flags);
}

struct mhpc_slot mhpc_read(unsigned slot)
{
    u64 flags = select_slot(slot);
    struct mhpc_slot s = {
        .base = inl(BASE_LOW) | (u64)inl(BASE_HIGH) << 32,
        .size = inl(SIZE_LOW) | (u64)inl(SIZE_HIGH) << 32,
        .flags = inb(FLAGS),
    };

    done(flags);
    return s;
}

u8 mhpc_flags(unsigned slot)
{
    u64 flags = select_slot(slot);
    u8 v = inb(FLAGS);

    done(flags);
    return v;
}

void mhpc_clear(unsigned slot, u8 flag)
{
    u64 flags = select_slot(slot);

    outb(CONTROL, flag);
    done(flags);
}

void mhpc_eject(unsigned slot)
{
    u64 flags = select_slot(slot);

    outb(CONTROL, CONTROL_EJECT);
    done(flags);
}

void mhpc_ost(unsigned slot, u32 event, u32 status)
{
    u64 flags = select_slot(slot);

    outl(OST_EVENT, event);
    outl(OST_STATUS, status);
    done(flags);
}

/* A machine without slots has nothing at these ports, and reads all ones. */
bool mhpc_present(void)
{
    return mhpc_flags(0) != 0xff;
}
