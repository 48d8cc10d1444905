/* SPDX-License-Identifier: MIT */
/* The files by which memory is put online and offline: what they take, and what
   they say to what can never leave. */
#include "say.h"
#include <fcntl.h>

#define MEMORY "/sys/devices/system/memory/"

static const char *const words[] = {
    "",
    "\n",
    "rubbish",
    " offline",
    "offline ",
    "sideways",
    "online",
    "online_kernel",
    "offline",
    "online\n",
    "offline\nonline",
    "online\n\n",
    "online\noffline\n",
};

/* Newlines would make more lines of it. */
static const char *shown(const char *word)
{
    static char text[40];
    unsigned i;

    for (i = 0; word[i]; i++)
        text[i] = word[i] == '\n' ? '/' : word[i];
    text[i] = 0;
    return text;
}

static void tell(const char *file, const char *word)
{
    char path[80], line[40];
    ssize_t n, wrote;
    int fd, error;

    snprintf(path, sizeof(path), MEMORY "%s", file);
    fd = open(path, O_RDWR);
    errno = 0;
    wrote = write(fd, word, strlen(word));
    error = errno;
    n = pread(fd, line, sizeof(line) - 1, 0);
    line[n > 0 ? n - 1 : 0] = 0;
    printf("sections.%s '%s': %s, then %s\n", file, shown(word),
           wrote == (ssize_t)strlen(word) ? "ok" : error_name(error), line);
    close(fd);
}

int main(void)
{
    subject = "sections";
    /* The first block has holes, where the firmware and the screen are. */
    for (unsigned i = 0; i < COUNT(words); i++)
        tell("memory0/state", words[i]);
    for (unsigned i = 0; i < COUNT(words); i++)
        tell("auto_online_blocks", words[i]);
    tell("auto_online_blocks", "online_movable");
    return 0;
}
