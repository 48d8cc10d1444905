/* SPDX-License-Identifier: MIT */
/*
 * Traps: whatever interrupts the processor comes here from entry.S, with
 * interrupts off.
 *
 * Interrupts of devices are counted in irq_depth while they are handled.
 * Faults and system calls run with interrupts on, as they may sleep. Before
 * each return to user mode user_return_work has its turn; before a return to
 * the kernel, preemption.
 */
#include <kernel/print.h>
#include <kernel/x86/directmap.h>
#include <kernel/task.h>
#include <kernel/x86/private.h>
#include <mm/kstack.h>
#include <mm/page.h>
#include <mm/section.h>

#define PF_WRITE 2
#define PF_EXEC  16

struct idt_entry {
    u16 low, selector;
    u8 ist, type;
    u16 middle;
    u32 high, reserved;
};

struct fixup {
    u64 at, instead;
};

extern char vector_stubs[];
extern const struct fixup extable_start[], extable_end[];

void trap_handler(struct trap_frame *f);
void trap_paranoid(struct trap_frame *f);
void trap_syscall(struct trap_frame *f);

static struct idt_entry idt[256] __attribute__((aligned(16)));

void idt_init(void)
{
    for (unsigned v = 0; v < 256; v++) {
        u64 at = (u64)vector_stubs + 16 * v;

        idt[v] = (struct idt_entry){.low = (u16)at,
                                    .selector = SEL_KERNEL_CODE,
                                    .type = 0x8e, /* interrupt gate, ring 0 */
                                    .middle = (u16)(at >> 16),
                                    .high = (u32)(at >> 32)};
    }
    idt[3].type = 0xee; /* int3 and into are the user's to use */
    idt[4].type = 0xee;
    idt[2].ist = IST_NMI;
    idt[8].ist = IST_DOUBLE_FAULT;
    idt[18].ist = IST_DOUBLE_FAULT;
}

void idt_load(void)
{
    struct {
        u16 limit;
        u64 base;
    } __attribute__((packed)) ptr = {sizeof(idt) - 1, (u64)idt};

    __asm__ volatile("lidt %0" : : "m"(ptr));
}

/* ---- the end of the kernel ---- */

static const char *exception_name(u64 vector)
{
    static const char *const names[] = {"divide error",
                                        "debug",
                                        "NMI",
                                        "breakpoint",
                                        "overflow",
                                        "bound",
                                        "invalid opcode",
                                        "no FPU",
                                        "double fault",
                                        "9",
                                        "invalid TSS",
                                        "segment not present",
                                        "stack fault",
                                        "general protection",
                                        "page fault",
                                        "15",
                                        "FPU error",
                                        "alignment",
                                        "machine check",
                                        "SIMD error"};

    return vector < ARRAY_SIZE(names) ? names[vector] : "trap";
}

static void print_registers(const struct trap_frame *f)
{
    printk("  rip %016lx rsp %016lx flags %08lx cs %lx error %lx\n", f->rip,
           f->rsp, f->rflags, f->cs, f->error);
    printk("  rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", f->rax, f->rbx,
           f->rcx, f->rdx);
    printk("  rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", f->rsi, f->rdi,
           f->rbp, f->r8);
    printk("  r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", f->r9, f->r10,
           f->r11, f->r12);
    printk("  r13 %016lx r14 %016lx r15 %016lx\n", f->r13, f->r14, f->r15);
}

/* If the address is one of the direct map's: what is known of that frame. */
static void print_frame_at(u64 addr)
{
    char text[200];
    struct page *page;

    if (addr < DIRECT_BASE || addr - DIRECT_BASE >= (u64)SECTION_MAX
                                                        << SECTION_SHIFT)
        return;
    page = pfn_to_page((addr - DIRECT_BASE) >> PAGE_SHIFT);
    if (!page) {
        printk("  no memory there, or it has been removed\n");
        return;
    }
    page_describe(page, text, sizeof(text));
    printk("  the frame there: %s\n", text);
}

/* The fault's own registers and callers; not how it came to be told. */
static void NORETURN die(const struct trap_frame *f, u64 addr)
{
    panic_begin("%s in the kernel, at %lx, address %lx",
                exception_name(f->vector), f->rip, addr);
    if (kstack_is_guard(addr))
        printk("  the kernel stack has overflowed\n");
    print_registers(f);
    if (f->vector == 14)
        print_frame_at(addr);
    arch_backtrace(f);
    panic_end();
}

/* ---- faults ---- */

/* The table is short: a look through it costs less than a fault. */
static bool fix_up(struct trap_frame *f)
{
    for (const struct fixup *x = extable_start; x < extable_end; x++)
        if (x->at == f->rip) {
            f->rip = x->instead;
            return true;
        }
    return false;
}

/*
 * The kernel touched a user address: in a copy, with SMAP lifted, in a context
 * that may sleep; anything else is a mistake of the kernel's, unless the copy
 * said that it takes a failure.
 */
static bool mend_user_copy(struct trap_frame *f, u64 addr)
{
    bool mended;

    if (addr >= USER_END || !(f->rflags & FLAG_IF) ||
        cpu_read(preempt_count) > 0 || cpu_read(irq_depth) > 0 ||
        (cpu_has_smap && !(f->rflags & FLAG_AC)))
        return false;
    irq_enable();
    mended = user_page_fault(addr, f->error & PF_WRITE, false, false, f);
    irq_disable();
    return mended;
}

static void page_fault(struct trap_frame *f)
{
    u64 addr;

    __asm__ volatile("mov %%cr2, %0" : "=r"(addr));
    if (frame_is_user(f)) {
        irq_enable();
        user_page_fault(addr, f->error & PF_WRITE, f->error & PF_EXEC, true, f);
        return;
    }
    if (!mend_user_copy(f, addr) && !fix_up(f))
        die(f, addr);
}

static void exception(struct trap_frame *f)
{
    if (f->vector == 14) {
        page_fault(f);
    } else if (frame_is_user(f)) {
        irq_enable();
        user_trap((unsigned)f->vector, f);
    } else if (!fix_up(f)) {
        die(f, 0);
    }
}

static void interrupt(unsigned vector)
{
    u64 *irqs = this_cpu()->irqs; /* interrupts are off: it stays ours */

    cpu_add(irq_depth, 1);
    if (vector == VECTOR_CLOCK) {
        irqs[IRQ_CLOCK]++;
        lapic_eoi();
        timer_interrupt();
    } else if (vector == VECTOR_TLB) {
        irqs[IRQ_TLB]++;
        lapic_eoi();
        tlb_serve();
    } else if (vector == VECTOR_KICK) {
        irqs[IRQ_KICK]++;
        lapic_eoi(); /* need_resched is looked at on the way out */
    } else if (vector >= VECTOR_IRQ && vector < VECTOR_IRQ + NR_GSI) {
        irq_dispatch(vector - VECTOR_IRQ);
        lapic_eoi();
    } else {
        irqs[IRQ_SPURIOUS]++; /* these want no end of interrupt */
    }
    cpu_add(irq_depth, -1);
}

void trap_handler(struct trap_frame *f)
{
    if (frame_is_user(f))
        user_time_ends(&current_task()->user_clock);
    if (f->vector < VECTOR_IRQ)
        exception(f);
    else
        interrupt((unsigned)f->vector);
    irq_disable();
    if (frame_is_user(f))
        user_return_work(f);
    else if (f->rflags & FLAG_IF)
        preempt_check();
}

void trap_syscall(struct trap_frame *f)
{
    irq_enable();
    syscall_dispatch(f);
    irq_disable();
    user_return_work(f);
}

/* On a stack of its own: nothing may be assumed about where it came. */
void trap_paranoid(struct trap_frame *f)
{
    u64 addr;

    if (f->vector == 2) {
        smp_nmi();
        return;
    }
    __asm__ volatile("mov %%cr2, %0" : "=r"(addr));
    die(f, addr);
}
