/* SPDX-License-Identifier: MIT */
/*
 * What a design chooses, and what it promises. A choice is neither right nor
 * wrong: a failure says so, that nobody looks for lost data where a page was
 * merely copied. A design that is not in the table chooses as it likes; what
 * it promises (mm/cow.h) it is held to like the others.
 */
#include "unit.h"

static const struct {
    const char *design;
    bool chooses[NR_CHOICES];
} stock[] = {
    {"naive", {[UNMAPS_PINNED] = true, [KEEPS_UNPINNED] = true}},
    {"ptepin", {[KEEPS_UNPINNED] = true}},
    {"mapcount",
     {[UNMAPS_PINNED] = true, [KEEPS_PINNED] = true, [KEEPS_UNPINNED] = true}},
};

static const char *const choices[] = {
    [UNMAPS_PINNED] = "take a pinned page out of page tables",
    [KEEPS_PINNED] = "keep a pinned page that one process owns",
    [KEEPS_UNPINNED] = "keep a page that one process owns and nobody pins",
};

void check_choice(enum choice which, bool taken)
{
    for (unsigned i = 0; i < sizeof(stock) / sizeof(stock[0]); i++)
        if (design_is(stock[i].design) && stock[i].chooses[which] != taken)
            fail_msg("policy: %s %s %s, and it did %s", cow_design.name,
                     taken ? "is not to" : "is to", choices[which],
                     taken ? "so" : "not");
}

void check_word(enum cow_word word, bool holds, const char *what)
{
    if (word == COW_PROMISES && !holds)
        fail_msg("promise: %s promises that %s; it was not so", cow_design.name,
                 what);
    if (word == COW_GIVES_UP && holds)
        fail_msg("promise: %s gives up that %s; it was so all the same",
                 cow_design.name, what);
}
