/* SPDX-License-Identifier: MIT */
/*
 * The first process: how it starts, and what its end means.
 *
 * init= on the command line names the program; words after a lone "--" are
 * its arguments. The end of init is the end of the machine, with a status
 * that a test can see.
 */
#include <fs/file.h>
#include <kernel/boot.h>
#include <kernel/errno.h>
#include <kernel/futex.h>
#include <kernel/shm.h>
#include <kernel/pid.h>
#include <kernel/print.h>
#include <kernel/process_private.h>
#include <kernel/string.h>

#define MAX_ARGS 32

struct process *init_process;

/* One process reads these, once. */
static char arg_text[512];
static const char *init_argv[MAX_ARGS + 2];
static const char *const init_envp[] = {
    "HOME=/", "TERM=linux", "PATH=/bin:/sbin:/usr/bin:/usr/sbin", NULL};

/* Fill init_argv[1..] from the words after " -- ". */
static void find_arguments(void)
{
    const char *dashes = strstr(boot_info.cmdline, " -- ");
    unsigned n = 1;
    char *s = arg_text;

    if (!dashes)
        return;
    str_copy(arg_text, dashes + 4, sizeof(arg_text));
    while (n <= MAX_ARGS) {
        while (*s == ' ')
            s++;
        if (!*s)
            return;
        init_argv[n++] = s;
        s = strchr(s, ' ');
        if (!s)
            return;
        *s++ = 0;
    }
}

/* Standard input, output and error. A machine without a console still runs. */
static void open_console(void)
{
    int err;
    struct file *f = file_open("/dev/console", O_RDWR, 0, &err);

    if (!f) {
        printk("init: /dev/console: error %d\n", -err);
        return;
    }
    for (int fd = 0; fd < 3; fd++) {
        file_get(f);
        if (fd_install(f, false) != fd)
            printk("init: no standard file %d\n", fd);
    }
    file_put(f);
}

static const char *in_words(int err)
{
    switch (err) {
    case ENOENT:
        return "it is not there, or its interpreter is not";
    case EACCES:
        return "it is no file that may be executed";
    case ENOEXEC:
        return "it is no x86-64 ELF program and no #! script";
    case ELOOP:
        return "it is a script of a script, or a link that leads to itself";
    case ENOMEM:
        return "it needs more memory than there is";
    default:
        return "it cannot be started";
    }
}

static bool try_init(const char *path)
{
    s64 err;

    init_argv[0] = path;
    err = do_execve(path, (u64)init_argv, (u64)init_envp, EXEC_FROM_KERNEL);
    if (err)
        printk("init: %s: error %d: %s\n", path, (int)-err,
               in_words((int)-err));
    return err == 0;
}

static bool exec_init(void)
{
    static const char *const usual[] = {"/init", "/sbin/init", "/bin/sh"};
    static char named[128];

    if (cmdline_get("init", named, sizeof(named)) && named[0])
        return try_init(named);
    for (unsigned i = 0; i < ARRAY_SIZE(usual); i++)
        if (try_init(usual[i]))
            return true;
    return false;
}

/* Not the kernel's mistake: no backtrace. */
static NORETURN void no_init(void)
{
    if (initramfs_cut_short)
        panic_too_small("all of the initramfs");
    panic_begin("no init: put one into the initramfs (as /init), or name a "
                "program of it by init=");
    panic_end();
}

static void init_main(void *arg)
{
    struct trap_frame frame = {0};

    (void)arg;
    current_task()->frame = &frame;
    open_console();
    find_arguments();
    if (!exec_init())
        no_init();
    arch_enter_user(&frame);
}

void start_init(void)
{
    struct process *p = process_create(NULL, false);
    struct pid *pid = pid_alloc();
    struct task *t = task_create("init", init_main, NULL);
    u64 flags;

    futex_init();
    shm_init();
    if (!p || !pid || !t)
        panic_too_small("the first process");
    init_process = p;
    flags = spin_lock_irqsave(&tasks_lock);
    process_link(p, NULL, pid);
    process_add_thread(p, t, pid);
    spin_unlock_irqrestore(&tasks_lock, flags);
    task_start(t);
}

void init_exited(int wait_status)
{
    int sig = wait_status & 0x7f;
    int status = sig ? 128 + sig : wait_status >> 8 & 0xff;
    char how[16];

    if (sig)
        printk("init exited with status %d (signal %d)\n", status, sig);
    else
        printk("init exited with status %d\n", status);
    if (cmdline_u64("panic_on_init", 0))
        panic("init is gone");
    if (cmdline_get("exit", how, sizeof(how)) && !strcmp(how, "debug"))
        arch_debug_exit(16 + (status != 0)); /* 33 or 35, seen from outside */
    arch_power_off();
}
