/* SPDX-License-Identifier: MIT */
/*
 * memmap: a live map of physical memory.
 *
 * A cell is a group of frames and shows the most telling thing in it. Whole
 * sections that look the same in every frame, and lie next to each other,
 * share a row, so that what is interesting fits on a screen.
 */
#include "lib/framemap.h"
#include "lib/pageinfo.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define LABEL   26 /* columns in front of a row's cells */
#define TICK_MS 500
#define HELP_ROW \
    "q quit  arrows move  Enter look inside  +/- frames a cell  ? help"

static const char usage[] =
    "usage: memmap        a live map of physical memory (q quits, ? helps)\n"
    "       memmap -1     print it once, plain, for scripts\n"
    "       memmap -s     print the sums only\n";

static struct framemap map;
static unsigned per_cell = 8; /* frames; a power of two */
static size_t cursor;         /* cell, counted over all rows */
static size_t top;            /* first row that is shown */
static struct termios saved;

/* ---- rows ---- */

struct row {
    const struct section *section; /* the first of those in the row */
    size_t count;                  /* sections that share the row */
};

static struct row *rows;
static size_t nr_rows;

static bool all_free(const struct section *s)
{
    return s->frame && strspn(s->frame, ".") == SECTION_FRAMES;
}

static bool alike(const struct section *a, const struct section *b)
{
    return b->nr == a->nr + 1 && !strcmp(a->state, b->state) &&
           !strcmp(a->zone, b->zone) && a->dimm == b->dimm &&
           ((all_free(a) && all_free(b)) || (!a->frame && !b->frame));
}

static void make_rows(void)
{
    free(rows);
    rows = calloc(map.nr + 1, sizeof(*rows));
    nr_rows = 0;
    for (size_t i = 0; rows && i < map.nr; i++) {
        if (i > 0 && alike(&map.section[i - 1], &map.section[i]))
            rows[nr_rows - 1].count++;
        else
            rows[nr_rows++] = (struct row){&map.section[i], 1};
    }
}

static unsigned cells_of_row(const struct row *r)
{
    return r->section->frame ? SECTION_FRAMES / per_cell : 1;
}

static char letter_of_cell(const struct row *r, unsigned cell)
{
    const char *frame = r->section->frame;

    if (!frame)
        return '-';
    for (const char *l = framemap_letters; *l; l++)
        if (*l != '.' && memchr(frame + cell * per_cell, *l, per_cell))
            return *l;
    return '.';
}

static void label_of(const struct row *r, char *buf, size_t size)
{
    const struct section *s = r->section;
    unsigned long mib = s->nr * 2;
    char where[16] = "soldered";

    if (s->dimm >= 0)
        snprintf(where, sizeof(where), "DIMM %d", s->dimm);
    if (r->count > 1)
        snprintf(buf, size, "%5lu-%-5lu %-8s %-6.6s", mib,
                 mib + 2 * r->count - 1, where,
                 strcmp(s->state, "online") ? s->state : "free");
    else
        snprintf(buf, size, "%5lu MiB   %-8s %-6.6s", mib, where,
                 strcmp(s->state, "online") ? s->state : "");
}

/* ---- colours ---- */

static const char *colour_of(char letter)
{
    switch (letter) {
    case 'P':
        return "97;41";
    case 'w':
        return "30;43";
    case 'i':
        return "30;46";
    case 's':
        return "30;42";
    case 'A':
        return "97;44";
    case 'a':
        return "94";
    case 'f':
        return "95";
    case 't':
        return "93";
    case 'k':
        return "33";
    case 'm':
    case 'r':
    case '-':
        return "90";
    default:
        return "32";
    }
}

/* ---- printing ---- */

static void print_sums(void)
{
    unsigned long sum[128] = {0}, gone = 0;

    for (size_t i = 0; i < map.nr; i++) {
        const char *frame = map.section[i].frame;

        gone += !frame;
        for (unsigned k = 0; frame && k < SECTION_FRAMES; k++)
            sum[(unsigned char)frame[k] & 127]++;
    }
    for (const char *l = framemap_letters; *l; l++)
        if (sum[(unsigned char)*l])
            printf("%c %-22s %8lu frames\n", *l, framemap_meaning(*l),
                   sum[(unsigned char)*l]);
    if (gone)
        printf("- %-22s %8lu sections\n", "not online", gone);
}

static int print_once(bool cells)
{
    char label[64];

    if (!framemap_read(&map)) {
        fprintf(stderr, "memmap: /proc/framemap: %s\n", strerror(errno));
        return 1;
    }
    make_rows();
    for (size_t i = 0; cells && i < nr_rows; i++) {
        label_of(&rows[i], label, sizeof(label));
        printf("%s ", label);
        for (unsigned c = 0; c < cells_of_row(&rows[i]); c++)
            putchar(letter_of_cell(&rows[i], c));
        putchar('\n');
    }
    print_sums();
    return 0;
}

/* ---- the screen ---- */

static void size_of_screen(unsigned *lines, unsigned *columns)
{
    struct winsize w;

    *lines = 25;
    *columns = 80;
    if (ioctl(1, TIOCGWINSZ, &w) == 0 && w.ws_row > 5 && w.ws_col > LABEL) {
        *lines = w.ws_row;
        *columns = w.ws_col;
    }
}

static void restore_screen(void)
{
    tcsetattr(0, TCSANOW, &saved);
    printf("\033[0m\033[?25h\033[2J\033[H");
    fflush(stdout);
}

static void on_signal(int sig)
{
    (void)sig;
    restore_screen();
    _exit(0);
}

static void raw_screen(void)
{
    struct termios t;

    tcgetattr(0, &saved);
    t = saved;
    t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    tcsetattr(0, TCSANOW, &t);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    printf("\033[2J\033[?25l");
}

/* Cells a row may have on a screen so wide. */
static void fit(unsigned columns)
{
    while (SECTION_FRAMES / per_cell > columns - LABEL - 1 &&
           per_cell < SECTION_FRAMES)
        per_cell *= 2;
}

static size_t nr_cells(void)
{
    size_t n = 0;

    for (size_t i = 0; i < nr_rows; i++)
        n += cells_of_row(&rows[i]);
    return n;
}

/* Which row and cell is the cursor in? */
static size_t cursor_row(unsigned *cell)
{
    size_t n = 0;

    for (size_t i = 0; i < nr_rows; i++) {
        unsigned c = cells_of_row(&rows[i]);

        if (cursor < n + c) {
            *cell = (unsigned)(cursor - n);
            return i;
        }
        n += c;
    }
    *cell = 0;
    return 0;
}

static void draw_row(const struct row *r, int here)
{
    char label[64], last = 0;

    label_of(r, label, sizeof(label));
    printf("\033[0m%-*s", LABEL, label);
    for (unsigned c = 0; c < cells_of_row(r); c++) {
        char l = letter_of_cell(r, c);

        if ((int)c == here)
            printf("\033[0;7m%c", l);
        else if (l != last || (int)c == here + 1)
            printf("\033[0;%sm%c", colour_of(l), l);
        else
            putchar(l);
        last = l;
    }
    printf("\033[0m\033[K\r\n");
}

/* As many as fit; the help has all. */
static void draw_legend(unsigned columns)
{
    size_t used = 0;
    static const char *const words[] = {"pinned", "write",  "isol", "swap",
                                        "free",   "shared", "anon", "file",
                                        "pt",     "kern",   "map",  "rsvd"};

    for (unsigned i = 0; framemap_letters[i]; i++) {
        used += strlen(words[i]) + 2;
        if (used > columns)
            break;
        printf("\033[0;%sm%c\033[0m%s ", colour_of(framemap_letters[i]),
               framemap_letters[i], words[i]);
    }
    printf("\033[0m\033[K\r\n");
}

static void draw(void)
{
    unsigned lines, columns, cell;
    size_t row, shown;

    size_of_screen(&lines, &columns);
    fit(columns);
    if (cursor >= nr_cells())
        cursor = nr_cells() ? nr_cells() - 1 : 0;
    row = cursor_row(&cell);
    shown = lines - 4;
    if (row < top)
        top = row;
    if (row >= top + shown)
        top = row - shown + 1;
    printf("\033[H\033[1mmemmap\033[0m  %u frames (%u KiB) a cell\033[K\r\n",
           per_cell, per_cell * 4);
    for (size_t i = top; i < nr_rows && i < top + shown; i++)
        draw_row(&rows[i], i == row ? (int)cell : -2);
    printf("\033[J\033[%u;1H", lines - 2);
    draw_legend(columns - 1);
    printf("%.*s\033[K", (int)columns - 1, HELP_ROW);
    fflush(stdout);
}

/* ---- keys ---- */

enum key { NONE, UP = 256, DOWN, LEFT, RIGHT, END_OF_INPUT };

static int read_key(int timeout)
{
    struct pollfd p = {0, POLLIN, 0};
    unsigned char c[8];
    ssize_t n;

    if (poll(&p, 1, timeout) <= 0)
        return NONE;
    n = read(0, c, sizeof(c));
    if (n <= 0)
        return END_OF_INPUT;
    if (n >= 3 && c[0] == 27 && (c[1] == '[' || c[1] == 'O'))
        return c[2] >= 'A' && c[2] <= 'D'
                   ? (int[]){UP, DOWN, RIGHT, LEFT}[c[2] - 'A']
                   : NONE;
    return c[0];
}

static void wait_key(void)
{
    printf("\r\n\033[7m any key \033[0m");
    fflush(stdout);
    read_key(-1);
}

static void show_help(void)
{
    printf("\033[H\033[2J%s\r\n", HELP_ROW);
    for (const char *l = framemap_letters; *l; l++)
        printf("  \033[0;%sm%c\033[0m  %s\r\n", colour_of(*l), *l,
               framemap_meaning(*l));
    printf("  -  not online\r\n\r\nA cell shows the first of these that is in "
           "it. A row is a section of 2 MiB;\r\nneighbours that are all free "
           "share one.\r\n");
    wait_key();
}

/* Every frame of the cell under the cursor, with its counts. */
static void look_inside(void)
{
    static char answer[16384];
    unsigned lines, columns, cell, used = 2;
    const struct row *r = &rows[cursor_row(&cell)];
    unsigned long pfn = r->section->nr * SECTION_FRAMES + cell * per_cell;

    size_of_screen(&lines, &columns);
    printf("\033[H\033[2Jframes 0x%lx to 0x%lx\r\n", pfn, pfn + per_cell - 1);
    for (unsigned i = 0; i < per_cell && used + 1 < lines; i++) {
        if (pageinfo_frame(pfn + i, answer, sizeof(answer)))
            break;
        for (char *l = strtok(answer, "\n"); l && used + 1 < lines;
             l = strtok(NULL, "\n"), used++)
            printf("%.*s\r\n", (int)columns - 1, l);
    }
    wait_key();
}

static void move_cursor(int by)
{
    long to = (long)cursor + by, n = (long)nr_cells();

    cursor = (size_t)(to < 0 ? 0 : to >= n ? (n ? n - 1 : 0) : to);
}

/* To the same column of the row above or below. */
static void move_row(int by)
{
    unsigned cell;
    size_t row = cursor_row(&cell), n = 0, to;

    if ((by < 0 && row == 0) || (by > 0 && row + 1 >= nr_rows))
        return;
    to = row + (size_t)by;
    for (size_t i = 0; i < to; i++)
        n += cells_of_row(&rows[i]);
    if (cell >= cells_of_row(&rows[to]))
        cell = cells_of_row(&rows[to]) - 1;
    cursor = n + cell;
}

/* False: the end. */
static bool obey(int key)
{
    switch (key) {
    case 'q':
    case END_OF_INPUT:
        return false;
    case UP:
        move_row(-1);
        break;
    case DOWN:
        move_row(1);
        break;
    case LEFT:
        move_cursor(-1);
        break;
    case RIGHT:
        move_cursor(1);
        break;
    case '+':
        per_cell *= per_cell < SECTION_FRAMES ? 2 : 1;
        break;
    case '-':
        per_cell /= per_cell > 1 ? 2 : 1;
        break;
    case '\r':
    case '\n':
        look_inside();
        break;
    case '?':
        show_help();
        break;
    default:
        break;
    }
    return true;
}

static int live(void)
{
    if (!framemap_read(&map)) {
        fprintf(stderr, "memmap: /proc/framemap: %s\n", strerror(errno));
        return 1;
    }
    raw_screen();
    do {
        if (framemap_read(&map))
            make_rows();
        draw();
    } while (obey(read_key(TICK_MS)));
    restore_screen();
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 1)
        return live();
    if (argc == 2 && !strcmp(argv[1], "-1"))
        return print_once(true);
    if (argc == 2 && !strcmp(argv[1], "-s"))
        return print_once(false);
    fputs(usage, argc == 2 && !strcmp(argv[1], "-h") ? stdout : stderr);
    return argc == 2 && !strcmp(argv[1], "-h") ? 0 : 2;
}
