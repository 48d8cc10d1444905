/* SPDX-License-Identifier: MIT */
/*
 * Long work that is told to stop: by a signal to swapoff, and to the write of
 * "offline" to a section's state, each held up by a disk that holds a read; and
 * to a write that waits for another one. Either everything is as it was, or the
 * work is done; nothing is lost.
 */
#define _GNU_SOURCE
#include "lib/hot.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES         64
#define SECTION_PAGES 512

static void on_signal(int sig)
{
    (void)sig;
}

static pid_t child_that(int (*fn)(void))
{
    struct sigaction sa = {.sa_handler = on_signal};
    pid_t pid = fork();

    if (pid == 0) {
        sigaction(SIGINT, &sa, NULL); /* without SA_RESTART */
        _exit(fn());
    }
    return pid;
}

/* Exit status, or 1000 + the signal that killed it. */
static int end_of(pid_t pid)
{
    int status;

    if (waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int swap_off(void)
{
    return swapoff("/dev/hdc") ? errno : 0;
}

static bool all_right(const uint64_t *p)
{
    for (unsigned i = 0; i < PAGES; i++)
        if (p[i * 512] != i + 1)
            return false;
    return true;
}

static void swapping(void)
{
    uint64_t *p = hot_pages(PAGES);
    pid_t pid, other;

    for (unsigned i = 0; i < PAGES; i++)
        p[i * 512] = i + 1;
    hot_swapon();
    madvise(p, PAGES * PAGE, MADV_PAGEOUT);
    hot_sync("hold swap"); /* the host holds each read from now on */
    pid = child_that(swap_off);
    hot_sync("swapoff reads");
    kill(pid, SIGINT);
    hot_expect(end_of(pid) == EINTR, "swapoff ends with EINTR");
    pid = child_that(swap_off);
    hot_sync("swapoff sleeps");
    other = child_that(swap_off);
    hot_sync("another waits");
    kill(other, SIGKILL);
    hot_expect(end_of(other) == 1000 + SIGKILL, "who waits for it is killed");
    kill(pid, SIGKILL);
    hot_expect(end_of(pid) == 1000 + SIGKILL, "and can be killed");
    hot_sync("release swap");
    hot_expect(all_right(p), "what was swapped out is there");
    hot_expect(swap_off() == 0, "swapoff, when nothing holds it");
    hot_expect(all_right(p), "and all is there");
}

/* ---- a section ---- */

static unsigned char *page;
static char state_file[80];

static void *read_it(void *arg)
{
    return (void *)pread(*(int *)arg, page, 512, 300 * 512);
}

static int offline(void)
{
    return -hot_write_file(state_file, "offline");
}

static bool section_is(const char *want)
{
    char word[16] = "";
    FILE *f = fopen(state_file, "r");
    bool same =
        f && fgets(word, sizeof(word), f) && !strncmp(word, want, strlen(want));

    if (f)
        fclose(f);
    return same;
}

static void section(void)
{
    int fd = hot_open_disk("/dev/hda");
    struct hot_page at;
    pthread_t t;
    void *got;
    pid_t pid;

    page = hot_pages(1);
    memset(page, 0x77, PAGE);
    if (pthread_create(&t, NULL, read_it, &fd))
        hot_die("pthread_create");
    hot_sync("reading");
    hot_page_at(page, &at);
    snprintf(state_file, sizeof(state_file),
             "/sys/devices/system/memory/memory%ld/state",
             (long)(hot_page_num(&at, "pfn") / SECTION_PAGES));
    pid = child_that(offline);
    hot_sync("offlining");
    kill(pid, SIGINT);
    hot_expect(end_of(pid) == EINTR, "offlining ends with EINTR");
    hot_expect(section_is("online"), "the section is online again");
    pid = child_that(offline);
    hot_sync("again");
    kill(pid, SIGKILL);
    hot_expect(end_of(pid) == 1000 + SIGKILL, "and it can be killed");
    hot_expect(section_is("online"), "the section is online again");
    hot_expect(page[PAGE - 1] == 0x77, "the page is as it was");
    hot_sync("release");
    pthread_join(t, &got);
    hot_expect((long)got == 512 && hot_wrong_bytes(page, 300, 512) == 0,
               "the read's data are right");
    hot_expect(offline() == 0 && section_is("offline"),
               "and now the section goes offline");
    hot_expect(hot_wrong_bytes(page, 300, 512) == 0, "with the data right");
}

/* ---- two that write to a disk through the kernel's page ---- */

static int write_sector(void)
{
    static char sector[512];
    int fd = open("/dev/hda", O_WRONLY);

    return pwrite(fd, sector, sizeof(sector), 0) == sizeof(sector) ? 0 : errno;
}

static void writing(void)
{
    pid_t first, second;

    hot_sync("hold a write");
    first = child_that(write_sector);
    hot_sync("writing");
    second = child_that(write_sector);
    hot_sync("waiting to write");
    kill(second, SIGKILL);
    hot_expect(end_of(second) == 1000 + SIGKILL, "who waits can be killed");
    hot_sync("release");
    hot_expect(end_of(first) == 0, "the one that it waited for has written");
}

int main(void)
{
    hot_begin("stopped");
    swapping();
    section();
    writing();
    return hot_end();
}
