/* SPDX-License-Identifier: MIT */
/*
 * What our user programs share: the lines by which a scenario talks to the
 * host that runs it, and looks through the kernel's windows.
 *
 *   @begin NAME              a scenario starts
 *   @design key: value       what this kernel's design says of itself
 *   @part text               a variant starts: its steps count from 1
 *   @step N text             a step of its numbered interleaving
 *   @sync NAME               it waits for a line NAME from the host
 *   @result key=value ...    figures
 *   @expect text: ok         (or: FAILED why) something it checked itself
 *   @end NAME pass|fail
 */
#ifndef USER_LIB_HOT_H
#define USER_LIB_HOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define PAGE         4096ul

void hot_begin(const char *name);
/* Say what /proc/cowinfo says. */
void hot_design(void);
void hot_part(const char *fmt, ...) PRINTF(1, 2);
void hot_step(int n, const char *fmt, ...) PRINTF(2, 3);
void hot_result(const char *fmt, ...) PRINTF(1, 2);
/* A line for people, as it is. */
void hot_say(const char *fmt, ...) PRINTF(1, 2);
bool hot_expect(bool ok, const char *fmt, ...) PRINTF(2, 3);
/* Tell the host where we are, and wait until it has done its part. */
void hot_sync(const char *name);
/* Run mm_verify, say how it went. Returns the exit status of the program.
   With HOT_BUSY in the environment others are at work, and the counts would
   change as they are counted: then not. */
int hot_end(void);
/* Something that a scenario stands on went wrong: say so and end. */
void hot_die(const char *fmt, ...) PRINTF(1, 2) __attribute__((noreturn));

/* A counter of /proc/vmstat. */
uint64_t hot_stat(const char *name);

/* /proc/pageinfo's answer about an address of this process, or a frame. */
struct hot_page {
    char text[1024];
};
void hot_page_at(const void *addr, struct hot_page *out);
void hot_page_frame(uint64_t pfn, struct hot_page *out);
/* The number behind " key=" (hexadecimal for pfn), or -1. */
int64_t hot_page_num(const struct hot_page *p, const char *key);
bool hot_page_is(const struct hot_page *p, const char *key, const char *word);

/* Write a line to a file of the kernel's: 0, or -errno. */
int hot_write_file(const char *path, const char *line);
/* A page-aligned private area of zeroes. */
void *hot_pages(size_t n);
/* fork, and fn runs in the child on a stack of its own: parent and child do not
   fall over each other's even where copy on write is what is broken. What fn
   writes to besides should be its own as well. */
int hot_child(int (*fn)(void *), void *arg);
/* Byte i of sector n of a test disk, the same as tests/harness/diskimage.py's:
   the 8 bytes at offset o are (o + 1) times a constant, little-endian. */
static inline uint8_t hot_pattern(uint64_t sector, unsigned i)
{
    uint64_t offset = sector * 512 + (i & ~7u);

    return (uint8_t)((offset + 1) * 0x9e3779b97f4a7c15ull >> 8 * (i & 7));
}
/* How many of len bytes are not what the disk's sector says. */
unsigned hot_wrong_bytes(const void *buf, uint64_t sector, unsigned len);
/* Fill a page so that no byte is the one which the disk has in its place,
   from this sector on: of what is lost no byte looks as if it had come. */
void hot_fill_unlike(void *page, uint64_t sector);
/* Touch every page that the functions here use, so that none of them is
   allocated later. */
void hot_warm_up(void);
/* Start /dev/hdc as swap. */
void hot_swapon(void);
int hot_open_disk(const char *path);

#endif
