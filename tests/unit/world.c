/* SPDX-License-Identifier: MIT */
/* The world of the unit tests, and processes in it; see unit.h. */
#include "unit.h"
#include "standins.h"
#include <stdio.h>
#include <string.h>
#include <mm/cow.h>
#include <mm/page.h>
#include <mm/pagetable.h>
#include <mm/removal.h>
#include <mm/slab.h>
#include <mm/swap.h>
#include <mm/verify.h>
#include <mm/zone.h>

static u64 free_at_start;

static void print_mistake(const char *line, void *arg)
{
    (void)arg;
    printf("%s\n", line);
}

int world_start(void **state)
{
    (void)state;
    host_machine(BOOT_SECTIONS, DIMM_FIRST + DIMM_COUNT);
    mm_boot();
    assert_int_equal(
        memory_add_dimm(0, DIMM_FIRST * 2ull << 20, DIMM_COUNT * 2ull << 20),
        0);
    assert_int_equal(swap_on(&host_disk, -1), 0);
    free_at_start = total_free_frames() + slab_frames();
    return 0;
}

/* Frames that a cache of objects keeps for the next ones are no leak. */
void world_check(void)
{
    s64 lost;

    while (host_disk_step())
        ;
    host_event = NULL;
    host_at_point = NULL;
    host_signal = host_fatal = host_dying = false;
    if (host_locks_held())
        fail_msg("%u locks are held", host_locks_held());
    if (mm_verify(print_mistake, NULL))
        fail_msg("the counts are wrong: see mm_verify's lines");
    lost = (s64)(free_at_start - total_free_frames() - slab_frames());
    if (lost)
        fail_msg("leak: %lld frames are not free again", (long long)lost);
}

bool design_is(const char *name)
{
    return !strcmp(cow_design.name, name);
}

struct mm *process(void)
{
    struct mm *mm = mm_create();

    assert_non_null(mm);
    mm_set_owner(mm, 10, "ten");
    return mm;
}

/*
 * The entry that the processor uses, with A and D set; 0 = a fault. What it
 * remembers is good enough until it must set D, or would fault: then it looks
 * at the table. One processor does all writing and another all reading, as two
 * threads would: a fault drops the entry of the one that faults, not the
 * other's.
 */
static pte_t translate(struct mm *mm, u64 addr, bool write)
{
    unsigned cpu = write ? 0 : 1;
    u64 needed = PTE_P | (write ? PTE_W | PTE_D : 0);
    pte_t e = host_tlb_find(cpu, mm->pt.root, addr), *p;

    if ((e & needed) == needed)
        return e;
    host_tlb_fill(cpu, mm->pt.root, addr, 0);
    p = pt_walk(mm->pt.root, addr);
    if (!p || !(*p & PTE_P) || (write && !(*p & PTE_W)))
        return 0;
    *p |= PTE_A | (write ? PTE_D : 0);
    host_tlb_fill(cpu, mm->pt.root, addr, *p);
    return *p;
}

/* What the processor does: access, or fault and try again. */
static int touch(struct mm *mm, u64 addr, bool write, u64 *value)
{
    for (unsigned tries = 0; tries < 50; tries++) {
        pte_t e = translate(mm, addr, write);
        int r;

        if (e) {
            u64 *at = (u64 *)((char *)pfn_to_virt(pte_pfn(e)) +
                              (addr & ~PAGE_MASK & ~7ull));

            if (write)
                *at = *value;
            else
                *value = *at;
            return 0;
        }
        r = mm_fault(mm, addr, write ? FAULT_WRITE : FAULT_READ);
        if (r != FAULT_DONE)
            return r;
    }
    fail_msg("the access at %lx faults for ever", (unsigned long)addr);
    return -1;
}

int user_write(struct mm *mm, u64 addr, u64 value)
{
    return touch(mm, addr, true, &value);
}

int user_read(struct mm *mm, u64 addr, u64 *value)
{
    return touch(mm, addr, false, value);
}

u64 user_area(struct mm *mm, unsigned pages)
{
    s64 at = mm_mmap(mm, 0, pages * PAGE_SIZE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, NULL, 0);

    assert_true(at > 0);
    return (u64)at;
}

void user_fill(struct mm *mm, u64 addr, unsigned pages, u64 seed)
{
    for (unsigned i = 0; i < pages; i++)
        assert_int_equal(user_write(mm, addr + i * PAGE_SIZE, seed + i), 0);
}

void user_check(struct mm *mm, u64 addr, unsigned pages, u64 seed)
{
    for (unsigned i = 0; i < pages; i++) {
        u64 value = 0;

        assert_int_equal(user_read(mm, addr + i * PAGE_SIZE, &value), 0);
        assert_int_equal(value, seed + i);
    }
}

struct page *user_page(struct mm *mm, u64 addr)
{
    pte_t *p = pt_walk(mm->pt.root, addr);

    return p && pte_present(*p) ? pfn_to_page(pte_pfn(*p)) : NULL;
}
