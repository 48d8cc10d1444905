/* SPDX-License-Identifier: MIT */
/* The firmware's ACPI tables, found by kernel/x86/. */
#ifndef KERNEL_ACPI_TABLES_H
#define KERNEL_ACPI_TABLES_H

/*
 * The first table with this signature, mapped for ever and with a good
 * checksum, or NULL. Boot only.
 */
void *acpi_find_table(const char sig[4]);

#endif
