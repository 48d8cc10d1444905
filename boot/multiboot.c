/* SPDX-License-Identifier: MIT */
/*
 * The loader's information, brought into one form.
 *
 * QEMU's -kernel and GRUB differ: QEMU puts the image's path before the
 * arguments, and a module's path before its own; GRUB gives arguments only.
 * What is kept is copied, as the loader's memory is given away later.
 */
#include <kernel/boot.h>
#include <kernel/print.h>
#include <kernel/string.h>

#define KERNEL_BASE 0xffffffff80000000ull

#define HAS_CMDLINE (1u << 2)
#define HAS_MODULES (1u << 3)
#define HAS_MMAP    (1u << 6)
#define HAS_LOADER  (1u << 9)

struct mb_info {
    u32 flags, mem_lower, mem_upper, boot_device, cmdline, mods_count,
        mods_addr, syms[4], mmap_length, mmap_addr, drives_length, drives_addr,
        config_table, loader_name;
};

struct mb_module {
    u32 start, end, string, reserved;
};

struct mb_range { /* size does not count itself */
    u32 size;
    u64 base, length;
    u32 type; /* 1 = usable */
} __attribute__((packed));

struct boot_info boot_info;

static char cmdline[1024], loader[32], module_args[BOOT_MAX_MODULES][64];

/* QEMU's way: the text behind the path. A path with a blank in it leaves its
   end, which is no word that the kernel knows. */
static const char *without_path(const char *s)
{
    const char *blank = strchr(s, ' ');

    if (strcmp(loader, "qemu"))
        return s;
    return blank ? blank + 1 : "";
}

/* The first GiB is mapped at KERNEL_BASE; everything from the loader lies
   in it. */
static const void *early(u32 phys)
{
    return (const void *)(KERNEL_BASE + phys);
}

static void reserve(u64 start, u64 end)
{
    if (boot_info.nr_reserved < BOOT_MAX_RANGES && start < end)
        boot_info.reserved[boot_info.nr_reserved++] =
            (struct boot_range){start, end};
}

static void take_range(const struct mb_range *r)
{
    unsigned at = boot_info.nr_ram;

    if (r->type != 1 || at == BOOT_MAX_RANGES || r->length == 0)
        return;
    for (; at > 0 && boot_info.ram[at - 1].start > r->base; at--)
        boot_info.ram[at] = boot_info.ram[at - 1];
    boot_info.ram[at] = (struct boot_range){r->base, r->base + r->length};
    boot_info.nr_ram++;
}

static void take_memory(const struct mb_info *mb)
{
    u32 at = mb->mmap_addr, end = mb->mmap_addr + mb->mmap_length;

    if (!(mb->flags & HAS_MMAP)) { /* an old loader: one piece above 1 MiB */
        struct mb_range r = {0, 1u << 20, (u64)mb->mem_upper << 10, 1};

        take_range(&r);
        return;
    }
    while (at < end) {
        const struct mb_range *r = early(at);

        take_range(r);
        at += r->size + sizeof(r->size);
    }
}

static void take_modules(const struct mb_info *mb)
{
    const struct mb_module *m = early(mb->mods_addr);

    if (!(mb->flags & HAS_MODULES))
        return;
    for (u32 i = 0; i < mb->mods_count && i < BOOT_MAX_MODULES; i++) {
        boot_info.modules[i] = (struct boot_range){m[i].start, m[i].end};
        str_copy(module_args[i],
                 m[i].string ? without_path(early(m[i].string)) : "",
                 sizeof(module_args[i]));
        boot_info.module_args[i] = module_args[i];
        boot_info.nr_modules++;
        reserve(PAGE_DOWN(m[i].start), PAGE_UP(m[i].end));
    }
}

extern char image_start[], image_end[];

/* The end of 32-bit boot.S; rdi = the loader's block. */
void boot_main(u32 info);

void boot_main(u32 info)
{
    const struct mb_info *mb = early(info);

    str_copy(loader, mb->flags & HAS_LOADER ? early(mb->loader_name) : "?",
             sizeof(loader));
    str_copy(cmdline,
             mb->flags & HAS_CMDLINE ? without_path(early(mb->cmdline)) : "",
             sizeof(cmdline));
    boot_info.loader = loader;
    boot_info.cmdline = cmdline;
    boot_info.kernel =
        (struct boot_range){(u64)image_start, (u64)image_end - KERNEL_BASE};
    reserve(0, 1u << 20); /* firmware, and the processors' trampoline */
    reserve(boot_info.kernel.start, boot_info.kernel.end);
    take_memory(mb);
    take_modules(mb);
    kmain();
}

/* ---- the command line ---- */

/* The text behind `key` where it stands as a word of its own, or NULL. */
static const char *find_word(const char *key)
{
    size_t len = strlen(key);
    const char *at = boot_info.cmdline;

    while (at && (at = strstr(at, key))) {
        bool begins = at == boot_info.cmdline || at[-1] == ' ';
        char next = at[len];

        if (begins && (next == '=' || next == ' ' || next == 0))
            return at + len;
        at += len;
    }
    return NULL;
}

bool cmdline_get(const char *key, char *buf, size_t size)
{
    const char *at = find_word(key);
    size_t n = 0;

    if (!at)
        return false;
    if (*at == '=')
        at++;
    while (*at && *at != ' ' && n + 1 < size)
        buf[n++] = *at++;
    if (size)
        buf[n] = 0;
    return true;
}

u64 cmdline_u64(const char *key, u64 otherwise)
{
    char word[32];

    if (!cmdline_get(key, word, sizeof(word)) || !word[0])
        return otherwise;
    return str_to_u64(word, NULL);
}
