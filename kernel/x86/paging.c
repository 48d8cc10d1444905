/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own page table.
 *
 *   DIRECT_BASE + p      all of RAM, writable, not executable, 2 MiB pages;
 *                        what the image maps read-only is read-only here too
 *   KSTACK_BASE          kernel stacks (mm/kstack.c)
 *   MMIO_BASE            registers of devices, uncached
 *   KERNEL_BASE + p      the image: text not writable, data not executable
 *
 * User page tables copy the root's upper half when they are made. So every
 * root entry that is ever used is there from the start, and never changes.
 */
#include <kernel/boot.h>
#include <kernel/errno.h>
#include <kernel/irq.h>
#include <kernel/lock.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/x86/directmap.h>
#include <kernel/x86/private.h>
#include <kernel/x86/tlb.h>
#include <mm/kstack.h>
#include <mm/lockorder.h>
#include <mm/pagetable.h>
#include <mm/section.h>

#define KERNEL_BASE  0xffffffff80000000ull
#define MMIO_BASE    0xffffe90000000000ull
#define LARGE        (2ull << 20)
#define HUGE         (1ull << 30) /* what one level 2 table maps */
#define DIRECT_SLOTS (((u64)SECTION_MAX << SECTION_SHIFT) >> 39)

extern char image_start[], text_start[], text_end[], rodata_end[], image_end[],
    boot_stack_guard[];

static u64 early_next, early_end; /* physical; boot only */
static u64 root_phys;             /* written once */

/* ---- early frames ---- */

static const struct boot_range *reserved_in(u64 start, u64 end)
{
    for (unsigned i = 0; i < boot_info.nr_reserved; i++)
        if (boot_info.reserved[i].start < end &&
            boot_info.reserved[i].end > start)
            return &boot_info.reserved[i];
    return NULL;
}

/* A free piece of RAM within the first GiB, which boot.S has mapped. */
static u64 find_room(u64 size)
{
    for (unsigned i = 0; i < boot_info.nr_ram; i++) {
        u64 at = PAGE_UP(boot_info.ram[i].start);

        while (at + size <= min_u64(boot_info.ram[i].end, 1ull << 30)) {
            const struct boot_range *r = reserved_in(at, at + size);

            if (!r)
                return at;
            at = PAGE_UP(r->end);
        }
    }
    panic_too_small("page tables");
}

static void *early_virt(u64 phys)
{
    return (void *)(KERNEL_BASE + phys);
}

static u64 early_table(void)
{
    u64 phys = early_next;

    if (phys == early_end)
        panic("early page tables: counted too few");
    early_next += PAGE_SIZE;
    memset(early_virt(phys), 0, PAGE_SIZE);
    return phys;
}

/* The entry for va at this level, making tables on the way. */
static pte_t *early_entry(u64 va, unsigned level)
{
    pte_t *table = early_virt(root_phys);

    for (unsigned l = PT_LEVELS; l > level; l--) {
        pte_t *p = &table[pt_index(va, l)];

        if (!*p)
            *p = early_table() | PTE_P | PTE_W;
        table = early_virt(*p & PTE_ADDR);
    }
    return &table[pt_index(va, level)];
}

static void early_map(u64 va, u64 phys, u64 end, u64 flags)
{
    for (; phys < end; phys += PAGE_SIZE, va += PAGE_SIZE)
        *early_entry(va, 1) = phys | PTE_P | PTE_G | flags;
}

/*
 * The tables that boot memory needs, from above. Fixed: the root, the level 3
 * tables of the direct map, of kernel stacks, devices, the image and the first
 * 2 MiB; a level 2 table each for the last two and the firmware's memory.
 * The image wants small pages, at its own place and in the direct map.
 */
static u64 count_tables(void)
{
    u64 image = (boot_info.kernel.end + LARGE - 1) / LARGE;
    u64 n = 1 + DIRECT_SLOTS + 4 + 3 + 2 * image;

    for (unsigned i = 0; i < boot_info.nr_ram; i++)
        n += (boot_info.ram[i].end + HUGE - 1) / HUGE -
             boot_info.ram[i].start / HUGE;
    return n;
}

/* ---- the parts ---- */

static u64 phys_of(const char *symbol)
{
    return (u64)symbol - KERNEL_BASE;
}

static void map_image(void)
{
    u64 text = phys_of(text_start), ro = phys_of(text_end);
    u64 data = phys_of(rodata_end), end = phys_of(image_end);

    early_map(KERNEL_BASE + text, text, ro, 0);
    early_map(KERNEL_BASE + ro, ro, data, PTE_NX);
    early_map(KERNEL_BASE + data, data, end, PTE_W | PTE_NX);
    *early_entry((u64)boot_stack_guard, 1) = 0;
}

/* 2 MiB of the direct map: one page, or small ones where the image lies. */
static void map_direct_piece(u64 phys)
{
    u64 va = DIRECT_BASE + phys, ro_start = phys_of(text_start);
    u64 ro_end = phys_of(rodata_end);

    if (phys + LARGE <= ro_start || phys >= ro_end) {
        *early_entry(va, 2) = phys | PTE_P | PTE_W | PTE_G | PTE_NX | PTE_PS;
        return;
    }
    for (u64 p = phys; p < phys + LARGE; p += PAGE_SIZE)
        early_map(DIRECT_BASE + p, p, p + PAGE_SIZE,
                  PTE_NX | (p >= ro_start && p < ro_end ? 0 : PTE_W));
}

static void map_direct(void)
{
    map_direct_piece(0); /* firmware's tables too */
    for (unsigned i = 0; i < boot_info.nr_ram; i++) {
        u64 at = boot_info.ram[i].start & ~(LARGE - 1);

        for (; at < boot_info.ram[i].end; at += LARGE)
            if (!*early_entry(DIRECT_BASE + at, 2))
                map_direct_piece(at);
    }
}

static void make_root_entries(void)
{
    for (u64 i = 0; i < DIRECT_SLOTS; i++)
        early_entry(DIRECT_BASE + (i << 39), 3);
    early_entry(KSTACK_BASE, 3);
    early_entry(MMIO_BASE, 3);
}

void arch_map_memory(void)
{
    u64 size = count_tables() * PAGE_SIZE;

    early_next = find_room(size);
    early_end = early_next + size;
    if (boot_info.nr_reserved == BOOT_MAX_RANGES)
        panic("boot memory is in too many pieces");
    boot_info.reserved[boot_info.nr_reserved++] =
        (struct boot_range){early_next, early_end};
    root_phys = early_table();
    make_root_entries();
    map_image();
    map_direct();
    /* Where other processors begin; forgotten when they have. */
    *early_entry(0, 2) = PTE_P | PTE_W | PTE_PS;
    write_cr3(root_phys);
    kernel_root = phys_to_virt(root_phys);
}

void paging_forget_identity(void)
{
    pte_write(&kernel_root[0], 0);
    tlb_flush_kernel(0, ~0ull);
}

u64 paging_root(void)
{
    return root_phys;
}

void pgtable_init_kernel_half(pte_t *root)
{
    memcpy(root + PT_ENTRIES / 2, kernel_root + PT_ENTRIES / 2,
           PT_ENTRIES / 2 * sizeof(*root));
}

/* ---- memory that comes and goes ---- */

/* The level 2 entry for va, whose level 3 table is there; NULL: no memory. */
static pte_t *direct_entry(u64 va, bool make)
{
    pte_t *l3 = phys_to_virt(kernel_root[pt_index(va, 4)] & PTE_ADDR);
    pte_t *p = &l3[pt_index(va, 3)];
    struct page *page;

    if (!(*p & PTE_P)) {
        page = make ? alloc_page(ALLOC_WAIT | ALLOC_ZERO, PAGE_TABLE) : NULL;
        if (!page)
            return NULL;
        pte_write(p, pte_make(page_to_pfn(page), PTE_P | PTE_W));
    }
    return (pte_t *)phys_to_virt(*p & PTE_ADDR) + pt_index(va, 2);
}

int directmap_add(pfn_t pfn, u64 n)
{
    u64 phys = pfn << PAGE_SHIFT, end = phys + (n << PAGE_SHIFT);

    for (; phys < end; phys += LARGE) {
        pte_t *p = direct_entry(DIRECT_BASE + phys, true);

        if (!p)
            return -ENOMEM; /* what is mapped by now hurts nobody */
        pte_write(p, phys | PTE_P | PTE_W | PTE_G | PTE_NX | PTE_PS);
    }
    return 0;
}

void directmap_remove(pfn_t pfn, u64 n)
{
    u64 phys = pfn << PAGE_SHIFT, end = phys + (n << PAGE_SHIFT);

    for (u64 at = phys; at < end; at += LARGE) {
        pte_t *p = direct_entry(DIRECT_BASE + at, false);

        if (p)
            pte_write(p, 0);
    }
    tlb_flush_kernel(DIRECT_BASE + phys, DIRECT_BASE + end);
}

void *mmio_map(u64 phys, size_t size)
{
    static u64 next = MMIO_BASE; /* boot only */
    u64 first = PAGE_DOWN(phys), end = PAGE_UP(phys + size), va = next;

    for (u64 at = first; at < end; at += PAGE_SIZE, next += PAGE_SIZE) {
        pte_t *p = pt_walk_kernel_alloc(next);

        if (!p)
            return NULL;
        pte_write(p, at | PTE_P | PTE_W | PTE_PCD | PTE_G | PTE_NX);
    }
    return (void *)(va + (phys - first));
}
