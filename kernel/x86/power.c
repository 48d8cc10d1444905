/* SPDX-License-Identifier: MIT */
/* The ends of a machine: off, again, and the test device's status. */
#include <kernel/print.h>
#include <kernel/x86/arch.h>
#include <kernel/x86/io.h>

#define DEBUG_EXIT 0xf4  /* isa-debug-exit */
#define RESET      0xcf9 /* the chip set's reset register */
#define KEYBOARD   0x64

void (*arch_power_off_hook)(void); /* written once, by drivers/acpi */

static void NORETURN halt(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

void arch_power_off(void)
{
    printk("power off%s\n",
           arch_power_off_hook ? "" : ": not possible without ACPI, so halted");
    if (arch_power_off_hook)
        arch_power_off_hook();
    halt(); /* the machine may take a moment to go */
}

void arch_reboot(void)
{
    printk("reboot\n");
    outb(RESET, 0x06);
    outb(KEYBOARD, 0xfe);
    halt();
}

void arch_debug_exit(u8 code)
{
    outb(DEBUG_EXIT, code);
}
