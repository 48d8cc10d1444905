/* SPDX-License-Identifier: MIT */
/*
 * The strings that a new program starts with, on their way from the old
 * program's memory to the new one's stack.
 */
#ifndef KERNEL_EXEC_ARGS_H
#define KERNEL_EXEC_ARGS_H

#include <kernel/types.h>

/* Strings and their pointers may take a quarter of what the stack may, but at
   least ARG_MAX, and at most EXEC_ARGS_MAX: the quarter of 8 MiB. One user's
   string may be this long, with its 0 byte. */
#define ARG_MAX         (128ul << 10)
#define EXEC_ARGS_MAX   (2ul << 20)
#define EXEC_STRING_MAX (32 * PAGE_SIZE)

/* Where the strings are: args up to env, environment up to end. */
struct args_place {
    u64 args, env, end;
};

struct exec_args {
    char *pages[EXEC_ARGS_MAX / PAGE_SIZE]; /* in order; NULL = not yet */
    u64 len; /* bytes of strings, each with its 0 byte */
    u64 argc, envc;
    u64 limit; /* on strings and pointers, up to EXEC_ARGS_MAX; fixed */
};

/* stack: RLIMIT_STACK. */
void args_set_limit(struct exec_args *a, u64 stack);
/* Is all of it, now that it is complete, within the limit? 0 or -E2BIG. */
int args_check(const struct exec_args *a);
/* One more string. 0, -E2BIG, -EFAULT, -ENOMEM. */
int args_add_kernel(struct exec_args *a, const char *s);
/* A NULL-terminated array of strings but for the first `skip`, counted in
   *count. An array at 0 is empty. */
int args_add_array(struct exec_args *a, u64 array, unsigned skip,
                   bool from_kernel, u64 *count);
void args_free(struct exec_args *a); /* the pages */

/* Bytes of stack that strings, their pointers and n more words will take. */
u64 args_stack_size(const struct exec_args *a, u64 n);
/*
 * Build the initial stack below `top` in the current address space: argc,
 * argv, envp, the n words of the auxiliary vector, and the strings, of which
 * the last is the file's name: *name_slot, a word of the vector, gets its
 * address. The new stack pointer, or 0: -EFAULT.
 */
u64 args_push(const struct exec_args *a, u64 top, u64 *aux, unsigned n,
              u64 *name_slot, struct args_place *place);

#endif
