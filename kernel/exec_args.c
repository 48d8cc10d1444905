/* SPDX-License-Identifier: MIT */
/*
 * Arguments and environment: copied into kernel pages while the old program's
 * memory is still there, and onto the new stack when it is not.
 *
 *     top    strings: argv's, envp's, the file's name
 *            auxiliary vector
 *            envp[], NULL
 *            argv[], NULL
 *     rsp    argc                                (a multiple of 16)
 */
#include <kernel/errno.h>
#include <kernel/exec_args.h>
#include <kernel/string.h>
#include <kernel/uaccess.h>
#include <mm/slab.h>

/* How much of a string is fetched at a time: most are shorter. */
#define CHUNK 64

void args_set_limit(struct exec_args *a, u64 stack)
{
    a->limit = min_u64(max_u64(stack / 4, ARG_MAX), EXEC_ARGS_MAX);
}

static u64 args_size(const struct exec_args *a)
{
    return a->len + (a->argc + a->envc) * sizeof(u64);
}

int args_check(const struct exec_args *a)
{
    return args_size(a) > a->limit ? -E2BIG : 0;
}

/* Where the next byte goes, and how many fit there. */
static int room(struct exec_args *a, char **dst, u64 *n)
{
    u64 i = a->len >> PAGE_SHIFT, off = a->len & ~PAGE_MASK;

    if (args_size(a) >= a->limit)
        return -E2BIG;
    if (!a->pages[i])
        a->pages[i] = kmalloc(PAGE_SIZE, ALLOC_KERNEL);
    if (!a->pages[i])
        return -ENOMEM;
    *dst = a->pages[i] + off;
    *n = PAGE_SIZE - off;
    return 0;
}

int args_add_kernel(struct exec_args *a, const char *s)
{
    u64 left = strlen(s) + 1, n;
    char *dst;

    for (; left > 0; left -= n, s += n, a->len += n) {
        int err = room(a, &dst, &n);

        if (err)
            return err;
        n = min_u64(n, left);
        memcpy(dst, s, n);
    }
    return 0;
}

static u64 length_within(const char *s, u64 n)
{
    u64 len = 0;

    while (len < n && s[len])
        len++;
    return len;
}

/* Pieces end at the borders of user pages: the next one may not be there. */
static int add_user(struct exec_args *a, u64 src)
{
    u64 first = a->len;

    for (;;) {
        u64 n, len;
        char *dst;
        int err = room(a, &dst, &n);

        if (err)
            return err;
        if (a->len - first >= EXEC_STRING_MAX)
            return -E2BIG;
        n = min_u64(min_u64(n, CHUNK), PAGE_SIZE - (src & ~PAGE_MASK));
        n = min_u64(n, first + EXEC_STRING_MAX - a->len);
        if (copy_from_user(dst, src, n))
            return -EFAULT;
        len = length_within(dst, n);
        if (len < n) {
            a->len += len + 1;
            return 0;
        }
        a->len += n;
        src += n;
    }
}

/* The program may change the array while we read it: each pointer is used as
   it was read. */
static int fetch_pointer(u64 array, u64 i, bool from_kernel, u64 *p)
{
    if (!array) {
        *p = 0;
        return 0;
    }
    array += i * sizeof(u64);
    if (from_kernel) {
        *p = *(const u64 *)array;
        return 0;
    }
    return copy_from_user(p, array, sizeof(*p));
}

int args_add_array(struct exec_args *a, u64 array, unsigned skip,
                   bool from_kernel, u64 *count)
{
    for (u64 i = 0;; i++) {
        u64 p;
        int err = fetch_pointer(array, i, from_kernel, &p);

        if (err || !p)
            return err;
        if (i < skip)
            continue;
        err =
            from_kernel ? args_add_kernel(a, (const char *)p) : add_user(a, p);
        if (err)
            return err;
        ++*count;
    }
}

void args_free(struct exec_args *a)
{
    for (unsigned i = 0; i < ARRAY_SIZE(a->pages) && a->pages[i]; i++)
        kfree(a->pages[i]);
}

/* ---- the new stack ---- */

static u64 words(const struct exec_args *a, u64 n)
{
    return 1 + a->argc + 1 + a->envc + 1 + n;
}

u64 args_stack_size(const struct exec_args *a, u64 n)
{
    return a->len + words(a, n) * sizeof(u64) + 32; /* two alignments */
}

/* Words on their way to the stack, a few at a time. */
struct word_writer {
    u64 to; /* user address of buf[0] */
    u64 buf[32];
    unsigned n;
    int err;
};

/* After an error the rest is counted, not written. */
static void flush_words(struct word_writer *w)
{
    if (!w->err)
        w->err = copy_to_user(w->to, w->buf, w->n * sizeof(u64));
    w->to += w->n * sizeof(u64);
    w->n = 0;
}

static void put_word(struct word_writer *w, u64 word)
{
    w->buf[w->n++] = word;
    if (w->n == ARRAY_SIZE(w->buf))
        flush_words(w);
}

/* Where the string after the one at pos begins. */
static u64 next_string(const struct exec_args *a, u64 pos)
{
    while (a->pages[pos >> PAGE_SHIFT][pos & ~PAGE_MASK])
        pos++;
    return pos + 1;
}

/* Pointers to n strings, from the one at pos on, and a NULL. */
static u64 put_pointers(struct word_writer *w, const struct exec_args *a,
                        u64 strings, u64 pos, u64 n)
{
    for (u64 i = 0; i < n; i++) {
        put_word(w, strings + pos);
        pos = next_string(a, pos);
    }
    put_word(w, 0);
    return pos;
}

static int copy_strings(const struct exec_args *a, u64 to)
{
    for (u64 pos = 0; pos < a->len; pos += PAGE_SIZE) {
        u64 n = min_u64(a->len - pos, PAGE_SIZE);

        if (copy_to_user(to + pos, a->pages[pos >> PAGE_SHIFT], n))
            return -EFAULT;
    }
    return 0;
}

u64 args_push(const struct exec_args *a, u64 top, u64 *aux, unsigned n,
              u64 *name_slot, struct args_place *place)
{
    u64 strings = (top - a->len) & ~15ull;
    u64 sp = (strings - words(a, n) * sizeof(u64)) & ~15ull;
    struct word_writer w = {.to = sp};
    u64 pos;

    put_word(&w, a->argc);
    pos = put_pointers(&w, a, strings, 0, a->argc);
    place->args = strings;
    place->env = strings + pos;
    pos = put_pointers(&w, a, strings, pos, a->envc);
    place->end = strings + pos;
    *name_slot = place->end;
    for (unsigned i = 0; i < n; i++)
        put_word(&w, aux[i]);
    flush_words(&w);
    return w.err || copy_strings(a, strings) ? 0 : sp;
}
