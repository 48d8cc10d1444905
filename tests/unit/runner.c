/* SPDX-License-Identifier: MIT */
/*
 * Each test in a process of its own, which makes its own world: what one test
 * leaves behind, or dies of, is nothing to the next. What a test prints is
 * shown if it fails, under the design's name and its own.
 */
#include "unit.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <mm/cow.h>

static CMUnitTestFunction body;

/* A test that fails leaves by longjmp, and with it what it held. */
static void body_and_check(void **state)
{
    body(state);
    world_check();
}

/* In the child; what it says goes to the file. */
static void run_here(const struct CMUnitTest *test, FILE *said)
{
    struct CMUnitTest one = {.name = test->name, .test_func = body_and_check};

    body = test->test_func;
    fflush(NULL);
    if (dup2(fileno(said), 1) < 0 || dup2(1, 2) < 0)
        abort();
    exit(_cmocka_run_group_tests(cow_design.name, &one, 1, world_start, NULL));
}

/* Up to cmocka's verdict, which is ours in other words. */
static void show(FILE *said)
{
    char line[512];

    rewind(said);
    while (fgets(line, sizeof(line), said) && !strstr(line, "[  FAILED  ]"))
        if (line[0] != '[' || strstr(line, "---"))
            printf("    %s", line);
}

static bool passes(const char *group, const struct CMUnitTest *test)
{
    FILE *said = tmpfile();
    int status = -1;
    bool ok;
    pid_t pid;

    if (!said)
        abort();
    fflush(NULL);
    pid = fork();
    if (pid == 0)
        run_here(test, said);
    ok = pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
    printf("%s %s, %s: %s\n", ok ? "ok    " : "FAILED", cow_design.name, group,
           test->name);
    if (!ok)
        show(said);
    if (WIFSIGNALED(status))
        printf("    died of signal %d (%s)\n", WTERMSIG(status),
               strsignal(WTERMSIG(status)));
    fclose(said);
    return ok;
}

int run_each(const char *group, const struct CMUnitTest *tests, size_t n)
{
    int failed = 0;

    for (size_t i = 0; i < n; i++)
        failed += !passes(group, &tests[i]);
    return failed;
}

int main(void)
{
    int failed = run_mm_tests() + run_owner_tests() + run_frame_tests() +
                 run_migrate_tests() + run_file_tests() + run_area_tests() +
                 run_remap_tests() + run_memcalls_tests() + run_batch_tests() +
                 run_race_tests() + run_rule_tests() + run_look_tests() +
                 run_verify_tests() + run_oom_tests() + run_sections_tests();

    return failed ? 1 : 0;
}
