# SPDX-License-Identifier: MIT
"""make bench-boot: how small a machine will do, and what is left of it.

A static musl program is init, with nothing else in the initramfs. It says
how much memory is free and how far time has come: with icount, the time
stamp counter counts the guest's instructions since power-on, firmware
included; the kernel's own clock starts at its first instruction.
"""
from __future__ import annotations

import os
import sys

from tools import mkinitramfs

from . import paths
from .machine import Machine

PROGRAM = paths.BUILD / "user" / "bootreport"
SIZES = (64, 32)


def measure(design, memory):
    """Boot once; returns what the program reported, as words."""
    archive = paths.BUILD / "bootreport.cpio"
    mkinitramfs.write(archive, {"init": PROGRAM})
    with Machine(name=f"benchboot-{design}", design=design, memory=memory,
                 initrd=archive, init="/init") as machine:
        found = machine.serial.expect(
            r"@result free_kib=(\d+) tsc_ns=(\d+) clock_ns=(\d+)")
        machine.wait_exit()
    return [int(word) for word in found.groups()]


def main():
    """Print the table for one design."""
    design = sys.argv[1] if len(sys.argv) > 1 else "mapcount"
    image = paths.variant(design) / "hotcow.elf"
    print(f"{design}: the image is {os.path.getsize(image) // 1024} KiB, "
          f"symbols for backtraces included")
    print("memory     left free      first user instruction of the kernel's"
          " run, of all")
    for memory in SIZES:
        free, tsc, clock = measure(design, memory)
        print(f"{memory:3} MiB  {free / 1024:8.1f} MiB  "
              f"{clock / 1e6:14.1f} ms of guest time, {tsc / 1e6:.1f} ms")


if __name__ == "__main__":
    main()
