/* SPDX-License-Identifier: MIT */
/*
 * Where another processor begins: in real mode, at 0x8000, whither smp.c has
 * copied this. It goes straight to long mode on the kernel's page table, whose
 * first 2 MiB are mapped at their own address for this moment.
 */
#define BASE 0x8000
#define AT(x) (BASE + (x) - trampoline_start)

    .section .rodata
    .globl trampoline_start, trampoline_end, trampoline_args
    .code16
trampoline_start:
    cli
    xor %ax, %ax
    mov %ax, %ds
    lgdtl AT(gdt_ptr)
    mov $0xa0, %eax              /* PAE, PGE */
    mov %eax, %cr4
    movl AT(trampoline_args), %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx        /* EFER: LME, NXE */
    rdmsr
    or $0x900, %eax
    wrmsr
    mov $0x80010001, %eax        /* PG, WP, PE */
    mov %eax, %cr0
    ljmpl $0x08, $AT(long_mode)

    .code64
long_mode:
    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %eax, %fs
    mov %eax, %gs
    mov $1, %eax
    cpuid                        /* ebx: this APIC's number on top */
    shr $24, %ebx
    shl $5, %ebx
    mov AT(trampoline_args) + 8, %rdi
    add %rbx, %rdi               /* struct start: its stack comes first */
    mov (%rdi), %rsp
    mov AT(trampoline_args) + 16, %rax
    xor %ebp, %ebp
    call *%rax
    ud2

    .align 8
gdt:
    .quad 0
    .quad 0x00af9a000000ffff
gdt_ptr:
    .word 15
    .long AT(gdt)
    .align 8
trampoline_args:                 /* page table, struct start[], function */
    .skip 24
trampoline_end:

    .section .note.GNU-stack, "", @progbits
