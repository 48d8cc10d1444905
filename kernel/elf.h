/* SPDX-License-Identifier: MIT */
/* ELF files as exec wants them: read, checked, placed, mapped. */
#ifndef KERNEL_ELF_H
#define KERNEL_ELF_H

#include <kernel/types.h>

struct inode;
struct mm;

#define ELF_MAX_SEGMENTS 32
#define ELF_MAX_INTERP   256

/* Bytes [start, file_end) come from the file, [file_end, end) are zero. */
struct elf_segment {
    u64 start, file_end, end;
    u64 offset;   /* of start, in the file */
    u32 vm_flags; /* enum vma_flags */
};

struct elf_image {
    struct elf_segment seg[ELF_MAX_SEGMENTS]; /* ascending, no page shared */
    unsigned nr_segs;
    bool movable;    /* ET_DYN: may be placed anywhere */
    bool exec_stack; /* asks for an executable stack */
    u64 entry;
    u64 phdr;  /* where the program headers are in memory; 0 = nowhere */
    u64 phnum; /* how many */
    char interp[ELF_MAX_INTERP]; /* "" = none */
};

/* Where images may lie, so that stack and mmap have room of their own. */
#define ELF_PIE_BASE    0x555555400000ull
#define ELF_INTERP_BASE 0x7f0000000000ull
#define ELF_INTERP_END  0x7ff000000000ull

#define ELF_PHDR_SIZE 56

/* Read and check all of it. -ENOEXEC: not an ELF file that we can run. */
int elf_read(struct inode *inode, struct elf_image *img);
/* Shift a movable image to base; everything must end below limit. */
int elf_place(struct elf_image *img, u64 base, u64 limit);
int elf_map(const struct elf_image *img, struct mm *mm, struct inode *inode);
/* Zero what follows the file's bytes in its last page. The mm is current. */
int elf_zero_tails(const struct elf_image *img);
/* The first page address behind the image. */
u64 elf_end(const struct elf_image *img);

#endif
