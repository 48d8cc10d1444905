/* SPDX-License-Identifier: MIT */
/*
 * The direct map: all of RAM, mapped once in the kernel's half, so that any
 * frame can be reached. Removed memory leaves it, and a stale access traps.
 * On the host (mm's unit tests) it is an arena, and removal is mprotect.
 */
#ifndef KERNEL_X86_DIRECTMAP_H
#define KERNEL_X86_DIRECTMAP_H

#include <kernel/types.h>

#ifdef HOSTED
extern char *host_arena;
#define DIRECT_BASE ((u64)host_arena)
#else
#define DIRECT_BASE 0xffff888000000000ull
#endif

static inline void *phys_to_virt(u64 pa)
{
    return (void *)(DIRECT_BASE + pa);
}

static inline void *pfn_to_virt(pfn_t pfn)
{
    return phys_to_virt(pfn << PAGE_SHIFT);
}

static inline u64 virt_to_phys(const void *va)
{
    return (u64)va - DIRECT_BASE;
}

static inline pfn_t virt_to_pfn(const void *va)
{
    return virt_to_phys(va) >> PAGE_SHIFT;
}

/*
 * Map or unmap [pfn, pfn + n): multiples of 512 frames (2 MiB). Adding may
 * need page-table frames: alloc_pages, so -ENOMEM is possible. Removing
 * flushes every TLB before it returns. May sleep.
 */
int directmap_add(pfn_t pfn, u64 n);
void directmap_remove(pfn_t pfn, u64 n);

#endif
