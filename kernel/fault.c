/* SPDX-License-Identifier: MIT */
/*
 * Traps of user programs: page faults that mm/ cannot mend, and the
 * processor's other complaints, become signals.
 */
#include <kernel/print.h>
#include <kernel/process_private.h>
#include <mm/mm.h>

#define ILL_ILLOPN 2
#define FPE_INTDIV 1
#define FPE_FLTINV 7
#define BUS_ADRALN 1
#define TRAP_BRKPT 1

static enum fault_result mend(u64 addr, bool write, bool exec)
{
    struct mm *mm = current_mm();

    if (!mm || addr >= USER_END)
        return FAULT_NO_AREA;
    if (exec)
        return mm_fault(mm, addr, FAULT_EXEC);
    return mm_fault(mm, addr, write ? FAULT_WRITE : FAULT_READ);
}

/*
 * No memory, and nothing to take it from: this process goes. If it is to die
 * anyway (perhaps the OOM killer chose it, and so the fault gave up), there
 * is nothing to say.
 */
static void out_of_memory(void)
{
    struct process *p = current_process();
    u64 flags;

    if (fatal_signal_pending() || current_task()->exiting)
        return;
    printk("%s[%d]: killed: no memory for a page\n", current_comm(),
           current_pid());
    flags = spin_lock_irqsave(&p->sig_lock);
    group_exit_start(p, SIGKILL);
    spin_unlock_irqrestore(&p->sig_lock, flags);
}

static void fault_signal(enum fault_result result, u64 addr)
{
    if (result == FAULT_NO_AREA)
        signal_force(SIGSEGV, SEGV_MAPERR, addr);
    else if (result == FAULT_NO_ACCESS)
        signal_force(SIGSEGV, SEGV_ACCERR, addr);
    else if (result == FAULT_BUS)
        signal_force(SIGBUS, BUS_ADRERR, addr);
}

/*
 * FAULT_KILLED needs no signal: one is pending, and is acted upon before user
 * mode is reached. A fault in a kernel copy gives EFAULT, except that a
 * process without memory is not asked for its opinion.
 */
bool user_page_fault(u64 addr, bool write, bool exec, bool from_user,
                     struct trap_frame *f)
{
    enum fault_result result;

    if (from_user)
        current_task()->frame = f;
    result = mend(addr, write, exec);
    if (result == FAULT_DONE)
        return true;
    if (result == FAULT_NO_MEMORY && current_task()->proc)
        out_of_memory();
    if (from_user)
        fault_signal(result, addr);
    return from_user;
}

void user_trap(unsigned vector, struct trap_frame *f)
{
    current_task()->frame = f;
    switch (vector) {
    case 0: /* divide error */
        signal_force(SIGFPE, FPE_INTDIV, f->rip);
        break;
    case 1: /* debug */
        signal_force(SIGTRAP, TRAP_BRKPT, f->rip);
        break;
    case 3: /* breakpoint: Linux says no more than that */
        signal_force(SIGTRAP, SI_KERNEL, 0);
        break;
    case 6: /* invalid opcode */
        signal_force(SIGILL, ILL_ILLOPN, f->rip);
        break;
    case 16: /* x87 */
    case 19: /* SSE */
        signal_force(SIGFPE, FPE_FLTINV, f->rip);
        break;
    case 17: /* alignment check */
        signal_force(SIGBUS, BUS_ADRALN, 0);
        break;
    default: /* general protection and its kin: no address is known */
        signal_force(SIGSEGV, SI_KERNEL, 0);
    }
}
