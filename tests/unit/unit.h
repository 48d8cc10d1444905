/* SPDX-License-Identifier: MIT */
/*
 * mm/ on the host: a world of a few sections of "physical memory" in an arena,
 * a disk in memory, and one processor that never sleeps: where mm/ sleeps, the
 * stand-ins let the world go on (a disk request ends, or a hook of the test
 * acts) until it is woken. Nothing to do and nobody to wake: the test fails.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <kernel/block.h>
#include <kernel/errno.h>
#include <kernel/types.h>
#include <kernel/x86/directmap.h>
#include <mm/cow.h>
#include <mm/mm.h>

#define BOOT_SECTIONS 4 /* soldered; the next two are a DIMM's */
#define DIMM_FIRST    4
#define DIMM_COUNT    2

/* The world: made for each test, which runs in a process of its own. */
int world_start(void **state);
/* After each test that passes: no lock held, mm_verify content, no leak. */
void world_check(void);

#define TEST(f) cmocka_unit_test(f)
/* How many of a table of TEST()s failed; each is named, and its design. */
int run_each(const char *group, const struct CMUnitTest *tests, size_t n);
#define RUN_TESTS(group, tests) \
    run_each(group, tests, sizeof(tests) / sizeof((tests)[0]))

extern struct blockdev host_disk;
extern int host_fail_reads, host_fail_writes; /* so many requests fail */
extern bool host_signal;                      /* signal_is_pending() */
extern bool host_fatal;                       /* fatal_signal_pending() */
extern u64 host_limit[16];                    /* current_limit() */
extern bool host_dying;                       /* is_oom_victim() */
/* Called when mm/ sleeps: false = it has nothing to do. */
extern bool (*host_event)(void);
extern bool host_quiet;            /* no printk */
extern struct mm *host_oom_victim; /* who was told to die, or NULL */
extern unsigned host_runnable;     /* sched_runnable() */
bool host_disk_step(void);         /* let one request end */
bool host_time_passes(void);       /* until one timer, the last, is due */
/* Run fn as another task would: with no locks of ours held. */
void host_as_other(void (*fn)(void *arg), void *arg);

bool design_is(const char *name);
/* What a design may choose, and the stock designs are known to choose. */
enum choice { UNMAPS_PINNED, KEEPS_PINNED, KEEPS_UNPINNED, NR_CHOICES };
void check_choice(enum choice which, bool taken);
/* What cow_design says of a property, against what was seen; `what` follows
   "promises that". */
void check_word(enum cow_word word, bool holds, const char *what);
struct mm *process(void); /* a new one, empty */
/* A process as the processor runs it: through its page table, with faults. */
int user_write(struct mm *mm, u64 addr, u64 value); /* 0, or a fault_result */
int user_read(struct mm *mm, u64 addr, u64 *value);
u64 user_area(struct mm *mm, unsigned pages);
void user_fill(struct mm *mm, u64 addr, unsigned pages, u64 seed);
void user_check(struct mm *mm, u64 addr, unsigned pages, u64 seed);
struct page *user_page(struct mm *mm, u64 addr);

/* One for each file: how many failed. */
int run_mm_tests(void);
int run_owner_tests(void);
int run_frame_tests(void);
int run_migrate_tests(void);
int run_sections_tests(void);
int run_file_tests(void);
int run_area_tests(void);
int run_remap_tests(void);
int run_memcalls_tests(void);
int run_batch_tests(void);
int run_race_tests(void);
int run_rule_tests(void);
int run_look_tests(void);
int run_verify_tests(void);
int run_oom_tests(void);

#endif
