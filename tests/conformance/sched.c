/* SPDX-License-Identifier: MIT */
/* What may be asked of the scheduler: policies, priorities, processors. */
#include "threads.h"
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static void policies(void)
{
    static const int priorities[] = {-1, 0, 1, 99, 100};
    int param;

    subject = "sched";
    for (int p = -1; p < 9; p++) {
        NUM(sched_get_priority_max(p), "max %d", p);
        NUM(sched_get_priority_min(p), "min %d", p);
        for (unsigned i = 0; i < COUNT(priorities); i++) {
            param = priorities[i];
            NUM(syscall(SYS_sched_setscheduler, 0, p, &param),
                "policy %d, priority %d", p, priorities[i]);
            param = 0;
            syscall(SYS_sched_setscheduler, 0, 0, &param);
        }
    }
    static const int ids[] = {0, -1, 99999};

    for (unsigned i = 0; i < COUNT(ids); i++) {
        struct timespec t;

        NUM(syscall(SYS_sched_getscheduler, ids[i]), "getscheduler %d", ids[i]);
        NUM(syscall(SYS_sched_getparam, ids[i], &param), "getparam %d", ids[i]);
        NUM(syscall(SYS_sched_getparam, ids[i], NULL), "getparam %d none",
            ids[i]);
        NUM(syscall(SYS_sched_getparam, ids[i], KERNEL), "getparam %d bad",
            ids[i]);
        NUM(syscall(SYS_sched_setparam, ids[i], &param), "setparam %d", ids[i]);
        NUM(syscall(SYS_sched_setparam, ids[i], NULL), "setparam %d none",
            ids[i]);
        NUM(syscall(SYS_sched_setparam, ids[i], KERNEL), "setparam %d bad",
            ids[i]);
        NUM(syscall(SYS_sched_setscheduler, ids[i], 0, KERNEL),
            "setscheduler %d bad", ids[i]);
        NUM(syscall(SYS_sched_rr_get_interval, ids[i], &t), "interval %d",
            ids[i]);
        NUM(syscall(SYS_sched_rr_get_interval, ids[i], KERNEL),
            "interval %d bad", ids[i]);
    }
    NUM(syscall(SYS_sched_yield), "yield");
}

static void niceness(void)
{
    static const int ids[] = {0, -1, 99999};

    setpgid(0, 0); /* kernel threads are in the first process's */
    subject = "priority";
    for (int which = -1; which < 4; which++)
        for (unsigned i = 0; i < COUNT(ids); i++) {
            long got = syscall(SYS_getpriority, which, ids[i]);

            if (which == PRIO_USER && got > 0)
                got = 0; /* root's, so the kernel's threads', too */
            say_result(got, 1, "get %d of %d", which, ids[i]);
            NUM(syscall(SYS_setpriority, which, ids[i], 0), "set %d of %d",
                which, ids[i]);
        }
}

static void affinities(void)
{
    unsigned long mask[16] = {0};
    unsigned size[] = {0, 1, 7, 8, 9, 12, 16, 128};

    subject = "cpus";
    for (unsigned i = 0; i < COUNT(size); i++) {
        mask[0] = ~0ul;
        NUM(syscall(SYS_sched_getaffinity, 0, size[i], mask) > 0, "get %u",
            size[i]);
        FACT(mask[0] == 1, "get %u: one", size[i]);
        NUM(syscall(SYS_sched_setaffinity, 0, size[i], mask), "set %u",
            size[i]);
    }
    NUM(syscall(SYS_sched_setaffinity, -1, 8, mask), "set of -1");
    NUM(syscall(SYS_sched_setaffinity, 0, 8, KERNEL), "set, bad");
    NUM(syscall(SYS_sched_getaffinity, -1, 8, mask), "get of -1");
    NUM(syscall(SYS_sched_getaffinity, 0, 8, KERNEL), "get, bad");
    mask[0] = 2;
    NUM(syscall(SYS_sched_setaffinity, 0, 8, mask),
        "set one that is not there");
    unsigned cpu = 9, node = 9;

    subject = "getcpu";
    NUM(syscall(SYS_getcpu, &cpu, &node, NULL), "both");
    FACT(cpu, "cpu");
    FACT(node, "node");
    NUM(syscall(SYS_getcpu, NULL, NULL, NULL), "none");
    NUM(syscall(SYS_getcpu, &cpu, NULL, KERNEL), "with a bad cache");
    NUM(syscall(SYS_getcpu, KERNEL, NULL, NULL), "bad cpu");
    NUM(syscall(SYS_getcpu, NULL, KERNEL, NULL), "bad node");
}

static void barriers(void)
{
    subject = "membarrier";
    NUM(syscall(SYS_membarrier, 0, 0, 0) & 0x1f, "query");
    NUM(syscall(SYS_membarrier, 0, 1, 0), "query with a flag");
    for (unsigned c = 0; c < 5; c++)
        NUM(syscall(SYS_membarrier, 1u << c, 0, 0), "%u", 1u << c);
    for (unsigned c = 0; c < 5; c++) {
        NUM(syscall(SYS_membarrier, 1u << c, 0, 0), "%u again", 1u << c);
        NUM(syscall(SYS_membarrier, 1u << c, 2, 0), "%u with a flag", 1u << c);
    }
    NUM(syscall(SYS_membarrier, 3, 0, 0), "3");
    NUM(syscall(SYS_membarrier, -1, 0, 0), "-1");
    NUM(syscall(SYS_membarrier, 1 << 20, 0, 0), "1 << 20");
    if (fork() == 0) {
        NUM(syscall(SYS_membarrier, 8, 0, 0), "8 in a child");
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    subject = "rseq";
    NUM(syscall(SYS_rseq, NULL, 32, 0, 0), "none");
    NUM(syscall(SYS_rseq, KERNEL, 32, 0, 0), "the kernel's");
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    policies();
    niceness();
    affinities();
    barriers();
    return 0;
}
