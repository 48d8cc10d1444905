# SPDX-License-Identifier: MIT
"""make conformance: Linux's answers and hotcow's, line by line.

The same initramfs boots on Debian's own kernel and on hotcow under each
design. Its programs (tests/conformance/) print a line for each case; a line
that differs is either listed in docs/abi.md, with its reason, or a mistake.
"""
from __future__ import annotations

import difflib
import fnmatch
import re
import sys
from dataclasses import dataclass, field

from tools import mkinitramfs

from . import command, linux, paths
from .machine import Machine

PROGRAMS = paths.BUILD / "conformance"
SCRIPTS = paths.ROOT / "tests" / "conformance"
LISTED = paths.ROOT / "docs" / "abi.md"
SHOWN = 40      # differences that are printed of each design

INIT = b"""#!/bin/sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
cd /tmp
for p in /conformance/*; do
    echo "=== $p"
    $p 2>&1
    echo "=== status $?"
done
echo "=== all"
poweroff -f
"""


@dataclass
class Difference:
    """A meant one: which cases, and why."""

    cases: str      # a pattern with *
    reason: str
    used: set = field(default_factory=set)  # designs in which it is so


def listed():
    """The meant differences: rows of the table in docs/abi.md whose first
    cell is a pattern in backquotes, in the part that is about them."""
    text = LISTED.read_text(encoding="utf-8")
    part = text.split("## Differences that are meant", 1)[1].split("\n## ")[0]
    return [Difference(m[1], m[2].strip()) for m in
            re.finditer(r"^\| `([^`]+)` \| (.*) \|$", part, re.M)]


def image():
    """The initramfs: programs, scripts, and the init that runs them."""
    files = {"init": INIT}
    for path in sorted(PROGRAMS.iterdir()):
        if "." not in path.name:
            files[f"conformance/{path.name}"] = path
    for path in SCRIPTS.glob("*.sh"):
        files[f"conformance/{path.name}"] = path
    return mkinitramfs.write(paths.BUILD / "conformance.cpio", files,
                             busybox=True)


def run(name, kernel, words):
    """One boot: {program: its lines}."""
    with Machine(name=f"conformance-{name}", kernel=kernel, initrd=image(),
                 init="/init", append=words, exit_debug=False, cpus=1,
                 memory=256, cpu_limit=300, wall_limit=600) as machine:
        machine.serial.expect("^=== all")
        lines = list(machine.serial.lines)
    said, program = {}, None
    for line in lines:
        line = line.rstrip()
        if line.startswith("=== /"):
            program = line.rsplit("/", 1)[1]
            said[program] = []
        elif program and not line.startswith("=== "):
            said[program].append(line)
        elif line.startswith("=== status") and program:
            said[program].append(f"{program}.status: {line.split()[-1]}")
            program = None
    return said


def only_cases(lines):
    """What the kernel itself prints in between is no case."""
    return [line for line in lines if re.match(r"[\d a-z-]*\S*\..*: ", line)]


def compare(theirs, ours):
    """The lines that differ: (case, theirs, ours); a case is what stands
    before the outcome."""
    found = []
    for program, lines in theirs.items():
        left, right = only_cases(lines), only_cases(ours.get(program, []))
        match = difflib.SequenceMatcher(a=left, b=right, autojunk=False)
        for kind, a, b, c, d in match.get_opcodes():
            if kind == "equal":
                continue
            pairs = {}
            for line in left[a:b]:
                pairs.setdefault(line.rpartition(": ")[0], ["", ""])[0] = \
                    line.rpartition(": ")[2]
            for line in right[c:d]:
                pairs.setdefault(line.rpartition(": ")[0], ["", ""])[1] = \
                    line.rpartition(": ")[2]
            found += [(case, *outcomes) for case, outcomes in pairs.items()
                      if outcomes[0] != outcomes[1]]
    return found


def split(found, meant, design):
    """Those that are not listed; the listed ones are marked as used."""
    left = []
    for case, theirs, ours in found:
        row = next((d for d in meant if fnmatch.fnmatchcase(case, d.cases)),
                   None)
        if row:
            row.used.add(design)
        else:
            left.append((case, theirs, ours))
    return left


def main():
    """Run everything, compare, say how it went."""
    designs = sys.argv[1:] or paths.designs()
    meant = listed()
    print("linux...", end=" ", flush=True)
    theirs = run("linux", linux.kernel(), linux.WORDS + " rdinit=/init")
    cases = sum(len(only_cases(lines)) for lines in theirs.values())
    rows, wrong = [], 0
    for design in designs:
        print(f"{design}...", end=" ", flush=True)
        ours = run(design, paths.variant(design) / "hotcow.elf", "")
        found = compare(theirs, ours)
        left = split(found, meant, design)
        wrong += len(left)
        rows.append((design, len(found), left))
    print(f"\n\n{cases} cases in {len(theirs)} programs, against "
          f"{linux.kernel().name}\n")
    print(f"{'design':12} {'equal':>7} {'listed':>7} {'differ':>7}")
    for design, all_found, left in rows:
        print(f"{design:12} {cases - all_found:7} {all_found - len(left):7} "
              f"{len(left):7}")
    for design, _, left in rows:
        for case, linux_says, we_say in left[:SHOWN]:
            print(f"{design}: {case}: Linux {linux_says or '-'}, "
                  f"hotcow {we_say or '-'}")
        if len(left) > SHOWN:
            print(f"{design}: and {len(left) - SHOWN} more")
    stale = [d for d in meant if not d.used]
    for difference in stale:
        print(f"docs/abi.md lists `{difference.cases}`, but nothing differs")
    return 1 if wrong or stale else 0


if __name__ == "__main__":
    sys.exit(command.run(main))
