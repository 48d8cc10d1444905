# SPDX-License-Identifier: MIT
"""What the four questions' facts say: figures, findings and an answer.

A finding is a property of a design (mm/cow.h), or of the kernel under any
design, and whether it was seen to hold. It knows no design by its name: what a
design promised, it says itself, and compare.py holds it to that. An answer is
made of what was measured; where nothing was, there is none.
"""
from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from .questions import OVERLAP_PASSES

# A field of struct cow_design, and what a design promises by it.
PROPERTIES = {
    "keeps_apart": "no process reads what another one wrote",
    "loses_nothing": "what a device brings into a page arrives",
    "lets_memory_leave": "memory can leave although raw I/O never pauses",
    "copies_only_when_needed": "a page with one owner is not copied",
}
KERNEL = ""     # in the place of a property: so it is under every design
READS = ["read-first", "write-first", "cached"]
OWNERS = 2      # of page A, in question 2


@dataclass
class Finding:
    """One thing that was looked at."""

    property: str
    holds: bool
    text: str       # what was seen


def _sum(maps, swaps):
    return f"{maps + swaps} ({maps} + {swaps})"


def _names(designs):
    return ", ".join(designs)


# Question 1.

WRITES = {"copy": "copies it", "reuse": "keeps it", "none": "no fault"}


def _raw_read(variant, f):
    r = f[variant]
    return [
        Finding("loses_nothing", r["lost"] == 0, f"{variant}: "
                f"{r['lost']} of 512 bytes that the disk read are lost"),
        Finding("copies_only_when_needed", r["cow"] != "copy",
                f"{variant}: P's write to the page that P alone "
                f"owns: {WRITES[r['cow']]}"),
    ]


def _two_owners(f):
    r = f["two-owners"]
    return [Finding("keeps_apart", r["c_reads"] == "old",
                    "two-owners: P writes to a page of which C "
                    f"has a swap entry, and C reads the {r['c_reads']} byte")]


def _device_reads(f):
    r = f["device-reads"]
    return [Finding("copies_only_when_needed", r["cow"] != "copy",
                    "device-reads: P's write to the page that P "
                    f"alone owns: {WRITES[r['cow']]}")]


def _lock(f):
    r = f["lock"]
    return [
        Finding(KERNEL, r["lock_at_dma_end"] is False,
                "the page lock at the end of the DMA is "
                + ("taken" if r["lock_at_dma_end"] else "free")),
        Finding(KERNEL, r["lock_taken"] > 0,
                f"the page lock is taken {r['lock_taken']} times "
                "while the DMA is in flight"),
    ]


def _rows_of_write(r):
    return [("  mapcount + swapcount", _sum(r["map"], r["swap"])),
            ("  references", r["refs"]),
            ("  P's write", WRITES[r["cow"]])]


def rows_1(f):
    """The figures of one design: (name, value), a heading has no value."""
    rows = []
    for variant in READS:
        r = f[variant]
        rows += [(variant, None), ("  reclaim of A", r["unmap"]),
                 *_rows_of_write(r), ("  bytes lost of 512", r["lost"])]
    r = f["two-owners"]
    rows += [("two-owners", None), ("  reclaim of A", r["unmap"]),
             *_rows_of_write(r), ("  C then reads", {
                 "old": "what it was", "new": "what P wrote"}[r["c_reads"]])]
    rows += [("device-reads", None), *_rows_of_write(f["device-reads"])]
    return rows + [
        ("while the DMA is in flight", None),
        ("  page lock taken, times", f["lock"]["lock_taken"]),
        ("  page lock when it ends",
         "taken" if f["lock"]["lock_at_dma_end"] else "free")]


def _fate_of_read(f):
    """How a design's raw reads went: one word for all of them, or None."""
    reads = [f.get(v, {}) for v in READS]
    if all(r.get("lost") == 512 and r.get("cow") == "copy" for r in reads):
        return "lost"
    if any(r.get("lost") != 0 for r in reads):
        return None
    if all(r.get("unmap") == "refused" for r in reads):
        return "refused"
    if all((r.get("unmap"), r.get("cow")) == ("unmapped", "reuse")
           for r in reads):
        return "kept"
    return None


FATES = {
    "lost": "reclaim took the page out of the page table, P's write copied it "
            "although P was the one owner, and the disk filled the frame that "
            "nobody maps any more: all 512 bytes are lost, each time.",
    "refused": "reclaim was refused while the disk worked on the page. The "
               "entry stayed, so that no fault came, and nothing was lost.",
    "kept": "reclaim took the page out of the page table, and P's write kept "
            "the very frame that the disk was writing to: a pin is no owner. "
            "Nothing was lost.",
}


def _tells_owners(designs, facts):
    """Of those who kept P's page: do they tell one owner from two?"""
    said = []
    rows = {d: facts[d].get("two-owners", {}) for d in designs}
    good = [d for d, r in rows.items() if r.get("c_reads") == "old"]
    bad = [d for d, r in rows.items() if r.get("c_reads") == "new"]
    if good:
        r = rows[good[0]]
        said.append(
            f"{_names(good)}: of a page with two owners, mapcount {r['map']} "
            f"and swapcount {r['swap']}, P got a copy, and C read what it "
            "was. ")
        if r["map"] == facts[good[0]]["read-first"]["map"]:
            said[-1] += ("mapcount alone does not tell this case from the "
                         "first: the swap entry is an owner too.")
    if bad:
        said.append(f"{_names(bad)}: but of two owners one, by a swap entry, "
                    "was overlooked: C read what P wrote.")
    return said


def answer_1(facts):
    """From {design: its facts}: what can be said, a sentence each."""
    fates = {d: _fate_of_read(f) for d, f in facts.items()}
    said = []
    for fate, text in FATES.items():
        designs = [d for d in facts if fates[d] == fate]
        if designs:
            said.append(f"{_names(designs)}: {text}")
    said += _tells_owners([d for d in facts if fates[d] == "kept"], facts)
    locks = [f.get("lock", {}) for f in facts.values()]
    if said and all(k.get("lock_taken") and k["lock_at_dma_end"] is False
                    for k in locks):
        said.append("The page lock had no part in it: it was taken and let "
                    "go while the disk worked, and was free when the DMA "
                    "ended.")
    return said


# Question 2.

def _counts(r, when):
    return r[f"{when}_map"], r[f"{when}_swap"]


def _torn(r):
    """What a reader without the lock makes of it who takes mapcount from
    before, and swapcount from when C decided."""
    return r["before_map"], r["decision"][1]


PARTS = {"out": "P's reclaim", "in": "P's swap-in"}


def _race(part, f):
    r = f[part]
    maps, swaps, kept = r["decision"]
    where = f"{PARTS[part]}: "
    return [
        Finding(KERNEL, sum(_counts(r, "between")) > OWNERS,
                f"{where}between the two counts their sum is "
                f"{_sum(*_counts(r, 'between'))}, of {OWNERS} owners"),
        Finding(KERNEL, bool(r["waited"]), f"{where}C's fault "
                + ("waits" if r["waited"] else "does not wait")
                + " for the page lock"),
        Finding(KERNEL, maps + swaps == OWNERS,
                f"{where}C's fault is decided on {_sum(maps, swaps)}, of "
                f"{OWNERS} owners"),
        Finding("keeps_apart", r["p_reads"] == "P" and r["c_reads"] == "C",
                f"{where}C writes to the page of both, which is "
                + ("kept" if kept else "copied") + f"; then P reads "
                f"'{r['p_reads']}' and C reads '{r['c_reads']}'"),
    ]


def rows_2(f):
    """As rows_1."""
    rows = []
    for part, heading in PARTS.items():
        r = f[part]
        maps, swaps, kept = r["decision"]
        rows += [
            (f"{heading}, of {OWNERS} owners", None),
            ("  before", _sum(*_counts(r, "before"))),
            ("  between the counts", _sum(*_counts(r, "between"))),
            ("  no lock: map before, swap after", _sum(*_torn(r))),
            ("  C's fault, meanwhile", "waits" if r["waited"] else "goes on"),
            ("  is decided on", _sum(maps, swaps)),
            ("  C's write", "keeps it" if kept else "copies it"),
            ("  P reads, C reads", f"{r['p_reads']}, {r['c_reads']}")]
    return rows


def _safe(f):
    """Were both decisions made under the lock, on the truth, and right?"""
    return all(r["waited"] and sum(r["decision"][:2]) == OWNERS
               and not r["decision"][2] and r["p_reads"] == "P"
               for r in (f["out"], f["in"]))


def answer_2(facts):
    """As answer_1."""
    facts = {d: f for d, f in facts.items()
             if all(f.get(p, {}).get("decision") for p in PARTS)}
    said = []
    torn = {(_torn(f["out"]), _torn(f["in"])) for f in facts.values()}
    if len(torn) == 1:
        out, in_ = torn.pop()
        if sum(in_) < OWNERS:
            said.append(
                "Without it a design may take mapcount from before P's "
                f"swap-in and swapcount from after it: {_sum(*in_)}, where "
                f"there are {OWNERS} owners. It would keep a page that is "
                "P's too.")
        if sum(out) > OWNERS:
            said.append(f"Across P's reclaim it would have {_sum(*out)}, "
                        "which costs a needless copy at worst.")
    good = [d for d, f in facts.items() if _safe(f)]
    if good:
        said.append(f"{_names(good)}: with it, C's fault waited until P had "
                    "moved from one count to the other, was decided on "
                    f"{OWNERS} owners, and copied.")
    for design, f in facts.items():
        said += [f"{design}: across {PARTS[part]} C's fault was decided on "
                 f"{_sum(*f[part]['decision'][:2])} and kept the page of both."
                 for part in PARTS if f[part]["decision"][2]]
    return said


# Question 3.

def _leaves(f):
    passes, refused = int(f["passes"]), f["refused"]
    return [Finding(
        "lets_memory_leave", f["left"], "the DIMM "
        + (f"leaves in {passes} passes" if f["left"] else
           f"stays: removal gives up after {passes} passes and {refused} "
           "unmaps that were refused"))]


def _clean(f):
    found = [Finding("loses_nothing", f["lost"] == 0,
                     f"{f['lost']} bytes of raw reads are lost")]
    if f["left"]:
        found += [Finding(KERNEL, f["moved"] == 1, "the DIMM has left, and "
                          "page A with it"),
                  Finding(KERNEL, f["in_flight"] == 0 or f["moved"] == 1,
                          "a request is in flight for memory that has left")]
    else:
        found.append(Finding(KERNEL, int(f["passes"]) == OVERLAP_PASSES,
                             f"removal gave up after {f['passes']} passes, "
                             f"not {OVERLAP_PASSES}"))
    return found


def rows_3(f):
    """As rows_1."""
    return [("the DIMM", "left" if f["left"] else "stays"),
            ("page A", "moved" if f["moved"] else "where it was"),
            ("passes of removal", f["passes"]),
            ("unmaps refused", f["refused"]),
            ("faults that slept", f["fault_slept"]),
            ("bytes lost", f["lost"])]


def _leavers(facts):
    known = {d: f for d, f in facts.items() if "left" in f}
    return ({d: f for d, f in known.items() if f["left"]},
            {d: f for d, f in known.items() if not f["left"]})


def answer_3a(facts):
    """As answer_1."""
    left, stays = _leavers(facts)
    said = []
    if left:
        said.append(f"{_names(left)}: the one read ended, and the DIMM left.")
    said += [f"{d}: its unmap was refused until then ({f['refused']} time(s))."
             for d, f in left.items() if f["refused"]]
    return said + [f"{d}: not even with one read." for d in stays]


def answer_3b(facts):
    """As answer_1."""
    left, stays = _leavers(facts)
    said = []
    for d, f in stays.items():
        said.append(
            f"{d}: because there never was a moment without a pin. Page A "
            f"stayed mapped ({f['refused']} unmaps refused), so the next read "
            "began before the last one ended.")
    slept = [d for d, f in left.items() if f["fault_slept"]]
    if slept:
        said.append(
            f"{_names(slept)}: page A was unmapped, and whoever wanted it "
            f"next faulted and slept ({left[slept[0]]['fault_slept']} did). "
            "So no new pin came, the old ones went, and the page moved.")
    others = [d for d in left if d not in slept]
    if others:
        said.append(f"{_names(others)}: the DIMM left; nobody slept.")
    return said


# Question 4.

CASES = [(p, m) for p in ("no", "slow", "keeping")
         for m in ("drain", "migrate")]


def _removal(process, method, f):
    done = f[process, method]["error"] == 0
    text = (f"{process} process, removal by {method} "
            + ("succeeds" if done else "gives up"))
    if method == "migrate":
        return [Finding("lets_memory_leave", done, text)]
    return [Finding(KERNEL, done == (process != "keeping"), text)]


def rows_4(f):
    """As rows_1."""
    rows = []
    for process, method in CASES:
        r = f[process, method]
        rows.append((f"{process} process: {method}",
                     ("done" if r["error"] == 0 else "gives up")
                     + ("" if process == "no" else f", {r['freed']} freed")))
    return rows


def _needs_good_will(f):
    """Is draining what the argument says it is?"""
    return (f["keeping", "drain"]["error"] != 0
            and f["slow", "drain"]["error"] == 0
            and f["slow", "drain"]["freed"] == "all")


def _needs_none(f):
    return all(f[p, "migrate"]["error"] == 0 for p, _ in CASES) and \
        f["slow", "migrate"]["freed"] != "all"


def answer_4(facts):
    """As answer_1."""
    facts = {d: f for d, f in facts.items() if all(c in f for c in CASES)}
    will = [d for d, f in facts.items() if _needs_good_will(f)]
    none = [d for d, f in facts.items() if _needs_none(f)]
    said = []
    if will:
        said.append(
            f"{_names(will)}: because a process that keeps its memory never "
            "gives it to the free list: draining gave up. Of one that frees "
            "slowly it had to wait until all was free.")
    if none:
        said.append(f"{_names(none)}: moving needed neither the process's "
                    "good will nor its time.")
    return said


TITLES = {
    "1": "How is a COW prevented while raw I/O is in flight, if the pte is "
         "not pinned?",
    "2": "What good is the page lock, when raw I/O does not take it?",
    "3a": "Raw I/O cannot be in flight for ever: why not wait for it? "
          "(a: one read)",
    "3b": "Raw I/O cannot be in flight for ever: why not wait for it? "
          "(b: overlapping reads)",
    "4": "Why not simply take pages off the free list one by one?",
}
ROWS = {"1": rows_1, "2": rows_2, "3a": rows_3, "3b": rows_3, "4": rows_4}
ANSWERS = {"1": answer_1, "2": answer_2, "3a": answer_3a, "3b": answer_3b,
           "4": answer_4}
LOOKS = {
    "1": [partial(_raw_read, v) for v in READS]
    + [_two_owners, _device_reads, _lock],
    "2": [partial(_race, p) for p in PARTS],
    "3a": [_leaves, _clean],
    "3b": [_leaves, _clean],
    "4": [partial(_removal, p, m) for p, m in CASES],
}


def find(answer):
    """All findings in one design's answer, whatever else is missing."""
    found, missing = [], []
    for look in LOOKS[answer.question]:
        try:
            found += look(answer.facts)
        except (KeyError, TypeError, ValueError) as e:
            missing.append(str(e))
    if missing:
        found.append(Finding(KERNEL, False, "the run ended before all was "
                             "known: no " + ", ".join(missing)))
    return found
