/* SPDX-License-Identifier: MIT */
/*
 * Finding ACPI's tables: the firmware left a pointer to a table of pointers
 * below 1 MiB. All of it lies in memory that the direct map covers; what does
 * not is mapped like a device.
 */
#include <kernel/acpi_tables.h>
#include <kernel/irq.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/x86/directmap.h>

struct rsdp {
    char sig[8];
    u8 sum;
    char oem[6];
    u8 revision;
    u32 rsdt;
} __attribute__((packed));

struct header {
    char sig[4];
    u32 length;
    u8 revision, sum;
    char oem[6], oem_table[8];
    u32 oem_revision, creator, creator_revision;
} __attribute__((packed));

static bool sums_to_zero(const void *p, size_t n)
{
    const u8 *b = p;
    u8 sum = 0;

    while (n-- > 0)
        sum += *b++;
    return sum == 0;
}

static const struct rsdp *find_rsdp(void)
{
    for (u64 at = 0xe0000; at < 0x100000; at += 16) {
        const struct rsdp *r = phys_to_virt(at);

        if (!memcmp(r->sig, "RSD PTR ", 8) && sums_to_zero(r, 20))
            return r;
    }
    return NULL;
}

/* A table by its physical address: mapped whole, or NULL if it is broken. */
static void *map_table(u32 phys)
{
    const struct header *h = mmio_map(phys, sizeof(*h));
    u32 length = h ? h->length : 0;

    if (length < sizeof(*h) || length > (1u << 20))
        return NULL;
    h = mmio_map(phys, length);
    return h && sums_to_zero(h, length) ? (void *)h : NULL;
}

void *acpi_find_table(const char sig[4])
{
    const struct rsdp *r = find_rsdp();
    const struct header *rsdt = r ? map_table(r->rsdt) : NULL;
    const u32 *entry;
    unsigned n;

    if (!rsdt)
        return NULL;
    entry = (const u32 *)(rsdt + 1);
    n = (rsdt->length - sizeof(*rsdt)) / sizeof(*entry);
    for (unsigned i = 0; i < n; i++) {
        const struct header *h = mmio_map(entry[i], sizeof(*h));

        if (h && !memcmp(h->sig, sig, 4))
            return map_table(entry[i]);
    }
    return NULL;
}
