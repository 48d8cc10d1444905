/* SPDX-License-Identifier: MIT */
/*
 * How tasks begin and end: the structure, the stack, the first step and the
 * last. What makes a task part of a process is kernel/fork.c's.
 */
#include <kernel/irq.h>
#include <kernel/print.h>
#include <kernel/string.h>
#include <kernel/task.h>
#include <mm/kstack.h>
#include <mm/slab.h>

static struct slab_cache task_cache;

void threads_init(void)
{
    slab_cache_init(&task_cache, "task", sizeof(struct task));
}

u64 task_stack_top(const struct task *t)
{
    return (u64)t->stack + KSTACK_SIZE;
}

/* Interrupts are off, as in every switch. */
static void first_step(void *arg)
{
    struct task *t = arg;

    sched_finish_switch();
    irq_enable();
    t->entry(t->entry_arg);
    task_exit();
}

/* A child starts where its creator stands among the others: who forks a lot
   gains nothing. Our own vruntime may be raised by others while we read it;
   that does not matter. */
static void inherit_place(struct task *t)
{
    struct task *parent = current_task();

    t->state = TASK_SLEEPING;
    t->cpu = cpu_id();
    t->vruntime = parent ? READ_ONCE(parent->vruntime) : 0;
}

struct task *task_create(const char *comm, void (*fn)(void *), void *arg)
{
    struct task *t = slab_zalloc(&task_cache, ALLOC_KERNEL);

    if (!t)
        return NULL;
    t->stack = kstack_alloc();
    if (!t->stack) {
        slab_free(&task_cache, t);
        return NULL;
    }
    str_copy(t->comm, comm, sizeof(t->comm));
    t->entry = fn;
    t->entry_arg = arg;
    list_init(&t->all_node);
    list_init(&t->proc_node);
    list_init(&t->sig_queue);
    heap_node_init(&t->run_node);
    inherit_place(t);
    arch_user_init(&t->arch);
    arch_task_init(&t->arch, (void *)task_stack_top(t), first_step, t);
    return t;
}

void task_start(struct task *t)
{
    bool was_asleep = wake_task(t);

    ASSERT(was_asleep);
}

void task_free(struct task *t)
{
    kstack_free(t->stack);
    slab_free(&task_cache, t);
}

void task_exit(void)
{
    might_sleep(); /* nothing is held that another task may wait for */
    ASSERT(!current_task()->mm);
    irq_save();
    sched_exit();
}
