/* SPDX-License-Identifier: MIT */
/*
 * /proc: hotcow's own windows onto memory: mm_verify, pageinfo, cowinfo.
 */
#include <fs/fs_private.h>
#include <fs/proc_pid.h>
#include <fs/procfs.h>
#include <fs/text.h>
#include <kernel/print.h>
#include <kernel/process.h>
#include <kernel/string.h>
#include <mm/cow.h>
#include <mm/mm.h>
#include <mm/page.h>
#include <mm/reclaim.h>
#include <mm/removal.h>
#include <mm/slab.h>
#include <mm/stat.h>
#include <mm/swap.h>
#include <mm/verify.h>

static void show_verify(struct text *t, const struct text_file *tf, void *arg)
{
    (void)tf;
    (void)arg;
    mm_verify(text_line, t);
}

static void say_word(struct text *t, const char *property, enum cow_word word)
{
    static const char *const said[] = {
        [COW_SAYS_NOTHING] = "nothing said",
        [COW_PROMISES] = "promised",
        [COW_GIVES_UP] = "given up",
    };

    text_add(t, "%s: %s\n", property, said[word]);
}

/* What the design says of itself; the harness reads these lines. */
static void say_words(struct text *t)
{
    const struct cow_design *d = &cow_design;

    text_add(t, "design: %s\nrule: %s\n", d->name, d->rule);
    say_word(t, "keeps_apart", d->keeps_apart);
    say_word(t, "loses_nothing", d->loses_nothing);
    say_word(t, "lets_memory_leave", d->lets_memory_leave);
    say_word(t, "copies_only_when_needed", d->copies_only_when_needed);
}

static void show_cowinfo(struct text *t, const struct text_file *tf, void *arg)
{
    static const enum mm_stat shown[] = {
        STAT_cow_copy,          STAT_cow_reuse,     STAT_cow_fork_copy,
        STAT_unmap_done,        STAT_unmap_refused, STAT_pin_get,
        STAT_pgmigrate_success,
    };

    (void)tf;
    (void)arg;
    say_words(t);
    for (unsigned i = 0; i < ARRAY_SIZE(shown); i++)
        text_add(t, "%s: %llu\n", mm_stat_names[shown[i]],
                 (unsigned long long)stat_read(shown[i]));
}

/*
 * pageinfo: a question is written, the answer read.
 *
 * Whoever names a page's holders locks it and has a reference meanwhile, which
 * nobody else who asks is to see: the sections are held for each question, and
 * so one is answered at a time.
 */

/* The sections are held, which keeps the struct page. Whose the frame is may
   change any time: it is looked at, and no reference is taken on it. */
static void describe_frame(struct text *t, pfn_t pfn)
{
    struct page *p = pfn_to_page(pfn);
    char line[320];

    if (!p || !page_refs(p)) {
        text_add(t, "pfn=%llx use=%s\n", (unsigned long long)pfn,
                 p ? page_use_name(p) : "absent");
        return;
    }
    page_describe(p, line, sizeof(line));
    text_add(t, "%s\n", line);
    if (!page_locked(p)) /* naming holders wants the page lock */
        page_holders(p, text_line, t);
}

static void describe_held(struct text *t, void *arg)
{
    sections_hold();
    describe_frame(t, (pfn_t)(u64)arg);
    sections_release();
}

static int describe_address(struct text *t, int pid, u64 addr)
{
    struct mm *mm = proc_mm_of(pid);
    char line[400];

    if (!mm)
        return -ESRCH;
    sections_hold();
    mm_describe_address(mm, addr, line, sizeof(line));
    sections_release();
    text_add(t, "%s\n", line);
    mm_put_user(mm);
    return 0;
}

static int ask_pageinfo(struct text *t, char *line, void *arg)
{
    char *second = strchr(line, ' ');
    u64 pid, n;

    (void)arg;
    t->len = 0;
    if (!second || text_number(second + 1, UINT64_MAX, &n))
        return -EINVAL;
    *second = 0;
    if (!strcmp(line, "pfn")) {
        text_add_locked(t, describe_held, (void *)n);
        return 0;
    }
    if (text_number(line, INT32_MAX, &pid))
        return -EINVAL;
    return describe_address(t, (int)pid, n);
}

void proc_mm_init(void)
{
    static const struct {
        const char *path;
        struct text_file file;
    } files[] = {
        {"/proc/mm_verify", {.show = show_verify}},
        {"/proc/cowinfo", {.show = show_cowinfo}},
        {"/proc/pageinfo", {.write = ask_pageinfo}},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
        text_create(files[i].path, &files[i].file);
}
