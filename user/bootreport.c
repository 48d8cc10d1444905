/* SPDX-License-Identifier: MIT */
/*
 * init of `make bench-boot`: reports how far time has come and how much
 * memory is free. The counter is read first, before the C library can have
 * done much: with -icount it counts instructions since power-on.
 */
#include <stdio.h>
#include <sys/sysinfo.h>
#include <time.h>

static unsigned long long read_tsc(void)
{
    unsigned lo, hi;

    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (unsigned long long)hi << 32 | lo;
}

int main(void)
{
    unsigned long long tsc = read_tsc();
    struct timespec ts;
    struct sysinfo si;

    if (clock_gettime(CLOCK_MONOTONIC, &ts) || sysinfo(&si)) {
        perror("bootreport");
        return 1;
    }
    printf("@result free_kib=%llu tsc_ns=%llu clock_ns=%llu\n",
           (unsigned long long)si.freeram * si.mem_unit / 1024, tsc,
           ts.tv_sec * 1000000000ull + ts.tv_nsec);
    return 0;
}
