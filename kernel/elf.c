/* SPDX-License-Identifier: MIT */
/*
 * ELF64 for x86-64, and nothing in the file is believed.
 *
 * elf_read() turns the program headers into segments of which these hold,
 * and everything after it relies on that:
 *  1. start <= file_end <= end <= USER_END, and nothing wrapped around;
 *  2. the file's bytes are in the file;
 *  3. address and offset agree within a page, so that the file can be mapped;
 *  4. segments ascend, and no two touch the same page;
 *  5. a segment with zeroes behind the file's bytes is writable.
 */
#include <fs/file.h>
#include <kernel/elf.h>
#include <kernel/errno.h>
#include <kernel/string.h>
#include <kernel/uaccess.h>
#include <mm/filemap.h>
#include <mm/mm.h>
#include <mm/slab.h>

#define ET_EXEC      2
#define ET_DYN       3
#define EM_X86_64    62
#define PT_LOAD      1
#define PT_INTERP    3
#define PT_GNU_STACK 0x6474e551u
#define PF_X         1u
#define PF_W         2u
#define PF_R         4u
#define MAX_PHDRS    128

/* Class 64, little-endian, version 1. */
static const u8 elf_ident[7] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

struct elf_header {
    u8 ident[16];
    u16 type, machine;
    u32 version;
    u64 entry, phoff, shoff;
    u32 flags;
    u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_phdr {
    u32 type, flags;
    u64 offset, vaddr, paddr, filesz, memsz, align;
};

_Static_assert(sizeof(struct elf_phdr) == ELF_PHDR_SIZE, "the format");

/* Exactly len bytes, or the file is not what it says. */
static int read_exact(struct inode *inode, u64 pos, void *buf, u64 len)
{
    s64 n = inode_read_kernel(inode, pos, buf, len);

    if (n < 0)
        return (int)n;
    return (u64)n == len ? 0 : -ENOEXEC;
}

/* phoff + the headers' size is not checked here: reading them is the check,
   as only bytes that are there can be read. */
static bool header_ok(const struct elf_header *h, u64 file_size)
{
    return memcmp(h->ident, elf_ident, sizeof(elf_ident)) == 0 &&
           (h->type == ET_EXEC || h->type == ET_DYN) &&
           h->machine == EM_X86_64 && h->phentsize == ELF_PHDR_SIZE &&
           h->phnum > 0 && h->phnum <= MAX_PHDRS && h->phoff <= file_size;
}

static u32 segment_flags(u32 p_flags)
{
    return (p_flags & PF_R ? VM_READ : 0) | (p_flags & PF_W ? VM_WRITE : 0) |
           (p_flags & PF_X ? VM_EXEC : 0);
}

/* Conditions 1 to 3 and 5 above, before anything is added up. */
static bool load_ok(const struct elf_phdr *ph, u64 file_size)
{
    return ph->filesz <= ph->memsz && ph->memsz <= USER_END &&
           ph->vaddr <= USER_END - ph->memsz && ph->filesz <= file_size &&
           ph->offset <= file_size - ph->filesz &&
           (!ph->filesz || ((ph->vaddr ^ ph->offset) & ~PAGE_MASK) == 0) &&
           (ph->filesz == ph->memsz || (ph->flags & PF_W));
}

static int add_load(struct elf_image *img, const struct elf_header *h,
                    const struct elf_phdr *ph, u64 file_size)
{
    struct elf_segment *s = &img->seg[img->nr_segs];

    if (!load_ok(ph, file_size) || img->nr_segs == ELF_MAX_SEGMENTS)
        return -ENOEXEC;
    if (ph->memsz == 0)
        return 0;
    if (img->nr_segs && PAGE_DOWN(ph->vaddr) < elf_end(img))
        return -ENOEXEC; /* condition 4 */
    s->start = ph->vaddr;
    s->file_end = ph->vaddr + ph->filesz;
    s->end = ph->vaddr + ph->memsz;
    s->offset = ph->offset;
    s->vm_flags = segment_flags(ph->flags);
    img->nr_segs++;
    /* The program headers are in memory if a segment holds them. */
    if (h->phoff >= ph->offset && h->phoff - ph->offset < ph->filesz)
        img->phdr = ph->vaddr + (h->phoff - ph->offset);
    return 0;
}

/* The linker's path: a string that ends where the header says. */
static int read_interp(struct elf_image *img, struct inode *inode,
                       const struct elf_phdr *ph)
{
    int err;

    if (ph->filesz < 2 || ph->filesz > sizeof(img->interp))
        return -ENOEXEC;
    err = read_exact(inode, ph->offset, img->interp, ph->filesz);
    if (!err && img->interp[ph->filesz - 1] != 0)
        err = -ENOEXEC;
    return err;
}

static int take_phdr(struct elf_image *img, struct inode *inode,
                     const struct elf_header *h, const struct elf_phdr *ph)
{
    switch (ph->type) {
    case PT_LOAD:
        return add_load(img, h, ph, inode->data->size);
    case PT_INTERP:
        return read_interp(img, inode, ph);
    case PT_GNU_STACK:
        img->exec_stack = ph->flags & PF_X;
        return 0;
    default:
        return 0;
    }
}

/* Linux would start the program and let it fault; here it is the file's
   mistake, and the old program is told. */
static bool entry_ok(const struct elf_image *img)
{
    for (unsigned i = 0; i < img->nr_segs; i++)
        if (img->entry >= img->seg[i].start && img->entry < img->seg[i].end)
            return true;
    return false;
}

/* One copy of the table is read and checked; a file that is being written
   meanwhile cannot change it under us. */
static int take_phdrs(struct elf_image *img, struct inode *inode,
                      const struct elf_header *h)
{
    u64 size = (u64)h->phnum * ELF_PHDR_SIZE;
    struct elf_phdr *ph = kmalloc(size, ALLOC_KERNEL);
    int err;

    if (!ph)
        return -ENOMEM;
    err = read_exact(inode, h->phoff, ph, size);
    for (unsigned i = 0; i < h->phnum && !err; i++)
        err = take_phdr(img, inode, h, &ph[i]);
    kfree(ph);
    return err;
}

int elf_read(struct inode *inode, struct elf_image *img)
{
    struct elf_header h;
    int err;

    memset(img, 0, sizeof(*img));
    err = read_exact(inode, 0, &h, sizeof(h));
    if (err)
        return err;
    if (!header_ok(&h, inode->data->size))
        return -ENOEXEC;
    img->movable = h.type == ET_DYN;
    img->entry = h.entry;
    img->phnum = h.phnum;
    err = take_phdrs(img, inode, &h);
    if (!err && !entry_ok(img))
        err = -ENOEXEC;
    return err;
}

u64 elf_end(const struct elf_image *img)
{
    return PAGE_UP(img->seg[img->nr_segs - 1].end);
}

/* Condition 1 held at 0; below the limit it holds after the shift. */
int elf_place(struct elf_image *img, u64 base, u64 limit)
{
    u64 shift = img->movable ? base : 0;

    if (elf_end(img) > limit - shift)
        return -ENOEXEC;
    for (unsigned i = 0; i < img->nr_segs; i++) {
        img->seg[i].start += shift;
        img->seg[i].file_end += shift;
        img->seg[i].end += shift;
    }
    img->entry += shift;
    if (img->phdr)
        img->phdr += shift;
    return 0;
}

/* The last page of the file's part may show what follows in the file, until
   elf_zero_tails has written there: into this process's copy of it. */
static int map_segment(const struct elf_segment *s, struct mm *mm,
                       struct mapping *file)
{
    bool has_file = s->file_end > s->start;
    u64 zeroes = has_file ? PAGE_UP(s->file_end) : PAGE_DOWN(s->start);
    u64 end = PAGE_UP(s->end);
    int err = 0;

    if (has_file)
        err = mm_map_fixed(mm, PAGE_DOWN(s->start), zeroes, s->vm_flags, file,
                           s->offset >> PAGE_SHIFT, NULL);
    if (!err && end > zeroes)
        err = mm_map_fixed(mm, zeroes, end, s->vm_flags, NULL, 0, NULL);
    return err;
}

/* An address that mm/ refuses (below the lowest) is the file's fault. */
int elf_map(const struct elf_image *img, struct mm *mm, struct inode *inode)
{
    int err = 0;

    for (unsigned i = 0; i < img->nr_segs && !err; i++)
        err = map_segment(&img->seg[i], mm, inode->data);
    return err && err != -ENOMEM ? -ENOEXEC : err;
}

/* Fails only if the file was cut short since it was checked, or if there is
   no memory. */
int elf_zero_tails(const struct elf_image *img)
{
    for (unsigned i = 0; i < img->nr_segs; i++) {
        const struct elf_segment *s = &img->seg[i];
        u64 page_end = PAGE_UP(s->file_end);

        if (s->file_end > s->start && s->end > s->file_end &&
            page_end > s->file_end &&
            clear_user(s->file_end, page_end - s->file_end))
            return -EFAULT;
    }
    return 0;
}
