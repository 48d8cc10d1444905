/* SPDX-License-Identifier: MIT */
/*
 * Programs that are none: each is this very program with one thing broken.
 * exec says what is wrong, or the process is killed; the parent goes on.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLED (-1) /* by a signal, after exec could not go back */
#define EITHER (-2) /* an error or a signal: as it comes */

static char *image, *copy;
static long size;

static Elf64_Ehdr *head(void)
{
    return (Elf64_Ehdr *)copy;
}

/* Where the last byte lies that a program needs of its file. */
static long needed(void)
{
    Elf64_Ehdr *h = (Elf64_Ehdr *)image;
    Elf64_Phdr *p = (Elf64_Phdr *)(image + h->e_phoff);
    uint64_t end = 0;

    for (int i = 0; i < h->e_phnum; i++)
        if (p[i].p_type == PT_LOAD && p[i].p_offset + p[i].p_filesz > end)
            end = p[i].p_offset + p[i].p_filesz;
    return (long)end;
}

/* The n-th segment that is loaded. */
static Elf64_Phdr *load(int n)
{
    Elf64_Phdr *p = (Elf64_Phdr *)(copy + head()->e_phoff);

    while (p->p_type != PT_LOAD || n-- > 0)
        p++;
    return p;
}

static void bad_magic(void)
{
    copy[0] = 'x';
}
static void bad_class(void)
{
    copy[EI_CLASS] = ELFCLASS32;
}
static void bad_machine(void)
{
    head()->e_machine = EM_ARM;
}
static void bad_type(void)
{
    head()->e_type = ET_REL;
}
static void no_segments(void)
{
    head()->e_phnum = 0;
}
static void many_segments(void)
{
    head()->e_phnum = 60000;
}
static void odd_entries(void)
{
    head()->e_phentsize = 17;
}
static void headers_far(void)
{
    head()->e_phoff = 1ull << 60;
}
static void headers_beyond(void)
{
    head()->e_phoff = (uint64_t)size;
}
static void file_gt_mem(void)
{
    load(0)->p_memsz = load(0)->p_filesz - 1;
}
static void beyond_file(void)
{
    load(0)->p_offset = 1ull << 40;
}
static void in_kernel(void)
{
    load(0)->p_vaddr = 0xffffffff80000000ull;
}
static void at_edge(void)
{
    load(0)->p_vaddr = 0x7ffffffff000ull;
}
static void wraps(void)
{
    load(0)->p_memsz = ~0ull - 4096;
}
static void too_big(void)
{
    load(1)->p_memsz = 1ull << 46;
}
static void not_congruent(void)
{
    load(0)->p_vaddr += 1;
}
static void no_entry(void)
{
    head()->e_entry = 16;
}
static void entry_in_kernel(void)
{
    head()->e_entry = 0xffffffff80000000ull;
}

static const struct {
    const char *name;
    void (*damage)(void);
    int expect;
} cases[] = {
    {"magic", bad_magic, ENOEXEC},
    {"class", bad_class, EITHER}, /* Linux may run 32-bit programs */
    {"machine", bad_machine, ENOEXEC},
    {"type", bad_type, ENOEXEC},
    {"no segments", no_segments, ENOEXEC},
    {"too many segments", many_segments, ENOEXEC},
    {"size of headers", odd_entries, ENOEXEC},
    {"headers far away", headers_far, EITHER},
    {"headers beyond the end", headers_beyond, EITHER},
    {"more in the file than in memory", file_gt_mem, EITHER},
    {"a segment beyond the file", beyond_file, EITHER},
    {"a segment in the kernel", in_kernel, EITHER},
    {"a segment over the edge", at_edge, EITHER},
    {"a segment that wraps", wraps, EITHER},
    {"a segment too big", too_big, EITHER},
    {"offset and address disagree", not_congruent, EITHER},
    {"entry nowhere", no_entry, EITHER},
    {"entry in the kernel", entry_in_kernel, EITHER},
};

static void put_file(const char *path, const void *data, size_t n, int mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

    if (fd < 0 || write(fd, data, n) != (ssize_t)n)
        hot_die("writing %s", path);
    close(fd);
}

/* exec's errno, or KILLED, or 0: it ran and ended well. */
static int try(const char *path)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        execl(path, path, "child", (char *)NULL);
        _exit(errno);
    }
    if (waitpid(pid, &status, 0) != pid)
        hot_die("waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : KILLED;
}

static void expect(const char *name, int got, int want)
{
    hot_expect(want == EITHER ? got != 0 : got == want, "%s: %s (%d)", name,
               got == KILLED ? "killed" : strerror(got), got);
}

static void broken_images(void)
{
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memcpy(copy, image, (size_t)size);
        cases[i].damage();
        put_file("/tmp/bad", copy, (size_t)size, 0755);
        expect(cases[i].name, try("/tmp/bad"), cases[i].expect);
    }
}

static void truncated_images(void)
{
    for (long n = 0; n < needed(); n = n < 256 ? n + 37 : n * 2) {
        put_file("/tmp/bad", image, (size_t)n, 0755);
        expect("cut short", try("/tmp/bad"), n < 64 ? ENOEXEC : EITHER);
    }
}

static void script(const char *name, const char *text, int want)
{
    put_file("/tmp/bad", text, strlen(text), 0755);
    expect(name, try("/tmp/bad"), want);
}

static void no_images(void)
{
    expect("not there", try("/tmp/nothing"), ENOENT);
    expect("a folder", try("/tmp"), EACCES);
    put_file("/tmp/plain", image, (size_t)size, 0644);
    expect("not executable", try("/tmp/plain"), EACCES);
    expect("below a file", try("/tmp/plain/x"), ENOTDIR);
    script("text", "echo hello\n", ENOEXEC);
    script("#! of nothing", "#!\n", ENOEXEC);
    script("#! of what is not there", "#!/tmp/nothing\n", ENOENT);
    script("#! of itself", "#!/tmp/bad\n", ELOOP);
    script("#! of a folder", "#! /tmp\n", EACCES);
}

int main(int argc, char **argv)
{
    struct stat st;
    int fd;

    if (argc > 1)
        return 0; /* as a child that could be run after all */
    hot_begin("badelf");
    fd = open(argv[0], O_RDONLY);
    if (fd < 0 || fstat(fd, &st))
        hot_die("reading myself");
    size = st.st_size;
    image = malloc((size_t)size);
    copy = malloc((size_t)size);
    if (read(fd, image, (size_t)size) != size)
        hot_die("reading myself");
    put_file("/tmp/good", image, (size_t)size, 0755);
    expect("a good copy", try("/tmp/good"), 0);
    broken_images();
    truncated_images();
    no_images();
    return hot_end();
}
