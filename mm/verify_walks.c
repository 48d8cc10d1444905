/* SPDX-License-Identifier: MIT */
/*
 * mm_verify(): which of the things that a walk found wrong are mistakes?
 *
 * A walk stops nobody, so it may find wrong what is only being changed. Such
 * figures are others in the next walk. A mistake is what was found wrong, with
 * the same figures, by IN_A_ROW walks one after another; and nothing is wrong
 * if a walk finds nothing wrong. But a processor that the host does not run, or
 * a task whose turn does not come, stays half-way for any number of walks: so
 * sums are mistakes at rest only, and while others are at work what was looked
 * at under its own locks. When WALKS walks have not settled it, the machine is
 * too busy to tell, and that is what is said.
 *
 * What was found is known by a hash of the line that would be printed, figures
 * and all.
 */
#include <mm/removal.h>
#include <mm/verify.h>
#include <mm/verify_private.h>
#include <kernel/current.h>
#include <kernel/errno.h>
#include <kernel/string.h>
#include <kernel/wait.h>

#define WALKS    25
#define IN_A_ROW 5
#define SUSPECTS 2048
#define PROBES   16 /* places where a line may be */

struct suspect {
    u64 line; /* its hash */
    u16 last; /* the walk that found it last */
    u16 run;  /* walks in a row that found it, up to that one */
};

/* All: sections_hold. */
static struct verify last_walk;
static struct suspect suspects[SUSPECTS];
static u16 nr_walks; /* since boot; it may begin again */

static u64 hash_of(const char *line)
{
    u64 h = 0xcbf29ce484222325ull;

    for (; *line; line++)
        h = (h ^ (u8)*line) * 0x100000001b3ull;
    return h;
}

/* The suspect with this line, or one that is none any more; NULL: no room. */
static struct suspect *find_suspect(const struct verify *v, u64 line)
{
    struct suspect *unused = NULL;

    for (unsigned i = 0; i < PROBES; i++) {
        struct suspect *s = &suspects[(line + i) % SUSPECTS];
        bool fresh = s->run && (u16)(v->walk - s->last) <= 1;

        if (fresh && s->line == line)
            return s;
        if (!fresh)
            unused = s;
    }
    if (unused)
        *unused = (struct suspect){.line = line};
    return unused;
}

static void suspect_line(struct verify *v, const char *fmt, va_list ap)
{
    char line[VERIFY_LINE];
    struct suspect *s;

    vsnprintf(line, sizeof(line), fmt, ap);
    s = find_suspect(v, hash_of(line));
    if (!s) {
        v->not_followed++;
        return;
    }
    if (s->last == v->walk)
        return; /* said already */
    v->wrong++;
    s->last = v->walk;
    if (++s->run < IN_A_ROW)
        return;
    if (v->mistakes++ < VERIFY_LINES)
        str_copy(v->line[v->mistakes - 1], line, sizeof(line));
}

void verify_mistake(struct verify *v, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    suspect_line(v, fmt, ap);
    va_end(ap);
}

void verify_sum(struct verify *v, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (v->busy)
        v->unsure++;
    else
        suspect_line(v, fmt, ap);
    va_end(ap);
}

void verify_frame(struct verify *v, const struct page *page, const char *what)
{
    verify_sum(v,
               "frame 0x%llx (%s): %s; refs %d (found %u), mapcount %d "
               "(found %u)",
               (unsigned long long)page_to_pfn(page), page_use_name(page), what,
               page_refs(page), page->seen_refs, page_mapcount(page),
               page->seen_maps);
}

/* Found wrong, but nobody can tell whether it is. */
static unsigned unsettled(const struct verify *v)
{
    return v->wrong - v->mistakes + v->unsure;
}

static void walk_anew(struct verify *v)
{
    memset(v, 0, sizeof(*v));
    nr_walks += 1 + (nr_walks == UINT16_MAX); /* 0 means never */
    v->walk = nr_walks;
    verify_walk(v);
}

/* Until it is clear what is wrong, or for long enough, or until nobody wants to
   know any more. */
static void walk_until_settled(struct verify *v)
{
    memset(suspects, 0, sizeof(suspects));
    for (unsigned i = 0; i < WALKS; i++) {
        walk_anew(v);
        if (!unsettled(v) || fatal_signal_pending())
            return;
        yield(); /* to whoever was in the middle of something */
    }
}

struct asker {
    void (*emit)(const char *line, void *arg);
    void *arg;
};

static void tell_asker(struct asker *l, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void tell_asker(struct asker *l, const char *fmt, ...)
{
    char line[192];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    l->emit(line, l->arg);
}

static void tell_mistakes(struct asker *l, const struct verify *v)
{
    for (unsigned i = 0; i < v->mistakes && i < VERIFY_LINES; i++)
        tell_asker(l, "%s", v->line[i]);
    if (v->mistakes > VERIFY_LINES)
        tell_asker(l, "and %u more", v->mistakes - VERIFY_LINES);
    if (v->not_followed)
        tell_asker(l, "and %u more, which were too many to follow",
                   v->not_followed);
    if (unsettled(v))
        tell_asker(l,
                   "the machine was too busy to tell of %u more: others may be "
                   "half-way through something",
                   unsettled(v));
    if (v->moving)
        tell_asker(
            l,
            "a removal is under way: %llu pages and %llu entries in its hands",
            (unsigned long long)v->in_transit,
            (unsigned long long)v->migration);
}

static void tell_totals(struct asker *l, const struct verify *v)
{
    char verdict[40];

    if (v->mistakes || !unsettled(v))
        snprintf(verdict, sizeof(verdict), "%u mistakes", v->mistakes);
    else
        snprintf(verdict, sizeof(verdict), "too busy to tell");
    tell_asker(
        l,
        "mm_verify: %s, %llu anon pages, %llu file pages, %llu swap slots, "
        "%llu pins, %llu free frames",
        verdict, (unsigned long long)v->anon, (unsigned long long)v->file,
        (unsigned long long)v->slots, (unsigned long long)v->pins,
        (unsigned long long)v->free);
}

int mm_verify(void (*emit)(const char *line, void *arg), void *arg)
{
    struct asker l = {emit, arg};
    struct verify *v = &last_walk;
    int ret;

    sections_hold();
    walk_until_settled(v);
    tell_mistakes(&l, v);
    tell_totals(&l, v);
    ret = v->mistakes || !unsettled(v) ? (int)v->mistakes : -EAGAIN;
    sections_release();
    return ret;
}
