/* SPDX-License-Identifier: MIT */
/*
 * Seals: what nobody may do to a file in memory any more.
 *
 * A program that is handed a sealed file need not fear that it changes while
 * it looks at it. So a seal against writing cannot come while somebody could
 * still write without being asked: through an area that shows the file, or by
 * DMA into a pinned page of it. A disk asks nobody, and the area through which
 * the page was pinned may be gone: who owns the page says nothing here, who
 * uses the frame says all.
 *
 *   mmap, shared                       F_ADD_SEALS
 *   not sealed: writers + 1
 *                                      writers > 0: EBUSY
 *   area on the file's list: + 1
 *   writers - 1
 */
#include <mm/filemap.h>
#include <mm/gup.h>
#include <mm/vma.h>
#include <kernel/errno.h>

#define NO_WRITES (SEAL_WRITE | SEAL_FUTURE_WRITE)

struct search {
    const struct mapping *m;
    bool found;
};

static void look(struct page *page, void *arg)
{
    struct search *s = arg;

    s->found |= page->use == PAGE_FILE && READ_ONCE(page->mapping) == s->m;
}

/* By whom does not matter: what only reads the page may be the next to write.
   So Linux has it, too. */
static bool is_pinned(const struct mapping *m)
{
    struct search s = {m, false};

    pins_for_each(look, &s);
    return s.found;
}

int mapping_add_seals(struct mapping *m, u32 seals)
{
    int err = 0;

    mutex_lock(&m->areas_lock);
    if (m->seals & SEAL_SEAL)
        err = -EPERM;
    else if ((seals & ~m->seals & SEAL_WRITE) && (m->writers || is_pinned(m)))
        err = -EBUSY;
    else
        WRITE_ONCE(m->seals, m->seals | seals);
    mutex_unlock(&m->areas_lock);
    return err;
}

int mapping_check_write(const struct mapping *m, u64 pos, u64 len)
{
    u32 seals = READ_ONCE(m->seals);

    if (seals & NO_WRITES)
        return -EPERM;
    return (seals & SEAL_GROW) && pos + len > READ_ONCE(m->size) ? -EPERM : 0;
}

int mapping_check_size(const struct mapping *m, u64 size)
{
    u32 seals = READ_ONCE(m->seals);
    u64 old = READ_ONCE(m->size);

    if ((size < old && (seals & SEAL_SHRINK)) ||
        (size > old && (seals & SEAL_GROW)))
        return -EPERM;
    return 0;
}

/* ---- areas ---- */

int mapping_begin_area(struct mapping *m, u32 *vm_flags)
{
    int err = 0;

    mutex_lock(&m->areas_lock);
    if (m->seals & NO_WRITES) {
        err = *vm_flags & VM_WRITE ? -EPERM : 0;
        *vm_flags |= VM_NOWRITE;
    }
    if (!err)
        m->writers += vma_writes_file(*vm_flags);
    mutex_unlock(&m->areas_lock);
    return err;
}

void mapping_end_area(struct mapping *m, u32 vm_flags)
{
    mutex_lock(&m->areas_lock);
    m->writers -= vma_writes_file(vm_flags);
    mutex_unlock(&m->areas_lock);
}
