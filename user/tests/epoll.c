/* SPDX-License-Identifier: MIT */
/* epoll, level and edge triggered, and pairs of sockets. Runs on Linux too. */
#define _GNU_SOURCE
#include "lib/ok.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct epoll_event got[8];

static int watch(int ep, int op, int fd, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.fd = fd};

    return epoll_ctl(ep, op, fd, &e);
}

static int news(int ep)
{
    return epoll_wait(ep, got, 8, 0);
}

static void triggers(void)
{
    int ep = epoll_create1(EPOLL_CLOEXEC), p[2], q[2];
    char c;

    OK(ep >= 0 && pipe(p) == 0 && pipe(q) == 0);
    OK(watch(ep, EPOLL_CTL_ADD, p[0], EPOLLIN) == 0);
    OK(watch(ep, EPOLL_CTL_ADD, q[0], EPOLLIN | EPOLLET) == 0);
    FAILS(watch(ep, EPOLL_CTL_ADD, p[0], EPOLLIN), EEXIST);
    FAILS(watch(ep, EPOLL_CTL_MOD, p[1], EPOLLIN), ENOENT);
    FAILS(watch(ep, EPOLL_CTL_ADD, ep, EPOLLIN), EINVAL);
    FAILS(watch(ep, EPOLL_CTL_ADD, 99, EPOLLIN), EBADF);
    FAILS(epoll_wait(p[0], got, 1, 0), EINVAL);
    OK(news(ep) == 0 && epoll_wait(ep, got, 8, 2) == 0);
    OK(write(p[1], "ab", 2) == 2 && write(q[1], "ab", 2) == 2);
    OK(news(ep) == 2);
    OK(news(ep) == 1 && got[0].data.fd == p[0] && got[0].events == EPOLLIN);
    OK(write(q[1], "c", 1) == 1 && news(ep) == 2 && news(ep) == 1);
    OK(read(p[0], &c, 1) == 1 && news(ep) == 1 && read(p[0], &c, 1) == 1);
    OK(news(ep) == 0);
    OK(watch(ep, EPOLL_CTL_MOD, q[0], EPOLLIN | EPOLLONESHOT) == 0);
    OK(news(ep) == 1 && news(ep) == 0);
    OK(watch(ep, EPOLL_CTL_MOD, q[0], EPOLLIN) == 0 && news(ep) == 1);
    OK(watch(ep, EPOLL_CTL_DEL, q[0], 0) == 0 && news(ep) == 0);
    close(p[1]);
    OK(news(ep) == 1 && got[0].events & EPOLLHUP);
    close(p[0]); /* the last of its kind: it is forgotten */
    OK(news(ep) == 0);
    close(q[0]);
    close(q[1]);
    close(ep);
}

static int wake_up_fd;

static void *wake_up_later(void *arg)
{
    uint64_t one = 1;

    usleep(2000);
    (void)!write(wake_up_fd, &one, 8);
    return arg;
}

static void sleeping(void)
{
    int ep = epoll_create(1), fds[100];
    struct pollfd p = {ep, POLLIN, 0};
    pthread_t t;

    for (int i = 0; i < 100; i++) {
        fds[i] = eventfd(0, 0);
        watch(ep, EPOLL_CTL_ADD, fds[i], EPOLLIN);
    }
    wake_up_fd = fds[77];
    OK(pthread_create(&t, NULL, wake_up_later, NULL) == 0);
    OK(epoll_wait(ep, got, 8, -1) == 1 && got[0].data.fd == fds[77]);
    OK(poll(&p, 1, 0) == 1 && p.revents == POLLIN);
    pthread_join(t, NULL);
    for (int i = 0; i < 100; i++)
        close(fds[i]);
    OK(news(ep) == 0);
    close(ep);
}

static void sockets(void)
{
    int s[2], status;
    struct stat st;
    char buf[8];
    struct msghdr m = {.msg_iovlen = 1,
                       .msg_iov = &(struct iovec){buf, sizeof(buf)}};

    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
    OK(fstat(s[0], &st) == 0 && S_ISSOCK(st.st_mode));
    if (fork() == 0) {
        close(s[0]);
        while (read(s[1], buf, 1) == 1)
            (void)!write(s[1], buf, 1);
        _exit(0);
    }
    OK(write(s[0], "hey", 3) == 3);
    OK(recv(s[0], buf, 1, 0) == 1 && buf[0] == 'h');
    OK(recvmsg(s[0], &m, 0) >= 1 && buf[0] == 'e');
    OK(shutdown(s[0], SHUT_WR) == 0 && wait(&status) > 0 && status == 0);
    FAILS(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    close(s[0]);
    OK(read(s[1], buf, 1) == 0);
    FAILS(send(s[1], "x", 1, MSG_NOSIGNAL), EPIPE);
    close(s[1]);
    OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s) == 0);
    FAILS(recv(s[0], buf, 1, 0), EAGAIN);
    FAILS(recv(0, buf, 1, 0), ENOTSOCK);
    FAILS(socketpair(99, SOCK_STREAM, 0, s), EAFNOSUPPORT);
    close(s[0]);
    close(s[1]);
}

int main(void)
{
    hot_begin("epoll");
    triggers();
    sleeping();
    sockets();
    return hot_end();
}
