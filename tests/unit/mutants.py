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
    Mutant(
        "swapin-sum-low",
        "mapcount rises before swapcount falls (mm/page.h)",
        "mm/swapin.c",
        (("""\
    rmap_add_anon(page, f->vma, f->addr);
    testpoint("swapin.between_counts");
    pte_write(f->pte, pte_make(page_to_pfn(page), flags));
    swap_free(slot);
""", """\
    swap_free(slot);
    testpoint("swapin.between_counts");
    rmap_add_anon(page, f->vma, f->addr);
    pte_write(f->pte, pte_make(page_to_pfn(page), flags));
"""),),
        "no_owner_is_missed_on_the_way_in"),
    Mutant(
        "unmap-sum-low",
        "swapcount rises before mapcount falls (mm/page.h)",
        "mm/rmap.c",
        (("""\
    if (swap_dup(page->private))
        return -EBUSY;
    take_entry_away(page, u, e, instead);
    e->vma->mm->swapped++;
    testpoint("unmap.between_counts");
    return 0;
""", """\
    take_entry_away(page, u, e, instead);
    e->vma->mm->swapped++;
    return 0;
"""),
         ("""\
    rmap_remove(page);
    put_page(page); /* the entry's; the caller has its own */
    return true;
""", """\
    rmap_remove(page);
    if (u->to == UNMAP_TO_SWAP) {
        testpoint("unmap.between_counts");
        swap_dup(page->private);
    }
    put_page(page); /* the entry's; the caller has its own */
    return true;
"""),),
        "no_owner_is_missed_on_the_way_out"),
    Mutant(
        "swapin-no-recheck",
        "a page of the swap cache is asked whether it still has the slot",
        "mm/swapin.c",
        (("if (!page_flag(page, PG_SWAPCACHE) || page->private != slot) {",
          "if (!page_flag(page, PG_SWAPCACHE)) {"),),
        "a_page_that_has_another_slot_by_now"),
    Mutant(
        "cache-drop-no-count",
        "a look-up's reference keeps the page in the cache",
        "mm/swap_cache.c",
        (("""\
    ok = nobody_else(page, mine);
    /* Whoever""", """\
    ok = true;
    /* Whoever"""),),
        "who_looked_it_up_keeps_it_cached"),
    Mutant(
        "cache-replace-no-count",
        "a move counts references again under the swap lock",
        "mm/swap_cache.c",
        (("""\
    ok = nobody_else(old, mine);
    if (ok) {""", """\
    ok = true;
    (void)mine;
    if (ok) {"""),),
        "a_move_meets_a_look_up"),
    Mutant(
        "cache-drop-dirty",
        "a dirty page does not leave the cache: its slot is old",
        "mm/swap_cache.c",
        (("ok = ok && !page_flag(page, PG_DIRTY) && ", "ok = ok && "),),
        "what_is_dirty_is_not_dropped"),
    Mutant(
        "tryfree-writeback",
        "write-back keeps the page under its slot",
        "mm/swap_cache.c",
        (("""\
    if (page_flag(page, PG_WRITEBACK))
        return false;
    flags =""", "    flags ="),),
        "write_back_keeps_the_page"),
    Mutant(
        "tryfree-not-dirty",
        "a page without a slot is dirty",
        "mm/swap_cache.c",
        (("""\
    page_set(page, PG_DIRTY); /* it is its only copy again */
""", ""),),
        "a_page_without_a_slot_is_dirty"),
    Mutant(
        "put-no-wake",
        "a reference that falls wakes who waits for the page",
        "mm/page.c",
        (("""\
    if (unlikely(flags & 1u << PG_WAITERS))
        wake_up_all(page_waitq(p));
""", """\
    (void)flags;
"""),),
        "removal_waits_for_a_pin"),
    Mutant(
        "zap-before-flush",
        "a page is let go after the flush",
        "mm/zap.c",
        (("""\
        if (z.flush)
            tlb_flush_range(&mm->pt, z.first, z.next);
        testpoint("zap.flushed");
        release(&z);
""", """\
        release(&z);
        if (z.flush)
            tlb_flush_range(&mm->pt, z.first, z.next);
"""),),
        "reads_see_zeroes"),
    Mutant(
        "unmap-late-mapcount",
        "a page is unmapped when its mapcount is 0, and no sooner",
        "mm/rmap.c",
        (("    } else if (!u.error && page_mapcount(page) > 0) {",
          "    } else if (0) {"),),
        "a_move_meets_an_unmap"),
    Mutant(
        "fork-migration-rw",
        "fork takes the write bit from migration entries too",
        "mm/fork.c",
        (("} else if (pte_kind(e) == PTE_KIND_MIGRATE_RW) {",
          "} else if (0) {"),),
        "a_child_of_a_moving_page"),
    Mutant(
        "fork-no-flush",
        "fork's flush is over before the child can run",
        "mm/fork.c",
        (("""\
    tlb_flush_deferred(&parent->pt);
""", """\
    (void)parent;
"""),),
        "fork_shares_until_a_write"),
    Mutant(
        "copy-no-error",
        "a page takes along that its slot has failed",
        "mm/migrate.c",
        (("PG_ERROR,  PG_EXCLUSIVE};", "PG_EXCLUSIVE};"),),
        "a_failed_slot_is_retired"),
    Mutant(
        "lock-old-writeback",
        "a page that the disk reads is not moved",
        "mm/migrate.c",
        (("""\
        if (err || !page_flag(m->old, PG_WRITEBACK))
            return err;""", "        return err;"),),
        "write_back_keeps_the_page"),
    Mutant(
        "waiters-after",
        "who sleeps for a page says so before he looks",
        "mm/fault.c",
        (("""\
        page_set(page, PG_WAITERS);
        return pte_is_migration(e)""", "        return pte_is_migration(e)"),),
        "a_writer_waits_for_the_page_lock"),
    Mutant(
        "cut-one-zap",
        "a file that is cut is unmapped once more at the end",
        "mm/filemap.c",
        (("""\
        place_forget(c.old);
    }
    file_areas_zap(m, first, end);""", """\
        place_forget(c.old);
    }"""),),
        "a_fault_between_unmapping_and_cutting"),
    Mutant(
        "fill-within",
        "a hole beyond the end of a file is not filled",
        "mm/filemap.c",
        (("    if (!err && within && index",
          "    if (0 && !err && within && index"),),
        "a_hole_in_what_was_cut"),
    Mutant(
        "file-mapping-check",
        "a file's page is mapped only while it is the file's",
        "mm/fault_file.c",
        (("""\
    if (page->mapping == f->vma->file && page->index == index &&
        fault_relock(f)) {""", "    if (fault_relock(f)) {"),),
        "a_copy_of_what_was_cut"),
    Mutant(
        "replace-file-count",
        "a move counts references again under the file's lock",
        "mm/file_swap.c",
        (("page_mapcount(old) == 0 && page_refs(old) == FILE_REF + mine",
          "page_mapcount(old) == 0"),),
        "a_move_meets_a_look_up_in_the_file"),
    Mutant(
        "pin-readonly",
        "a pin for writing needs a writable entry",
        "mm/gup.c",
        (("if ((e & PTE_P) && (!p->write || (e & PTE_W))) {",
          "if (e & PTE_P) {"),),
        "a_device_writes_to_no_shared_page"),
    Mutant(
        "write-clean-late",
        "PG_DIRTY is cleared before the page is unlocked for its write",
        "mm/swap_io.c",
        (("""\
    /* Only now: whoever writes from here on makes it dirty again. */
    page_clear(page, PG_DIRTY);
    unlock_page(page);
    testpoint("swap.unlocked");
""", """\
    unlock_page(page);
    testpoint("swap.unlocked");
    page_clear(page, PG_DIRTY);
"""),),
        "a_write_while_it_is_written_out"),
    Mutant(
        "write-fail-slot",
        "a failed write marks the page: its slot is to be retired",
        "mm/swap_io.c",
        (("""\
    page_set(page, PG_ERROR); /* its slot is to be retired */
""", ""),),
        "a_failed_slot_is_retired"),
    Mutant(
        "stays-writeback",
        "a page under write-back is not written a second time",
        "mm/reclaim.c",
        (("""\
    if (page_flag(page, PG_WRITEBACK)) {
        sc->writing++;
        return true;
    }
""", ""),),
        "write_back_keeps_the_page"),
    Mutant(
        "protect-gives-w",
        "mprotect gives no write bit",
        "mm/protect.c",
        (("vma_pte_flags(vma, e & PTE_W));", "vma_pte_flags(vma, true));"),),
        "a_write_bit_is_not_mprotects_to_give"),
    Mutant(
        "wp-no-lock",
        "the design is asked under the page lock",
        "mm/wp.c",
        (("""\
    if (!trylock_page(page)) {
        spin_unlock(&f->mm->pt_lock);
        return FAULT_WAIT;
    }
""", ""),
         ("""\
    unlock_page(page);
    spin_unlock(&f->mm->pt_lock);
    if (copy)""", """\
    spin_unlock(&f->mm->pt_lock);
    if (copy)"""),),
        "a_writer_waits_for_the_page_lock"),
    Mutant(
        "swapin-dirty",
        "a page that is kept for a writer is dirty",
        "mm/swapin.c",
        (("""\
        page_set(page, PG_DIRTY);
    }
    if (swap_mostly""", """\
    }
    if (swap_mostly"""),),
        "a_write_while_it_is_written_out"),
    Mutant(
        "isolate-freed",
        "a page without references is isolated by nobody",
        "mm/lru.c",
        (("    return atomic_inc_not_zero(&p->refs);",
          "    return atomic_inc(&p->refs) > 0;"),),
        "nobody_isolates_a_page_that_is_being_freed"),
    Mutant(
        "dup-limit",
        "fork fails rather than overflow the count of a slot",
        "mm/swap.c",
        (("""\
    if (slot->count >= SWAP_COUNT_MAX)
        err = -ENOMEM;
    else
""", "    "),),
        "fork_rather_fails_than_loses_count"),
    Mutant(
        "swap-add-slot-error",
        "a failed slot is given to nobody else",
        "mm/swap.c",
        (("    if (slot->failed) {", "    if (0) {"),),
        "a_failed_slot_is_retired"),
    Mutant(
        "swapin-full",
        "when swap fills up, a page that is in memory gives its slot back",
        "mm/swapin.c",
        (("""\
    if (swap_mostly_full())
        swap_try_free(page);
""", ""),),
        "a_full_swap_gets_slots_back"),
    Mutant(
        "swapin-unlock-late",
        "who maps a page unlocks it before its entry can go",
        "mm/swapin.c",
        (("""\
        unlock_page(page);
        spin_unlock(&f->mm->pt_lock);
        testpoint("swapin.mapped");
""", """\
        spin_unlock(&f->mm->pt_lock);
        testpoint("swapin.mapped");
        unlock_page(page);
"""),),
        "an_entry_that_goes_as_it_has_come"),
    Mutant(
        "unlock-then-look",
        "who unlocks a page does not touch it afterwards",
        "mm/page.c",
        (("    if (was & 1u << PG_WAITERS)\n        wake_up_all(q);",
          "    (void)was;\n    if (page_flag(p, PG_WAITERS))\n"
          "        wake_up_all(q);"),),
        "a_page_that_goes_when_it_is_unlocked"),
    Mutant(
        "swapoff-again",
        "swapoff is told that the disk failed",
        "mm/swapoff.c",
        ((".how = FAULT_READ, .reading = s};", ".how = FAULT_READ};"),),
        "a_failed_read_ends_swapoff"),
    Mutant(
        "read-ahead-reclaims",
        "what is read ahead takes only frames that are free",
        "mm/swap_ahead.c",
        (("swap_read_how(s, ALLOC_MOVABLE, &page)",
          "swap_read_how(s, ALLOC_USER | ALLOC_NO_OOM, &page)"),),
        "nothing_goes_for_what_is_read_ahead"),
]
