# SPDX-License-Identifier: MIT
"""Wrong edits to mm/, each of which a unit test notices, and which one.

A mutant takes out one rule that a comment in mm/ states. If its text is not
found, the code has moved on: write the mutant again, do not delete it.
"""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """Replace each `old` of a file by `new`."""

    name: str
    rule: str       # what it breaks
    file: str
    edits: tuple    # of (old, new)
    noticed_by: str  # the unit test
    design: str = "mapcount"


MUTANTS = [
    Mutant(
        "late-copy",
        "the decision to copy and the installing are under one hold of the "
        "page lock and of pt_lock (mm/fault.h)",
        "mm/wp.c",
        (("copy = !may && f->spare;", "copy = !may;"), (
            """        fault_install_copy(f, page);
    }
    unlock_page(page);
    spin_unlock(&f->mm->pt_lock);
    if (copy) {
""", """        unlock_page(page);
        spin_unlock(&f->mm->pt_lock);
        f->spare = alloc_page(ALLOC_USER, PAGE_ANON);
        memcpy(page_to_virt(f->spare), page_to_virt(page), PAGE_SIZE);
        testpoint("fault.spare");
        if (!fault_relock(f)) {
            put_page(page);
            return FAULT_DONE;
        }
        install_spare(f);
    }
    if (!copy)
        unlock_page(page);
    spin_unlock(&f->mm->pt_lock);
    if (copy) {
""")),
        "a_copy_that_comes_too_late"),
]
