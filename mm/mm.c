/* SPDX-License-Identifier: MIT */
/*
 * The life of an address space: made, listed, emptied, freed.
 *
 * `users` are the tasks that run in it: when the last one goes, its areas and
 * pages go. `refs` are those and everybody else who holds the structure: when
 * the last one goes, the page tables and the structure go.
 */
#include <mm/lockorder.h>
#include <mm/mm_private.h>
#include <mm/oom.h>
#include <mm/pagetable.h>
#include <mm/slab.h>
#include <mm/vma.h>
#include <kernel/print.h>
#include <kernel/string.h>

static struct slab_cache mm_cache;
static struct mutex mm_list_lock; /* guards mm_list */
static struct list_head mm_list = LIST_INIT(mm_list);

void mm_init(void)
{
    slab_cache_init(&mm_cache, "mm", sizeof(struct mm));
    mutex_init(&mm_list_lock, "mm list", RANK_MM_LIST);
    vma_init();
}

struct mm *mm_create_unlisted(void)
{
    struct mm *mm = slab_zalloc(&mm_cache, ALLOC_WAIT);
    struct page *root;

    if (!mm)
        return NULL;
    root = alloc_page(ALLOC_WAIT | ALLOC_ZERO, PAGE_TABLE);
    if (!root) {
        slab_free(&mm_cache, mm);
        return NULL;
    }
    mm->pt.root = page_to_virt(root);
    pgtable_init_kernel_half(mm->pt.root);
    mm->tables = 1;
    list_init(&mm->table_list);
    list_add(&root->lru, &mm->table_list);
    spin_init(&mm->pt_lock, "pt", RANK_PT);
    rwsem_init(&mm->mmap_lock, "mmap", RANK_MMAP);
    atomic_set(&mm->users, 1);
    atomic_set(&mm->refs, 1); /* all users together hold one */
    list_init(&mm->node);
    mm_leave_stack_room(mm, 0);
    return mm;
}

void mm_list_add(struct mm *mm)
{
    mutex_lock(&mm_list_lock);
    list_add_tail(&mm->node, &mm_list); /* a child comes after its parent */
    mutex_unlock(&mm_list_lock);
}

struct mm *mm_create(void)
{
    struct mm *mm = mm_create_unlisted();

    if (mm)
        mm_list_add(mm);
    return mm;
}

void mm_set_args(struct mm *mm, u64 arg_start, u64 env_start, u64 env_end)
{
    down_write(&mm->mmap_lock);
    mm->arg_start = arg_start;
    mm->env_start = env_start;
    mm->env_end = env_end;
    up_write(&mm->mmap_lock);
}

void mm_set_owner(struct mm *mm, int pid, const char *comm)
{
    mm->pid = pid;
    str_copy(mm->comm, comm, sizeof(mm->comm));
}

/*
 * The mm leaves the list last: a walk that stands on it (swapoff) can step to
 * the next one until then.
 */
static void mm_empty(struct mm *mm)
{
    down_write(&mm->mmap_lock);
    for (unsigned i = 0; i < mm->nr_areas; i++) {
        zap_range(mm, mm->areas[i]->start, mm->areas[i]->end);
        vma_destroy(mm->areas[i]);
    }
    kfree(mm->areas);
    mm->areas = NULL;
    mm->nr_areas = mm->max_areas = 0;
    up_write(&mm->mmap_lock);
    ASSERT(mm->rss == 0 && mm->swapped == 0);
    oom_victim_gone(mm);
}

void mm_put_user(struct mm *mm)
{
    if (!atomic_dec_and_test(&mm->users))
        return;
    if (mm->at_end)
        mm->at_end(mm);
    mm_empty(mm);
    mm_put(mm);
}

void mm_get(struct mm *mm)
{
    atomic_inc(&mm->refs);
}

/*
 * mm_next finds mms on the list and takes references, so that the last
 * reference and the list are one decision, under the list's lock.
 */
void mm_put(struct mm *mm)
{
    bool last;

    mutex_lock(&mm_list_lock);
    last = atomic_dec_and_test(&mm->refs);
    if (last)
        list_del(&mm->node);
    mutex_unlock(&mm_list_lock);
    if (!last)
        return;
    pt_destroy(mm);
    slab_free(&mm_cache, mm);
}

struct mm *mm_next(struct mm *prev)
{
    struct list_head *at;
    struct mm *next = NULL;

    mutex_lock(&mm_list_lock);
    at = prev ? prev->node.next : mm_list.next;
    if (at != &mm_list) {
        next = list_entry(at, struct mm, node);
        mm_get(next);
    }
    mutex_unlock(&mm_list_lock);
    if (prev)
        mm_put(prev);
    return next;
}
