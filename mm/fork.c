/* SPDX-License-Identifier: MIT */
/*
 * fork: a child that shares every page with its parent until one of them
 * writes.
 *
 * The parent's mmap_lock is held for writing, so that no other thread of it
 * faults meanwhile. Its entries lose their write bit; the flush that makes
 * this true on all processors is over before the child can run. The child is
 * unknown to others but for the reverse map, which finds its areas (see
 * mm/rmap.c for how the two get along).
 */
#include <mm/commit.h>
#include <mm/cow.h>
#include <mm/event.h>
#include <mm/mm_private.h>
#include <mm/pagetable.h>
#include <mm/reclaim.h>
#include <mm/rmap.h>
#include <mm/stat.h>
#include <mm/swap.h>
#include <mm/vma.h>
#include <kernel/errno.h>
#include <kernel/string.h>
#include <kernel/wait.h>
#include <kernel/x86/tlb.h>

struct fork_copy {
    struct vma *from, *to;
    struct page *spare; /* for a page that the design wants copied now */
    bool need_spare;
};

/* The design gives the child a copy. Both pt_locks held. */
static int copy_page_now(struct fork_copy *c, pte_t *to, struct page *page,
                         u64 addr)
{
    struct page *copy = c->spare;

    if (!copy) {
        c->need_spare = true;
        return -EAGAIN;
    }
    c->spare = NULL;
    memcpy(page_to_virt(copy), page_to_virt(page), PAGE_SIZE);
    page_set(copy, PG_UPTODATE);
    page_set(copy, PG_DIRTY);
    rmap_add_anon(copy, c->to, addr);
    cow_page_is_new(copy);
    pte_write(to, pte_make(page_to_pfn(copy), vma_pte_flags(c->to, true)));
    lru_add(copy, true);
    stat_inc(STAT_cow_fork_copy);
    mm_event("fork.copy", page, "addr=0x%llx", (unsigned long long)addr);
    return 0;
}

static int copy_present(struct fork_copy *c, pte_t *to, pte_t *from, u64 addr)
{
    pte_t e = pte_read(from);
    struct page *page;

    if (!(c->from->flags & VM_SHARED) && (e & PTE_W)) {
        e = pte_clear_bits(from, PTE_W) & ~PTE_W;
        tlb_defer(&c->from->mm->pt);
    }
    if (e & PTE_ZERO) {
        pte_write(to, e);
        return 0;
    }
    page = pfn_to_page(pte_pfn(e));
    if (page->use == PAGE_ANON && cow_fork(page) == COW_FORK_COPY) {
        int err = copy_page_now(c, to, page, addr);

        if (err)
            return err;
    } else {
        get_page(page);
        rmap_add_again(page);
        pte_write(to, e & ~PTE_A);
        mm_event("fork.share", page, "addr=0x%llx", (unsigned long long)addr);
    }
    c->to->mm->rss++;
    return 0;
}

/* Both pt_locks held. -EAGAIN: get a spare page and call again. */
static int copy_entry(struct fork_copy *c, pte_t *to, pte_t *from, u64 addr)
{
    pte_t e = pte_read(from);

    if (pte_present(e))
        return copy_present(c, to, from, addr);
    if (pte_is_swap(e)) {
        if (swap_dup(swp_from_pte(e)))
            return -ENOMEM;
        c->to->mm->swapped++;
    } else if (pte_kind(e) == PTE_KIND_MIGRATE_RW) {
        /* It must come back read-only in both. */
        e = pte_special(PTE_KIND_MIGRATE_RO, pte_memory(e), pte_pfn(e));
        pte_write(from, e);
    }
    pte_write(to, e);
    return 0;
}

/* Copy the entries of one lowest table, from *va on; *va ends after the last
   that was copied. Both tables are there: nobody frees one while we have
   mmap_lock. */
static int copy_table(struct fork_copy *c, u64 *va, u64 end)
{
    struct mm *from = c->from->mm, *to = c->to->mm;
    pte_t *p, *q;
    int err = 0;

    end = min_u64(end, pt_table_end(*va));
    spin_lock(&from->pt_lock);
    spin_lock_nested(&to->pt_lock); /* parent before child, always */
    p = pt_walk(from->pt.root, *va);
    q = pt_walk(to->pt.root, *va);
    for (; *va < end; p++, q++, *va += PAGE_SIZE) {
        if (!pte_none(pte_read(p)))
            err = copy_entry(c, q, p, *va);
        if (err)
            break;
    }
    spin_unlock(&to->pt_lock);
    spin_unlock(&from->pt_lock);
    return err;
}

static bool next_used(struct mm *mm, u64 *va, u64 end)
{
    bool found;

    spin_lock(&mm->pt_lock);
    found = pt_next_long(mm, va, end) != NULL;
    spin_unlock(&mm->pt_lock);
    return found;
}

static int get_spare(struct fork_copy *c)
{
    c->need_spare = false;
    c->spare = alloc_page(ALLOC_USER, PAGE_ANON);
    return c->spare ? 0 : -ENOMEM;
}

static int fork_copy_area(struct vma *to, struct vma *from)
{
    struct fork_copy c = {.from = from, .to = to};
    u64 va = from->start;
    int err = 0;

    /* Pages of a file come back by faults. */
    if (from->file && !from->anon)
        return 0;
    while (!err && next_used(from->mm, &va, from->end)) {
        err = pt_prepare(to->mm, va);
        if (!err)
            err = copy_table(&c, &va, from->end);
        if (err == -EAGAIN && c.need_spare)
            err = get_spare(&c);
        if (!err && fatal_signal_pending())
            err = -EINTR;
    }
    if (c.spare)
        put_page(c.spare);
    return err;
}

static int fork_area(struct mm *child, struct vma *from)
{
    struct vma *to;

    if (from->flags & VM_DONTFORK)
        return 0;
    if ((from->flags & VM_ACCOUNT) && vm_enough_memory(child, vma_pages(from)))
        return -ENOMEM;
    to = vma_create(child, from->start, from->end,
                    from->flags & ~(u32)(VM_LOCKED | VM_LOCKONFAULT),
                    from->file, from->pgoff); /* locks are not inherited */
    if (!to)
        return -ENOMEM;
    to->pgoff = from->pgoff; /* an area that was moved keeps its own */
    to->name = from->name;
    vma_insert(child, to);
    if (from->flags & VM_WIPEONFORK)
        return 0;
    if (from->anon)
        anon_vma_link(to, from->anon);
    return fork_copy_area(to, from);
}

/* Also if fork has failed: entries have lost their write bit, and the next one
   would not see that another processor still writes through them. */
static void end_writes(struct mm *parent)
{
    spin_lock(&parent->pt_lock);
    tlb_flush_deferred(&parent->pt);
    spin_unlock(&parent->pt_lock);
}

struct mm *mm_fork(struct mm *parent)
{
    struct mm *child = mm_create_unlisted();
    int err;

    if (!child)
        return NULL;
    if (down_write_killable(&parent->mmap_lock)) {
        mm_put_user(child);
        return NULL;
    }
    child->brk_start = parent->brk_start;
    child->brk = parent->brk;
    child->mmap_top = parent->mmap_top;
    child->oom_score_adj = parent->oom_score_adj;
    child->arg_start = parent->arg_start;
    child->env_start = parent->env_start;
    child->env_end = parent->env_end;
    err = vma_reserve(child, parent->nr_areas);
    for (unsigned i = 0; !err && i < parent->nr_areas; i++)
        err = fork_area(child, parent->areas[i]);
    end_writes(parent);
    up_write(&parent->mmap_lock);
    if (err) {
        mm_put_user(child);
        return NULL;
    }
    child->peak_rss = READ_ONCE(child->rss);
    mm_list_add(child);
    return child;
}
