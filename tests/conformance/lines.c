/* SPDX-License-Identifier: MIT */
/*
 * What a terminal makes of what is typed: lines that can be edited, or, in raw
 * mode, as many bytes as VMIN and VTIME say.
 */
#include "say.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

static int tty;
static struct termios cooked;

static void type(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ioctl(tty, TIOCSTI, &s[i]);
}

#define TYPE(s) type(s, sizeof(s) - 1)

static void say_bytes(const char *s, ssize_t n)
{
    for (ssize_t i = 0; i < n; i++)
        if (s[i] > ' ' && s[i] < 0x7f)
            putchar(s[i]);
        else
            printf("\\%o", (unsigned char)s[i]);
    printf(n < 0 ? "%s\n" : "\n", error_name(errno));
}

/* One read of up to so many bytes. */
static void get(const char *what, size_t most)
{
    char buf[300];
    ssize_t n = read(tty, buf, most);

    printf("%s.%s: ", subject, what);
    say_bytes(buf, n);
    tcflush(tty, TCIFLUSH);
}

static void edited(void)
{
    int n = -1;

    subject = "line";
    TYPE("plain\n");
    get("plain", 100);
    TYPE("wrong\177\177ite\n");
    get("erased", 100);
    TYPE("\177\177x\n");
    get("erased too much", 100);
    TYPE("all of this\25that\n");
    get("killed", 100);
    TYPE("one two  three \27four\n");
    get("a word less", 100);
    TYPE("one\27\27\27two\n");
    get("words that are not there", 100);
    TYPE("a\1b\33c\n");
    get("control letters", 100);
    TYPE("a\tb\n");
    get("tab", 100);
    TYPE("carriage\r");
    get("return", 100);
    TYPE("part\4");
    get("a part", 100);
    TYPE("\4");
    get("the end", 100);
    TYPE("four\n");
    get("as much as is wanted", 2);
    TYPE("a\nb\n");
    get("one of two", 100);
    TYPE("ab\ncd");
    ioctl(tty, FIONREAD, &n);
    FACT(n, "to be read");
    tcflush(tty, TCIFLUSH);
    ioctl(tty, FIONREAD, &n);
    FACT(n, "after a flush");
    NUM(tcflush(tty, 7), "flush of what");
    NUM(tcdrain(tty), "drain");
    NUM(ioctl(tty, TIOCOUTQ, &n), "TIOCOUTQ");
    FACT(n, "waits to go out");
    NUM(ioctl(tty, TIOCSTI, NOWHERE), "typed from nowhere");
}

/* ---- raw ---- */

static void make_raw(int min, int time)
{
    struct termios t = cooked;

    t.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
    t.c_iflag &= ~(tcflag_t)ICRNL;
    t.c_cc[VMIN] = (cc_t)min;
    t.c_cc[VTIME] = (cc_t)time;
    tcsetattr(tty, TCSANOW, &t);
}

static long ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int is_ready(void)
{
    struct pollfd p = {.fd = tty, .events = POLLIN};

    return poll(&p, 1, 0);
}

/* Somebody types it, piece by piece; 0 milliseconds: at once. */
static void later(const char *pieces[], int wait_ms)
{
    struct timespec t = {0, wait_ms * 1000000l};

    fflush(stdout);
    if (fork())
        return;
    for (; *pieces; pieces++) {
        nanosleep(&t, NULL);
        type(*pieces, strlen(*pieces));
    }
    _exit(0);
}

static void without_waiting(void)
{
    subject = "raw";
    make_raw(0, 0);
    get("0 0 nothing", 10);
    TYPE("ab\r\3\4\177");
    get("0 0 all", 10);
    make_raw(1, 0);
    fcntl(tty, F_SETFL, O_RDWR | O_NONBLOCK);
    get("1 0 would wait", 10);
    FACT(is_ready(), "1 0 not ready");
    TYPE("x");
    FACT(is_ready(), "1 0 ready");
    get("1 0 one", 10);
    make_raw(3, 0);
    TYPE("xy");
    FACT(is_ready(), "3 0 not ready");
    get("3 0 too few", 10);
    TYPE("xyz");
    FACT(is_ready(), "3 0 ready");
    get("3 0 enough", 10);
    make_raw(3, 1);
    TYPE("x");
    FACT(is_ready(), "3 1 ready");
    get("3 1 too few", 10);
    make_raw(0, 1);
    get("0 1 nothing", 10);
    fcntl(tty, F_SETFL, O_RDWR);
}

static void waiting(void)
{
    const char *pieces[] = {"a", "bc", "d", NULL}, *one[] = {"x", NULL};
    long begin;

    make_raw(4, 0);
    later(pieces, 10);
    get("4 0 in pieces", 10);
    wait(NULL);
    make_raw(4, 0);
    later(one, 10);
    get("4 0 but one is wanted", 1);
    wait(NULL);
    make_raw(0, 2);
    begin = ms();
    get("0 2 in vain", 10);
    FACT(ms() - begin >= 190, "0 2 waited");
    later(one, 20);
    get("0 2 one", 10);
    wait(NULL);
    make_raw(5, 2);
    begin = ms();
    later(one, 20);
    get("5 2 one and no more", 10);
    FACT(ms() - begin >= 200, "5 2 waited");
    wait(NULL);
    make_raw(3, 20);
    later(pieces, 10);
    get("3 20 enough", 3);
    wait(NULL);
}

/* ---- */

static void leader(void)
{
    struct termios t;

    setsid();
    ioctl(tty, TIOCSCTTY, 1);
    tcgetattr(tty, &cooked);
    t = cooked;
    t.c_lflag |= ICANON | ISIG;
    t.c_lflag &= ~(tcflag_t)ECHO;
    t.c_iflag |= ICRNL;
    tcsetattr(tty, TCSANOW, &t);
    edited();
    without_waiting();
    waiting();
    tcsetattr(tty, TCSANOW, &cooked);
    fflush(stdout);
    signal(SIGHUP, SIG_IGN);
    _exit(0);
}

int main(void)
{
    setpgid(0, 0);
    tty = open("/dev/ttyS0", O_RDWR | O_NOCTTY);
    fflush(stdout);
    if (fork() == 0)
        leader();
    wait(NULL);
    return 0;
}
