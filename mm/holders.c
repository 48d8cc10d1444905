/* SPDX-License-Identifier: MIT */
/*
 * Who holds this page? For people: a line for the frame, and a line for each
 * holder that can be found.
 *
 * What is found under spinlocks (page tables, the register of pins) is noted
 * first and told afterwards, as whoever listens may sleep. The page can change
 * between two lines: it is a description, not a decision.
 */
#include <mm/filemap.h>
#include <mm/gup.h>
#include <mm/page.h>
#include <mm/reclaim.h>
#include <mm/removal.h>
#include <mm/rmap.h>
#include <mm/swap.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/time.h>

#define NOTED 8 /* of each kind; the others are counted */

struct listener {
    void (*emit)(const char *line, void *arg);
    void *arg;
};

struct mappers {
    unsigned nr;
    struct {
        int pid;
        char comm[16];
        u64 addr;
    } at[NOTED];
};

struct pinners {
    unsigned nr;
    struct {
        int pid;
        const char *what; /* fixed text */
        u64 since;
    } by[NOTED];
};

static void tell(struct listener *l, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void tell(struct listener *l, const char *fmt, ...)
{
    char line[192];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    l->emit(line, l->arg);
}

static void tell_rest(struct listener *l, unsigned nr, const char *what)
{
    if (nr > NOTED)
        tell(l, "  and %u more %s", nr - NOTED, what);
}

static bool note_mapper(struct page *page, struct rmap_entry *e, void *arg)
{
    struct mappers *m = arg;
    unsigned i = m->nr++;

    (void)page;
    if (i < NOTED) {
        m->at[i].pid = e->vma->mm->pid;
        str_copy(m->at[i].comm, e->vma->mm->comm, sizeof(m->at[i].comm));
        m->at[i].addr = e->addr;
    }
    return true;
}

/* Page locked. */
static void tell_entries(struct listener *l, struct page *page,
                         enum rmap_want want, const char *kind)
{
    struct mappers m = {0};

    rmap_walk(page, want, note_mapper, &m);
    for (unsigned i = 0; i < m.nr && i < NOTED; i++)
        tell(l, "  %s: process %d (%s) at 0x%llx", kind, m.at[i].pid,
             m.at[i].comm, (unsigned long long)m.at[i].addr);
    tell_rest(l, m.nr, "entries");
}

static void tell_lock(struct listener *l, const struct page *page)
{
    tell(l, "  page lock: held by task %u", READ_ONCE(page->lock_tid));
}

/* The walk needs the page lock. Trying is enough: if somebody has it, that is
   what is to be told. */
static void tell_owners(struct listener *l, struct page *page)
{
    if (!trylock_page(page)) {
        tell_lock(l, page);
        return;
    }
    tell_entries(l, page, RMAP_PRESENT, "page table");
    tell_entries(l, page, RMAP_MIGRATION, "migration entry");
    if (page_in_file(page))
        tell(l, "  file: page %llu of a file in memory of %llu bytes",
             (unsigned long long)page->index,
             (unsigned long long)READ_ONCE(page->mapping->size));
    if (page_flag(page, PG_SWAPCACHE)) {
        tell(l, "  swap cache: device %u slot %llu, meant by %d swap entries",
             (unsigned)(page->private >> 40),
             (unsigned long long)(page->private & ((1ull << 40) - 1)),
             page_swapcount(page));
        tell_entries(l, page, RMAP_SWAP, "swap entry");
    }
    unlock_page(page);
}

static void note_pin(const struct pin_set *ps, void *arg)
{
    struct pinners *p = arg;
    unsigned i = p->nr++;

    if (i < NOTED) {
        p->by[i].pid = ps->pid;
        p->by[i].what = ps->what;
        p->by[i].since = ps->since;
    }
}

static void tell_pins(struct listener *l, struct page *page)
{
    struct pinners p = {0};
    u64 now = now_ns();

    pins_of_page(page, note_pin, &p);
    for (unsigned i = 0; i < p.nr && i < NOTED; i++)
        tell(l, "  pin: %s by process %d, for %llu ms", p.by[i].what,
             p.by[i].pid,
             (unsigned long long)((now - min_u64(now, p.by[i].since)) /
                                  NSEC_PER_MSEC));
    tell_rest(l, p.nr, "pins");
}

/* Only a page on an LRU list can be held while its owners are looked for. One
   in transit may be the kernel's by the time that we have its reference. */
static void tell_user(struct listener *l, struct page *page)
{
    bool held = lru_get(page);

    if (held)
        tell_owners(l, page);
    else if (page_locked(page))
        tell_lock(l, page);
    tell_pins(l, page);
    if (page_flag(page, PG_WRITEBACK))
        tell(l, "  write-back: the swap device is reading it");
    if (held)
        put_page(page);
    else
        tell(l, "  in transit: isolated, being freed, or not in use yet");
}

void page_holders(struct page *p, void (*emit)(const char *line, void *arg),
                  void *arg)
{
    struct listener l = {emit, arg};
    char what[160];

    page_describe(p, what, sizeof(what)); /* before we count as a reference */
    tell(&l, "frame 0x%llx: %s", (unsigned long long)page_to_pfn(p), what);
    switch (p->use) {
    case PAGE_FREE:
    case PAGE_ISOLATED:
        return;
    case PAGE_ANON:
    case PAGE_FILE:
        tell_user(&l, p);
        return;
    default:
        tell(&l, "  kernel: %s, which cannot be moved", page_use_name(p));
    }
}
