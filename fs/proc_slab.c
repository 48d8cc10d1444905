/* SPDX-License-Identifier: MIT */
/*
 * /proc/slabinfo: the caches of kernel objects, for slabtop. A slab is always
 * one frame, and all count as active.
 */
#include <fs/procfs.h>
#include <fs/text.h>
#include <mm/slab.h>

#define ULL(n) ((unsigned long long)(n))

static void show_slabinfo(struct text *t, const struct text_file *tf, void *arg)
{
    struct slab_facts f;

    (void)tf;
    (void)arg;
    text_add(t, "slabinfo - version: 2.1\n"
                "# name            <active_objs> <num_objs> <objsize> "
                "<objperslab> <pagesperslab> : tunables <limit> <batchcount> "
                "<sharedfactor> : slabdata <active_slabs> <num_slabs> "
                "<sharedavail>\n");
    for (unsigned i = 0; slab_facts(i, &f); i++)
        text_add(t,
                 "%-17s %6llu %6llu %6llu %4llu %4d : tunables %4d %4d %4d : "
                 "slabdata %6llu %6llu %6d\n",
                 f.name, ULL(f.objects), ULL(f.slabs * f.per_slab), ULL(f.size),
                 ULL(f.per_slab), 1, 0, 0, 0, ULL(f.slabs), ULL(f.slabs), 0);
}

void proc_slab_init(void)
{
    static const struct text_file file = {.show = show_slabinfo};

    text_create("/proc/slabinfo", &file);
}
