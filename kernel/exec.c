/* SPDX-License-Identifier: MIT */
/*
 * execve: another program in the same process.
 *
 * First everything that can fail is prepared beside the old program: the file
 * is checked, the strings are copied, the new address space is mapped. Then
 * the other threads are ended. From exec_commit() on there is no old program
 * to return to, and a failure ends the process.
 */
#include <fs/file.h>
#include <kernel/elf.h>
#include <kernel/exec_args.h>
#include <kernel/posix_timer.h>
#include <kernel/process_private.h>
#include <kernel/random.h>
#include <kernel/script.h>
#include <kernel/shm.h>
#include <kernel/string.h>
#include <kernel/uaccess.h>
#include <mm/filemap.h>
#include <mm/mm.h>
#include <mm/slab.h>

#define STACK_TOP     USER_END
#define STACK_AT_ONCE (32 * PAGE_SIZE) /* mapped besides the strings */

#define MAX_SCRIPTS 5 /* one the other's interpreter; as many as Linux has */

/* Auxiliary vector (facts: musl needs PHDR, glibc PHNUM and RANDOM). */
#define AT_NULL   0
#define AT_PHDR   3
#define AT_PHENT  4
#define AT_PHNUM  5
#define AT_PAGESZ 6
#define AT_BASE   7
#define AT_FLAGS  8
#define AT_ENTRY  9
#define AT_UID    11
#define AT_EUID   12
#define AT_GID    13
#define AT_EGID   14
#define AT_HWCAP  16
#define AT_CLKTCK 17
#define AT_SECURE 23
#define AT_RANDOM 25
#define AT_EXECFN 31

struct exec {
    const char *path;                       /* as given */
    enum exec_flags flags;                  /* as given */
    struct script scripts[MAX_SCRIPTS + 1]; /* the last: no script, or ELOOP */
    unsigned nr_scripts;
    struct inode *inode; /* the program, or the last script's interpreter */
    struct inode *ld;    /* the program's PT_INTERP, or NULL */
    struct elf_image program, linker;
    struct exec_args args;
    struct mm *mm; /* the new one, until it is the task's */
};

/* ---- finding the program ---- */

void program_hold(struct inode *program)
{
    if (!program)
        return;
    inode_get(program);
    (void)inode_deny_write(program); /* it is denied already */
}

void program_put(struct inode *program)
{
    if (!program)
        return;
    inode_allow_write(program);
    inode_put(program);
}

/* An area that shows it for writing outlives the descriptor, and then no open
   file says so. A memfd, which has no name, may have one, as in Linux. */
static bool is_mapped_to_write(const struct inode *inode)
{
    return inode->nlink && READ_ONCE(inode->data->writers);
}

/* A regular file that somebody may execute (root may, if anybody may), and that
   nobody writes as long as it is open here. */
static int open_program(const char *path, bool nofollow, struct inode **out)
{
    int err;
    struct inode *inode = path_lookup(path, nofollow, &err);

    if (!inode)
        return err;
    if ((inode->mode & S_IFMT) == S_IFLNK)
        err = -ELOOP;
    else if ((inode->mode & S_IFMT) != S_IFREG || !(inode->mode & 0111) ||
             !inode->data)
        err = -EACCES;
    else
        err = inode_deny_write(inode);
    if (err) {
        inode_put(inode);
    } else if (is_mapped_to_write(inode)) {
        program_put(inode);
        err = -ETXTBSY;
    } else {
        *out = inode;
    }
    return err;
}

/* What is to run in the end. */
static const char *program_path(const struct exec *x)
{
    return x->nr_scripts ? x->scripts[x->nr_scripts - 1].interp : x->path;
}

/* A script's interpreter may be a script, too. */
static int find_program(struct exec *x)
{
    for (;;) {
        bool nofollow = !x->nr_scripts && (x->flags & EXEC_NOFOLLOW);
        int err = open_program(program_path(x), nofollow, &x->inode);

        if (!err)
            err = script_read(x->inode, &x->scripts[x->nr_scripts]);
        if (err <= 0)
            return err;
        if (x->nr_scripts == MAX_SCRIPTS)
            return -ELOOP;
        x->nr_scripts++;
        program_put(x->inode);
        x->inode = NULL;
    }
}

/* ---- preparing ---- */

/* What the kernel puts before the arguments: each script is one of those for
   its interpreter. It takes the place of argv[0]. */
static int add_scripts(struct exec *x)
{
    struct exec_args *a = &x->args;
    int err = 0;

    for (unsigned i = x->nr_scripts; i-- > 0 && !err; a->argc++) {
        err = args_add_kernel(a, x->scripts[i].interp);
        if (err || !x->scripts[i].arg)
            continue;
        err = args_add_kernel(a, x->scripts[i].arg);
        a->argc++;
    }
    if (err || !x->nr_scripts)
        return err;
    a->argc++;
    return args_add_kernel(a, x->path);
}

/* While the old program's memory is still there. */
static int copy_args(struct exec *x, u64 argv, u64 envp)
{
    bool from_kernel = x->flags & EXEC_FROM_KERNEL;
    struct exec_args *a = &x->args;
    int err;

    args_set_limit(a, current_limit(RLIMIT_STACK));
    err = add_scripts(x);
    if (!err)
        err = args_add_array(a, argv, x->nr_scripts ? 1 : 0, from_kernel,
                             &a->argc);
    if (!err && a->argc == 0) { /* programs rely on there being one */
        err = args_add_kernel(a, "");
        a->argc = 1;
    }
    if (!err)
        err = args_add_array(a, envp, 0, from_kernel, &a->envc);
    if (!err)
        err = args_add_kernel(a, x->path);
    return err ? err : args_check(a);
}

/* A dynamic program is started by its linker, which finds the program by
   AT_PHDR and AT_ENTRY. Both get a range of their own. */
static int read_images(struct exec *x)
{
    int err = elf_read(x->inode, &x->program);

    if (!err)
        err = elf_place(&x->program, ELF_PIE_BASE, ELF_INTERP_BASE);
    if (err || !x->program.interp[0])
        return err;
    err = open_program(x->program.interp, false, &x->ld);
    if (!err)
        err = elf_read(x->ld, &x->linker);
    if (!err && !x->linker.movable)
        err = -ENOEXEC;
    return err ? err : elf_place(&x->linker, ELF_INTERP_BASE, ELF_INTERP_END);
}

#define AUX_WORDS 34 /* push_stack lists them */

/* Strings and a little more are there at once; the rest grows by faults. */
static int map_stack(struct exec *x)
{
    u64 size = PAGE_UP(args_stack_size(&x->args, AUX_WORDS)) + STACK_AT_ONCE;
    u32 flags = VM_READ | VM_WRITE | VM_GROWSDOWN;

    if (x->program.exec_stack)
        flags |= VM_EXEC;
    mm_leave_stack_room(x->mm, current_limit(RLIMIT_STACK));
    return mm_map_fixed(x->mm, STACK_TOP - size, STACK_TOP, flags, NULL, 0,
                        "[stack]");
}

/* Nobody runs in this mm yet: it is mapped from outside, and what has to be
   written into it waits until it is ours. */
static int map_images(struct exec *x)
{
    int err;

    x->mm = mm_create();
    if (!x->mm)
        return -ENOMEM;
    err = elf_map(&x->program, x->mm, x->inode);
    if (!err && x->ld)
        err = elf_map(&x->linker, x->mm, x->ld);
    if (err)
        return err;
    x->mm->brk_start = x->mm->brk = elf_end(&x->program);
    return map_stack(x);
}

static int exec_prepare(struct exec *x, u64 argv, u64 envp)
{
    int err = find_program(x);

    if (!err)
        err = read_images(x);
    if (!err)
        err = copy_args(x, argv, envp);
    return err ? err : map_images(x);
}

static void exec_free(struct exec *x)
{
    if (x->mm)
        mm_put_user(x->mm);
    program_put(x->ld); /* as Linux: it is kept from changing only till here */
    program_put(x->inode);
    args_free(&x->args);
    kfree(x);
}

/* ---- no way back ---- */

/* A name for messages and ps: the last part of the path. */
static void set_names(const struct exec *x)
{
    struct process *p = current_process();
    struct task *t = current_task();
    const char *slash = strrchr(x->path, '/');
    char exe[sizeof(p->exe)];
    u64 flags;

    inode_real_path(x->inode, program_path(x), exe, sizeof(exe));
    flags = spin_lock_irqsave(&tasks_lock);

    str_copy(t->comm, slash ? slash + 1 : x->path, sizeof(t->comm));
    str_copy(p->exe, exe, sizeof(p->exe));
    p->did_exec = true;
    p->has_barriers = false;
    spin_unlock_irqrestore(&tasks_lock, flags);
}

/* A vfork parent goes on as soon as its memory is no longer used, and not
   before. */
static void switch_mm(struct exec *x)
{
    struct task *t = current_task();
    struct process *p = t->proc;
    struct mm *old = t->mm;

    mm_set_owner(x->mm, p->pid, t->comm);
    x->mm->no_oom = p == init_process;
    if (old) {
        thread_leaves_memory(t);
        process_note_rss(p, old);
    }
    task_switch_mm(x->mm);
    x->mm = NULL;
    vfork_done();
    if (old)
        mm_put_user(old);
    shm_reap();
}

static u64 push_stack(struct exec *x)
{
    u64 random[2], random_at = STACK_TOP - sizeof(random), sp;
    struct args_place place;
    const struct elf_image *p = &x->program;
    u64 aux[AUX_WORDS] = {
        AT_PHDR,   p->phdr,
        AT_PHENT,  ELF_PHDR_SIZE,
        AT_PHNUM,  p->phnum,
        AT_PAGESZ, PAGE_SIZE,
        AT_BASE,   x->ld ? ELF_INTERP_BASE : 0,
        AT_FLAGS,  0,
        AT_ENTRY,  p->entry,
        AT_UID,    0,
        AT_EUID,   0,
        AT_GID,    0,
        AT_EGID,   0,
        AT_SECURE, 0,
        AT_HWCAP,  0, /* programs ask the processor itself */
        AT_CLKTCK, 100,
        AT_RANDOM, random_at,
        AT_EXECFN, 0, /* args_push knows where */
        AT_NULL,   0,
    };

    random_bytes(random, sizeof(random));
    if (copy_to_user(random_at, random, sizeof(random)))
        return 0;
    sp = args_push(&x->args, random_at, aux, AUX_WORDS, &aux[31], &place);
    mm_set_args(current_mm(), place.args, place.env, place.end);
    return sp;
}

/* The old one may be written as soon as nobody runs it: exec_free does it. */
static void set_program(struct exec *x)
{
    struct process *p = current_process();
    struct inode *old = p->program;

    p->program = x->inode;
    x->inode = old;
}

/* Close-on-exec and the handlers go with the old program: what a signal finds
   from here on is the default action. */
static int exec_commit(struct exec *x)
{
    struct task *t = current_task();
    u64 sp;

    set_names(x);
    switch_mm(x);
    set_program(x);
    fdtable_close_on_exec(t->proc->files);
    signal_reset_for_exec(t->proc);
    posix_timers_delete(t->proc);
    arch_user_reset();
    if (elf_zero_tails(&x->program) || (x->ld && elf_zero_tails(&x->linker)))
        return -EFAULT;
    sp = push_stack(x);
    if (!sp)
        return -EFAULT;
    arch_user_frame(t->frame, x->ld ? x->linker.entry : x->program.entry, sp);
    return 0;
}

s64 do_execve(const char *path, u64 argv, u64 envp, enum exec_flags flags)
{
    struct exec *x = kzalloc(sizeof(*x), ALLOC_KERNEL);
    bool committed = false;
    int err;

    if (!x)
        return -ENOMEM;
    x->path = path;
    x->flags = flags;
    err = exec_prepare(x, argv, envp);
    if (!err)
        err = threads_kill_others();
    if (!err)
        err = fdtable_unshare(current_process());
    if (!err) {
        committed = true;
        err = exec_commit(x);
    }
    exec_free(x);
    if (committed && err)
        process_exit(SIGKILL);
    return err;
}
