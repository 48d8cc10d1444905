/* SPDX-License-Identifier: MIT */
/*
 * Touching user memory. A fault at one of the marked instructions that cannot
 * be mended continues at its entry in .extable.
 */
    .macro MAY_FAULT at, instead
    .pushsection .extable, "a"
    .quad \at, \instead
    .popsection
    .endm

    .text

/* u64 user_copy(void *dst, const void *src, u64 n): 0, or not 0. */
    .globl user_copy
user_copy:
    mov %rdx, %rcx
    shr $3, %rcx
1:  rep movsq
    mov %edx, %ecx
    and $7, %ecx
2:  rep movsb
    xor %eax, %eax
    ret
3:  mov $1, %eax
    ret
    MAY_FAULT 1b, 3b
    MAY_FAULT 2b, 3b

/* u64 user_clear(void *dst, u64 n): 0, or not 0. */
    .globl user_clear
user_clear:
    mov %rsi, %rcx
    shr $3, %rcx
    xor %eax, %eax
1:  rep stosq
    mov %esi, %ecx
    and $7, %ecx
2:  rep stosb
    ret
3:  mov $1, %eax
    ret
    MAY_FAULT 1b, 3b
    MAY_FAULT 2b, 3b

/* u64 user_cmpxchg(u32 *p, u32 old, u32 new, u32 *found): 0, or not 0. */
    .globl user_cmpxchg
user_cmpxchg:
    mov %esi, %eax
1:  lock cmpxchg %edx, (%rdi)
    mov %eax, (%rcx)
    xor %eax, %eax
    ret
2:  mov $1, %eax
    ret
    MAY_FAULT 1b, 2b

    .section .note.GNU-stack, "", @progbits
