/* SPDX-License-Identifier: MIT */
/*
 * Question 2: what good is the page lock, when raw I/O does not take it?
 *
 * Two processes, P and C, own page A. An owner of A is stopped between the two
 * counts (a kernel built with TESTPOINTS=1), holding the page lock:
 *
 *   q2 out     P's reclaim: from mapcount to swapcount
 *   q2 in      P's swap-in: from swapcount to mapcount
 *   q2 all     one after the other
 *
 * What can others see, and what can they do? C writes to A meanwhile. The
 * first process, O, looks on; what it reads without the lock, before and after,
 * is what a decision without the lock could have read. On the way in that is
 * the dangerous one: mapcount from before, swapcount from after.
 *
 * Needs two processors: P's spins at the point.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

/* The two ends of the conversation with one process. */
struct line {
    int to[2], from[2];
};

static struct line p_line, c_line;

/* What P and C answer: each an order, carried out, and how A looks to them. */
struct answer {
    uint64_t addr, frame;
    int32_t pid;
    unsigned char byte;
};

static void send(int fd, const void *what, size_t size)
{
    if (write(fd, what, size) != (ssize_t)size)
        _exit(90);
}

/* ---- P and C ---- */

static void obey(char order, volatile unsigned char *page, unsigned char mine)
{
    switch (order) {
    case 'o':
        madvise((void *)page, PAGE, MADV_PAGEOUT);
        break;
    case 'w':
        page[0] = mine;
        break;
    case 'x':
        while (waitpid(-1, NULL, 0) > 0)
            ;
        _exit(0);
    default:
        break; /* to look is to read */
    }
}

static void serve(struct line *l, volatile unsigned char *page,
                  unsigned char mine)
{
    struct answer a = {.addr = (uintptr_t)page, .pid = getpid()};
    struct hot_page info;
    char order;

    while (read(l->to[0], &order, 1) == 1) {
        obey(order, page, mine);
        if (order == 'o') { /* to look at it would bring it back */
            send(l->from[1], &a, sizeof(a));
            continue;
        }
        a.byte = page[0];
        hot_page_at((void *)page, &info);
        a.frame = (uint64_t)hot_page_num(&info, "pfn");
        send(l->from[1], &a, sizeof(a));
    }
    _exit(91);
}

static int be_c(void *page)
{
    serve(&c_line, page, 'C');
    return 0;
}

/* P, and its child C, with A as P wrote it. */
static int be_p(void *arg)
{
    unsigned char *page = hot_pages(1);

    (void)arg;
    page[0] = 'P';
    hot_child(be_c, page);
    serve(&p_line, page, 'P');
    return 0;
}

static void start_both(void)
{
    if (pipe(p_line.to) || pipe(p_line.from) || pipe(c_line.to) ||
        pipe(c_line.from))
        hot_die("pipe");
    hot_child(be_p, NULL);
}

/* ---- O ---- */

static void order(struct line *l, char what)
{
    send(l->to[1], &what, 1);
}

static struct answer answer_of(struct line *l)
{
    struct answer a = {0};

    if (read(l->from[0], &a, sizeof(a)) != sizeof(a))
        hot_die("a process has gone");
    return a;
}

static struct answer ask(struct line *l, char what)
{
    order(l, what);
    return answer_of(l);
}

static void point(const char *verb, const char *name)
{
    char line[64];

    snprintf(line, sizeof(line), "%s %s", verb, name);
    if (hot_write_file("/proc/testpoint", line))
        hot_die("cannot %s: is the kernel built with TESTPOINTS=1?", line);
}

static bool somebody_waits(void)
{
    char text[512];
    int fd = open("/proc/testpoint", O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (n < 0)
        hot_die("cannot read /proc/testpoint");
    close(fd);
    text[n] = 0;
    return strstr(text, " waiting=1") != NULL; /* no other point is armed */
}

static void say_counts(const char *part, const char *when, uint64_t frame)
{
    struct hot_page p;

    hot_page_frame(frame, &p);
    hot_result("part=%s %s_map=%ld %s_swap=%ld", part, when,
               (long)hot_page_num(&p, "map"), when,
               (long)hot_page_num(&p, "swap"));
}

/* Has C's write come through? It may take as many turns as it likes. */
static bool c_has_written(void)
{
    int flags = fcntl(c_line.from[0], F_GETFL);
    struct answer a;
    bool yes = false;

    fcntl(c_line.from[0], F_SETFL, flags | O_NONBLOCK);
    for (int turn = 0; turn < 200 && !yes; turn++) {
        sched_yield();
        yes = read(c_line.from[0], &a, sizeof(a)) == sizeof(a);
    }
    fcntl(c_line.from[0], F_SETFL, flags);
    return yes;
}

/* P is told to do something that stops at the point; C writes meanwhile. */
static void race(const char *part, const char *name, uint64_t frame, char what)
{
    struct answer p, c = {0};
    bool waited;

    say_counts(part, "before", frame);
    point("arm", name);
    order(&p_line, what);
    while (!somebody_waits())
        sched_yield();
    say_counts(part, "between", frame);
    hot_step(2, "P's %s of A stops between the counts, page lock held",
             what == 'o' ? "reclaim" : "swap-in");
    order(&c_line, 'w');
    waited = !c_has_written();
    hot_step(3, "C writes to A on the other processor: %s",
             waited ? "its fault waits" : "its fault does not wait");
    point("release", name);
    if (waited)
        c = answer_of(&c_line);
    answer_of(&p_line);
    c = waited ? c : ask(&c_line, 'r');
    p = ask(&p_line, 'r');
    hot_step(4, "P goes on; C reads '%c' and P reads '%c', in %s", c.byte,
             p.byte, p.frame == c.frame ? "one frame" : "two frames");
    hot_result("part=%s c=%d addr=0x%lx waited=%d c_reads=%c p_reads=%c", part,
               c.pid, (unsigned long)c.addr, waited, c.byte, p.byte);
}

/* Both have A in their page tables. */
static void on_the_way_out(void)
{
    struct answer c, p;

    hot_part("out: P's reclaim takes A from mapcount to swapcount");
    start_both();
    c = ask(&c_line, 'r');
    p = ask(&p_line, 'r');
    hot_expect(p.frame == c.frame, "out: P and C own one page");
    hot_step(1, "P and C own page A, both by page-table entries");
    race("out", "unmap.between_counts", p.frame, 'o');
}

/* P has A in swap; C has read it in again already. */
static void on_the_way_in(void)
{
    struct answer c;

    hot_part("in: P's swap-in takes A from swapcount to mapcount");
    start_both();
    ask(&p_line, 'o');
    c = ask(&c_line, 'r');
    hot_step(1, "P owns page A by a swap entry, C by a page-table entry");
    race("in", "swapin.between_counts", c.frame, 'r');
}

static void end_both(void)
{
    order(&c_line, 'x');
    order(&p_line, 'x');
    waitpid(-1, NULL, 0);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "all";

    hot_begin("q2");
    hot_design();
    hot_swapon();
    if (strcmp(what, "in")) {
        on_the_way_out();
        end_both();
    }
    if (strcmp(what, "out")) {
        on_the_way_in();
        end_both();
    }
    return hot_end();
}
