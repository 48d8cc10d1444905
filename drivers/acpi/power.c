/* SPDX-License-Identifier: MIT */
/*
 * Power off: the number of sleep state S5, and a bit that says "now", to the
 * PM1 control register.
 *
 * The number stands in the DSDT as Name (_S5, Package () { number, ... }). We
 * do not interpret AML, but that object looks the same everywhere: the name,
 * the opcode of a package, its length, its number of elements, and its first
 * element, a constant.
 */
#include <drivers/acpi/acpi.h>
#include <kernel/irq.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/x86/arch.h>
#include <kernel/x86/io.h>

#define AML_ZERO    0x00
#define AML_ONE     0x01
#define AML_BYTE    0x0a /* a byte follows */
#define AML_PACKAGE 0x12

#define SLEEP_TYPE(n)   ((n) << 10)
#define SLEEP_TYPE_MASK SLEEP_TYPE(7u)
#define SLEEP_NOW       (1u << 13)

#define DSDT_MAX (4u << 20) /* nobody's is longer */

static u16 control_port; /* PM1a; written by power_init */
static u16 s5_type;

static void power_off(void)
{
    u16 control = inw(control_port) & ~(SLEEP_TYPE_MASK | SLEEP_NOW);

    outw(control_port, control | SLEEP_TYPE(s5_type) | SLEEP_NOW);
}

/* The first element of the package at aml[0]. False: it is no such thing. */
static bool package_first(const u8 *aml, const u8 *end, u16 *value)
{
    const u8 *p = aml + 1;

    if (end - aml < 8 || aml[0] != AML_PACKAGE)
        return false;
    p += 1 + (*p >> 6); /* the length: its first byte says how many follow */
    p += 1;             /* the number of elements */
    if (*p == AML_ZERO || *p == AML_ONE) {
        *value = *p;
        return true;
    }
    *value = p[1];
    return *p == AML_BYTE;
}

static bool find_s5(const u8 *aml, const u8 *end, u16 *value)
{
    for (; end - aml > 4; aml++)
        if (memcmp(aml, "_S5_", 4) == 0 && package_first(aml + 4, end, value))
            return true;
    return false;
}

/* The DSDT, mapped whole, or NULL. */
static const struct acpi_header *map_dsdt(u64 phys)
{
    const struct acpi_header *h;
    u32 length;

    h = phys ? mmio_map(phys, sizeof(*h)) : NULL;
    if (!h || memcmp(h->signature, "DSDT", 4) != 0)
        return NULL;
    length = h->length;
    if (length < sizeof(*h) || length > DSDT_MAX)
        return NULL;
    return mmio_map(phys, length);
}

void power_init(const struct acpi_fadt *fadt)
{
    const struct acpi_header *dsdt = map_dsdt(fadt->dsdt);
    const u8 *aml = (const u8 *)dsdt;

    if (!dsdt || !find_s5(aml + sizeof(*dsdt), aml + dsdt->length, &s5_type))
        printk("acpi: no S5 in the DSDT, 0 is used\n");
    s5_type &= 7;
    control_port = fadt->pm1a_control;
    arch_power_off_hook = power_off;
}
