/* SPDX-License-Identifier: MIT */
/* Scripts (kernel/script.h). As in Linux, everything behind the interpreter is
   one argument. */
#include <fs/file.h>
#include <kernel/errno.h>
#include <kernel/script.h>
#include <kernel/string.h>

static char *skip_blanks(char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    return s;
}

static char *word_end(char *s)
{
    while (*s && *s != ' ' && *s != '\t')
        s++;
    return s;
}

static int parse(struct script *s)
{
    char *end = strchr(s->line, '\n');
    char *arg;

    if (!end)
        end = s->line + strlen(s->line);
    if (end == s->line + sizeof(s->line) - 1)
        return -ENOEXEC; /* cut short, perhaps in the middle of a name */
    while (end > s->line && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = 0;
    s->interp = skip_blanks(s->line + 2);
    if (!*s->interp)
        return -ENOEXEC;
    arg = word_end(s->interp);
    if (!*arg)
        return 0;
    *arg = 0;
    s->arg = skip_blanks(arg + 1);
    return 0;
}

int script_read(struct inode *inode, struct script *s)
{
    s64 n = inode_read_kernel(inode, 0, s->line, sizeof(s->line) - 1);
    int err;

    if (n < 0)
        return (int)n;
    s->line[n] = 0;
    if (n < 2 || s->line[0] != '#' || s->line[1] != '!')
        return 0;
    err = parse(s);
    return err ? err : 1;
}
