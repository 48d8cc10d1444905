/* SPDX-License-Identifier: MIT */
/*
 * The ways into the kernel and out of it: 256 vectors, and system calls.
 *
 * All of them build a struct trap_frame on the kernel stack. %gs is the
 * kernel's in the kernel and the user's in user mode: swapped at the border,
 * which the saved code segment tells. An NMI or a double fault may come on the
 * border itself, so there %gs is asked (paranoid).
 */
#define RCX    56
#define R11    48
#define RIP    136
#define CS     144
#define RFLAGS 152
#define RSP    160
#define FLAGS_TF_RF 0x10100
#define CPU_KERNEL_SP 16
#define CPU_USER_SP   24

    .text

    .macro SAVE
    push %r9
    push %r8
    push %r10
    push %rdx
    push %rsi
    push %rdi
    push %rax
    push %rcx
    push %r11
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    .endm

    .macro RESTORE
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    pop %r11
    pop %rcx
    pop %rax
    pop %rdi
    pop %rsi
    pop %rdx
    pop %r10
    pop %r8
    pop %r9
    .endm

/* An interrupt may come in the middle of a copy from user memory, with the AC
   flag set: the handler must not have it. */
    .macro CLEAR_AC
    cmpb $0, cpu_has_smap(%rip)
    je 77f
    clac
77:
    .endm

/* One stub a vector, 16 bytes each. These push an error code themselves. */
    .macro STUB n
    .align 16
    .if (\n == 8) || (\n >= 10 && \n <= 14) || (\n == 17) || (\n == 21) || \
        (\n == 29) || (\n == 30)
    .else
    push $0
    .endif
    push $\n
    .if (\n == 2) || (\n == 8) || (\n == 18)
    jmp paranoid
    .else
    jmp common
    .endif
    .endm

    .align 16
    .globl vector_stubs
vector_stubs:
    .altmacro
    .set n, 0
    .rept 256
    STUB %n
    .set n, n + 1
    .endr

common:
    cld
    SAVE
    CLEAR_AC
    testb $3, CS(%rsp)
    jz 1f
    swapgs
1:  mov %rsp, %rdi
    xor %ebp, %ebp
    call trap_handler
    .globl return_from_trap
return_from_trap:            /* interrupts off; rsp = the frame */
    testb $3, CS(%rsp)
    jz 2f
    swapgs
2:  RESTORE
    add $16, %rsp            /* vector, error */
    iretq

paranoid:
    cld
    SAVE
    CLEAR_AC
    xor %ebx, %ebx
    mov $0xc0000101, %ecx    /* GS base: the kernel's is negative */
    rdmsr
    test %edx, %edx
    js 1f
    swapgs
    inc %ebx
1:  mov %rsp, %rdi
    xor %ebp, %ebp
    call trap_paranoid
    test %ebx, %ebx
    jz 2f
    swapgs
2:  RESTORE
    add $16, %rsp
    iretq

/*
 * syscall: rcx = where to return, r11 = the flags; interrupts are off until we
 * have a stack.
 */
    .globl syscall_entry
syscall_entry:
    swapgs
    mov %rsp, %gs:CPU_USER_SP
    mov %gs:CPU_KERNEL_SP, %rsp
    push $0x1b
    push %gs:CPU_USER_SP
    push %r11
    push $0x23
    push %rcx
    push $0
    push $0x100
    SAVE
    mov %rsp, %rdi
    xor %ebp, %ebp
    call trap_syscall
    /*
     * sysret, which is faster, loads rip from rcx and flags from r11: good if
     * the frame still says what it did. With a non-canonical rip it would
     * fault in the kernel with the user's stack; with TF the trap comes before
     * the next instruction, and a program that is stepped through would stay
     * at that one for ever, as each rt_sigreturn comes back this way; and RF
     * it does not load. Hence the last tests.
     */
    mov RCX(%rsp), %rcx
    mov R11(%rsp), %r11
    cmp RIP(%rsp), %rcx
    jne return_from_trap
    cmp RFLAGS(%rsp), %r11
    jne return_from_trap
    test $FLAGS_TF_RF, %r11d
    jnz return_from_trap
    bt $47, %rcx
    jc return_from_trap
    RESTORE
    mov 40(%rsp), %rsp       /* vector, error, rip, cs, flags, then rsp */
    swapgs
    sysretq

/* void enter_user(struct trap_frame *f): interrupts off. */
    .globl enter_user
enter_user:
    mov %rdi, %rsp
    jmp return_from_trap

/* void switch_stacks(u64 *save, u64 next) */
    .globl switch_stacks
switch_stacks:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret

/* The first thing a new task does: arch_task_init put fn in r12, arg in r13. */
    .globl task_first
task_first:
    xor %ebp, %ebp
    mov %r13, %rdi
    sub $8, %rsp /* as C wants it: 16 bytes aligned at the call */
    call *%r12
    ud2

    .section .note.GNU-stack, "", @progbits
