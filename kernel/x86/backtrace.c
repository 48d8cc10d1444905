/* SPDX-License-Identifier: MIT */
/*
 * Who called whom: along the frame pointers, with names from the table that
 * tools/ksyms.py puts into the image.
 */
#include <kernel/print.h>
#include <kernel/x86/arch.h>
#include <mm/kstack.h>
#include <mm/pagetable.h>

#define DEPTH 24

struct symbol {
    u64 address;
    const char *name;
};

extern const struct symbol ksyms_start[], ksyms_end[];
extern char text_start[], text_end[], rodata_end[], image_end[];

/* The last symbol at or below the address. */
static const struct symbol *find(u64 address)
{
    const struct symbol *low = ksyms_start, *high = ksyms_end;

    while (high - low > 1) {
        const struct symbol *mid = low + (high - low) / 2;

        if (mid->address <= address)
            low = mid;
        else
            high = mid;
    }
    return low < ksyms_end && low->address <= address ? low : NULL;
}

static bool is_text(u64 address)
{
    return address >= (u64)text_start && address < (u64)text_end;
}

static void print_one(u64 address)
{
    const struct symbol *s = find(address);

    if (s)
        printk("  [%lx] %s+0x%lx\n", address, s->name, address - s->address);
    else
        printk("  [%lx]\n", address);
}

/*
 * May this word be read, and without a side effect? Stacks lie in small pages
 * of the image or of mm/kstack.c; before arch_map_memory only the image is
 * there. No lock: no table of theirs is ever taken away.
 */
static bool is_stack_word(u64 va)
{
    bool in_image = va >= (u64)rodata_end && va < (u64)image_end;
    pte_t *p;

    if (!kernel_root)
        return in_image;
    if (!in_image && va < KSTACK_BASE)
        return false;
    p = pt_walk(kernel_root, va);
    return p && (pte_read(p) & (PTE_P | PTE_PCD)) == PTE_P;
}

/* Whatever broke may have left anything in rbp, and the outermost frame of a
   system call has the user's: look before reading. */
static bool is_frame(const u64 *bp)
{
    return (u64)bp % sizeof(*bp) == 0 && is_stack_word((u64)bp) &&
           is_stack_word((u64)(bp + 1)) && is_text(bp[1]);
}

/* A caller's frame lies above its callee's, on the same stack. */
void arch_backtrace(const struct trap_frame *f)
{
    const u64 *bp = f ? (const u64 *)f->rbp : __builtin_frame_address(0);

    printk("called from:\n");
    if (f)
        print_one(f->rip);
    for (unsigned i = 0; i < DEPTH && is_frame(bp); i++) {
        const u64 *next = (const u64 *)bp[0];

        print_one(bp[1] - 1); /* in the call, not behind it */
        if (next <= bp || (u64)next - (u64)bp > KSTACK_SIZE)
            break;
        bp = next;
    }
}
