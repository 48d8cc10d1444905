/* SPDX-License-Identifier: MIT */
/* Between standins.c and world.c. */
#ifndef TESTS_UNIT_STANDINS_H
#define TESTS_UNIT_STANDINS_H

#include <kernel/x86/pgtable.h>

struct mm;

extern bool host_quiet, host_signal, host_fatal, host_dying;
extern u64 host_limit[16];
extern bool (*host_event)(void);
/* Called as mm/ passes a point of kernel/testpoint.h, or NULL. */
extern void (*host_at_point)(const char *name);
extern struct mm *host_oom_victim;
extern int host_fail_reads, host_fail_writes;
bool host_disk_step(void);
bool host_time_passes(void);
void host_as_other(void (*fn)(void *arg), void *arg);
unsigned host_locks_held(void);
extern unsigned long host_spins; /* how often a spinlock was taken */
/* What a processor (0, 1) remembers of an address; 0 = nothing. */
pte_t host_tlb_find(unsigned cpu, pte_t *root, u64 addr);
void host_tlb_fill(unsigned cpu, pte_t *root, u64 addr, pte_t entry);
void host_machine(unsigned boot_sections, unsigned sections);

#endif
