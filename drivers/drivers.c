/* SPDX-License-Identifier: MIT */
/*
 * The order in which the drivers start. The disk comes before ACPI only so
 * that its bounce frames are taken while low memory is plenty; the hotplug
 * controller needs ACPI's interrupt.
 */
#include <drivers/drivers.h>
#include <drivers/acpi/acpi.h>
#include <drivers/acpi/memhp.h>
#include <drivers/ide/ide.h>
#include <drivers/keyboard/keyboard.h>
#include <drivers/pci.h>

void drivers_init(void)
{
    keyboard_init();
    pci_init();
    ide_init();
    if (acpi_init())
        memhp_init();
}
