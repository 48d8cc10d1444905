/* SPDX-License-Identifier: MIT */
/*
 * Who called whom: along the frame pointers, with names from the table that
 * tools/ksyms.py puts into the image.
 */
#include <kernel/print.h>
#include <kernel/x86/arch.h>

#define DEPTH 24

struct symbol {
    u64 address;
    const char *name;
};

extern const struct symbol ksyms_start[], ksyms_end[];
extern char text_start[], text_end[];

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

/* A frame pointer is good if it lies above the last one, and near. */
void arch_backtrace(const struct trap_frame *f)
{
    const u64 *bp = f ? (const u64 *)f->rbp : __builtin_frame_address(0);

    printk("called from:\n");
    if (f)
        print_one(f->rip);
    for (unsigned i = 0; i < DEPTH && bp && is_text(bp[1]); i++) {
        const u64 *next = (const u64 *)bp[0];

        print_one(bp[1] - 1); /* in the call, not behind it */
        if (next <= bp || next > bp + 8192)
            break;
        bp = next;
    }
}
