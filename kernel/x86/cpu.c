/* SPDX-License-Identifier: MIT */
/*
 * One processor: what it can do, its own data, switching tasks and page
 * tables, and the way to user mode.
 */
#include <kernel/errno.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/task.h>
#include <kernel/x86/directmap.h>
#include <kernel/x86/private.h>
#include <mm/pagetable.h>

struct cpu cpus[MAX_CPUS];
bool cpu_has_smap;

static bool has_smep;
static u8 clean_fpu[512] __attribute__((aligned(16))); /* after fninit */
static u8 boot_double_fault_stack[4096] __attribute__((aligned(16)));
static u8 boot_nmi_stack[4096] __attribute__((aligned(16)));

_Static_assert(offsetof(struct cpu, kernel_sp) == 16, "entry.S");
_Static_assert(offsetof(struct cpu, user_sp) == 24, "entry.S");
_Static_assert(sizeof(struct trap_frame) == 176, "entry.S");
_Static_assert(offsetof(struct trap_frame, r11) == 48, "entry.S");
_Static_assert(offsetof(struct trap_frame, rcx) == 56, "entry.S");
_Static_assert(offsetof(struct trap_frame, rip) == 136, "entry.S");

void syscall_entry(void);
void enter_user(struct trap_frame *f) NORETURN;
void switch_stacks(u64 *save, u64 next);
void task_first(void);

/* ---- features ---- */

static void cpuid(u32 leaf, u32 r[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
                     : "a"(leaf), "c"(0));
}

/* What the kernel and x86-64's programs use without asking. */
static const struct {
    u32 leaf;
    unsigned bit; /* of edx */
    const char *name;
} needed[] = {
    {1, 0, "fpu"},          {1, 4, "tsc"},   {1, 5, "msr"},
    {1, 9, "apic"},         {1, 13, "pge"},  {1, 24, "fxsr"},
    {1, 25, "sse"},         {1, 26, "sse2"}, {0x80000001, 11, "syscall"},
    {0x80000001, 20, "nx"},
};

/* Not the kernel's mistake: no backtrace. */
static void check_features(void)
{
    char lacks[80] = "";
    size_t n = 0;
    u32 r[4];

    for (unsigned i = 0; i < ARRAY_SIZE(needed); i++) {
        cpuid(needed[i].leaf, r);
        if (!(r[3] >> needed[i].bit & 1))
            n += (size_t)snprintf(lacks + n, sizeof(lacks) - n, " %s",
                                  needed[i].name);
    }
    if (!n)
        return;
    panic_begin("this processor lacks%s: hotcow needs it (QEMU: another -cpu)",
                lacks);
    panic_end();
}

static void find_features(void)
{
    u32 r[4];

    cpuid(0, r);
    if (r[0] >= 7) {
        cpuid(7, r);
        has_smep = r[1] >> 7 & 1;
        cpu_has_smap = r[1] >> 20 & 1;
    }
}

#define CR0_MP     (1u << 1)
#define CR0_EM     (1u << 2)
#define CR0_NE     (1u << 5)
#define CR0_WP     (1u << 16)
#define CR4_PGE    (1u << 7)
#define CR4_OSFXSR (1u << 9)
#define CR4_OSXMM  (1u << 10)
#define CR4_SMEP   (1u << 20)
#define CR4_SMAP   (1u << 21)

void cpu_enable_protection(void)
{
    u64 cr0, cr4 = read_cr4() | CR4_PGE | CR4_OSFXSR | CR4_OSXMM;

    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    cr0 = (cr0 | CR0_WP | CR0_MP | CR0_NE) & ~(u64)CR0_EM;
    __asm__ volatile("mov %0, %%cr0" : : "r"(cr0));
    cr4 |= has_smep ? CR4_SMEP : 0;
    cr4 |= cpu_has_smap ? CR4_SMAP : 0;
    write_cr4(cr4);
    __asm__ volatile("fninit");
}

/* The flags that a system call clears: IF, so that we get a stack first; DF
   and AC, which are the kernel's to rely on; TF and NT. */
void cpu_enable_syscalls(void)
{
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | 1);
    wrmsr(MSR_STAR, (u64)SEL_KERNEL_DATA << 48 | (u64)SEL_KERNEL_CODE << 32);
    wrmsr(MSR_LSTAR, (u64)syscall_entry);
    wrmsr(MSR_FMASK, FLAG_IF | FLAG_AC | 1u << 8 | 1u << 10 | 1u << 14);
    wrmsr(MSR_KERNEL_GS_BASE, 0); /* the user's */
}

void arch_early_init(void)
{
    struct cpu *c = &cpus[0];

    c->self = c;
    wrmsr(MSR_GS_BASE, (u64)c); /* before the first lock */
    check_features();
    find_features();
    gdt_load(c, (u64)(boot_double_fault_stack + 4096),
             (u64)(boot_nmi_stack + 4096));
    idt_init();
    idt_load();
    cpu_enable_protection();
    __asm__ volatile("fxsave64 %0" : "=m"(clean_fpu));
}

/* ---- tasks ---- */

void arch_task_init(struct arch_task *t, void *stack_top, void (*fn)(void *),
                    void *arg)
{
    u64 *sp = stack_top;

    *--sp = 0; /* as if task_first had been called */
    *--sp = (u64)task_first;
    *--sp = 0;        /* rbp */
    *--sp = 0;        /* rbx */
    *--sp = (u64)fn;  /* r12 */
    *--sp = (u64)arg; /* r13 */
    *--sp = 0;
    *--sp = 0;
    t->kernel_sp = (u64)sp;
}

static struct selectors read_selectors(void)
{
    struct selectors s;

    __asm__ volatile("mov %%ds, %0\n\tmov %%es, %1\n\t"
                     "mov %%fs, %2\n\tmov %%gs, %3"
                     : "=m"(s.ds), "=m"(s.es), "=m"(s.fs), "=m"(s.gs));
    return s;
}

/* What user code could load, or what an idle task has from boot: none of it
   faults. With %gs comes a base: the user's, which the first swapgs brings in.
   Interrupts off; an NMI in between asks whose %gs is (entry.S). */
static void load_selectors(struct selectors s)
{
    __asm__ volatile("mov %0, %%ds\n\tmov %1, %%es\n\tmov %2, %%fs\n\t"
                     "swapgs\n\tmov %3, %%gs\n\tswapgs"
                     :
                     : "m"(s.ds), "m"(s.es), "m"(s.fs), "m"(s.gs));
}

static bool same_selectors(struct selectors a, struct selectors b)
{
    return a.ds == b.ds && a.es == b.es && a.fs == b.fs && a.gs == b.gs;
}

/*
 * User code loads selectors without our knowledge, and with %fs its base: the
 * processor's own differ from what we have set. So selectors are read, and the
 * base is always written.
 */
static void switch_segments(struct arch_task *prev, struct arch_task *next)
{
    prev->selectors = read_selectors();
    if (!same_selectors(prev->selectors, next->selectors))
        load_selectors(next->selectors);
    wrmsr(MSR_FS_BASE, next->fs_base); /* a load of %fs changes it */
}

void context_switch(struct arch_task *prev, struct arch_task *next, u64 top)
{
    struct cpu *c = this_cpu();

    __asm__ volatile("fxsave64 %0" : "=m"(prev->fpu));
    __asm__ volatile("fxrstor64 %0" : : "m"(next->fpu));
    c->kernel_sp = top;
    gdt_set_kernel_stack(c, top);
    switch_segments(prev, next);
    switch_stacks(&prev->kernel_sp, next->kernel_sp);
}

/*
 * The new table's bit is set before it is loaded: who changes an entry and
 * does not see the bit knows that we shall load, and so flush, later. The old
 * one's is cleared after: no translation of it is left here.
 */
void pgtable_load(struct pgtable *pt)
{
    struct cpu *c = this_cpu();
    struct pgtable *old = c->loaded;

    if (pt)
        bit_set(&pt->cpus, c->id);
    write_cr3(pt ? virt_to_phys(pt->root) : paging_root());
    c->loaded = pt;
    if (old && old != pt)
        bit_clear(&old->cpus, c->id);
}

/* ---- user mode ---- */

void arch_user_frame(struct trap_frame *f, u64 rip, u64 rsp)
{
    memset(f, 0, sizeof(*f));
    f->rip = rip;
    f->rsp = rsp;
    f->cs = SEL_USER_CODE;
    f->ss = SEL_USER_DATA;
    f->rflags = FLAG_IF | 2;
}

void arch_enter_user(struct trap_frame *f)
{
    irq_disable();
    user_return_work(f);
    enter_user(f);
}

void arch_set_fs_base(u64 base)
{
    current_task()->arch.fs_base = base;
    __asm__ volatile("mov %0, %%fs" : : "r"(0));
    wrmsr(MSR_FS_BASE, base);
}

/* ---- what user code has in the other registers ---- */

void arch_user_init(struct arch_task *t)
{
    memcpy(t->fpu, clean_fpu, sizeof(t->fpu));
    t->selectors = (struct selectors){0};
}

void arch_user_copy_current(struct arch_task *child)
{
    arch_fpu_save(child->fpu);
    child->selectors = read_selectors();
}

/* Not switched away between the steps: the registers that a switch would save
   are still the old program's. */
void arch_user_reset(void)
{
    u64 flags = irq_save();

    arch_fpu_reset();
    load_selectors((struct selectors){0});
    arch_set_fs_base(0);
    irq_restore(flags);
}

void arch_fpu_reset(void)
{
    __asm__ volatile("fxrstor64 %0" : : "m"(clean_fpu));
}

void arch_fpu_save(void *image512)
{
    __asm__ volatile("fxsave64 %0" : "=m"(*(u8(*)[512])image512));
}

/* A reserved bit in MXCSR would fault here, in the kernel: it is dropped, as
   Linux does. */
void arch_fpu_load(void *image512)
{
    u32 *mxcsr = (u32 *)image512 + 6;
    u32 mask = ((const u32 *)clean_fpu)[7];

    *mxcsr &= mask ? mask : 0xffbfu;
    __asm__ volatile("fxrstor64 %0" : : "m"(*(const u8(*)[512])image512));
}

/* ---- idling ---- */

void arch_idle(void)
{
    __asm__ volatile("sti; hlt" : : : "memory");
}
