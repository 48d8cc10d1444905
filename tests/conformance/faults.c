/* SPDX-License-Identifier: MIT */
/* What a process is told when it touches what it may not. */
#include "say.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

static sigjmp_buf back;
static volatile int sig, code;
static void *volatile where;

static void on_fault(int s, siginfo_t *si, void *ctx)
{
    (void)ctx;
    sig = s;
    code = si->si_code;
    where = si->si_addr;
    siglongjmp(back, 1);
}

enum access { READ, WRITE, RUN };

static void touch(const char *name, char *p, enum access how)
{
    static const char *const words[] = {"read", "write", "run"};

    sig = 0;
    if (!sigsetjmp(back, 1)) {
        if (how == READ)
            (void)*(volatile char *)p;
        else if (how == WRITE)
            *(volatile char *)p = 1;
        else
            ((void (*)(void))p)();
    }
    FACT(sig, "%s %s: signal", words[how], name);
    FACT(code, "%s %s: code", words[how], name);
    FACT(where == p, "%s %s: address", words[how], name);
}

static void handler(void)
{
    static char stack[65536];
    stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction sa = {.sa_sigaction = on_fault,
                           .sa_flags = SA_SIGINFO | SA_ONSTACK};

    sigaltstack(&ss, NULL);
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    sigaction(SIGILL, &sa, NULL);
    sigaction(SIGTRAP, &sa, NULL);
    sigaction(SIGFPE, &sa, NULL);
}

static void everything(const char *name, char *p)
{
    touch(name, p, READ);
    touch(name, p, WRITE);
    touch(name, p, RUN);
}

static void areas(void)
{
    char *p =
        mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    everything("nothing allowed", p);
    mprotect(p, PAGE, PROT_READ);
    touch("read-only", p, WRITE);
    touch("read-only", p, RUN);
    mprotect(p, PAGE, PROT_READ | PROT_WRITE);
    p[0] = (char)0xc3;
    touch("no exec", p, RUN);
    mprotect(p, PAGE, PROT_READ | PROT_EXEC);
    sig = 0;
    touch("a function", p, RUN);
    munmap(p, 4 * PAGE);
    everything("unmapped", p);
    everything("null", NULL);
    everything("the kernel", KERNEL);
    touch("nobody's", ODD, READ);
    touch("nobody's", ODD, WRITE);
}

static void files(void)
{
    int fd = open("/tmp/cut", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char *s, *p;

    if (ftruncate(fd, PAGE + 10))
        return;
    s = mmap(NULL, 4 * PAGE, 3, MAP_SHARED, fd, 0);
    p = mmap(NULL, 4 * PAGE, 3, MAP_PRIVATE, fd, 0);
    touch("share in the file", s + PAGE, WRITE);
    touch("share in the last page", s + 2 * PAGE - 1, WRITE);
    touch("share beyond", s + 2 * PAGE, READ);
    touch("share beyond", s + 2 * PAGE, WRITE);
    touch("private beyond", p + 3 * PAGE, READ);
    touch("private beyond", p + 3 * PAGE, WRITE);
    p[0] = 3;
    p[PAGE] = 3;
    s[0] = 4;
    FACT(p[0], "private keeps its own");
    FACT(p[PAGE], "private keeps its own, there too");
    if (ftruncate(fd, 0))
        return;
    touch("share of a cut file", s, READ);
    touch("private of a cut file", p, READ);
    if (ftruncate(fd, 2 * PAGE))
        return;
    touch("share, grown", s, READ);
    FACT(s[0], "share, grown: contents");
    close(fd);
}

static void instructions(void)
{
    sig = 0;
    if (!sigsetjmp(back, 1))
        __asm__ volatile("ud2");
    FACT(sig, "ud2");
    FACT(code, "ud2: code");
    sig = 0;
    if (!sigsetjmp(back, 1))
        __asm__ volatile("hlt");
    FACT(sig, "hlt");
    FACT(code, "hlt: code");
    sig = 0;
    if (!sigsetjmp(back, 1))
        __asm__ volatile("int3");
    FACT(sig, "int3");
    sig = 0;
    if (!sigsetjmp(back, 1))
        __asm__ volatile("xor %%eax,%%eax; xor %%edx,%%edx; xor %%ecx,%%ecx; "
                         "div %%ecx" ::
                             : "eax", "edx", "ecx");
    FACT(sig, "division by zero");
    FACT(code, "division by zero: code");
    sig = 0;
    if (!sigsetjmp(back, 1))
        __asm__ volatile("mov $0x3f8, %%dx; in %%dx, %%al" ::: "eax", "edx");
    FACT(sig, "in");
}

/* An area that grows down, at an address that nothing else has. */
static char *growing(char *where)
{
    char *p =
        mmap(where, 4 * PAGE, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0);

    memset(p, 7, 4 * PAGE);
    return p;
}

/* As far as there were pages below the place where it was made. */
static void grown_after_a_move(void)
{
    char *low = growing((char *)0x20000), *p = (char *)0x10000000000;

    p = mremap(low, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p);
    FACT(p[PAGE], "after a move");
    touch("31 pages below", p - 31 * PAGE, WRITE);
    touch("32 pages below", p - 32 * PAGE, WRITE);
    touch("33 pages below", p - 33 * PAGE, WRITE);
    munmap(p - 33 * PAGE, 37 * PAGE);
}

/* Where is a page, for which this place was asked? */
static void hint(const char *name, char *where)
{
    char *p = mmap(where, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    FACT(p == where, "hint %s: obeyed", name);
    munmap(p, PAGE);
}

static void hints(void)
{
    char *p = growing((char *)0x10000000000), *wall;

    hint("right below", p - PAGE);
    hint("in the gap", p - 100 * PAGE);
    hint("at the gap's end", p - 256 * PAGE);
    hint("below the gap", p - 257 * PAGE);
    hint("above", p + 4 * PAGE);
    touch("a page below", p - PAGE, WRITE);
    wall = mmap(p - 100 * PAGE, PAGE, PROT_READ,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    FACT(wall == p - 100 * PAGE, "no hint, but in the gap: obeyed");
    touch("two pages below", p - 2 * PAGE, WRITE);
    munmap(wall, PAGE);
    touch("two pages below, alone", p - 2 * PAGE, WRITE);
    munmap(p - 2 * PAGE, 6 * PAGE);
}

static void grow(unsigned n)
{
    volatile char page[4096];

    page[0] = (char)n;
    if (n > 0)
        grow(n - 1);
    page[1] = page[0];
}

/* How a child ends that does this. */
static void child(const char *name, void (*fn)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL);
        fn();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    FACT(WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status),
         "%s", name);
}

static void stack_1_mib(void)
{
    grow(256);
}

static void stack_7_mib(void)
{
    grow(7 * 256);
}

static void stack_for_ever(void)
{
    grow(1u << 30);
}

int main(void)
{
    subject = "fault";
    handler();
    areas();
    files();
    instructions();
    subject = "growing";
    grown_after_a_move();
    hints();
    subject = "stack";
    child("a mebibyte", stack_1_mib);
    child("seven", stack_7_mib);
    child("without end", stack_for_ever);
    return 0;
}
