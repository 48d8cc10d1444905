# SPDX-License-Identifier: MIT
"""`make compare`: the argument of February 2005, run on a machine.

Boots the kernel under each design, asks the four questions, and prints what
each design did, side by side, and a sentence that answers the question.
Exit status 0 if and only if every design did what its file in mm/cow/ says
it does: naive's loss of data included.
"""
from __future__ import annotations

import argparse
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

from . import command, questions

DESIGNS = ["naive", "ptepin", "mapcount"]
WIDTH = 22
SHOWN = 6   # steps of an interleaving; --steps shows all, of all designs
VARIANTS = ["read-first", "write-first", "cached"]

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


class Claim:
    """Something that a design's file says, and how to see it."""

    def __init__(self, text, holds):
        self.text = text
        self.holds = holds


def _variants(text, holds):
    return [Claim(f"{v}: {text}", lambda f, v=v: holds(f[v]))
            for v in VARIANTS]


LOSES = _variants("the page is unmapped, copied, and the data are lost",
                  lambda r: r["unmap"] == "unmapped" and r["cow"] == "copy"
                  and r["lost"] > 0 and not r["same_frame"])
REFUSES = _variants("the unmap is refused, nothing is copied or lost",
                    lambda r: r["unmap"] == "refused" and r["refused"] > 0
                    and r["copies"] == 0 and r["lost"] == 0
                    and r["same_frame"])
REUSES = _variants("the page is unmapped and kept in place, nothing is lost",
                   lambda r: r["unmap"] == "unmapped" and r["cow"] == "reuse"
                   and r["lost"] == 0 and r["same_frame"])
LOCK = [
    Claim("the DMA ends without the page lock",
          lambda f: f["lock"]["lock_at_dma_end"] is False),
    Claim("the page lock is taken while the DMA is in flight",
          lambda f: f["lock"]["lock_taken"] > 0),
    Claim("no COW decision reads a sum below 1",
          lambda f: f["lock"]["lowest_sum"] is None
          or f["lock"]["lowest_sum"] >= 1),
]
RACE = [
    Claim("between the counts the sum is too high (3 for 2 owners)",
          lambda f: f["between"]["sum"] == 3),
    Claim("no COW decision reads a sum below 1",
          lambda f: f["lowest_sum"] >= 1),
]
LEAVES = [
    Claim("the DIMM leaves (DEVICE_DELETED)", lambda f: f["left"]),
    Claim("no request of the disk is in flight for it then",
          lambda f: f["in_flight"] == 0 or f["moved"] == 1),
    Claim("page A is in another frame afterwards", lambda f: f["moved"] == 1),
]
STARVES = [
    Claim("the DIMM stays: removal gives up at its limit",
          lambda f: not f["left"]
          and int(f["passes"]) == questions.OVERLAP_PASSES),
    Claim("the design refused to unmap, each time",
          lambda f: f["refused"] >= questions.OVERLAP_PASSES - 1),
    Claim("page A is where it was", lambda f: f["moved"] == 0),
]
SLEEPS = [Claim("new users slept while the page was moved",
                lambda f: f["pin_slept"] + f["fault_slept"] > 0)]


def _removal(process, method, ok):
    outcome = "succeeds" if ok else "fails"
    return Claim(f"{process}: removal by {method} {outcome}",
                 lambda f: (f[process, method]["error"] == 0) == ok)


DRAIN = [_removal("none", "drain", True), _removal("none", "migrate", True),
         _removal("slow", "drain", True), _removal("slow", "migrate", True),
         _removal("keeps", "drain", False),
         _removal("keeps", "migrate", True),
         Claim("slow: draining takes as long as the process pleases",
               lambda f: f["slow", "drain"]["us"]
               > 4 * f["slow", "migrate"]["us"])]

# What each design's file in mm/cow/ says.
CLAIMS = {
    ("1", "naive"): LOSES + LOCK,
    ("1", "ptepin"): REFUSES + LOCK,
    ("1", "mapcount"): REUSES + LOCK,
    ("3a", "ptepin"): LEAVES + [
        Claim("it waited: some unmap was refused", lambda f: f["refused"] > 0)
    ],
    ("3b", "ptepin"): STARVES,
}
for _design in DESIGNS:
    CLAIMS.setdefault(("2", _design), RACE)
    CLAIMS.setdefault(("3a", _design), LEAVES)
    CLAIMS.setdefault(("3b", _design), LEAVES + SLEEPS)
    CLAIMS.setdefault(("4", _design), DRAIN)


def _us(nanoseconds):
    return f"{int(nanoseconds) / 1000:.1f} us"


def _rows_1(f):
    rows = []
    for v in VARIANTS:
        r = f[v]
        rows += [(f"{v}: A's pte", r["unmap"]),
                 ("    P's write", r["cow"] if r["cow"] != "none"
                  else "no fault"),
                 ("    same frame", "yes" if r["same_frame"] else "no"),
                 ("    bytes lost of 512", r["lost"])]
    sums = [f[v] for v in VARIANTS]
    return rows + [
        ("COW copies / reuses", "{} / {}".format(
            sum(r["copies"] for r in sums), sum(r["reuses"] for r in sums))),
        ("unmaps done / refused", "{} / {}".format(
            sum(r["unmapped"] for r in sums),
            sum(r["refused"] for r in sums))),
        ("raw reads, bytes checked", "{}, {}".format(
            len(sums), sum(r["verified"] for r in sums))),
        ("page lock taken in flight", f["lock"].get("lock_taken")),
        ("    held when DMA ends",
         "yes" if f["lock"].get("lock_at_dma_end") else "no")]


def _rows_2(f):
    rows = [(f"sum {when} (map + swap)", "{} ({} + {})".format(
        f[when]["sum"], f[when]["mapcount"], f[when]["swapcount"]))
        for when in ("before", "between")]
    return rows + [("true number of owners", 2),
                   ("lowest sum decided on", f["lowest_sum"])]


def _rows_3(f):
    return [("the DIMM", "left" if f["left"] else "stays"),
            ("passes", f.get("passes")),
            ("unmaps refused", f["refused"]),
            ("pages migrated", f["migrated"]),
            ("pins that slept", f"{f['pin_slept']}, "
             + _us(f["pin_slept_ns"])),
            ("faults that slept", f"{f['fault_slept']}, "
             + _us(f["fault_slept_ns"])),
            ("raw reads completed", f["reads"]),
            ("bytes verified", f["verified"])]


def _rows_4(f):
    rows = []
    for process in ("none", "slow", "keeps"):
        for method in ("drain", "migrate"):
            r = f[process, method]
            done = "done" if r["error"] == 0 else "gave up"
            rows.append((f"process {process}: {method}",
                         f"{done}, {r['us'] / 1000:.1f} ms"))
    rows.append(("pages migrated", sum(
        r["migrated"] for r in f.values())))
    return rows


ROWS = {"1": _rows_1, "2": _rows_2, "3a": _rows_3, "3b": _rows_3,
        "4": _rows_4}

SENTENCES = {
    "1": "By asking who owns the page instead of who uses the frame: a pin is "
         "no owner, so mapcount + swapcount is still 1 and the page is kept "
         "where the DMA goes. Pinning the pte reaches the same by never "
         "letting the question arise; counting references loses the data.",
    "2": "It keeps the two counts in step with each other: whoever decides "
         "holds it, and so never sees an owner on its way from one count to "
         "the other. It does nothing against the DMA, which ends without it.",
    "3a": "With one read every design gets there; pte pinning just has to be "
          "told no until the read is over.",
    "3b": "Because there may never be a moment without a pin. Pte pinning "
          "leaves the page mapped, so the next read always comes before the "
          "last one ends; a page that may be unmapped makes new readers "
          "sleep, the pins drain, and the page moves.",
    "4": "Because a process that keeps its memory never gives it to the free "
         "list. Draining needs the process's good will, and as much time as "
         "it pleases; moving needs neither.",
}


def _print_table(rows_by_design):
    names = [name for name, _ in next(iter(rows_by_design.values()))]
    print(f"    {'':30}" + "".join(f"{d:{WIDTH}}" for d in rows_by_design))
    for i, name in enumerate(names):
        cells = [str(rows[i][1]) for rows in rows_by_design.values()]
        print(f"    {name:30}"
              + "".join(f"{c:{WIDTH}}" for c in cells).rstrip())


def _check(answer):
    """The claims of this design that did not hold, as sentences."""
    broken = [f"the run itself: {p}" for p in answer.problems]
    if not answer.facts:
        return broken or ["the run itself: no facts"]
    for claim in CLAIMS[answer.question, answer.design]:
        try:
            holds = claim.holds(answer.facts)
        except (KeyError, TypeError, ValueError) as e:
            holds, claim = False, Claim(f"{claim.text} ({e!r})", None)
        if not holds:
            broken.append(claim.text)
    return broken


def _print_steps(answers, all_steps):
    for answer in answers if all_steps else answers[-1:]:
        print(f"    what happened under {answer.design}:")
        for step in answer.steps[:None if all_steps else SHOWN]:
            print(textwrap.fill(step, 76, initial_indent="      ",
                                subsequent_indent="        "))


def _print_question(question, answers, all_steps):
    print(f"\nQuestion {question}. {TITLES[question]}\n")
    _print_steps(answers, all_steps)
    print()
    good = {a.design: ROWS[question](a.facts)
            for a in answers if a.facts and not a.problems}
    if good:
        _print_table(good)
    print()
    print(textwrap.fill(SENTENCES[question], 76, initial_indent="  => ",
                        subsequent_indent="     "))


def _report_broken(answers):
    count = 0
    for answer in answers:
        for text in _check(answer):
            count += 1
            print(f"  BROKEN: {answer.design}, question {answer.question}: "
                  f"{text}")
            if answer.folder:
                print(f"          see {answer.folder}")
    return count


def main(argv=None):
    """Ask, print, judge; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", action="store_true",
                        help="print the interleaving under every design")
    parser.add_argument("--question", choices=list(TITLES), action="append")
    parser.add_argument("--design", choices=DESIGNS, action="append")
    parser.add_argument("--jobs", type=int, default=2,
                        help="machines that run at a time")
    args = parser.parse_args(argv)
    asked = args.question or list(TITLES)
    designs = args.design or DESIGNS

    print("hotcow: who owns a page? Each column is one kernel, built with "
          "DESIGN=...")
    with ThreadPoolExecutor(args.jobs) as pool:
        runs = {(q, d): pool.submit(questions.ask, q, d)
                for q in asked for d in designs}
        broken = 0
        for question in asked:
            answers = [runs[question, d].result() for d in designs]
            try:
                _print_question(question, answers, args.steps)
            except (KeyError, TypeError, ValueError) as e:
                print(f"  the answers are not complete: {e!r}")
            broken += _report_broken(answers)
    claims = sum(len(CLAIMS[q, d]) for q in asked for d in designs)
    print(f"\n{claims} claims about {len(designs)} design(s), "
          f"{broken} broken.")
    if not broken:
        print("Every design does what its file in mm/cow/ says.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(command.run(main))
