# SPDX-License-Identifier: MIT
"""make bench: what hotcow charges, and what Linux does, in the same machine.

One program (user/bench/bench.c) is init of both kernels. The processor's work
is counted in guest instructions (QEMU's -icount): the figures do not depend
on the host. The disk's row is measured without, in the host's time.
"""
from __future__ import annotations

import re
import sys
from dataclasses import dataclass

from tools import mkinitramfs

from . import command, diskimage, linux, paths
from .machine import Machine

PROGRAM = paths.BUILD / "user" / "bench" / "bench"
MEMORY, DIMM = 256, 256     # MiB; Linux's smallest section is 128
DISK = 256                  # MiB to read


@dataclass(frozen=True)
class Kernel:
    """A kernel to measure."""

    name: str
    image: object
    words: str          # of its command line
    modules: bool = False


def kernels(designs):
    """Linux, and hotcow under each design; no debug checks, as Linux."""
    found = [Kernel("linux", linux.kernel(), linux.WORDS + " rdinit=/init",
                    modules=True)]
    for design in designs:
        build = paths.variant(design, debug=False)
        found.append(Kernel(design, build / "hotcow.elf", "console=ttyS0"))
    return found


def archive(kernel):
    """The initramfs: the benchmark, and the modules that Linux needs."""
    path = paths.BUILD / f"bench-{kernel.name}.cpio"
    files = {"init": PROGRAM}
    if kernel.modules:
        files["modules"] = linux.modules()
    mkinitramfs.write(path, files)
    return path


def run(kernel, *what, **facts):
    """One boot; its rows as a dictionary."""
    with Machine(name=f"bench-{kernel.name}-{what[0]}", memory=MEMORY,
                 kernel=kernel.image, initrd=archive(kernel), init="/init",
                 append=f"{kernel.words} -- {' '.join(what)}",
                 exit_debug=False, cpu="qemu64,-svm", cpu_limit=100,
                 **facts) as machine:
        machine.serial.expect("^@done")
        machine.wait_exit(status=0)
        lines = machine.serial.lines
    rows = {}
    for line in lines:
        found = re.match(r"@row (.*) (-?[0-9.]+)$", line.strip())
        if found:
            rows[found[1]] = float(found[2])
    return rows


def measure(kernel):
    """All rows of a kernel."""
    rows = run(kernel, "boot", "cpu")
    rows |= run(kernel, "move", dimms=[DIMM])
    rows |= run(kernel, "disk", icount=False,
                files={"hda": diskimage.pattern(DISK)})
    return rows


def ratio(mine, theirs):
    """mine / theirs, or a dash."""
    return f"{mine / theirs:6.2f}" if mine > 0 and theirs > 0 else "     -"


def print_table(measured):
    """A line a row: Linux, then each design and its ratio."""
    first, *others = measured
    print(f"{'':36}{first.name:>12}"
          + "".join(f"{k.name:>12}  ratio" for k in others))
    for row, theirs in measured[first].items():
        cells = "".join(f"{measured[k].get(row, -1):12.0f} "
                        + ratio(measured[k].get(row, -1), theirs)
                        for k in others)
        print(f"{row:36}{theirs:12.0f}{cells}")


def main():
    """Measure everything and print the table."""
    measured = {}
    for kernel in kernels(sys.argv[1:] or ["ptepin", "mapcount"]):
        print(f"{kernel.name}...", end=" ", flush=True)
        measured[kernel] = measure(kernel)
    print("\n\nGuest instructions; the last row: ns of host time. Ratios are "
          "hotcow / Linux.\n")
    print_table(measured)


if __name__ == "__main__":
    sys.exit(command.run(main))
