/* SPDX-License-Identifier: MIT */
/* The record of memory events; see mm/event.h. */
#include <mm/init.h>
#include <mm/event.h>
#include <mm/page.h>
#include <kernel/boot.h>
#include <kernel/current.h>
#include <kernel/time.h>

bool mm_events_on;

static atomic64_t sequence; /* numbers events over all processors */

void mm_events_init(void)
{
    mm_events_on = cmdline_u64("mmevents", 0) != 0;
}

void mm_event_write(const char *kind, struct page *page, const char *fmt, ...)
{
    char line[320];
    const int room = sizeof(line) - 2; /* for the newline and the 0 */
    va_list ap;
    int n;

    n = snprintf(line, sizeof(line), "E %llu t=%llu cpu=%u tid=%d %s ",
                 (unsigned long long)atomic_inc(&sequence),
                 (unsigned long long)now_ns(), cpu_id(), current_tid(), kind);
    if (page)
        n += page_describe(page, line + n, sizeof(line) - n);
    if (n < room)
        n += snprintf(line + n, sizeof(line) - n, " | ");
    va_start(ap, fmt);
    if (n < room)
        n += vsnprintf(line + n, sizeof(line) - n, fmt, ap);
    va_end(ap);
    if (n > room)
        n = room;
    line[n++] = '\n';
    event_write(line, n);
}
