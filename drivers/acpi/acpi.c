/* SPDX-License-Identifier: MIT */
/*
 * The FADT says where ACPI's fixed registers are. Firmware starts the machine
 * in legacy mode; a byte to its SMI port hands the registers over to us.
 */
#include <drivers/acpi/acpi.h>
#include <kernel/acpi_tables.h>
#include <kernel/print.h>
#include <kernel/x86/io.h>

#define PM1_CONTROL_SCI_EN 1u      /* the machine is in ACPI mode */
#define POLL_ENABLE        1000000 /* reads of about a microsecond each */

_Static_assert(offsetof(struct acpi_fadt, dsdt) == 40, "FADT layout");
_Static_assert(offsetof(struct acpi_fadt, sci_irq) == 46, "FADT layout");
_Static_assert(offsetof(struct acpi_fadt, pm1a_event) == 56, "FADT layout");
_Static_assert(offsetof(struct acpi_fadt, gpe0_len) == 92, "FADT layout");

static bool in_acpi_mode(const struct acpi_fadt *fadt)
{
    return inw(fadt->pm1a_control) & PM1_CONTROL_SCI_EN;
}

static bool enter_acpi_mode(const struct acpi_fadt *fadt)
{
    if (in_acpi_mode(fadt))
        return true;
    if (fadt->smi_cmd == 0 || fadt->acpi_enable == 0)
        return false;
    outb(fadt->smi_cmd, fadt->acpi_enable);
    for (unsigned i = 0; i < POLL_ENABLE; i++)
        if (in_acpi_mode(fadt))
            return true;
    return false;
}

bool acpi_init(void)
{
    const struct acpi_fadt *fadt = acpi_find_table("FACP");

    if (!fadt || fadt->header.length < sizeof(*fadt) || !fadt->pm1a_event ||
        !fadt->pm1a_control) {
        printk("acpi: no usable FADT: no power off, no memory hotplug\n");
        return false;
    }
    if (!enter_acpi_mode(fadt)) {
        printk("acpi: firmware does not switch to ACPI mode\n");
        return false;
    }
    power_init(fadt);
    sci_init(fadt);
    return true;
}
