/* SPDX-License-Identifier: MIT */
/*
 * TLB shootdown: one request at a time, for the whole machine.
 *
 * The sender writes the request, sets a bit for each processor that is to
 * flush, interrupts them, and waits until all bits are clear. Somebody else
 * may be waiting for the request slot, with interrupts off by chance: so
 * whoever waits, for the slot or for answers, serves what is asked of itself.
 *
 *   sender                             receiver
 *   ------                             --------
 *   entry changed                      uses its old translation
 *   request, bits, interrupt
 *                                      flushes; clears its bit
 *   bits clear: nobody has the old one any more
 */
#include <kernel/lock.h>
#include <kernel/x86/private.h>
#include <kernel/x86/tlb.h>
#include <kernel/task.h>
#include <mm/lockorder.h>
#include <mm/stat.h>

#define FEW_PAGES 32 /* more are flushed all at once */
#define ALL_PAGES (~0ull)

static struct spinlock slot = SPINLOCK_INIT("tlb", RANK_TLB);
static u64 request_start, request_end; /* slot lock; read by receivers */
static bool request_kernel;            /* the same */
static u32 pending;                    /* bit per processor; atomic */

static void flush_everything(bool kernel)
{
    if (kernel) { /* global entries too */
        u64 cr4 = read_cr4();

        write_cr4(cr4 & ~(1ull << 7));
        write_cr4(cr4);
    } else {
        write_cr3(read_cr3());
    }
}

static void flush_here(u64 start, u64 end, bool kernel)
{
    if (end == ALL_PAGES || end - start > FEW_PAGES * PAGE_SIZE) {
        flush_everything(kernel);
        return;
    }
    for (u64 va = start; va < end; va += PAGE_SIZE)
        __asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

void tlb_serve(void)
{
    u32 me = 1u << cpu_read(id);

    if (!(__atomic_load_n(&pending, __ATOMIC_ACQUIRE) & me))
        return;
    flush_here(request_start, request_end, request_kernel);
    __atomic_fetch_and(&pending, ~me, __ATOMIC_SEQ_CST);
}

static void take_slot(void)
{
    while (!spin_trylock(&slot)) {
        tlb_serve();
        cpu_relax();
    }
}

static void interrupt_all(u32 mask)
{
    for (unsigned i = 0; i < MAX_CPUS; i++)
        if (mask >> i & 1)
            lapic_send(cpus[i].lapic_id, IPI_FIXED | VECTOR_TLB);
}

/* Not preemptible. mask does not have this processor's bit. */
static void flush_others(u32 mask, u64 start, u64 end, bool kernel)
{
    if (!mask)
        return;
    stat_inc(STAT_tlb_shootdowns);
    take_slot();
    request_start = start;
    request_end = end;
    request_kernel = kernel;
    __atomic_store_n(&pending, mask, __ATOMIC_SEQ_CST);
    interrupt_all(mask);
    while (__atomic_load_n(&pending, __ATOMIC_ACQUIRE))
        cpu_relax();
    spin_unlock(&slot);
}

static void flush_user(struct pgtable *pt, u64 start, u64 end)
{
    u32 mask, me;

    preempt_disable();
    memory_barrier(); /* the change is seen before the bits are read */
    me = 1u << cpu_read(id);
    mask = __atomic_load_n(&pt->cpus, __ATOMIC_SEQ_CST);
    if (mask & me)
        flush_here(start, end, false);
    flush_others(mask & ~me, start, end, false);
    preempt_enable();
}

void tlb_flush_range(struct pgtable *pt, u64 start, u64 end)
{
    flush_user(pt, start, end);
}

void tlb_flush_all(struct pgtable *pt)
{
    flush_user(pt, 0, ALL_PAGES);
}

/*
 * Only the processors are remembered, as the address space may be gone when it
 * comes to the flush: whoever has left it by then has loaded another one, and
 * flushed by that.
 */
void tlb_batch_add(struct tlb_batch *b, struct pgtable *pt)
{
    u32 cpus;

    memory_barrier(); /* the change is seen before the bits are read */
    cpus = __atomic_load_n(&pt->cpus, __ATOMIC_SEQ_CST);
    b->cpus |= cpus;
    pt->deferred |= cpus != 0;
}

void tlb_batch_flush(struct tlb_batch *b)
{
    u32 me;

    preempt_disable();
    me = 1u << cpu_read(id);
    if (b->cpus & me)
        flush_everything(false);
    flush_others(b->cpus & ~me, 0, ALL_PAGES, false);
    preempt_enable();
    b->cpus = 0;
}

void tlb_flush_kernel(u64 start, u64 end)
{
    u32 all, me;

    preempt_disable();
    me = 1u << cpu_read(id);
    all = (cpu_count() >= 32 ? ~0u : (1u << cpu_count()) - 1);
    flush_here(start, end, true);
    flush_others(all & ~me, start, end, true);
    preempt_enable();
}
