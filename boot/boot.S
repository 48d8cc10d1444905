/* SPDX-License-Identifier: MIT */
/*
 * From the loader's 32 bits to long mode and the upper half.
 *
 * The loader enters at _start with paging off, eax = its magic number and ebx =
 * its information block. Two page tables' worth of large pages map the first
 * GiB twice, at its own address and at KERNEL_BASE; kernel/x86/paging.c builds
 * the real tables later.
 */
#define MAGIC     0x1badb002
#define FLAGS     0x3            /* pages aligned, memory map wanted */
#define BOOTED_BY 0x2badb002
#define COM1      0x3f8

    .section .boot.header, "a"
    .align 4
    .long MAGIC, FLAGS, -(MAGIC + FLAGS)

    .section .boot, "awx"
    .code32
    .globl _start
_start:
    cli
    cld
    mov %eax, %ebp               /* both survive until long mode */
    mov %ebx, %edi
    mov $boot_stack_low, %esp
    mov $banner, %esi
    call say
    cmp $BOOTED_BY, %ebp
    jne not_multiboot
    mov $0x80000000, %eax        /* long mode? */
    cpuid
    cmp $0x80000001, %eax
    jb no_long_mode
    mov $0x80000001, %eax
    cpuid
    bt $29, %edx
    jnc no_long_mode
    call build_tables
    mov $boot_pml4, %eax
    mov %eax, %cr3
    mov %cr4, %eax
    or $0x20, %eax               /* PAE */
    mov %eax, %cr4
    mov $0xc0000080, %ecx        /* EFER: LME, NXE */
    rdmsr
    or $0x900, %eax
    wrmsr
    mov %cr0, %eax
    or $0x80010000, %eax         /* PG, WP */
    mov %eax, %cr0
    lgdt boot_gdt_ptr
    ljmp $0x08, $in_long_mode

/* 512 large pages of 2 MiB: the first GiB. */
build_tables:
    mov $boot_pd, %ebx
    mov $0x83, %eax              /* present, writable, large */
    mov $512, %ecx
1:  mov %eax, (%ebx)
    movl $0, 4(%ebx)
    add $0x200000, %eax
    add $8, %ebx
    loop 1b
    movl $boot_pdpt_low + 3, boot_pml4
    movl $boot_pdpt_high + 3, boot_pml4 + 511 * 8
    movl $boot_pd + 3, boot_pdpt_low
    movl $boot_pd + 3, boot_pdpt_high + 510 * 8
    ret

/* Print the string at esi; SeaBIOS has set the port up, or nobody listens. */
say:
    lodsb
    test %al, %al
    jz 2f
    mov %al, %ah
    mov $COM1 + 5, %dx
    mov $100000, %ecx
1:  in %dx, %al
    test $0x20, %al
    loopz 1b
    mov %ah, %al
    mov $COM1, %dx
    out %al, %dx
    jmp say
2:  ret

not_multiboot:
    mov $why_multiboot, %esi
    jmp stop
no_long_mode:
    mov $why_long_mode, %esi
stop:
    call say
1:  hlt
    jmp 1b

    /* A debugger's backtrace ends here: nobody called this. */
    .code64
    .cfi_sections .debug_frame
    .cfi_startproc
    .cfi_undefined rip
in_long_mode:
    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %eax, %fs
    mov %eax, %gs
    mov $boot_stack_top, %rsp
    mov %edi, %edi               /* the loader's block: boot_main's argument */
    xor %ebp, %ebp
    mov $boot_main, %rax
    call *%rax
1:  hlt
    jmp 1b
    .cfi_endproc

banner:
    .asciz "hotcow: booting\n"
why_multiboot:
    .asciz "hotcow: not started by a multiboot loader; stopped\n"
why_long_mode:
    .asciz "hotcow: this processor has no 64-bit mode; stopped\n"

    .align 8
boot_gdt:
    .quad 0
    .quad 0x00af9a000000ffff     /* 64-bit code */
boot_gdt_ptr:
    .word . - boot_gdt - 1
    .long boot_gdt

    .align 4096
    .globl boot_pml4
boot_pml4:      .skip 4096
boot_pdpt_low:  .skip 4096
boot_pdpt_high: .skip 4096
boot_pd:        .skip 4096
    .skip 256
boot_stack_low:

    .section .note.GNU-stack, "", @progbits
