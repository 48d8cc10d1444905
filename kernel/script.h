/* SPDX-License-Identifier: MIT */
/* "#! interpreter argument": the first line of a script. */
#ifndef KERNEL_SCRIPT_H
#define KERNEL_SCRIPT_H

struct inode;

struct script {
    char line[256]; /* as much is read; cut into words */
    char *interp;   /* in it, as is: */
    char *arg;      /* all that stands behind, or NULL */
};

/* Is the file a script? 1 if so, and what it says; 0; or -errno. May sleep. */
int script_read(struct inode *inode, struct script *s);

#endif
