/* SPDX-License-Identifier: MIT */
/*
 * The format of an x86-64 page table: four levels, 512 entries each.
 *
 * This is the format only: no instruction, no register, so mm/ walks tables
 * with it on the host too. The lock that guards the entries of a user address
 * space is its mm's pt_lock.
 */
#ifndef KERNEL_X86_PGTABLE_H
#define KERNEL_X86_PGTABLE_H

#include <kernel/atomic.h>

typedef u64 pte_t;

#define PT_ENTRIES 512
#define PT_LEVELS  4

#define PTE_P   (1ull << 0) /* present */
#define PTE_W   (1ull << 1) /* writable */
#define PTE_U   (1ull << 2) /* user */
#define PTE_PCD (1ull << 4) /* uncached (devices) */
#define PTE_A   (1ull << 5) /* accessed */
#define PTE_D   (1ull << 6) /* dirty */
#define PTE_PS  (1ull << 7) /* a large page (levels 2 and 3) */
#define PTE_G   (1ull << 8) /* global: kernel only */
/*
 * Software: with P clear, the page is mapped, counted, and not accessible
 * (mprotect(PROT_NONE)). Bit 8 means nothing to the processor when P is clear.
 */
#define PTE_NONE_PROT (1ull << 8)
/* Software: the zero page. It is never counted, listed, or reused in place. */
#define PTE_ZERO (1ull << 9)
#define PTE_NX   (1ull << 63)
#define PTE_ADDR 0x000ffffffffff000ull

/* User addresses end here; the last page stays unused (sysret erratum). */
#define USER_END 0x00007ffffffff000ull

static inline unsigned pt_index(u64 va, unsigned level) /* level 1 = pte */
{
    return va >> (PAGE_SHIFT + 9 * (level - 1)) & (PT_ENTRIES - 1);
}

/* The page that this entry maps is there, accessible or not. */
static inline bool pte_present(pte_t e)
{
    return (e & (PTE_P | PTE_NONE_PROT)) != 0;
}

static inline bool pte_none(pte_t e)
{
    return e == 0;
}

static inline pfn_t pte_pfn(pte_t e)
{
    return (e & PTE_ADDR) >> PAGE_SHIFT;
}

static inline pte_t pte_make(pfn_t pfn, u64 flags)
{
    return (pfn << PAGE_SHIFT) | flags;
}

/*
 * An entry that is not present and not 0 says where the page is instead:
 *
 *   bits 0, 8   0: not present
 *   bits 1..2   kind, below
 *   bits 3..4   what the COW design wants remembered (mm/cow.h)
 *   bits 12..51 swap: slot number; migration: frame number
 *   bits 52..55 swap: which device
 */
enum pte_kind {
    PTE_KIND_SWAP = 1,
    PTE_KIND_MIGRATE_RO = 2, /* comes back read-only */
    PTE_KIND_MIGRATE_RW = 3, /* comes back writable */
};

static inline enum pte_kind pte_kind(pte_t e)
{
    return (enum pte_kind)(e >> 1 & 3);
}

static inline bool pte_is_swap(pte_t e)
{
    return !pte_present(e) && pte_kind(e) == PTE_KIND_SWAP;
}

static inline bool pte_is_migration(pte_t e)
{
    return !pte_present(e) && pte_kind(e) >= PTE_KIND_MIGRATE_RO;
}

static inline unsigned pte_memory(pte_t e) /* the design's two bits */
{
    return e >> 3 & 3;
}

static inline pte_t pte_special(enum pte_kind kind, unsigned memory, u64 where)
{
    return (u64)kind << 1 | (u64)(memory & 3) << 3 | where << PAGE_SHIFT;
}

/* Read and write entries whole. A present entry may be changed by the
   processor (A, D) at any time: to take one away, exchange it. */
static inline pte_t pte_read(const pte_t *p)
{
    return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline void pte_write(pte_t *p, pte_t e)
{
    __atomic_store_n(p, e, __ATOMIC_RELEASE);
}

static inline pte_t pte_exchange(pte_t *p, pte_t e)
{
    return __atomic_exchange_n(p, e, __ATOMIC_SEQ_CST);
}

static inline pte_t pte_clear_bits(pte_t *p, u64 bits) /* returns the old */
{
    return __atomic_fetch_and(p, ~bits, __ATOMIC_SEQ_CST);
}

static inline pte_t pte_set_bits(pte_t *p, u64 bits) /* returns the old */
{
    return __atomic_fetch_or(p, bits, __ATOMIC_SEQ_CST);
}

/* A user address space as the processor sees it. */
struct pgtable {
    pte_t *root;   /* level 4, a direct-map address; fixed until destroyed */
    u32 cpus;      /* bit per processor that has it loaded; atomic */
    bool deferred; /* entries were changed whose flush may still be to come:
                      tlb.h; pt_lock */
};

/* Fill in the kernel's half of a new root (entries 256..511). */
void pgtable_init_kernel_half(pte_t *root);

#endif
