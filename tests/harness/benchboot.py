# SPDX-License-Identifier: MIT
"""make bench-boot: how small a machine will do, and what is left of it.

A static musl program is init, with nothing else in the initramfs. It says
how much memory is free and how far time has come: with icount, the time
stamp counter counts the guest's instructions since power-on, firmware
included; the kernel's own clock starts at its first instruction.
"""
from __future__ import annotations

import sys
from pathlib import Path

from tools import mkinitramfs

from . import command, paths
from .machine import Machine

PROGRAM = paths.BUILD / "user" / "bootreport"
SIZES = (64, 32)


def measure(build, memory):
    """Boot once; returns what the program reported, as words."""
    archive = paths.BUILD / "bootreport.cpio"
    mkinitramfs.write(archive, {"init": PROGRAM})
    with Machine(name=f"benchboot-{build.name}", memory=memory, init="/init",
                 kernel=build / "hotcow.elf", initrd=archive) as machine:
        found = machine.serial.expect(
            r"@result free_kib=(\d+) tsc_ns=(\d+) clock_ns=(\d+)")
        machine.wait_exit()
    return [int(word) for word in found.groups()]


def main():
    """Print the table for the kernel in a build folder."""
    build = paths.variant("mapcount")
    if len(sys.argv) > 1:
        build = Path(sys.argv[1])
    size = (build / "hotcow.elf").stat().st_size
    print(f"{build.name}: the image is {size / 1024:.0f} KiB")
    print("                    guest time to the first user instruction")
    print("memory    left free    since the kernel's start  since power-on")
    for memory in SIZES:
        free, tsc, clock = measure(build, memory)
        print(f"{memory:3} MiB {free / 1024:8.1f} MiB {clock / 1e6:20.2f} ms"
              f" {tsc / 1e6:16.2f} ms")


if __name__ == "__main__":
    sys.exit(command.run(main))
