/* SPDX-License-Identifier: MIT */
/*
 * What kernel/ asks of the processor: the rest of kernel/x86/'s public face.
 */
#ifndef KERNEL_X86_ARCH_H
#define KERNEL_X86_ARCH_H

#include <kernel/current.h>
#include <kernel/irq.h>
#include <kernel/types.h>
#include <kernel/x86/percpu.h>
#include <kernel/x86/pgtable.h>

/* The registers of an interrupted user or kernel context, as pushed. */
struct trap_frame {
    u64 r15, r14, r13, r12, rbp, rbx;
    u64 r11, rcx, rax;
    union {
        struct {
            u64 rdi, rsi, rdx, r10, r8, r9;
        };
        u64 args[6]; /* of a system call, in their order */
    };
    u64 vector, error; /* vector: also says "system call" */
    u64 rip, cs, rflags, rsp, ss;
};

static inline bool frame_is_user(const struct trap_frame *f)
{
    return (f->cs & 3) == 3;
}

/* 64 bits that differ each time; how well they can be foretold depends on the
   processor (kernel/random.c). Any context. */
u64 arch_entropy(void);

/* What user code may load, and the kernel does not use. */
struct selectors {
    u16 ds, es, fs, gs;
};

/* A task's processor state that is not in a trap frame. Part of the task;
   while it runs, the processor has newer selectors and FPU registers. */
struct arch_task {
    u64 kernel_sp; /* saved by context_switch */
    u64 fs_base;   /* user's thread pointer, as the kernel set it */
    struct selectors selectors;               /* saved by context_switch */
    u8 fpu[512] __attribute__((aligned(16))); /* fxsave image */
};

/* In a loop that waits for another processor. */
static inline void cpu_relax(void)
{
    __builtin_ia32_pause();
}

/* Boot, in order (kmain calls them). */
void arch_early_init(void); /* descriptor tables, traps, serial, CPU checks */
void arch_map_memory(void); /* kernel page tables, direct map; after this
                                boot memory is W^X and all reachable */
void arch_init(void);       /* after mm_boot: ACPI MADT, LAPIC, IOAPIC,
                                clock, system-call entry */
void arch_start_cpus(void); /* after sched_init: the other processors call
                                sched_cpu_ready() each, on their idle task */

/*
 * Switch from prev to next (both struct task's arch part): saves callee-saved
 * registers and FPU state, loads the other's. Interrupts off. Returns when
 * prev is switched to again.
 */
void context_switch(struct arch_task *prev, struct arch_task *next,
                    u64 next_stack_top);
/* Load a user page table, or the kernel's (NULL). Interrupts off. */
void pgtable_load(struct pgtable *pt);

/* Prepare a new task: the first context_switch to it calls fn(arg) on the
   given stack with interrupts off (fn must not return). */
void arch_task_init(struct arch_task *t, void *stack_top, void (*fn)(void *arg),
                    void *arg);
/* Go to user mode with these registers; does not return. Handles pending
   work (signals, reschedule) by calling user_return_work() first. */
void arch_enter_user(struct trap_frame *f) NORETURN;
/* The registers of a program that starts: all 0 but these; user segments,
   interrupts on. */
void arch_user_frame(struct trap_frame *f, u64 rip, u64 rsp);
/* What user code has in the registers that are not in its frame: those of a
   program that starts, for a task that does not run yet; a copy of the current
   ones, for a child; and the current task's as at a program's start (exec). */
void arch_user_init(struct arch_task *t);
void arch_user_copy_current(struct arch_task *child);
void arch_user_reset(void);
/* The FPU alone, of the current task, as at a program's start. */
void arch_fpu_reset(void);
/* The current task's live FPU registers <-> 512 bytes (signal frames). */
void arch_fpu_save(void *image512);
void arch_fpu_load(void *image512); /* what cannot be loaded is dropped */
void arch_set_fs_base(u64 base);    /* of the current task, at once */

/* Interrupts on, wait for one. Called with interrupts off by the idle loop;
   enabling and halting are one step: no wake-up is lost. */
void arch_idle(void);
/* Make another processor look at need_resched. */
void arch_kick_cpu(unsigned cpu);
/* One-shot clock interrupt on this processor at now_ns() >= when;
   calls timer_interrupt(). 0 = none: nothing stays armed. */
void arch_set_clock(u64 when);

void arch_power_off(void) NORETURN; /* set by ACPI; else halts */
extern void (*arch_power_off_hook)(void);
void arch_reboot(void) NORETURN;
/* isa-debug-exit, if a test device is there: process status code*2+1. */
void arch_debug_exit(u8 code);
/* Stop all other processors for good (panic). */
void arch_stop_others(void);
/* Print a symbolised backtrace of the current context, or of a frame. */
void arch_backtrace(const struct trap_frame *f);

/* Called by kernel/x86, provided by kernel/: */
void syscall_dispatch(struct trap_frame *f); /* result in f->rax */
/* Before every return to user mode; interrupts off on entry and exit: run
   signals and rescheduling until there is nothing left to do. */
void user_return_work(struct trap_frame *f);
/* A fault in user mode (or on a user address in a copy: then returns false
   to let the exception table end the copy). Interrupts on. */
bool user_page_fault(u64 addr, bool write, bool exec, bool from_user,
                     struct trap_frame *f);
/* Another exception in user mode: a signal. */
void user_trap(unsigned vector, struct trap_frame *f);
void timer_interrupt(void);
/* At the end of every interrupt that hit preemptible kernel code. */
void preempt_check(void);
void sched_cpu_ready(void) NORETURN;

/* What the processor says of itself: kernel/x86/cpuinfo.c. */
struct cpu_facts {
    char vendor[16], name[56];
    u32 levels, family, model, stepping;
    u32 clflush, cache_kib, phys_bits, virt_bits;
    u64 tsc_hz;
    char flags[768];
};
void cpu_facts(struct cpu_facts *f);

#endif
