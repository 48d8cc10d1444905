/* SPDX-License-Identifier: MIT */
/*
 * A DIMM's sections, given to mm and taken back, all of them or none.
 *
 * Taking back has a complication: somebody may have put single sections of
 * it offline by their state files. Those stay as they are; the runs of
 * sections that are online between them go one by one, and come back if a
 * later one cannot go.
 */
#include <drivers/acpi/dimm.h>
#include <kernel/errno.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <mm/removal.h>

#define MEMORY_LIMIT ((u64)SECTION_MAX << SECTION_SHIFT)
#define MAX_RUNS     64

/* Consecutive sections that we have put offline. */
struct run {
    u32 first, count;
};

struct runs {
    struct run run[MAX_RUNS];
    unsigned nr;
};

bool dimm_fits(u64 base, u64 size)
{
    return size > 0 && base % SECTION_SIZE == 0 && size % SECTION_SIZE == 0 &&
           base <= MEMORY_LIMIT && size <= MEMORY_LIMIT - base;
}

/* If it fails, mm may still keep some of it: a process was quick to use what
   was online for a moment. So the range is remembered in any case. */
int dimm_add(unsigned slot, struct dimm *d)
{
    int ret = memory_add_dimm(slot, d->base, d->size);

    d->online = ret == 0;
    return ret;
}

/* A glance without the removal mutex; memory_offline looks again under it. */
static enum section_state state_of(u32 nr)
{
    struct section *s = section_get(nr);

    return s ? READ_ONCE(s->state) : SECTION_ABSENT;
}

/* On its way out counts: that may fail. */
static bool in_use(u32 nr)
{
    return state_of(nr) == SECTION_ONLINE || state_of(nr) == SECTION_GOING;
}

/* The next run of sections in use in [first, end); count 0: there is none. */
static struct run next_run(u32 first, u32 end)
{
    struct run run = {first, 0};

    while (run.first < end && !in_use(run.first))
        run.first++;
    while (run.first + run.count < end && in_use(run.first + run.count))
        run.count++;
    return run;
}

static void put_back(struct runs *gone)
{
    while (gone->nr > 0) {
        struct run *run = &gone->run[--gone->nr];

        if (memory_online(run->first, run->count) != 0)
            printk("memhp: sections %u..%u stay offline\n", run->first,
                   run->first + run->count - 1);
    }
}

static int run_offline(const struct run *run, char *why, size_t size)
{
    struct removal r;
    int ret;

    removal_defaults(&r, run->first, run->count);
    ret = memory_offline(&r);
    if (ret != 0)
        str_copy(why, r.why, size);
    return ret;
}

/* All sections of [first, end) offline, or as before. */
static int all_offline(u32 first, u32 end, char *why, size_t size)
{
    struct runs gone = {.nr = 0};
    struct run run = next_run(first, end);
    int ret = 0;

    while (ret == 0 && run.count > 0) {
        if (gone.nr == MAX_RUNS) {
            str_copy(why, "offline in too many places", size);
            ret = -EBUSY;
            break;
        }
        ret = run_offline(&run, why, size);
        if (ret == 0)
            gone.run[gone.nr++] = run;
        run = next_run(run.first + run.count, end);
    }
    if (ret != 0)
        put_back(&gone);
    return ret;
}

static bool all_absent(u32 first, u32 end)
{
    for (; first < end; first++)
        if (state_of(first) != SECTION_ABSENT)
            return false;
    return true;
}

/*
 * A state file may bring a section online again behind our back:
 *
 *     this thread                 a process
 *     all_offline
 *                                 echo online > .../memoryN/state
 *     memory_forget_dimm
 *
 * What is forgotten is absent, and cannot come online any more; what came
 * online before is not forgotten. So the last look decides: unless every
 * section is absent, the DIMM must not be ejected. (Those that are absent by
 * then are lost until another request for the DIMM succeeds.)
 */
int dimm_take_back(unsigned slot, struct dimm *d, char *why, size_t size)
{
    u32 first = d->base >> SECTION_SHIFT;
    u32 end = (d->base + d->size) >> SECTION_SHIFT;
    int ret = all_offline(first, end, why, size);

    if (ret != 0)
        return ret;
    memory_forget_dimm(slot, d->base, d->size);
    if (!all_absent(first, end)) {
        str_copy(why, "a section was put online again", size);
        return -EBUSY;
    }
    *d = (struct dimm){.size = 0};
    return 0;
}
