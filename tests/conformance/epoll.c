/* SPDX-License-Identifier: MIT */
/* epoll: what is news of a pipe, and who may be told alone. */
#include "say.h"
#include <fcntl.h>
#include <sys/epoll.h>

static char buf[1 << 16];

/* All that there is to tell now: the bits of the two ends. */
static void tell(int ep, const char *name)
{
    struct epoll_event e[4];
    unsigned bits[2] = {0};
    int n = epoll_wait(ep, e, 4, 0);

    for (int i = 0; i < n; i++)
        bits[e[i].data.u32] |= e[i].events;
    FACT(bits[0], "%s, reading end", name);
    FACT(bits[1], "%s, writing end", name);
}

static void watch(int ep, int fd, unsigned n, unsigned events)
{
    struct epoll_event e = {.events = events, .data.u32 = n};

    NUM(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e), "add %u", n);
}

/* A page of a full pipe has to be free before there is room to tell of. */
static void edges(void)
{
    int ep = epoll_create1(0), p[2];

    subject = "edge";
    if (pipe2(p, O_NONBLOCK))
        return;
    watch(ep, p[0], 0, EPOLLIN | EPOLLET);
    watch(ep, p[1], 1, EPOLLOUT | EPOLLET);
    tell(ep, "empty");
    tell(ep, "no news");
    NUM(write(p[1], buf, sizeof(buf)), "fill");
    tell(ep, "full");
    tell(ep, "full, no news");
    NUM(read(p[0], buf, PAGE / 2), "read half a page");
    tell(ep, "half a page read");
    NUM(write(p[1], buf, 1), "write");
    NUM(read(p[0], buf, PAGE / 2), "read the other half");
    FACT(epoll_wait(ep, &(struct epoll_event){0}, 1, 0) > 0, "then there is");
    close(ep);
    close(p[0]);
    close(p[1]);
}

static void exclusive(void)
{
    static const unsigned bits[] = {
        EPOLLIN,  EPOLLOUT, EPOLLET,    EPOLLONESHOT, EPOLLERR,
        EPOLLHUP, EPOLLPRI, EPOLLRDHUP, EPOLLWAKEUP,  EPOLLRDNORM,
    };
    int ep = epoll_create1(0), inner = epoll_create1(0), p[2];
    struct epoll_event e = {.events = EPOLLIN | EPOLLEXCLUSIVE};

    subject = "exclusive";
    if (pipe(p))
        return;
    for (unsigned i = 0; i < COUNT(bits); i++) {
        struct epoll_event with = {.events = EPOLLEXCLUSIVE | bits[i]};

        NUM(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &with), "with %x", bits[i]);
        (void)epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL);
    }
    NUM(epoll_ctl(ep, EPOLL_CTL_ADD, inner, &e), "an epoll");
    NUM(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &e), "changed, not there");
    NUM(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e), "added");
    NUM(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &e), "changed");
    e.events = EPOLLIN;
    NUM(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &e), "changed to an ordinary one");
    NUM(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL), "removed");
    NUM(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e), "an ordinary one");
    e.events |= EPOLLEXCLUSIVE;
    NUM(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &e), "changed to such a one");
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    edges();
    exclusive();
    return 0;
}
