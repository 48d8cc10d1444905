/* SPDX-License-Identifier: MIT */
/* The kernel's messages are kept, the last of them, for syslog(2): dmesg. */
#ifndef KERNEL_LOG_H
#define KERNEL_LOG_H

#include <kernel/types.h>

/* Add what printk prints. Any context, except within a panic. */
void log_add(const char *text, size_t n);

#endif
