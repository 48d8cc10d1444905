/* SPDX-License-Identifier: MIT */
/*
 * The order in which the house comes to life.
 *
 * kmain runs on the boot stack with interrupts off until there is a
 * scheduler; it ends as the idle task of the first processor. Everything that
 * may sleep or be interrupted is done by the first real thread, boot_thread,
 * which ends when the first process has been started.
 */
#include <drivers/drivers.h>
#include <fs/file.h>
#include <kernel/boot.h>
#include <kernel/console.h>
#include <kernel/current.h>
#include <kernel/print.h>
#include <kernel/process.h>
#include <kernel/selftest.h>
#include <kernel/task.h>
#include <kernel/time.h>
#include <mm/cow.h>
#include <mm/mm.h>
#include <mm/zone.h>

static void say_hello(void)
{
    printk("hotcow: COW design \"%s\", loaded by %s\n", cow_design.name,
           boot_info.loader);
}

static void say_what_there_is(void)
{
    printk("hotcow: design %s, %llu KiB of memory, %llu KiB free, %u %s\n",
           cow_design.name,
           (unsigned long long)(total_frames() * (PAGE_SIZE / 1024)),
           (unsigned long long)(total_free_frames() * (PAGE_SIZE / 1024)),
           cpu_count(), cpu_count() == 1 ? "processor" : "processors");
}

static int boot_thread(void *arg)
{
    (void)arg;
    arch_start_cpus();
    mm_start_threads();
    say_what_there_is();
    panic_if_asked();
    drivers_init();
    fs_init();
    selftest_if_asked();
    start_init();
    return 0;
}

void kmain(void)
{
    arch_early_init();
    console_init();
    say_hello();
    arch_map_memory();
    mm_boot();
    console_find_screen();
    threads_init();
    timers_init();
    arch_init();
    sched_init();
    if (!kthread_run(boot_thread, NULL, "boot"))
        panic_too_small("the first thread");
    sched_cpu_ready();
}
