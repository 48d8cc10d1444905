/* SPDX-License-Identifier: MIT */
/* Poison for what is not written (POISON=1 only): kernel/poison.h. */
#include <kernel/poison.h>
#include <kernel/print.h>
#include <kernel/task.h>

#define STACK_POISON 0xb5c4d3e2u
#define HEAP_POISON  0xdbdbdbdbu /* mm/slab.c's */

/* All below the stack pointer is free. An interrupt that comes meanwhile uses
   the same memory, and has ended when the loop goes on. */
void poison_stack(void)
{
    u32 *end;

    __asm__ volatile("mov %%rsp, %0" : "=r"(end));
    for (u32 *w = current_task()->stack; w < end; w++)
        *(volatile u32 *)w = STACK_POISON;
}

/* Random numbers may hold one word of the heap's poison: two are looked for. */
static bool is_poison(const u32 *w, const u32 *end)
{
    if (*w == STACK_POISON)
        return true;
    return *w == HEAP_POISON && w + 1 < end && w[1] == HEAP_POISON;
}

void poison_check(const void *src, size_t n)
{
    const u32 *w = (const u32 *)ROUND_UP((u64)src, 4);
    const u32 *end = (const u32 *)(((u64)src + n) & ~3ull);

    for (; w < end; w++)
        if (is_poison(w, end))
            panic("byte %llu of %lu for user memory was never written",
                  (unsigned long long)((u64)w - (u64)src), n);
}
