/* SPDX-License-Identifier: MIT */
/*
 * The record of memory events: one line for each fault, COW decision, unmap,
 * pin, migration..., with the counts of the frame at that moment. It goes to
 * a channel of its own (event_write, kernel/print.h) when the command line
 * says mmevents=1; otherwise an event costs one test of a flag.
 *
 *   E 17 t=1234567 cpu=0 tid=3 cow.reuse pfn=7f3 use=anon refs=3 map=1 swap=0
 *     cache=1 lock=3 | addr=0x5000          (one line)
 */
#ifndef MM_EVENT_H
#define MM_EVENT_H

#include <kernel/print.h>

struct page;

extern bool mm_events_on; /* written once, at boot */

void mm_event_write(const char *kind, struct page *page, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

#define mm_event(kind, page, ...)                    \
    do {                                             \
        if (unlikely(mm_events_on))                  \
            mm_event_write(kind, page, __VA_ARGS__); \
    } while (0)

#endif
