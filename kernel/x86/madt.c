/* SPDX-License-Identifier: MIT */
/* The MADT: which processors and interrupt controllers there are. */
#include <kernel/acpi_tables.h>
#include <kernel/print.h>
#include <kernel/x86/private.h>

struct table {
    char header[36];
    u32 lapic, flags;
} __attribute__((packed));

struct entry {
    u8 type, length;
    union {
        struct {
            u8 processor, apic;
            u32 flags;
        } __attribute__((packed)) lapic;
        struct {
            u8 id, reserved;
            u32 address, gsi;
        } __attribute__((packed)) ioapic;
        struct {
            u8 bus, irq;
            u32 gsi;
            u16 flags;
        } __attribute__((packed)) isa;
    };
} __attribute__((packed));

enum { LOCAL_APIC = 0, IO_APIC = 1, OVERRIDE = 2 };

struct madt madt;

/* What a PC has if nothing else is said. */
static void defaults(void)
{
    madt.lapic = 0xfee00000;
    madt.ioapic = 0xfec00000;
    for (unsigned i = 0; i < ARRAY_SIZE(madt.isa); i++)
        madt.isa[i].gsi = i;
}

static void take(const struct entry *e)
{
    switch (e->type) {
    case LOCAL_APIC:
        if (!(e->lapic.flags & 1))
            break;
        if (madt.nr_cpus < MAX_CPUS)
            madt.lapic_ids[madt.nr_cpus++] = e->lapic.apic;
        else
            madt.nr_too_many++;
        break;
    case IO_APIC:
        if (e->ioapic.gsi == 0)
            madt.ioapic = e->ioapic.address;
        break;
    case OVERRIDE:
        if (e->isa.irq < ARRAY_SIZE(madt.isa)) {
            madt.isa[e->isa.irq].gsi = e->isa.gsi;
            madt.isa[e->isa.irq].low = (e->isa.flags & 3) == 3;
            madt.isa[e->isa.irq].level = (e->isa.flags >> 2 & 3) == 3;
        }
        break;
    }
}

void madt_read(void)
{
    const struct table *t = acpi_find_table("APIC");
    const u8 *at, *end;

    defaults();
    if (!t) {
        printk("no MADT: one processor, interrupts as on an old PC\n");
        return;
    }
    madt.lapic = t->lapic;
    at = (const u8 *)(t + 1);
    end = (const u8 *)t + *(const u32 *)(t->header + 4);
    while (at + 2 <= end && at[1] >= 2 && at + at[1] <= end) {
        take((const struct entry *)at);
        at += at[1];
    }
}
