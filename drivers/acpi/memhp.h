/* SPDX-License-Identifier: MIT */
/* Memory hotplug: DIMMs that come and go. */
#ifndef DRIVERS_ACPI_MEMHP_H
#define DRIVERS_ACPI_MEMHP_H

/* Bring the DIMMs that are there online, and listen for others. After
   acpi_init; may sleep. */
void memhp_init(void);

#endif
